"""A Chat Completions request as a model reads it: who said what, and which tools there are. Lenient, as models are."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from trilens.vocabulary.event import Call


@dataclass(frozen=True, slots=True)
class Message:
    role: str
    text: str
    calls: tuple[Call, ...] = ()
    """Of an assistant message."""
    tool: str = ""
    """Of a tool message: the tool it answers; empty when no call has its id."""


@dataclass(frozen=True, slots=True)
class ToolSchema:
    name: str
    description: str
    properties: Mapping[str, Mapping[str, object]]
    required: frozenset[str]


@dataclass(frozen=True, slots=True)
class Conversation:
    model: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSchema, ...]
    stream: bool
    include_usage: bool

    @property
    def last_user(self) -> str:
        return next((m.text for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def system(self) -> str:
        return "\n".join(m.text for m in self.messages if m.role in ("system", "developer"))

    @property
    def last_results(self) -> tuple[Message, ...]:
        """The tool messages at the end, oldest first."""
        found: list[Message] = []
        for message in reversed(self.messages):
            if message.role != "tool":
                break
            found.insert(0, message)
        return tuple(found)

    @property
    def task(self) -> tuple[Message, ...]:
        """What happened since the assistant last answered in words alone: the work in hand."""
        for position in range(len(self.messages) - 1, -1, -1):
            message = self.messages[position]
            if message.role == "assistant" and not message.calls:
                return self.messages[position + 1 :]
        return self.messages


def read_conversation(body: Mapping[str, object]) -> Conversation:
    """Read a request body; parts of another shape than expected count as absent."""
    names: dict[str, str] = {}
    messages: list[Message] = []
    for item in _objects(body.get("messages")):
        calls = tuple(_call(call) for call in _objects(item.get("tool_calls")))
        names.update({call.id: call.tool for call in calls})
        tool = names.get(_text(item.get("tool_call_id")), "")
        messages.append(Message(_text(item.get("role")), _content(item.get("content")), calls, tool))
    options = body.get("stream_options")
    return Conversation(
        model=_text(body.get("model")),
        messages=tuple(messages),
        tools=tuple(_tool(item) for item in _objects(body.get("tools"))),
        stream=body.get("stream") is True,
        include_usage=is_object(options) and options.get("include_usage") is True,
    )


def is_object(value: object) -> TypeGuard[Mapping[str, object]]:
    """Whether `value`, read from JSON, is an object."""
    return isinstance(value, dict)


def json_or_none(text: str) -> object:
    """The value `text` writes in JSON; None when it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _objects(value: object) -> Sequence[Mapping[str, object]]:
    return [item for item in value if is_object(item)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _content(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(_text(part.get("text")) for part in _objects(value))
    return _text(value)


def _call(item: Mapping[str, object]) -> Call:
    function = item.get("function")
    named = function if is_object(function) else {}
    return Call(_text(item.get("id")), _text(named.get("name")), _text(named.get("arguments")))


def _tool(item: Mapping[str, object]) -> ToolSchema:
    function = item.get("function")
    named = function if is_object(function) else {}
    schema = named.get("parameters")
    parameters = schema if is_object(schema) else {}
    properties = parameters.get("properties")
    required = parameters.get("required")
    return ToolSchema(
        name=_text(named.get("name")),
        description=_text(named.get("description")),
        properties={key: spec for key, spec in properties.items() if is_object(spec)} if is_object(properties) else {},
        required=frozenset(_text(name) for name in required) if isinstance(required, list) else frozenset(),
    )
