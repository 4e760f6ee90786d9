"""How a ruling is written down: a leaf without personal data, and a sealed payload with everything else.

The leaf says who judged what and how it ended; the payload holds values, words and findings, so that the same event can be judged
again. Names that came from a model or a client (an undeclared tool) are data and go to the payload.

INVARIANT: what a leaf says of one guard has a bound, whatever was found and however it is spelled, so that a decision can always be
recorded (tests/enforce/test_record.py).
"""

import re

from trilens.enforce.plan import Ruling
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


def body(ruling: Ruling, *, answers_released: bool = False) -> dict[str, Json]:
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


def payload(ruling: Ruling) -> bytes:
    """Everything personal about one ruling, as canonical JSON; empty when there is nothing to keep."""
    event, decision = ruling.event, ruling.decision
    if event.kind is EventKind.MODEL_CALL and not decision.findings:
        # its content is the turns before it, which are recorded as their own events
        return b""
    return canonical(
        {
            "person": printable(event.principal.reader),
            "component": printable(event.component),
            "ref": event.wire_ref,
            "values": [[printable(v.path), v.cls.value, write_value(v.value)] for v in event.values],
            "left": _left(event, ruling.leaves),
            "findings": [write_finding(v, f) for v in decision.verdicts for f in v.findings],
        }
    )


def _left(event: Event, leaves: Event | None) -> Json:
    if leaves is None or leaves is event:
        return None
    return [[printable(v.path), write_value(v.value)] for v in leaves.values]
