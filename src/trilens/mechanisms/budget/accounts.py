"""From a tool call to the claims it makes on its tool's limits.

The same functions are used twice: before judgement, to know which accounts to ask the journal for, and by the guard that compares
them with what the journal said. The journal checks each ceiling a third time, inside the commit.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from trilens.mechanisms.budget.charge import charge
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind
from trilens.vocabulary.system import Limit, LimitPer, System
from trilens.vocabulary.verdict import Reservation


@dataclass(frozen=True, slots=True)
class Claim:
    """What one call takes of one limit."""

    limit: Limit
    index: int
    """Position among the tool's limits."""
    account: str
    """Keyed digest of (system, tool, limit, holder); empty for a limit per call, which needs no account."""
    amount: int
    """Micro-units, >= 0; meaningless when there is a defect."""
    since_ms: int
    """Start of the sliding window, inclusive; 0 counts everything."""
    defect: str = ""
    """Why the amount cannot be read; such a call may not happen."""

    @property
    def ceiling(self) -> int:
        return self.limit.max.micros

    def left(self, spent: Mapping[str, int]) -> int:
        """Micro-units still free before this call; may be negative when a limit was lowered.

        Raises:
            KeyError: the journal was not asked for the account.
        """
        return self.ceiling - (spent[self.account] if self.account else 0)

    def fits(self, spent: Mapping[str, int]) -> bool:
        """Raises: KeyError: as `left`."""
        return not self.defect and self.amount <= self.left(spent)


def claims_of(event: Event, system: System, mac: Mac, now_ms: int) -> tuple[Claim, ...]:
    """The claims an event makes on accounts of the journal; none for a limit per call and for what is no declared call."""
    return tuple(claim for claim in all_claims_of(event, system, mac, now_ms) if claim.account)


def all_claims_of(event: Event, system: System, mac: Mac, now_ms: int) -> tuple[Claim, ...]:
    """One claim for each limit of the called tool, in the manifest's order; never raises."""
    tool = system.tools.get(event.component) if event.kind is EventKind.TOOL_CALL else None
    if tool is None:
        return ()
    return tuple(_claim(event, system, mac, now_ms, index) for index in range(len(tool.limits)))


def _claim(event: Event, system: System, mac: Mac, now_ms: int, index: int) -> Claim:
    tool = system.tools[event.component]
    limit = tool.limits[index]
    charged = charge(event, tool, limit)
    return Claim(
        limit=limit,
        index=index,
        account=account_id(event, system, mac, index),
        amount=charged.micros,
        since_ms=max(0, now_ms - limit.window_ms) if limit.window_ms else 0,
        defect=charged.defect,
    )


def account_id(event: Event, system: System, mac: Mac, index: int) -> str:
    """The account that limit `index` of the called tool charges for this event; empty for a limit per call.

    INVARIANT: maximum and window are no part of it, so that changing them does not forget what was spent.
    """
    limit = system.tools[event.component].limits[index]
    if limit.per is LimitPer.CALL:
        return ""
    parts = (system.id, event.component, str(index), limit.max.unit, limit.per, _holder(event, system, limit))
    return mac.of("budget", *parts)


def _holder(event: Event, system: System, limit: Limit) -> str:
    match limit.per:
        case LimitPer.SYSTEM:
            return system.id
        case LimitPer.AGENT:
            return event.principal.agent
        case LimitPer.SESSION if event.session:
            return f"session:{event.session}"
        case LimitPer.SESSION | LimitPer.PERSON:
            # without a session or a known person the key is charged: counted more strictly, never shared, never skipped
            return event.principal.account_holder
        case LimitPer.CALL:
            raise AssertionError("a limit per call has no holder")


def reservations_of(claims: tuple[Claim, ...]) -> tuple[Reservation, ...]:
    """What the journal sets aside when the call is released.

    Raises:
        ValueError: an amount could not be read; nothing can be reserved for it.
    """
    for claim in claims:
        if claim.defect:
            raise ValueError(claim.defect)
    return tuple(Reservation(c.account, c.amount, c.ceiling, c.since_ms) for c in claims if c.account)
