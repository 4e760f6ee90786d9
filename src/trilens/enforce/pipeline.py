"""The path of one event, steps 1 to 5: pure, on one snapshot, with one clock reading.

The caller must still
  - give a flow of exactly `exchange.turns` (step 2 is `mechanisms/flow`, remembered by prefix),
  - commit the plan's draft, and judge again on a fresh snapshot when a condition no longer held (step 6),
  - release only what `Ruling.leaves` holds, and only after the commit (step 7).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from trilens.enforce import record
from trilens.enforce.account import write_account
from trilens.enforce.hold import Approved, Waiting, standing_of
from trilens.enforce.judge import Judgement, judge
from trilens.enforce.liveness import Liveness
from trilens.enforce.plan import Draft, DraftCase, DraftEntry, Plan, Ruling
from trilens.enforce.told import ALL_UNTOLD, Untold
from trilens.lenses.lens import Context, Guard
from trilens.mechanisms.events import call_mac, intent_mac
from trilens.mechanisms.flow.flow import Flow
from trilens.people.approvals import card
from trilens.prove.ledger.entry import Kind
from trilens.storage.ports import Case, Consumption, Hold, ReleasedCall, Snapshot
from trilens.vocabulary.canonical import Json, Mac
from trilens.vocabulary.event import Event, Exchange
from trilens.vocabulary.outcome import EventKind, Outcome
from trilens.vocabulary.system import Agent, OnDeny, System, UserTurns
from trilens.vocabulary.verdict import Basis, Decision, Reservation, Verdict


@dataclass(frozen=True, slots=True)
class CaseFor:
    """The approval a held exchange waits for."""

    id: str
    opens: DraftCase | None
    """None when it is open already."""


_NO_CASE = CaseFor("", None)


@dataclass(frozen=True, slots=True)
class Weighed:
    """One event, what an approval of it would be bound to, and what was said of it."""

    event: Event
    intent: str
    judgement: Judgement


_NOBODY = Agent("", "", "", "", "", UserTurns.MIXED, OnDeny.ERROR, {})
"""The agent of a key whose agent the manifest no longer declares: nothing is granted, and step 1 denies."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What every judgement of one installation shares."""

    system: System
    guards: Sequence[Guard]
    engine: str
    """Version of Trilens and digest of the guards."""
    mac: Mac
    new_id: Callable[[], str]
    liveness: Liveness = field(default_factory=Liveness)


def judge_exchange(
    exchange: Exchange,
    bench: Bench,
    *,
    flow: Flow,
    snapshot: Snapshot,
    now_ms: int,
    kept_case: str = "",
    untold: Untold = ALL_UNTOLD,
) -> Plan:
    """Judge every event of the exchange and plan what to record, reserve, consume and open. Nothing happens here.

    Args:
        flow: the labelled conversation of exactly `exchange.turns`.
        kept_case: the approved case whose kept response this is; empty for a fresh one.
        untold: what of the conversation is not on record yet.
    """
    agent = bench.system.agents.get(exchange.principal.agent, _NOBODY)
    weighed: list[Weighed] = []
    spent, approvals = dict(snapshot.spent), _approvals(snapshot, kept_case, now_ms)
    in_force = dict(approvals)
    for event in exchange.events:
        # (1) to (4): admit, label, judge, combine
        context = Context(bench.system, agent, exchange.principal, flow, spent, bench.mac, now_ms, exchange.facts)
        intent = intent_mac(event, bench.system, bench.mac)
        judgement = judge(event, bench.guards, context, approvals.get(intent), stop=snapshot.stop)
        weighed.append(Weighed(event, intent, judgement))
        if judgement.case and not kept_case:
            # valid once: a twin of this event in the same exchange needs an approval of its own
            del approvals[intent]
        if judgement.leaves is not None:
            # what an earlier event of this exchange reserves, a later one can no longer spend
            for reservation in _reservations(judgement.verdicts):
                spent[reservation.account] = spent.get(reservation.account, 0) + reservation.amount
    # (5): plan
    # what a person stopped is refused whole, whatever may be left out of an exchange otherwise
    outcome = Outcome.DENY if snapshot.stop else _of_exchange(weighed, exchange, agent)
    basis = Basis(
        policy=bench.system.digest,
        engine=bench.engine,
        prefix=bench.mac.of("prefix", flow.prefix),
        now_ms=now_ms,
        spent=tuple(sorted(snapshot.spent.items())),
    )
    case = _case(exchange, bench, weighed, snapshot, now_ms) if outcome is Outcome.HOLD else _NO_CASE
    rulings = tuple(_ruling(bench, basis, item, case.id) for item in weighed)
    if outcome in (Outcome.HOLD, Outcome.DENY):
        rulings = tuple(replace(ruling, leaves=None) for ruling in rulings)
    account = write_account(
        exchange,
        bench.system,
        flow=flow,
        untold=untold,
        approvals=in_force,
        kept_case=kept_case,
        stop=snapshot.stop,
    )
    return Plan(rulings, outcome, case.id, _draft(exchange, bench, rulings, snapshot, case, kept_case, account))


def _approvals(snapshot: Snapshot, kept_case: str, now_ms: int) -> dict[str, Case]:
    """By intent. What was kept with a case leaves under that case alone, whatever else was approved for the same intent meanwhile."""
    if not kept_case:
        return dict(snapshot.approvals)
    held = snapshot.held
    if held is None or held.id != kept_case or not isinstance(standing_of(held, now_ms), Approved):
        return {}
    return dict.fromkeys(held.intents, held)


def _of_exchange(weighed: Sequence[Weighed], exchange: Exchange, agent: Agent) -> Outcome:
    """HOLD keeps all of an exchange back, since an agent acts on all of it. A DENY takes one event out of an answer, and one
    tool's result out of a request; anything else that is denied refuses the request.
    """
    outcomes = [w.judgement.outcome for w in weighed]
    worst = max(outcomes, default=Outcome.ALLOW)
    if agent.on_deny is OnDeny.ERROR and worst is not Outcome.MODIFY:
        return worst
    if exchange.proposes_answer:
        return Outcome.HOLD if Outcome.HOLD in outcomes else min(worst, Outcome.MODIFY)
    return max((_of_request(w) for w in weighed), default=Outcome.ALLOW)


def _of_request(weighed: Weighed) -> Outcome:
    """What one event means for its request, of which only a tool's result can be left out."""
    match weighed.judgement.outcome:
        case Outcome.DENY if weighed.event.kind is EventKind.TOOL_RESULT:
            return Outcome.MODIFY
        case Outcome.MODIFY:
            return Outcome.DENY
        case outcome:
            return outcome


def _ruling(bench: Bench, basis: Basis, item: Weighed, open_case: str) -> Ruling:
    judgement = item.judgement
    decision = Decision(
        id="dec_" + bench.new_id(),
        event=item.event.id,
        outcome=judgement.outcome,
        verdicts=judgement.verdicts,
        basis=basis,
        intent_mac=item.intent,
        case=judgement.case or (open_case if judgement.outcome is Outcome.HOLD else ""),
    )
    return Ruling(item.event, decision, judgement.leaves)


def _case(exchange: Exchange, bench: Bench, weighed: Sequence[Weighed], snapshot: Snapshot, now_ms: int) -> CaseFor:
    """The approval to open, or the one that is open already for this very request."""
    intents = tuple(dict.fromkeys(w.intent for w in weighed if w.judgement.outcome is Outcome.HOLD))
    shown = [card.Judged(w.event, w.judgement.outcome, w.judgement.verdicts) for w in weighed]
    held = [item for item in shown if item.outcome is Outcome.HOLD]
    waiting = snapshot.held
    if isinstance(standing_of(waiting, now_ms), Waiting) and waiting and set(intents) <= set(waiting.intents):
        return CaseFor(waiting.id, None)
    covers = {v.guard for item in held for v in item.verdicts if v.outcome is Outcome.HOLD}
    opens = DraftCase(
        id="apr_" + bench.new_id(),
        intents=tuple(i for i in intents if i),
        covers=tuple(sorted(covers)),
        by=card.who_decides(bench.system, held),
        expires_ms=now_ms + card.open_for_ms(bench.system, held),
        card=card.write_card(exchange, bench.system, shown),
    )
    return CaseFor(opens.id, opens)


def _draft(
    exchange: Exchange,
    bench: Bench,
    rulings: Sequence[Ruling],
    snapshot: Snapshot,
    case: CaseFor,
    kept_case: str,
    account: Mapping[str, Json],
) -> Draft:
    # a call is known again by how it left
    lefts = {r.event.id: (r.leaves or r.event).call for r in rulings}
    calls = {name: call_mac(call, exchange.principal, bench.mac) for name, call in lefts.items() if call}
    leaving = [ruling for ruling in rulings if ruling.leaves]
    now_ms = rulings[0].decision.basis.now_ms if rulings else 0
    return Draft(
        entries=tuple(
            DraftEntry(
                Kind.DECISION,
                record.body(
                    r, place=record.Place(at, len(rulings)), answers_released=calls.get(r.event.id) in snapshot.calls
                ),
                record.payload(r, account=None if at else account),
            )
            for at, r in enumerate(rulings)
        ),
        holds=tuple(h for r in leaving for h in _holds(r, calls.get(r.event.id, ""), now_ms)),
        released=tuple(_released(r, calls[r.event.id], now_ms) for r in leaving if _is(r, EventKind.TOOL_CALL)),
        settled=tuple(calls[r.event.id] for r in rulings if _settles(r, calls, snapshot)),
        consumed=_consumed(leaving, kept_case, now_ms),
        opens=case.opens,
    )


def _is(ruling: Ruling, kind: EventKind) -> bool:
    return ruling.event.kind is kind and ruling.event.call is not None


def _holds(ruling: Ruling, call: str, now_ms: int) -> Iterator[Hold]:
    return (Hold(call, reservation, now_ms) for reservation in _reservations(ruling.decision.verdicts))


def _released(ruling: Ruling, call: str, now_ms: int) -> ReleasedCall:
    return ReleasedCall(call, ruling.event.component, ruling.decision.id, now_ms)


def _settles(ruling: Ruling, calls: Mapping[str, str], snapshot: Snapshot) -> bool:
    """Whether it shows the outcome of a call that Trilens released and has not seen the outcome of."""
    released = snapshot.calls.get(calls[ruling.event.id]) if _is(ruling, EventKind.TOOL_RESULT) else None
    return released is not None and not released.settled


def _consumed(leaving: Sequence[Ruling], kept_case: str, now_ms: int) -> tuple[Consumption, ...]:
    """The approved intents that are used up by what leaves."""
    if kept_case:
        return (Consumption(kept_case, "", now_ms, whole=True),) if leaving else ()
    used = ((r.decision.case, r.decision.intent_mac) for r in leaving if r.decision.case)
    return tuple(Consumption(case, intent, now_ms) for case, intent in dict.fromkeys(used))


def _reservations(verdicts: Sequence[Verdict]) -> Iterator[Reservation]:
    return (reservation for verdict in verdicts for reservation in verdict.reserve)
