"""X3: default deny. A call is allowed only by a grant of its agent whose condition holds, and never against another person's record."""

from collections.abc import Iterable

from trilens.lenses.lens import ALLOW, NOT_APPLICABLE, Answer, Context, deny, hold
from trilens.mechanisms.flow.atoms import atoms_of, scalar_keys, single_spaced, whole_text
from trilens.mechanisms.flow.claims import argument_of
from trilens.mechanisms.flow.explain.claim import origin
from trilens.mechanisms.flow.explain.designated_record import Ownership, ownership
from trilens.mechanisms.flow.flow import Flow, Passage, Record
from trilens.mechanisms.flow.label import OWNER
from trilens.mechanisms.policy.condition import ConditionError, compile_condition, values_of
from trilens.vocabulary.event import Event, Scalar, Value
from trilens.vocabulary.outcome import EventKind, ValueClass
from trilens.vocabulary.system import FieldTrust, Grant, Tool
from trilens.vocabulary.verdict import Finding

_SHORT = 80
"""Letters of a result that is no record but a word about one."""


def judge(event: Event, context: Context) -> Answer:
    match event.kind:
        case EventKind.TOOL_CALL:
            return _call(event, context)
        case EventKind.TOOL_RESULT:
            return _result(event, context)
        case EventKind.INPUT | EventKind.MODEL_CALL | EventKind.OUTPUT:
            return NOT_APPLICABLE


def _result(event: Event, context: Context) -> Answer:
    """Keep from a model that works for one person what only its owner may read, unless every record of it is theirs."""
    tool = context.system.tools.get(event.component)
    if tool is None or set(tool.readers) != {OWNER} or not context.principal.person:
        return NOT_APPLICABLE
    owners = [(record, ownership(record, context.principal)) for record in context.flow.records_at(event.wire_ref)]
    for record, owner in owners:
        if owner is Ownership.OTHERS:
            message = f"`{record.key}` belongs to another {context.principal.role}, and only its owner may read it"
            return deny(_finding("other_reader", message, "text"))
    if owners and all(owner is Ownership.OWN for _, owner in owners):
        return ALLOW
    if _says_nothing(event):
        return ALLOW
    return deny(_finding("owner_unreadable", f"nobody can tell whose record the result of `{tool.id}` holds", "text"))


def _says_nothing(event: Event) -> bool:
    """Whether a result is a short word about the call itself, such as `no such order: A-1004`."""
    asked = atoms_of(single_spaced(event.call.arguments.replace('"', " "))) if event.call else set[str]()
    return len(event.text) <= _SHORT and "@" not in event.text and atoms_of(single_spaced(event.text)) <= asked


def _call(event: Event, context: Context) -> Answer:
    tool = context.system.tools.get(event.component)
    if tool is None:
        return deny(_finding("unknown_tool", f"no tool `{event.component[:80]}` is declared"))
    grant = context.agent.grants.get(tool.id)
    if grant is None:
        return deny(_finding("not_granted", f"agent `{context.agent.id}` was not granted `{tool.id}`"))
    refused = _condition(event, tool, grant, context)
    if refused is not None:
        return deny(refused)
    if not tool.has_effect:
        return ALLOW
    strange = next((value for value in event.values if not argument_of(value, tool)), None)
    if strange is not None:
        message = f"`{strange.path}` is no argument of `{tool.id}`"
        return deny(_finding("undeclared_argument", message, strange.path))
    return _owned(event, tool, context)


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
        name = argument_of(value, tool)
        found = _records_named(value, context.flow)
        same_name = [(passage, record) for passage, record in found if record.key_field == name]
        for passage, record in same_name or found:
            match ownership(record, context.principal):
                case Ownership.OTHERS:
                    message = f"`{value.value}` from {passage.source} belongs to another {context.principal.role}"
                    return deny(_finding("other_owner", message, value.path, passage))
                case Ownership.UNKNOWN:
                    message = f"`{value.value}` belongs to a {_roles(record)}, and nobody asserted which one is asking"
                    unknown.append(_finding("owner_unknown", message, value.path, passage))
                case Ownership.OWN | Ownership.NOBODYS:
                    continue
        lookup = _lookup_of(name, context)
        whole = whole_text(value.value)
        if lookup is not None and all(whole_text(passage.text) != whole for passage, _ in same_name):
            message = f"nobody knows whose `{value.value}` is before `{lookup.id}` was called with just that"
            return deny(_finding("look_it_up_first", message, value.path))
    return hold(*unknown) if unknown else ALLOW


def _lookup_of(name: str, context: Context) -> Tool | None:
    """A granted tool that tells whose record it is: one of people's records, with a key of the argument's name."""
    tools = (context.system.tools[granted] for granted in context.agent.grants if granted in context.system.tools)
    return next((t for t in tools if name and t.result and t.result.key == name and t.result.belongs_to), None)


def _records_named(value: Value, flow: Flow) -> list[tuple[Passage, Record]]:
    """Records whose key stands in the value, alone or among other words."""
    found: list[tuple[Passage, Record]] = []
    for key in _atoms(value.value):
        for passage in flow.mentions(key):
            record = flow.record_of(passage)
            if record is not None and passage.trust is FieldTrust.SYSTEM and passage.field == record.key_field:
                found.append((passage, record))
    return found


def _atoms(value: Scalar) -> Iterable[str]:
    """The value's own keys, and those of every id that stands among other words."""
    within = atoms_of(single_spaced(value)) if isinstance(value, str) else ()
    return dict.fromkeys((*scalar_keys(value), *within))


def _roles(record: Record) -> str:
    return " or ".join(sorted(record.owners)) or "person"


def _finding(what: str, message: str, path: str = "", passage: Passage | None = None, *, rule: str = "") -> Finding:
    origins = () if passage is None else (origin(passage),)
    return Finding(f"ungranted_tool/{what}", message, path, origins=origins, rule=rule)
