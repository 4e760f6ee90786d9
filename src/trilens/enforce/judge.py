"""One event, all guards: the guard boundary, with the one broad catch of the code base."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from trilens.enforce.combine import Lifted, apply_edits, lift, merge_passes
from trilens.lenses.lens import Answer, Context, Guard
from trilens.mechanisms.events import rewritten
from trilens.storage.ports import Case, Stop
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind, Lens, Outcome, Phase, Ran
from trilens.vocabulary.system import System
from trilens.vocabulary.verdict import Finding, Verdict

ADMIT = "enforce/admit"
"""Step 1 answers as if it were a guard, so that a refusal is a verdict like any other."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all guards together say of one event."""

    outcome: Outcome
    verdicts: tuple[Verdict, ...]
    leaves: Event | None
    """The event as it may leave; None when it may not."""
    case: str = ""
    """The approval that let it through."""


@dataclass(frozen=True, slots=True)
class FirstPass:
    """What was said of an event before it was edited."""

    verdicts: tuple[Verdict, ...]
    case: str
    """The approval that lifted a hold; empty when none did."""


def admit(event: Event, system: System, stop: Stop | None = None) -> Verdict | None:
    """Refuse what a person stopped, and what cannot even be judged: an unreadable event, an undeclared agent, tool or model. None when it can be."""
    finding: Finding | None = None
    if stop is not None:
        finding = Finding("admit/stopped", f"a person stopped the {stop.what.scope.value}")
    elif event.principal.agent not in system.agents:
        finding = Finding("admit/unknown_agent", "the key speaks for an agent the manifest does not declare")
    elif event.kind is EventKind.TOOL_CALL and event.component not in system.tools:
        finding = Finding("admit/unknown_tool", f"no tool `{event.component[:80]}` is declared")
    elif event.kind is EventKind.MODEL_CALL and event.component not in system.models:
        finding = Finding("admit/unknown_model", f"no model `{event.component[:80]}` is declared")
    elif event.kind is EventKind.MODEL_CALL and event.component not in _models_of(event.principal.agent, system):
        finding = Finding("admit/other_model", f"the agent does not use model `{event.component}`")
    elif event.defect and event.phase is Phase.PROPOSED:
        finding = Finding("admit/unreadable", event.defect)
    if finding is None:
        return None
    return Verdict(ADMIT, Lens.SECURITY, Ran.JUDGED, Outcome.DENY, (finding,))


def _models_of(agent: str, system: System) -> tuple[str, ...]:
    """The agent's model and its fall-backs."""
    first = system.agents[agent].model
    return (first, *system.models[first].fallback) if first in system.models else ()


def judge(
    event: Event, guards: Sequence[Guard], context: Context, approval: Case | None, *, stop: Stop | None = None
) -> Judgement:
    """Put the event to every guard that watches its kind, combine, and judge once more what an edit leaves."""
    refused = admit(event, context.system, stop)
    if refused is not None:
        skipped = tuple(_not_run(guard) for guard in guards if event.kind in guard.sheet.watches)
        return Judgement(Outcome.DENY, (refused, *skipped), None)
    verdicts = put_to(event, guards, context)
    if not verdicts and event.phase is Phase.OBSERVED:
        return Judgement(Outcome.ALLOW, (), event)
    lifted = lift(verdicts, approval)
    if lifted.outcome is Outcome.MODIFY:
        return _judge_what_is_left(event, guards, context, FirstPass(verdicts, lifted.case), approval)
    return _settled(event, verdicts, lifted)


def put_to(event: Event, guards: Sequence[Guard], context: Context) -> tuple[Verdict, ...]:
    """The verdict of every guard that watches events of this kind, in the catalogue's order."""
    return tuple(_verdict(guard, event, context) for guard in guards if event.kind in guard.sheet.watches)


def _judge_what_is_left(
    event: Event, guards: Sequence[Guard], context: Context, first: FirstPass, approval: Case | None
) -> Judgement:
    edited = apply_edits(event, [e for v in first.verdicts if v.outcome is Outcome.MODIFY for e in v.edits])
    if edited is None:
        return Judgement(Outcome.HOLD, first.verdicts, None)
    if event.kind is EventKind.TOOL_RESULT:
        # a result is shown as its tool gave it or left out
        return Judgement(Outcome.DENY, first.verdicts, None)
    if event.call is not None:
        call = rewritten(event.call, {v.path: v.value for v in edited.values if v not in event.values})
        if call is None:
            # nobody can approve what cannot be written
            return Judgement(Outcome.DENY, first.verdicts, None)
        edited = replace(edited, call=call)
    second = put_to(edited, guards, context)
    merged = merge_passes(first.verdicts, second)
    lifted = lift(second, approval)
    if lifted.outcome is Outcome.ALLOW:
        # INVARIANT: an approval that either pass needed is named, and so used up
        return Judgement(Outcome.MODIFY, merged, edited, lifted.case or first.case)
    # a guard that would change it again has no settled opinion: only a person may
    return Judgement(max(lifted.outcome, Outcome.HOLD), merged, None)


def _settled(event: Event, verdicts: tuple[Verdict, ...], lifted: Lifted) -> Judgement:
    leaves = event if lifted.outcome is Outcome.ALLOW else None
    return Judgement(lifted.outcome, verdicts, leaves, lifted.case)


def _verdict(guard: Guard, event: Event, context: Context) -> Verdict:
    sheet = guard.sheet
    try:
        answer = guard.judge(event, context)
        problem = _breach(answer, guard)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the guard boundary: a failure is a verdict, never an escape
        problem = f"raised {type(error).__name__}"
        answer = None
    if answer is None or problem:
        return Verdict(sheet.name, sheet.lens, Ran.FAILED, max(sheet.on_error, Outcome.HOLD), why=problem)
    if answer.outcome is None:
        return Verdict(sheet.name, sheet.lens, Ran.NOT_APPLICABLE, Outcome.ALLOW)
    return Verdict(sheet.name, sheet.lens, Ran.JUDGED, answer.outcome, answer.findings, answer.edits, answer.reserve)


def _breach(answer: object, guard: Guard) -> str:
    """How an answer breaks its guard's own sheet; empty when it keeps it."""
    if not isinstance(answer, Answer):
        return "answered with something that is not an Answer"
    if answer.outcome is None:
        return ""
    if answer.outcome not in guard.sheet.outcomes:
        return f"answered {answer.outcome.word}, which its sheet does not list"
    if (answer.outcome is Outcome.MODIFY) != bool(answer.edits):
        return "an answer carries edits exactly when it modifies"
    if any(edit.set_to is not None for edit in answer.edits):
        return "only a recorded approval may set a value"
    if answer.outcome is not Outcome.ALLOW and not answer.findings:
        return f"answered {answer.outcome.word} without a finding"
    return ""


def _not_run(guard: Guard) -> Verdict:
    why = "refused at step 1, before any guard"
    return Verdict(guard.sheet.name, guard.sheet.lens, Ran.NOT_RUN, Outcome.ALLOW, why=why)
