"""X3: default deny. A call is allowed only by a grant of its agent whose condition holds, and never against another person's record."""

from collections.abc import Iterator

from trilens.lenses.lens import ALLOW, NOT_APPLICABLE, Answer, Context, deny, hold
from trilens.mechanisms.flow.atoms import scalar_keys, whole_text
from trilens.mechanisms.flow.claims import argument_of
from trilens.mechanisms.flow.explain.claim import origin
from trilens.mechanisms.flow.explain.designated_record import Ownership, ownership
from trilens.mechanisms.flow.flow import Flow, Passage, Record
from trilens.mechanisms.policy.condition import ConditionError, compile_condition, values_of
from trilens.vocabulary.event import Event, Value
from trilens.vocabulary.outcome import EventKind, ValueClass
from trilens.vocabulary.system import FieldTrust, Grant, Tool
from trilens.vocabulary.verdict import Finding


def judge(event: Event, context: Context) -> Answer:
    if event.kind is not EventKind.TOOL_CALL:
        return NOT_APPLICABLE
    tool = context.system.tools.get(event.component)
    if tool is None:
        return deny(_finding("unknown_tool", f"no tool `{event.component[:80]}` is declared"))
    grant = context.agent.grants.get(tool.id)
    if grant is None:
        return deny(_finding("not_granted", f"agent `{context.agent.id}` was not granted `{tool.id}`"))
    refused = _condition(event, tool, grant, context)
    if refused is not None:
        return deny(refused)
    return _owned(event, tool, context) if tool.has_effect else ALLOW


def _condition(event: Event, tool: Tool, grant: Grant, context: Context) -> Finding | None:
    if not grant.condition:
        return None
    rule = f"agents.{context.agent.id}.tools.{tool.id}.when"
    if event.defect:
        return _finding("condition_error", f"the condition of the grant cannot be read: {event.defect}", rule=rule)
    try:
        holds = compile_condition(grant.condition, tool).holds(values_of(event))
    except ConditionError as error:
        return _finding("condition_error", error.message, rule=rule)
    if holds:
        return None
    return _finding("condition_false", f"`{tool.id}` was granted only when `{grant.condition}`", rule=rule)


def _owned(event: Event, tool: Tool, context: Context) -> Answer:
    """Deny an effect on another person's record; hold one on a record whose owner cannot be told from the one who asks."""
    unknown: list[Finding] = []
    for value in event.values:
        if value.cls is not ValueClass.OBJECT_ID:
            continue
        for passage, record in _records_named(value, tool, context.flow):
            match ownership(record, context.principal):
                case Ownership.OTHERS:
                    message = f"`{value.value}` from {passage.source} belongs to another {context.principal.role}"
                    return deny(_finding("other_owner", message, value.path, passage))
                case Ownership.UNKNOWN:
                    message = f"`{value.value}` belongs to a {_roles(record)}, and nobody asserted which one is asking"
                    unknown.append(_finding("owner_unknown", message, value.path, passage))
                case Ownership.OWN | Ownership.NOBODYS:
                    continue
    return hold(*unknown) if unknown else ALLOW


def _records_named(value: Value, tool: Tool, flow: Flow) -> Iterator[tuple[Passage, Record]]:
    """Records whose key is the value: those whose key field has the argument's name, or else all of them."""
    whole = whole_text(value.value)
    found: list[tuple[Passage, Record]] = []
    for key in scalar_keys(value.value):
        for passage in flow.mentions(key):
            record = flow.record_of(passage)
            is_key = record is not None and passage.trust is FieldTrust.SYSTEM and passage.field == record.key_field
            if record is not None and is_key and whole_text(passage.text) == whole:
                found.append((passage, record))
    name = argument_of(value, tool)
    same_name = [(passage, record) for passage, record in found if record.key_field == name]
    return iter(same_name or found)


def _roles(record: Record) -> str:
    return " or ".join(sorted(record.owners)) or "person"


def _finding(what: str, message: str, path: str = "", passage: Passage | None = None, *, rule: str = "") -> Finding:
    origins = () if passage is None else (origin(passage),)
    return Finding(f"ungranted_tool/{what}", message, path, origins=origins, rule=rule)
