"""What is simulated: an agent that refunds, up to 500 EUR a day for each customer, with a person's approval above 100 EUR."""

import hashlib
import hmac
from collections.abc import Callable
from decimal import Decimal
from types import MappingProxyType

from trilens.enforce.pipeline import Bench
from trilens.lenses.lens import Answer, Context, allow
from trilens.lenses.safety.guards.action_limits.guard import judge as within_limits
from trilens.lenses.safety.guards.irreversible_effect.guard import judge as needs_approval
from trilens.storage.ports import Ring, RingName
from trilens.testing.installation import ScriptedGuard
from trilens.vocabulary.amount import Amount
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import Effect, EventKind, Lens, ValueClass
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import (
    Agent,
    ApprovalNeed,
    ApprovalRule,
    Argument,
    Grant,
    Limit,
    LimitPer,
    Model,
    OnDeny,
    PeopleRole,
    System,
    Tool,
    UserTurns,
)

CEILING_EUR = 500
ASKS_ABOVE_EUR = 100
DAY_MS = 86_400_000
EXPIRES_MS = 900_000
CUSTOMERS = tuple(Principal("tlk_aaaaaaaa", "support", "customer", f"C-{n}", "eu") for n in range(2))

_LIMIT = Limit(Amount(Decimal(CEILING_EUR), "EUR"), LimitPer.PERSON, "customer", DAY_MS)
_RULE = ApprovalRule(ApprovalNeed.WHEN, f"args.amount > {ASKS_ABOVE_EUR}", ("leads",), EXPIRES_MS)
_REFUND = Tool(
    "refund",
    Effect.SPEND,
    False,
    MappingProxyType({"amount": Argument("amount", ValueClass.AMOUNT, "EUR")}),
    None,
    MappingProxyType({}),
    frozenset(),
    (),
    (_LIMIT,),
    _RULE,
)
_MODEL = Model("chat", "gpt", "http://model.example", "env:K", "eu", "p", frozenset())
_AGENT = Agent("support", "chat", "", "chat", "support", UserTurns.VERBATIM, OnDeny.REFUSE, {"refund": Grant("refund")})

SYSTEM = System(
    "simulated-shop",
    "sha256:0",
    {},
    {"leads": PeopleRole("leads", members=("lead",)), "customer": PeopleRole("customer", "x-customer", "eu")},
    dict.fromkeys(Lens, "lead"),
    {"chat": _MODEL},
    {},
    {},
    {"refund": _REFUND},
    {"support": _AGENT},
    (),
    None,
    frozenset(),
    None,
    {},
    frozenset({"eu"}),
    {"conversation": 30 * DAY_MS},
)
MAC = Mac(bytes(32))


def _allow(_: Event, __: Context) -> Answer:
    return allow()


_CALLS = frozenset({EventKind.TOOL_CALL})
GUARDS = (
    ScriptedGuard("anything", _allow),
    ScriptedGuard("action_limits", within_limits, _CALLS),
    ScriptedGuard("irreversible_effect", needs_approval, _CALLS),
)


def bench(new_id: Callable[[], str]) -> Bench:
    return Bench(SYSTEM, GUARDS, "simulated", MAC, new_id)


class SimulatedKeyRing:
    """The port `KeyRing`, with keys that follow from their names."""

    def ring(self, name: RingName) -> Ring:
        key = hmac.digest(bytes(32), repr(name).encode(), hashlib.sha256)
        return Ring(key.hex()[:32], key)

    def key(self, ring_id: str) -> bytes | None:
        rings = (self.ring(RingName(who.account_holder, "support", "conversation")) for who in CUSTOMERS)
        return next((ring.key for ring in rings if ring.id == ring_id), None)

    def destroy(self, ring_id: str) -> bool:  # noqa: ARG002 - of the port
        return False

    def secret(self, name: str) -> bytes:
        return hashlib.sha256(name.encode()).digest()

    def close(self) -> None:
        return
