"""A recorded decision, read strictly from the body of its ledger entry: words of closed sets, or an error; never a default."""

from collections.abc import Mapping
from dataclasses import dataclass

from trilens.errors import LedgerError
from trilens.vocabulary.canonical import Json
from trilens.vocabulary.outcome import EventKind, Outcome, Phase, Ran

_OUTCOMES = {outcome.word: outcome for outcome in Outcome}


@dataclass(frozen=True, slots=True)
class RecordedVerdict:
    guard: str
    ran: Ran
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """What a ledger entry of kind `decision` says, as far as controls ask."""

    id: str
    kind: EventKind
    phase: Phase
    outcome: Outcome
    left: bool
    """Whether the event, or what an edit made of it, was released."""
    verdicts: tuple[RecordedVerdict, ...]
    case: str
    intent: str
    policy: str
    engine: str
    judged_ms: int
    """The clock reading it was judged at: all decisions of one exchange share it."""


def read_decision(body: Mapping[str, Json]) -> RecordedDecision:
    """Raises: LedgerError `ledger/decision` when a field is missing, has another type, or holds a word of no closed set."""
    match body:
        case {
            "id": str() as decision_id,
            "event": [str(), str() as kind, str() as phase, str()],
            "outcome": str() as outcome,
            "left": bool() as left,
            "verdicts": list() as verdicts,
            "case": str() as case,
            "intent": str() as intent,
            "basis": {"policy": str() as policy, "engine": str() as engine, "now": int() as now_ms},
        }:
            read = tuple(_read_verdict(verdict) for verdict in verdicts)
            if len({verdict.guard for verdict in read}) != len(read):
                raise _malformed("two verdicts of one guard")
            try:
                return RecordedDecision(
                    id=decision_id,
                    kind=EventKind(kind),
                    phase=Phase(phase),
                    outcome=_OUTCOMES[outcome],
                    left=left,
                    verdicts=read,
                    case=case,
                    intent=intent,
                    policy=policy,
                    engine=engine,
                    judged_ms=now_ms,
                )
            except (KeyError, ValueError) as error:
                raise _malformed("a word of no closed set") from error
        case _:
            raise _malformed("a field is missing or has another type")


def _read_verdict(written: object) -> RecordedVerdict:
    match written:
        case [str() as guard, str() as ran, str() as outcome, list(), *why] if all(isinstance(w, str) for w in why):
            try:
                return RecordedVerdict(guard, Ran(ran), _OUTCOMES[outcome])
            except (KeyError, ValueError) as error:
                raise _malformed("a word of no closed set") from error
        case _:
            raise _malformed("a verdict is not a list of guard, ran, outcome and codes")


def _malformed(reason: str) -> LedgerError:
    return LedgerError("ledger/decision", f"not a decision: {reason}")
