"""What was stopped and why, in words that a model may read.

INVARIANT: they name the guard and its finding's code, never its message: a message may quote values, and quoted third-party text must
not travel back into a model's context as if Trilens had said it. Only why arguments could not be read is told: those words are ours, and
the names in them the manifest's.
"""

from trilens.enforce.plan import Ruling
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind, Ran
from trilens.vocabulary.system import System
from trilens.vocabulary.verdict import Verdict


def refused(ruling: Ruling, system: System) -> str:
    """What stands in place of what was denied: short, and the same for the same reason."""
    return f"{what_of(ruling.event, system)} was refused by Trilens ({why_of(ruling)}) [{ruling.decision.id}]."


def what_of(event: Event, system: System) -> str:
    """The event, for people; a name that is not declared came from a model and is not repeated."""
    match event.kind:
        case EventKind.TOOL_CALL if event.component in system.tools:
            return f"The call of {event.component}"
        case EventKind.TOOL_CALL:
            return "The call of an undeclared tool"
        case EventKind.TOOL_RESULT if event.component in system.tools:
            return f"The result of {event.component}"
        case EventKind.TOOL_RESULT:
            return "A tool result"
        case EventKind.MODEL_CALL if event.component in system.models:
            return f"The call of model {event.component}"
        case EventKind.MODEL_CALL:
            return "The call of an undeclared model"
        case EventKind.INPUT:
            return "The message"
        case EventKind.OUTPUT:
            return "The answer"


def why_of(ruling: Ruling) -> str:
    """The guard that was strictest and what it found: `security/untrusted_sink: third party destination`."""
    verdict = _deciding(ruling)
    if verdict is None:
        return "no guard judged it"
    if verdict.ran is Ran.FAILED:
        return f"{verdict.guard}: could not judge it"
    if ruling.event.defect:
        return f"{verdict.guard}: {ruling.event.defect}"
    found = verdict.findings[0].code.partition("/")[2].replace("_", " ") if verdict.findings else "no reason given"
    return f"{verdict.guard}: {found}"


def _deciding(ruling: Ruling) -> Verdict | None:
    return max(ruling.decision.verdicts, key=lambda verdict: verdict.outcome, default=None)
