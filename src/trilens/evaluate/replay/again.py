"""A recorded exchange, put to the pipeline once more: its events, its budgets, its approvals and its moment, and nothing of today."""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trilens.enforce.account import Approval
from trilens.enforce.pipeline import Bench, judge_exchange
from trilens.enforce.plan import Plan
from trilens.enforce.told import Untold
from trilens.evaluate.replay.conversation import Conversation, call_of, principal_of, text_of
from trilens.evaluate.replay.ledger import Recorded, RecordedExchange
from trilens.evaluate.replay.lost import LostError, Reason
from trilens.lenses.lens import Guard
from trilens.mechanisms import events
from trilens.mechanisms.budget.accounts import claims_of
from trilens.storage.ports import Case, CaseState, ReleasedCall, Snapshot, Stop
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.event import Call, Event, Exchange, Turn
from trilens.vocabulary.outcome import EventKind
from trilens.vocabulary.system import System

_MESSAGE = re.compile(r"messages\[(\d{1,9})\]")


@dataclass(frozen=True, slots=True)
class Engine:
    """What judges, whichever manifest it judges under."""

    guards: Sequence[Guard]
    name: str
    mac: Mac

    def bench(self, system: System) -> Bench:
        ids = itertools.count()
        return Bench(system, self.guards, self.name, self.mac, lambda: f"{next(ids):020x}")


@dataclass(frozen=True, slots=True)
class Setting:
    """One recorded exchange, and what it is judged with now."""

    exchange: RecordedExchange
    conversation: Conversation
    recorded_under: System
    bench: Bench
    """Its system is the recorded one, or the one that is tried."""


def judge_again(setting: Setting) -> Plan:
    """Raises: LostError: the record does not give what it takes."""
    recorded, bench = setting.exchange, setting.bench
    _require_prefix(setting)
    happened = _events(setting, setting.recorded_under)
    for one, event in zip(recorded.decisions, happened, strict=True):
        if event.digest != _event_digest(one):
            raise LostError(Reason.TURNS, "what is recorded does not give the event that was judged")
    is_tried = bench.system.digest != setting.recorded_under.digest
    happening = _events(setting, bench.system) if is_tried else happened
    if is_tried:
        _require_budgets(setting, happened, happening)
    account = recorded.account
    exchange = Exchange(
        happening,
        setting.conversation.turns,
        principal_of(recorded),
        recorded.decisions[0].session,
        "",
        proposes_answer=account.is_answer,
        facts=account.facts,
    )
    return judge_exchange(
        exchange,
        bench,
        flow=setting.conversation.flow,
        snapshot=_snapshot(setting, happening),
        now_ms=_now_ms(setting),
        kept_case=account.kept_case,
        untold=Untold(0, len(exchange.turns)),
    )


def _now_ms(setting: Setting) -> int:
    return setting.exchange.decisions[0].decision.judged_ms


def _require_prefix(setting: Setting) -> None:
    prefix = setting.bench.mac.of("prefix", setting.conversation.flow.prefix)
    if any(_basis(one).get("prefix") != prefix for one in setting.exchange.decisions):
        raise LostError(Reason.TURNS, "the turns on record are not those it was judged after")


def _basis(one: Recorded) -> Mapping[str, object]:
    basis = one.entry.body.get("basis")
    return basis if isinstance(basis, Mapping) else {}


def _event_digest(one: Recorded) -> str:
    event = one.entry.body.get("event")
    return str(event[3]) if isinstance(event, Sequence) else ""


def _events(setting: Setting, system: System) -> tuple[Event, ...]:
    recorded = setting.exchange
    session, bench = recorded.decisions[0].session, setting.bench
    scene = events.Scene(system, principal_of(recorded), session, bench.mac, bench.new_id)
    return tuple(_event(one, scene, setting.conversation.turns) for one in recorded.decisions)


def _event(one: Recorded, scene: events.Scene, turns: Sequence[Turn]) -> Event:
    """Made by the maker of its kind, as it was made first."""
    ref = str(one.private.get("ref", ""))
    match one.decision.kind:
        case EventKind.INPUT:
            return events.user_input(scene, text_of(one), wire_ref=ref)
        case EventKind.TOOL_RESULT:
            return events.tool_result(scene, _answered(ref, turns), text_of(one), wire_ref=ref)
        case EventKind.MODEL_CALL:
            model = str(one.private.get("component", one.entry.body.get("component")))
            return events.model_call(scene, model, prefix=turns[-1].digest if turns else b"", wire_ref=ref)
        case EventKind.TOOL_CALL:
            return events.tool_call(scene, call_of(one), wire_ref=ref)
        case EventKind.OUTPUT:
            return events.output(scene, text_of(one), wire_ref=ref)


def _answered(ref: str, turns: Sequence[Turn]) -> Call:
    """The newest call with the id that the result at `ref` answers, as the driver finds it."""
    found = _MESSAGE.fullmatch(ref)
    at = int(found[1]) if found else len(turns)
    if at >= len(turns):
        raise LostError(Reason.TURNS, "a result stands at no turn of its conversation")
    name = turns[at].call_id
    before = (call for turn in reversed(turns[: at + 1]) for call in reversed(turn.calls))
    return next((call for call in before if call.id == name), Call(name, "", ""))


def _snapshot(setting: Setting, happening: Sequence[Event]) -> Snapshot:
    decisions = setting.exchange.decisions
    answered = (e.call for one, e in zip(decisions, happening, strict=True) if one.entry.body.get("answers") is True)
    macs = [events.call_mac(call, principal_of(setting.exchange), setting.bench.mac) for call in answered if call]
    cases = _cases(setting, happening)
    return Snapshot(
        spent=_spent(setting),
        approvals=cases,
        calls={mac: ReleasedCall(mac, "", "", 0) for mac in macs},
        held=next(iter(cases.values()), None) if setting.exchange.account.kept_case else None,
        stop=Stop(stopped, "", _now_ms(setting), "") if (stopped := setting.exchange.account.stop) else None,
    )


def _spent(setting: Setting) -> dict[str, int]:
    match _basis(setting.exchange.decisions[0]).get("spent"):
        case list() as rows if all(isinstance(row, list) and len(row) == 2 for row in rows):
            return {str(account): int(amount) for account, amount in rows}
        case _:
            raise LostError(Reason.CHANGED, "what was spent is not of its form")


def _cases(setting: Setting, happening: Sequence[Event]) -> dict[str, Case]:
    """The approvals in force, by the intents of the events as they are judged now: what a person agreed to stays agreed to."""
    system, now_ms, account = setting.bench.system, _now_ms(setting), setting.exchange.account
    intents = {approval.intent: approval.intent for approval in account.approvals}
    for one, event in zip(setting.exchange.decisions, happening, strict=True):
        if one.decision.intent in intents:
            intents[one.decision.intent] = events.intent_mac(event, system, setting.bench.mac)
    by_case: dict[str, list[Approval]] = {}
    for approval in account.approvals:
        by_case.setdefault(approval.case, []).append(approval)
    made: dict[str, Case] = {}
    for name, approvals in by_case.items():
        mine = tuple(intents[approval.intent] for approval in approvals)
        case = _case(name, mine, approvals[0].covers, system.id, now_ms)
        made |= dict.fromkeys(mine, case)
    return made


def _case(name: str, intents: tuple[str, ...], covers: tuple[str, ...], system: str, now_ms: int) -> Case:
    """An approved case with a kept answer, as far as judging asks for one."""
    return Case(
        id=name,
        kind="approval",
        system=system,
        opened_ms=now_ms,
        expires_ms=now_ms + 1,
        request_mac="",
        intents=intents,
        covers=covers,
        by=(),
        card="",
        kept="kept",
        state=CaseState.APPROVED,
    )


def _require_budgets(setting: Setting, happened: Sequence[Event], happening: Sequence[Event]) -> None:
    """What was spent is on record for the limits of then, over the windows of then."""
    mac, now_ms = setting.bench.mac, _now_ms(setting)
    asked = {(c.account, c.since_ms) for e in happened for c in claims_of(e, setting.recorded_under, mac, now_ms)}
    needed = {(c.account, c.since_ms) for e in happening for c in claims_of(e, setting.bench.system, mac, now_ms)}
    if not needed <= asked:
        raise LostError(Reason.BUDGET, "what was spent of a limit of the other manifest is not on record")
