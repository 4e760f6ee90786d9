"""Approving something else than was asked: new arguments or words, and what they mean for the approval.

An edit is kept as JSON, sealed beside the card: {"calls": {"<position>": {<new arguments>}}, "text": "<new words>"}. A position counts the
tool calls of the answer from 0; arguments are given whole; a call or text that is not named stays as it was written.

INVARIANT: what was edited away is approved no more: its intent leaves the case as the intent of the edited action joins it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from trilens.errors import PeopleError
from trilens.mechanisms.events import intent_mac, type_arguments
from trilens.people.approvals.shown import Card, ShownAction
from trilens.storage.ports import Case
from trilens.vocabulary.canonical import Json, Mac
from trilens.vocabulary.event import Event, Scalar, Value
from trilens.vocabulary.outcome import EventKind, Phase, ValueClass
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import System
from trilens.vocabulary.written import printable

_POSITION = re.compile(r"0|[1-9][0-9]{0,3}")
"""In its one spelling, so that no action is edited twice."""


@dataclass(frozen=True, slots=True)
class Edit:
    calls: Mapping[int, str] = field(default_factory=dict)
    """Position of a tool call in the answer to its new arguments, as JSON text of an object."""
    text: str | None = None
    """New words of the answer; None keeps them."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What an edit does to the intents of its case."""

    adds: tuple[str, ...]
    drops: tuple[str, ...]


def read_edit(written: bytes | str) -> Edit:
    """Read an edit as it is kept, or as a person sends it.

    Raises:
        PeopleError: it is not of the form; code `people/edit-form`.
    """
    try:
        fields = json.loads(written, object_pairs_hook=_once, parse_constant=_not_finite)
    except (ValueError, RecursionError) as error:
        raise _malformed("it is not JSON, or repeats a key") from error
    match fields:
        case dict() if fields and fields.keys() <= {"calls", "text"}:
            return Edit(_calls(fields.get("calls", {})), _words(fields.get("text")))
        case _:
            raise _malformed("expected an object with `calls`, `text` or both")


def write_edit(edit: Edit) -> bytes:
    """The edit as it is kept; `read_edit` takes it back."""
    calls = {str(position): json.loads(arguments) for position, arguments in sorted(edit.calls.items())}
    words = {} if edit.text is None else {"text": edit.text}
    return json.dumps({"calls": calls, **words}, ensure_ascii=False, separators=(",", ":")).encode()


def weigh(edit: Edit, case: Case, card: Card, *, system: System, mac: Mac) -> Weighed:
    """What the case approves once it is edited.

    Raises:
        PeopleError: there is nothing to edit, or the new arguments cannot be read by the tool's sheet; code `people/edit-not-possible`.
    """
    if not case.kept:
        raise _impossible("no answer is kept with this case", help="approve or refuse it as it is")
    _require_named(edit, card)
    old = {intent_of(card, action, _values(action), system=system, mac=mac) for action in card.actions}
    new = {intent_of(card, action, values, system=system, mac=mac) for action, values in _edited(edit, card, system)}
    if old == new:
        raise _impossible("the edit changes nothing", help="approve it as it is, without an edit")
    return Weighed(adds=tuple(sorted(new - old)), drops=tuple(sorted((old - new) & set(case.intents))))


def intent_of(card: Card, action: ShownAction, values: tuple[Value, ...], *, system: System, mac: Mac) -> str:
    """The intent that the pipeline gives to the action on the card, if it had these values."""
    role, _, person = card.person.partition(":")
    event = Event(
        id="",
        kind=action.kind,
        phase=Phase.PROPOSED,
        session="",
        principal=Principal(card.key, card.agent, role, person),
        component=action.component,
        digest="",
        values=values,
    )
    return intent_mac(event, system, mac)


def _edited(edit: Edit, card: Card, system: System) -> Iterator[tuple[ShownAction, tuple[Value, ...]]]:
    """Every action of the card with the values it has after the edit."""
    position = 0
    for action in card.actions:
        values = _values(action)
        match action.kind:
            case EventKind.TOOL_CALL:
                if position in edit.calls:
                    values = _typed(edit.calls[position], position, action, system)
                position += 1
            case EventKind.OUTPUT if edit.text is not None:
                values = (Value("text", edit.text, ValueClass.TEXT),)
            case _:
                pass
        yield action, values


def _values(action: ShownAction) -> tuple[Value, ...]:
    # the class of a value is no part of an intent
    return tuple(Value(path, _scalar(value), ValueClass.VALUE) for path, value in action.values)


def _scalar(value: Json) -> Scalar:
    if value is None or isinstance(value, (str, int)):
        return value
    raise PeopleError("people/card", "a value on the card is not of its form")


def _typed(arguments: str, position: int, action: ShownAction, system: System) -> tuple[Value, ...]:
    typed = type_arguments(arguments, system.tools.get(action.component))
    if typed.defect:
        raise _impossible(
            f"call `{position}`: {typed.defect}", help="give all arguments of the call, as its tool takes them"
        )
    return typed.values


def _require_named(edit: Edit, card: Card) -> None:
    count = len(card.calls)
    unknown = sorted(position for position in edit.calls if not 0 <= position < count)
    if unknown:
        have = f"its calls are 0 to {count - 1}" if count else "it has no tool call"
        raise _impossible(f"the answer has no call `{unknown[0]}`", help=have)
    if edit.text is not None and not any(action.kind is EventKind.OUTPUT for action in card.actions):
        raise _impossible("the answer has no words to replace", help="edit its calls with `calls`")


def _calls(fields: object) -> dict[int, str]:
    if not isinstance(fields, dict):
        raise _malformed("`calls` is not an object")
    calls: dict[int, str] = {}
    for position, arguments in fields.items():
        if not _POSITION.fullmatch(position) or not isinstance(arguments, dict):
            raise _malformed('`calls` maps positions (`"0"`) to whole argument objects')
        calls[int(position)] = _written(arguments)
    return calls


def _written(arguments: dict[str, object]) -> str:
    written = json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
    try:
        written.encode()
    except UnicodeEncodeError as error:
        raise _malformed("an argument is not valid Unicode") from error
    return written


def _words(text: object) -> str | None:
    if text is None:
        return None
    if not isinstance(text, str) or printable(text) != text:
        raise _malformed("`text` is not text")
    return text


def _once(items: list[tuple[str, object]]) -> dict[str, object]:
    seen = dict(items)
    if len(seen) != len(items):
        raise ValueError("a key twice")
    return seen


def _not_finite(_: str) -> object:
    raise ValueError("not finite")


def _malformed(reason: str) -> PeopleError:
    return PeopleError("people/edit-form", f"the edit cannot be read: {reason}")


def _impossible(reason: str, *, help: str) -> PeopleError:  # noqa: A002 - the errors' own word
    return PeopleError("people/edit-not-possible", reason, help=help)
