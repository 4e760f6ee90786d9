"""Where two declared systems differ: one place after the other, whatever the places mean."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum

from trilens.declare.shape.base import spell_duration
from trilens.vocabulary.amount import Amount
from trilens.vocabulary.system import Limit

_NOT_COMPARED = frozenset({"digest", "place"})
"""They follow from the rest, or say where it stands."""
_LONGEST = 120


class Absent(Enum):
    """What stands where nothing is declared."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Difference:
    path: tuple[str, ...]
    before: object
    """ABSENT where there was nothing."""
    after: object


def differences(before: object, after: object, path: tuple[str, ...] = ()) -> Iterator[Difference]:
    """Every place where two values differ, as deep as both have it; what only one has is named whole."""
    match before, after:
        case Mapping(), Mapping():
            for key in {**before, **after}:
                yield from differences(before.get(key, ABSENT), after.get(key, ABSENT), (*path, _name(key)))
        case frozenset(), frozenset():
            yield from _of_members(before, after, path)
        case tuple(), tuple():
            yield from _of_members(before, after, path)
        case _ if before == after:
            return
        case _ if type(before) is type(after) and is_dataclass(before) and not isinstance(before, type | Amount):
            for field in fields(before):
                if field.name not in _NOT_COMPARED:
                    yield from differences(getattr(before, field.name), getattr(after, field.name), (*path, field.name))
        case _:
            yield Difference(path, before, after)


def _of_members(before: Collection[object], after: Collection[object], path: tuple[str, ...]) -> Iterator[Difference]:
    olds, news = _keyed(before), _keyed(after)
    if olds is None or news is None:
        if before != after:
            yield Difference(path, before, after)
        return
    found = [
        d for key in {**olds, **news} for d in differences(olds.get(key, ABSENT), news.get(key, ABSENT), (*path, key))
    ]
    yield from found
    if not found and before != after:
        # the same members in another order
        yield Difference(path, before, after)


def _keyed(members: Collection[object]) -> dict[str, object] | None:
    """Each under a name of its own; None when two have the same."""
    keyed = {_key(member): member for member in members}
    return keyed if len(keyed) == len(members) else None


def _key(member: object) -> str:
    if isinstance(member, Limit):
        window = f" in {spell_duration(member.window_ms)}" if member.window_ms else ""
        return f"{member.max.unit or 'calls'} per {member.role or member.per.value}{window}"
    return str(getattr(member, "id", "")) or spelled(member)


def _name(key: object) -> str:
    return str(key.value) if isinstance(key, Enum) else str(key)


def told(difference: Difference) -> tuple[str, str]:
    """What stood there and what stands there now, in a few words, for people."""
    is_length = difference.path[0] == "retention" or difference.path[-1].endswith("_ms")
    tell = _length if is_length else spelled
    return tell(difference.before), tell(difference.after)


def _length(value: object) -> str:
    return spell_duration(value) if type(value) is int else spelled(value)


def spelled(value: object) -> str:
    """A value in a few words, for people."""
    match value:
        case Absent():
            return "nothing"
        case Enum():
            return str(value.value) if isinstance(value.value, str) else value.name.lower()
        case Mapping():
            return _cut(", ".join(f"{_name(key)}: {spelled(item)}" for key, item in value.items()))
        case frozenset():
            return _cut(", ".join(sorted(spelled(item) for item in value)) or "none")
        case tuple():
            return _cut(", ".join(spelled(item) for item in value) or "none")
        case Amount():
            return str(value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            names = (f.name for f in fields(value) if f.name not in _NOT_COMPARED)
            return _cut(", ".join(f"{name}: {spelled(getattr(value, name))}" for name in names))
        case "":
            return "nothing"
        case _:
            return _cut(str(value))


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
