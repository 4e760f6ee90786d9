"""C6: personal data is read, and passed on to a model, only where it is declared how long it may be kept.

The manifest's parser refuses a tool that names an undeclared category and a category that names an undeclared class. What it lets through,
and what is looked for here: records that belong to people and name no category, and a manifest that says nothing about the record Trilens
itself keeps of what was said. A category or a class that is not there is looked for all the same, since a system can be made without a parser.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from trilens.lenses.lens import ALLOW, NOT_APPLICABLE, Answer, Context, deny
from trilens.mechanisms.flow.flow import Speaker
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind
from trilens.vocabulary.system import System, Tool
from trilens.vocabulary.verdict import Finding

RECORDED_AS = "conversation"
"""The class of the record of what was said and proposed (enforce/seal.py)."""


def judge(event: Event, context: Context) -> Answer:
    """Check every category the event touches, and every tool whose records it reads or carries."""
    system = context.system
    tool = system.tools.get(event.component)
    if event.kind is EventKind.TOOL_CALL and tool is None:
        return deny(Finding("retention_class_missing/unknown_tool", "nobody declared which data this tool carries"))
    if event.kind is EventKind.TOOL_CALL and tool is not None:
        categories: AbstractSet[str] = tool.data
        uncategorised = [tool.id] if _is_uncategorised(tool) else []
    else:
        categories = context.flow.categories
        uncategorised = _uncategorised_in(context)
    if not categories and not uncategorised:
        return NOT_APPLICABLE
    findings = (*_without_category(uncategorised), *_without_class(categories, system), *_record(system))
    return deny(*findings) if findings else ALLOW


def _is_uncategorised(tool: Tool) -> bool:
    """Whether its records belong to people and nobody said what kind of data they are."""
    return bool(tool.result and tool.result.belongs_to) and not tool.data


def _uncategorised_in(context: Context) -> list[str]:
    """Such tools among those whose results the conversation carries, read or not; one pass over the tools where there is none."""
    suspects = {tool.id for tool in context.system.tools.values() if _is_uncategorised(tool)}
    if not suspects:
        return []
    return sorted(suspects & {p.component for p in context.flow.passages if p.speaker is Speaker.TOOL})


def _without_category(tools: list[str]) -> Iterator[Finding]:
    for tool in tools:
        message = f"records of `{tool}` belong to people, and no data category says how long they may be kept"
        yield Finding("retention_class_missing/no_category", message, rule=f"tools.{tool}.data")


def _without_class(categories: AbstractSet[str], system: System) -> Iterator[Finding]:
    for category in sorted(categories):
        declared = system.data.get(category)
        if declared is None:
            message = f"data category `{category}` is not declared, so nothing says how long it may be kept"
            yield Finding("retention_class_missing/undeclared_category", message, rule="compliance.data")
        elif declared.retention not in system.retention:
            message = f"retention class `{declared.retention}` of data category `{category}` is not declared"
            rule = f"compliance.data.{category}.retention"
            yield Finding("retention_class_missing/undeclared_class", message, rule=rule)


def _record(system: System) -> Iterator[Finding]:
    if RECORDED_AS not in system.retention:
        message = f"what is said is kept as `{RECORDED_AS}`, and nothing says for how long"
        rule = f"compliance.retention.{RECORDED_AS}"
        yield Finding("retention_class_missing/record_without_class", message, rule=rule)
