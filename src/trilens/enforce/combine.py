"""The decision is a join: ALLOW < MODIFY < HOLD < DENY, strictest wins, all findings kept.

INVARIANT: adding a verdict never loosens the outcome; no order of verdicts changes it (tests/enforce/test_combine.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from trilens.storage.ports import Case
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import Outcome
from trilens.vocabulary.verdict import Edit, Verdict


def strictest(verdicts: Sequence[Verdict]) -> Outcome:
    """The strictest outcome; an event nobody judged is denied, since absence is not consent."""
    return max((v.outcome for v in verdicts), default=Outcome.DENY)


@dataclass(frozen=True, slots=True)
class Lifted:
    """An outcome after a person's approval was weighed."""

    outcome: Outcome
    case: str
    """The approval that was used; empty when none was needed or none sufficed."""


def lift(verdicts: Sequence[Verdict], approval: Case | None) -> Lifted:
    """Let an approval stand in for the HOLDs that stood on its card. It lifts no DENY and no HOLD it did not show."""
    outcome = strictest(verdicts)
    if outcome is not Outcome.HOLD or approval is None:
        return Lifted(outcome, "")
    holding = {v.guard for v in verdicts if v.outcome is Outcome.HOLD}
    if not holding <= set(approval.covers):
        return Lifted(outcome, "")
    rest = [v for v in verdicts if v.outcome is not Outcome.HOLD]
    return Lifted(max((v.outcome for v in rest), default=Outcome.ALLOW), approval.id)


def apply_edits(event: Event, edits: Sequence[Edit]) -> Event | None:
    """The event with every edit made: removals united, one literal in front. None when two rewrites differ.

    Removals commute, and a literal is put in front once. Two different literals, or two different values, are two opinions about
    what should be said, and only a person may choose.
    """
    values = {v.path: v for v in event.values}
    for path in {e.path for e in edits}:
        mine = [e for e in edits if e.path == path]
        value = values.get(path)
        if value is None or not isinstance(value.value, str):
            return None
        fronts = {e.prepended for e in mine if e.prepended}
        if len(fronts) > 1 or any(e.set_to is not None for e in mine):
            return None
        text = _without(value.value, mine)
        values[path] = replace(value, value="".join(fronts) + text)
    return replace(event, values=tuple(values[v.path] for v in event.values))


def _without(text: str, edits: Sequence[Edit]) -> str:
    kept: list[str] = []
    position = 0
    for span in sorted((s for e in edits for s in e.removed), key=lambda s: s.start):
        if span.start > position:
            kept.append(text[position : span.start])
        position = max(position, span.stop)
    kept.append(text[position:])
    return "".join(kept)


def merge_passes(first: Sequence[Verdict], second: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Of two passes over one event, each guard's stricter verdict: what was changed and what is left are both on record."""
    again = {v.guard: v for v in second}
    merged: list[Verdict] = []
    for verdict in first:
        other = again.pop(verdict.guard, verdict)
        merged.append(other if other.outcome > verdict.outcome else verdict)
    return (*merged, *again.values())
