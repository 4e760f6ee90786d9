"""What one recorded decision says of every installed guard, with the join recomputed from the recorded verdicts.

A control fails when it did not operate, not when it stopped something: a DENY or a HOLD that kept an event back is the control at work.

    left   the guard                                         mark
    no     judged                                            judged
    no     found it none of its business                     looked
    no     raised                                            faulted     it failed closed
    no     was skipped (refused at step 1), or is absent     no mark     nothing happened that it could have missed
    yes    raised, was skipped, or is absent                 missed
    yes    said DENY; or HOLD that no approved case lifts;
           or MODIFY, and it left unchanged                  overruled
    yes    anything else                                     judged or looked

An event that left although its own recorded outcome is HOLD or DENY, or a proposed one that left without any verdict, is nobody's
verdict in particular: every guard is overruled. A decision with a faulted, missed or overruled guard shows of no guard that it operated:
else one lens' failure would be another lens' evidence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trilens.lenses.lens import Sheet
from trilens.prove.controls.catalogue import Mark
from trilens.prove.decision import RecordedDecision, RecordedVerdict
from trilens.vocabulary.outcome import Outcome, Phase, Ran

FAILURES = frozenset({Mark.FAULTED, Mark.MISSED, Mark.OVERRULED})


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks by guard, as `lens/name`."""

    by_guard: Mapping[str, Mark]

    @property
    def is_failure(self) -> bool:
        return not FAILURES.isdisjoint(self.by_guard.values())


def lifted_guards(decision: RecordedDecision) -> frozenset[str]:
    """Guards whose HOLD stands against an event that left with a case: the case must turn out to be an approval."""
    if not (decision.left and decision.case):
        return frozenset()
    return frozenset(v.guard for v in decision.verdicts if v.outcome is Outcome.HOLD)


def mark(decision: RecordedDecision, sheets: Sequence[Sheet], *, is_approved: bool) -> Marks:
    """The marks of one decision that was made by the engine whose guards these are.

    Args:
        is_approved: whether a person approved `decision.case`.
    """
    said = {verdict.guard: verdict for verdict in decision.verdicts}
    if _is_unexplained(decision):
        return Marks({sheet.name: Mark.OVERRULED for sheet in sheets} | dict.fromkeys(said, Mark.OVERRULED))
    marks: dict[str, Mark] = {}
    for sheet in sheets:
        verdict = said.pop(sheet.name, None)
        if decision.kind in sheet.watches or verdict is not None:
            found = _mark(decision, verdict, is_approved=is_approved)
            if found is not None:
                marks[sheet.name] = found
    for name, verdict in said.items():
        # step 1 answers as if it were a guard, and has no sheet
        if _is_overruled(decision, verdict, is_approved=is_approved):
            return Marks({sheet.name: Mark.OVERRULED for sheet in sheets} | {name: Mark.OVERRULED})
    return Marks(marks)


def _is_unexplained(decision: RecordedDecision) -> bool:
    if not decision.left:
        return False
    unjudged = not decision.verdicts and decision.phase is Phase.PROPOSED
    return unjudged or decision.outcome in (Outcome.HOLD, Outcome.DENY)


def _mark(decision: RecordedDecision, verdict: RecordedVerdict | None, *, is_approved: bool) -> Mark | None:
    if verdict is None or verdict.ran is Ran.NOT_RUN:
        return Mark.MISSED if decision.left else None
    if verdict.ran is Ran.FAILED:
        return Mark.MISSED if decision.left else Mark.FAULTED
    if _is_overruled(decision, verdict, is_approved=is_approved):
        return Mark.OVERRULED
    return Mark.LOOKED if verdict.ran is Ran.NOT_APPLICABLE else Mark.JUDGED


def _is_overruled(decision: RecordedDecision, verdict: RecordedVerdict, *, is_approved: bool) -> bool:
    if not decision.left:
        return False
    match verdict.outcome:
        case Outcome.ALLOW:
            return False
        case Outcome.MODIFY:
            return decision.outcome is Outcome.ALLOW
        case Outcome.HOLD:
            return not (decision.case and is_approved)
        case Outcome.DENY:
            return True
