"""What happens: turns of a conversation, values, events, and the exchange that is judged as one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import TypeAlias

from trilens.vocabulary.label import Label
from trilens.vocabulary.outcome import EventKind, Phase, Role, ValueClass
from trilens.vocabulary.principal import Principal

Scalar: TypeAlias = "str | int | Decimal | bool | None"

EMPTY: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call as a model wrote it, whole."""

    id: str
    """The protocol's id of the call; not trusted to be unique beyond one conversation."""
    tool: str
    arguments: str
    """The arguments as written: JSON text, or whatever the model produced instead."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation, in no protocol's form. Labels are a function of the list of turns."""

    role: Role
    text: str
    """All text of the message, parts joined by a line feed; empty when it has none."""
    digest: bytes
    """SHA-256 of the message as received; a chain of these names a prefix."""
    calls: tuple[Call, ...] = ()
    call_id: str = ""
    """Of a tool turn: the call it answers."""


@dataclass(frozen=True, slots=True)
class Value:
    """One leaf of what an event carries."""

    path: str
    """`text`, `args.amount`, `args.items[0].sku`."""
    value: Scalar
    cls: ValueClass
    label: Label | None = None
    """None until a label is known; a value without one counts as third party and most confidential."""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that is about to happen (proposed) or did (observed). Frozen: later facts are new events that point back."""

    id: str
    kind: EventKind
    phase: Phase
    session: str
    """Keyed digest of (key, session header); empty when the client named none."""
    principal: Principal
    component: str
    """The tool, model, or agent of the manifest it concerns, as named on the wire when it is not declared."""
    digest: str
    """Keyed digest of kind, component and values: equal events have equal digests, and nobody can guess one."""
    values: tuple[Value, ...]
    parents: tuple[str, ...] = ()
    wire_ref: str = ""
    """Where it stands in the body: `messages[3]`, `choices[0].message.tool_calls[1]`."""
    channel: str = ""
    purpose: str = ""
    call: Call | None = None
    """Of a tool call, and of a tool result: the call as written."""
    defect: str = ""
    """Why it cannot be read (`arguments are not a JSON object`); a proposed event with a defect is denied at step 1."""

    @property
    def text(self) -> str:
        """All its text values, joined by a line feed."""
        return "\n".join(v.value for v in self.values if isinstance(v.value, str))

    def arguments(self) -> dict[str, Scalar]:
        """Values by path."""
        return {v.path: v.value for v in self.values}


@dataclass(frozen=True, slots=True)
class Exchange:
    """All events of one request or of one response, in order: the unit of judgement."""

    events: tuple[Event, ...]
    turns: tuple[Turn, ...]
    """The whole conversation up to and including the request. A response's own turn is not among them."""
    principal: Principal
    session: str
    request_mac: str
    """Keyed digest of (person, session, policy, request body): the same request again has the same one."""
    proposes_answer: bool = False
    """Whether the events are a model's answer: then a stop concerns one event, otherwise the whole request."""
    facts: Mapping[str, object] = field(default_factory=lambda: EMPTY)
    """What the gateway alone knows, such as `is_first_output`; keys are documented where they are read."""
