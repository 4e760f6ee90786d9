"""C3: data is read, and passed on to a model, only for a purpose its category allows."""

from trilens.lenses.lens import ALLOW, NOT_APPLICABLE, Answer, Context, deny
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind
from trilens.vocabulary.system import System
from trilens.vocabulary.verdict import Finding


def judge(event: Event, context: Context) -> Answer:
    """Check every category the event touches against the agent's purpose."""
    tool = context.system.tools.get(event.component)
    if event.kind is EventKind.TOOL_CALL and tool is None:
        return deny(Finding("purpose_not_allowed/unknown_tool", "nobody declared which data this tool reads"))
    touched = tool.data if event.kind is EventKind.TOOL_CALL and tool else context.flow.categories
    if not touched:
        return NOT_APPLICABLE
    findings = tuple(f for c in sorted(touched) if (f := _finding(c, event.purpose, context.system)) is not None)
    return deny(*findings) if findings else ALLOW


def _finding(category: str, purpose: str, system: System) -> Finding | None:
    declared = system.data.get(category)
    if declared is None:
        message = f"data category `{category}` is not declared, so it has no purpose it may be used for"
        return Finding("purpose_not_allowed/undeclared_category", message, rule="compliance.data")
    if purpose in declared.purposes and purpose in system.purposes:
        return None
    allowed = ", ".join(f"`{name}`" for name in sorted(declared.purposes)) or "nothing"
    message = f"data category `{category}` may be used for {allowed}, not for `{purpose}`"
    return Finding("purpose_not_allowed/other_purpose", message, rule=f"compliance.data.{category}.purposes")
