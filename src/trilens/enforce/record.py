"""How a ruling is written down: a leaf without personal data, and a sealed payload with everything else.

The leaf says who judged what and how it ended; the payload holds values, words and findings, so that the same event can be judged
again. Names that came from a model or a client (an undeclared tool) are data and go to the payload. What the events of one exchange share
is told once, in the payload of its first entry (`account.py`).

INVARIANT: what a leaf says of one guard has a bound, whatever was found and however it is spelled, so that a decision can always be
recorded (tests/enforce/test_record.py).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from trilens.enforce.account import write_call
from trilens.enforce.plan import Ruling
from trilens.mechanisms.events import type_arguments
from trilens.vocabulary.canonical import Json, canonical
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind, Ran
from trilens.vocabulary.verdict import Verdict
from trilens.vocabulary.written import printable, write_finding, write_value

MOST_CODES = 8
"""Different codes of one verdict that a leaf names; the others are counted. All findings stand in the payload."""
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,40}/[A-Za-z0-9_.-]{1,40}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""What a manifest can declare."""
_LONGEST_WHY = 120
"""Characters."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ruling stands among those of its exchange, which are recorded one after the other."""

    at: int
    of: int


ALONE = Place(0, 1)


def body(ruling: Ruling, *, place: Place = ALONE, answers_released: bool = False) -> dict[str, Json]:
    """The leaf's fields about one ruling, without `v`, `kind`, `t` and `payload`.

    Args:
        answers_released: of a tool's result: whether it answers a call that Trilens released. One that does not is an effect nobody judged.
    """
    event, decision = ruling.event, ruling.decision
    basis = decision.basis
    shown = {"answers": answers_released} if event.kind is EventKind.TOOL_RESULT else {}
    return {
        **shown,
        "id": decision.id,
        "exchange": [place.at, place.of],
        "event": [event.id, event.kind.value, event.phase.value, event.digest],
        "component": _component(ruling, answers_released=answers_released),
        "agent": event.principal.agent,
        "key": event.principal.key,
        "session": event.session,
        "purpose": event.purpose,
        "outcome": decision.outcome.word,
        "left": ruling.leaves is not None,
        "verdicts": [_verdict(v) for v in decision.verdicts],
        "intent": decision.intent_mac,
        "case": decision.case,
        "basis": {
            "policy": basis.policy,
            "engine": basis.engine,
            "prefix": basis.prefix,
            "now": basis.now_ms,
            "spent": [[account, amount] for account, amount in basis.spent],
        },
    }


def _component(ruling: Ruling, *, answers_released: bool) -> str:
    """The name, where it is one of the manifest's; a result that answers no released call has its tool's name from the client alone."""
    name = ruling.event.component
    is_clients = ruling.event.kind is EventKind.TOOL_RESULT and not answers_released
    return "" if is_clients or _is_undeclared(ruling) or not _NAME.fullmatch(name) else name


def _is_undeclared(ruling: Ruling) -> bool:
    codes = {f.code for f in ruling.decision.findings}
    return not codes.isdisjoint({"admit/unknown_tool", "admit/unknown_model", "admit/unknown_agent"})


def _verdict(verdict: Verdict) -> Json:
    judged: list[Json] = [verdict.guard, verdict.ran.value, verdict.outcome.word, _codes(verdict)]
    return [*judged, printable(verdict.why[:_LONGEST_WHY])] if verdict.ran in (Ran.FAILED, Ran.NOT_RUN) else judged


def _codes(verdict: Verdict) -> list[Json]:
    """Each code once, in the order found; `+n` for n more, and for those that are not of a code's form."""
    found = dict.fromkeys(finding.code for finding in verdict.findings)
    named = [code for code in found if _CODE.fullmatch(code)][:MOST_CODES]
    rest = len(found) - len(named)
    return [*named, f"+{rest}"] if rest else [*named]


def payload(ruling: Ruling, *, account: Mapping[str, Json] | None = None) -> bytes:
    """Everything personal about one ruling, as canonical JSON; empty when there is nothing to keep.

    Args:
        account: of the whole exchange, for the first of its rulings.
    """
    shared: dict[str, Json] = {} if account is None else {"exchange": account}
    event, decision = ruling.event, ruling.decision
    if event.kind is EventKind.MODEL_CALL and not decision.findings:
        # its content is the turns before it, which the account tells
        return canonical(shared) if shared else b""
    call = {"call": write_call(event.call)} if event.kind is EventKind.TOOL_CALL and event.call else {}
    return canonical(
        {
            **shared,
            **call,
            "person": printable(event.principal.reader),
            "component": printable(event.component),
            "ref": event.wire_ref,
            "values": _values(event),
            "left": _left(event, ruling.leaves),
            "findings": [write_finding(v, f) for v in decision.verdicts for f in v.findings],
        }
    )


def _values(event: Event) -> Json:
    """Path, class and value of each; of a call, the values only where its sheet reads them otherwise than the arguments spell them."""
    spelled = spelled_values(event.call.arguments) if event.kind is EventKind.TOOL_CALL and event.call else {}
    rows: list[Json] = []
    for value in event.values:
        path, written = printable(value.path), write_value(value.value)
        is_told = path in spelled and _is_same(spelled[path], written)
        rows.append([path, value.cls.value] if is_told else [path, value.cls.value, written])
    return rows


def spelled_values(arguments: str) -> dict[str, Json]:
    """The values of a call's arguments by path, as they were written; none where they cannot be read."""
    return {printable(v.path): write_value(v.value) for v in type_arguments(arguments, None).values}


def _is_same(one: Json, other: Json) -> bool:
    return type(one) is type(other) and one == other


def _left(event: Event, leaves: Event | None) -> Json:
    if leaves is None or leaves is event:
        return None
    return [[printable(v.path), write_value(v.value)] for v in leaves.values]


def read_values(private: Mapping[str, Json]) -> tuple[tuple[str, Json], ...]:
    """Path and value of each value in a payload, whichever version wrote it."""
    written, call = private.get("values"), private.get("call")
    spelled = spelled_values(call[2]) if isinstance(call, list) and len(call) == 3 and isinstance(call[2], str) else {}
    rows = [row for row in written if isinstance(row, list) and row] if isinstance(written, list) else []
    return tuple((str(row[0]), row[2] if len(row) == 3 else spelled.get(str(row[0]))) for row in rows)
