"""How turns, calls and texts become events: one maker per kind, for every gateway, the SDK, tests and replays alike."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from trilens.vocabulary.amount import parse_amount
from trilens.vocabulary.canonical import Mac, canonical, plain, spell_decimal
from trilens.vocabulary.event import Call, Event, Scalar, Value
from trilens.vocabulary.outcome import EventKind, Phase, ValueClass
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import System, Tool

_DEEPEST = 32
_LARGEST = 2**53 - 1
_LARGEST_EXPONENT = 64
_READ_ALIKE = re.compile(
    r"(?:[A-Za-z]{3}|[€$£¥])? ?[+-]?[0-9]+(?:\.(?![0-9]{3}(?![0-9]))[0-9]+)? ?(?:[A-Za-z]{3}|[€$£¥])?"
)
"""An amount as text that every reader takes for the same: digits, and a decimal point that cannot be a mark of thousands."""


@dataclass(frozen=True, slots=True)
class TypedArguments:
    """The arguments of a call as typed values, or the reason they cannot be read."""

    values: tuple[Value, ...]
    defect: str = ""


def type_arguments(arguments: str, tool: Tool | None) -> TypedArguments:
    """Read a call's JSON arguments against its sheet; never raises.

    An argument the sheet does not name is TEXT and keeps its place. An AMOUNT becomes a Decimal of the declared unit: `450`, `"450.00"`
    and `"450 EUR"` are one. What is no amount of that unit is a defect, and so is text that another reader may take for another amount
    (`"1.000"`, `"49,99"`), since it leaves as it was written. Duplicate keys, integers beyond 2**53 and non-objects are defects.
    """
    try:
        parsed = _strict_json(arguments or "{}")
    except ValueError as error:
        return TypedArguments((), str(error))
    if not isinstance(parsed, dict):
        return TypedArguments((), "arguments are not a JSON object")
    values: list[Value] = []
    for name, item in parsed.items():
        declared = tool.args.get(name) if tool else None
        cls = declared.cls if declared else ValueClass.TEXT
        path = argument_path(name)
        if cls is ValueClass.AMOUNT and declared is not None:
            amount = parse_amount(item, declared.unit)
            if amount is None:
                unit = declared.unit or "a plain number"
                return TypedArguments((), f"argument `{name}` is not an amount in {unit}")
            if isinstance(item, str) and not _READ_ALIKE.fullmatch(item.strip()):
                why = "can be read as more than one amount: write 1000 or 1000.00"
                return TypedArguments((), f"argument `{name}` {why}")
            values.append(Value(path, amount.number, cls))
            continue
        defect = _flatten(item, path, cls, values, 0)
        if defect:
            return TypedArguments((), defect)
    return TypedArguments(tuple(values))


def _strict_json(text: str) -> object:
    # the standard library, since orjson keeps the last of two equal keys
    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        seen = dict(items)
        if len(seen) != len(items):
            raise ValueError("arguments repeat a key")
        if any(not _is_unicode(key) for key in seen):
            raise ValueError("arguments hold a key that is not valid Unicode")
        return seen

    def refuse(_: str) -> object:
        raise ValueError("arguments hold a number that is not finite")

    try:
        return json.loads(
            text, object_pairs_hook=pairs, parse_int=_integer, parse_float=_decimal, parse_constant=refuse
        )
    except RecursionError as error:
        raise ValueError("arguments are nested too deeply") from error
    except json.JSONDecodeError as error:
        raise ValueError("arguments are not JSON") from error


def _integer(text: str) -> int:
    # at most 17 characters, so that the conversion is never long
    if len(text) > 17 or abs(number := int(text)) > _LARGEST:
        raise ValueError("arguments hold an integer beyond 2^53")
    return number


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = None
    if number is None or abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise ValueError("arguments hold a number out of range")
    return number


def _is_unicode(text: str) -> bool:
    """Whether it has no lone surrogate, which JSON can spell and UTF-8 cannot."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def argument_path(name: str) -> str:
    """Where a call's argument stands among an event's values: `args.amount`."""
    return "args" + _step(name)


def _step(key: str) -> str:
    # INVARIANT: paths are injective, so that two different arguments never share an intent
    return f".{key}" if key.isidentifier() else f"[{orjson.dumps(key).decode()}]"


def _flatten(item: object, path: str, cls: ValueClass, into: list[Value], depth: int) -> str:
    if depth > _DEEPEST:
        return "arguments are nested too deeply"
    match item:
        case {} if not item:
            into.append(Value(path + "{}", None, cls))
        case [] if not item:
            into.append(Value(path + "[]", None, cls))
        case dict():
            for key, inner in item.items():
                defect = _flatten(inner, path + _step(key), cls, into, depth + 1)
                if defect:
                    return defect
        case list():
            for position, inner in enumerate(item):
                defect = _flatten(inner, f"{path}[{position}]", cls, into, depth + 1)
                if defect:
                    return defect
        case str() if not _is_unicode(item):
            return "arguments hold text that is not valid Unicode"
        case str() | Decimal() | int() | None:
            into.append(Value(path, item, cls))
        case _:
            return "arguments hold a value JSON has no word for"
    return ""


@dataclass(frozen=True, slots=True)
class Scene:
    """What all events of one exchange share."""

    system: System
    principal: Principal
    session: str
    mac: Mac
    new_id: Callable[[], str]

    @property
    def channel(self) -> str:
        agent = self.system.agents.get(self.principal.agent)
        return agent.channel if agent else ""

    @property
    def purpose(self) -> str:
        agent = self.system.agents.get(self.principal.agent)
        return agent.purpose if agent else ""

    def event(
        self,
        kind: EventKind,
        phase: Phase,
        component: str,
        values: tuple[Value, ...],
        **more: Any,
    ) -> Event:
        parts = canonical([[v.path, plain(v.value)] for v in values])
        return Event(
            id=self.new_id(),
            kind=kind,
            phase=phase,
            session=self.session,
            principal=self.principal,
            component=component,
            digest=self.mac.of("event", kind, component, parts),
            values=values,
            channel=self.channel,
            purpose=self.purpose,
            **more,
        )


def tool_call(scene: Scene, call: Call, *, wire_ref: str = "", parents: tuple[str, ...] = ()) -> Event:
    """A proposed call of a tool, typed by its sheet."""
    typed = type_arguments(call.arguments, scene.system.tools.get(call.tool))
    return scene.event(
        EventKind.TOOL_CALL,
        Phase.PROPOSED,
        call.tool,
        typed.values,
        wire_ref=wire_ref,
        parents=parents,
        call=call,
        defect=typed.defect,
    )


def output(scene: Scene, text: str, *, wire_ref: str = "") -> Event:
    """A proposed answer to the person."""
    return scene.event(
        EventKind.OUTPUT,
        Phase.PROPOSED,
        scene.principal.agent,
        (Value("text", text, ValueClass.TEXT),),
        wire_ref=wire_ref,
    )


def user_input(scene: Scene, text: str, *, wire_ref: str = "") -> Event:
    """A user turn that arrived: it has happened, and can still be kept from the model."""
    values = (Value("text", text, ValueClass.TEXT),)
    return scene.event(EventKind.INPUT, Phase.OBSERVED, scene.principal.agent, values, wire_ref=wire_ref)


def tool_result(scene: Scene, call: Call, text: str, *, wire_ref: str = "") -> Event:
    """A tool's answer: it has happened, and can still be kept from the next model call."""
    values = (Value("text", text, ValueClass.TEXT),)
    return scene.event(EventKind.TOOL_RESULT, Phase.OBSERVED, call.tool, values, wire_ref=wire_ref, call=call)


def model_call(scene: Scene, model: str, *, prefix: bytes, wire_ref: str = "") -> Event:
    """The conversation about to be sent to one model; its content is the flow, named here by the digest of its prefix."""
    return scene.event(
        EventKind.MODEL_CALL,
        Phase.PROPOSED,
        model,
        (Value("prefix", prefix.hex(), ValueClass.VALUE),),
        wire_ref=wire_ref,
    )


def intent_mac(event: Event, system: System, mac: Mac) -> str:
    """What an approval is bound to: component and typed values, person and policy; no call id, no spelling.

    Empty for an event with a defect, which nobody can approve.
    """
    if event.defect:
        return ""
    values = canonical([[v.path, plain(v.value)] for v in sorted(event.values, key=lambda v: v.path)])
    return mac.of("intent", system.digest, event.principal.account_holder, event.kind, event.component, values)


def call_mac(call: Call, principal: Principal, mac: Mac) -> str:
    """How a released call is recognised when its result comes back, however the client spells its JSON."""
    try:
        read = plain(_strict_json(call.arguments or "{}"))
        # names of arguments may lie outside ASCII, where `canonical` writes none
        arguments = orjson.dumps(read, option=orjson.OPT_SORT_KEYS)
    except (ValueError, TypeError, RecursionError):
        arguments = call.arguments.encode("utf-8", "surrogatepass")
    return mac.of("call", principal.account_holder, call.id, call.tool, arguments)


def rewritten(call: Call, changed: Mapping[str, Scalar]) -> Call | None:
    """The call with other values at some of its paths; None when one of them is no whole argument of it."""
    arguments = json.loads(call.arguments or "{}", parse_float=_as_it_stands)
    names = {argument_path(name): name for name in arguments}
    if not changed.keys() <= names.keys():
        return None
    arguments |= {names[path]: _written(value) for path, value in changed.items()}
    return replace(call, arguments=orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS).decode())


def _written(value: Scalar) -> object:
    return _as_it_stands(spell_decimal(value)) if isinstance(value, Decimal) else value


def _as_it_stands(number: str) -> orjson.Fragment:
    # a decimal leaves in its own digits: as text it would be another argument, and as a double perhaps another number
    return orjson.Fragment(number)


def arguments_json(values: tuple[Value, ...]) -> str:
    """The top-level arguments of a call as JSON, for people and for approved edits of flat arguments."""
    return orjson.dumps({v.path.removeprefix("args."): plain(v.value) for v in values}).decode()
