"""S10: a call that its tool's sheet, or the nature of its effect, puts before a person waits for that person."""

from typing import assert_never

from trilens.errors import ManifestError
from trilens.lenses.lens import ALLOW, NOT_APPLICABLE, Answer, Context, allow, deny, hold
from trilens.mechanisms.policy.condition import compile_condition, values_of
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import Lens
from trilens.vocabulary.system import ApprovalNeed, System, Tool
from trilens.vocabulary.verdict import Finding


def judge(event: Event, context: Context) -> Answer:
    """Let the tool's `approval:` decide; without one, whether the effect can be undone."""
    tool = context.system.tools.get(event.component)
    if tool is None:
        return deny(
            Finding("irreversible_effect/unknown_tool", "nobody declared what this tool does and what can be undone")
        )
    rule = f"tools.{tool.id}.approval"
    match tool.approval.need:
        case ApprovalNeed.DEFAULT:
            return _by_nature(tool, context.system)
        case ApprovalNeed.ALWAYS:
            return hold(
                _finding(
                    "approval_required", f"`{tool.id}` always waits for {_who(tool, context.system)}", f"{rule}.always"
                )
            )
        case ApprovalNeed.NEVER:
            accepted = f"accepted by {tool.approval.accepted_by}" if tool.approval.accepted_by else "accepted by nobody"
            return allow(
                _finding(
                    "approval_waived", f"nobody has to decide: {tool.approval.reason} ({accepted})", f"{rule}.never"
                )
            )
        case ApprovalNeed.WHEN:
            return _by_condition(tool, event, context.system)
        case _ as never:
            assert_never(never)


def _by_nature(tool: Tool, system: System) -> Answer:
    if not tool.has_effect:
        return NOT_APPLICABLE
    if tool.reversible:
        return ALLOW
    message = f"the effect of `{tool.id}` cannot be undone; {_who(tool, system)} must decide"
    return hold(_finding("approval_required", message, f"tools.{tool.id}.reversible"))


def _by_condition(tool: Tool, event: Event, system: System) -> Answer:
    condition, rule = tool.approval.condition, f"tools.{tool.id}.approval.when"
    try:
        holds = compile_condition(condition, tool).holds(values_of(event))
    except ManifestError as error:
        return deny(_finding("condition_failed", f"whether somebody must decide is unknown: {error.message}", rule))
    if not holds:
        return ALLOW
    message = f"{_who(tool, system)} must decide, since `{condition}` holds"
    return hold(_finding("approval_required", message, rule))


def _who(tool: Tool, system: System) -> str:
    if tool.approval.by:
        return " or ".join(f"`{role}`" for role in tool.approval.by)
    owner = system.owners.get(Lens.SAFETY)
    return f"the owner `{owner}`" if owner else "an owner"


def _finding(what: str, message: str, rule: str) -> Finding:
    return Finding(f"irreversible_effect/{what}", message, rule=rule)
