"""What of an event must be explained: every value that decides where an effect goes, or on what."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations
from typing import assert_never

from trilens.mechanisms.events import argument_path
from trilens.mechanisms.flow.addresses import plain_address
from trilens.mechanisms.flow.atoms import is_folded, scalar_keys, single_spaced
from trilens.mechanisms.flow.explain.claim import Claim
from trilens.mechanisms.flow.links import Link, parse_link
from trilens.vocabulary.event import Event, Value
from trilens.vocabulary.outcome import ValueClass
from trilens.vocabulary.system import Tool

_BETWEEN_DESTINATIONS = re.compile(r"[,;\n\r]")
_MOST_JOINED = 12
_SEAM = 120
"""Characters of an end and of a beginning: no address that somebody puts together from two has more on either side."""
_NAMED = re.compile(r"[^<>@]{0,200}<([^<>]{1,320})>")


@dataclass(frozen=True, slots=True)
class LinkClaim:
    """A link in an argument or in text."""

    path: str
    link: Link


@dataclass(frozen=True, slots=True)
class Claims:
    destinations: tuple[Claim, ...]
    links: tuple[LinkClaim, ...]
    values: tuple[Claim, ...]
    """Ids, amounts, values, paths, times, and every argument the sheet does not name."""

    @property
    def is_empty(self) -> bool:
        return not (self.destinations or self.links or self.values)


def is_sink(tool: Tool) -> bool:
    """Whether a call can carry something out, or change something: any effect, and a read of an address or link."""
    return tool.has_effect or any(a.cls in (ValueClass.URL, ValueClass.DESTINATION) for a in tool.args.values())


def claims_of(event: Event, tool: Tool) -> Claims:
    """The claims of a call. A read is judged by where it goes only."""
    destinations: list[Claim] = []
    links: list[LinkClaim] = []
    values: list[Claim] = []
    for value in event.values:
        name = argument_of(value, tool)
        if name and (value.value is None or isinstance(value.value, bool) or value.value == ""):
            continue
        cls = value.cls if name else ValueClass.VALUE
        match cls:
            case ValueClass.DESTINATION:
                destinations += _destinations(value, name)
            case ValueClass.URL:
                links.append(LinkClaim(value.path, parse_link(str(value.value))))
            case ValueClass.OBJECT_ID | ValueClass.AMOUNT | ValueClass.VALUE | ValueClass.PATH | ValueClass.TIME:
                if tool.has_effect:
                    values.append(claim_of(value, cls, name))
            case ValueClass.TEXT:
                continue
            case _:
                assert_never(cls)
    return Claims(tuple(destinations), tuple(links), tuple(values))


def argument_of(value: Value, tool: Tool) -> str:
    """The declared argument a value stands in; empty when the sheet names none."""
    plain = value.path[5:]
    if plain in tool.args and plain.isidentifier():
        return plain
    # an empty object or list has no values, and stands at `args.x{}` or `args.x[]`
    path = value.path.removesuffix("{}").removesuffix("[]")
    for name in tool.args:
        root = argument_path(name)
        if path == root or value.path.startswith((f"{root}.", f"{root}[", f"{root}{{")):
            return name
    return ""


def claim_of(value: Value, cls: ValueClass, name: str) -> Claim:
    folded = single_spaced(value.value) if isinstance(value.value, str) else ""
    phrase = "" if cls is ValueClass.AMOUNT else folded
    return Claim(value.path, value.value, cls, scalar_keys(value.value), phrase, name)


def address_claim(path: str, address: str) -> Claim:
    return Claim(path, address, ValueClass.DESTINATION, (f"@{address}",))


def outgoing_text(event: Event) -> str:
    """All text of an event in order, the names inside nested arguments included: what is split over them is joined.

    The order of arguments says nothing about the order in which they are read, so every end meets every beginning once; of more than
    12 texts, neighbours alone do.
    """
    parts: list[str] = []
    for value in event.values:
        nested = value.path.partition("[")[2] or value.path.removeprefix("args.").partition(".")[2]
        if nested:
            parts.append(nested)
        match value.value:
            case None | bool():
                continue
            case str() as text:
                parts.append(text)
            case int() | Decimal() as number:
                parts.append(str(number))
    return "\n".join((*parts, *_seams(parts)))


def _seams(parts: Sequence[str]) -> Iterator[str]:
    """The ends and beginnings that do not stand beside each other."""
    if len(parts) > _MOST_JOINED:
        return
    # a whole address is judged as it stands
    open_ended = [(at, part) for at, part in enumerate(parts) if not plain_address(part)]
    for (before, one), (after, other) in permutations(open_ended, 2):
        if after != before + 1:
            yield f"{one[-_SEAM:]}\n{other[:_SEAM]}"


def _destinations(value: Value, name: str) -> Iterator[Claim]:
    """One claim a destination of a list. What is not exactly an address, or a name with one, is claimed as it stands."""
    if not isinstance(value.value, str):
        yield claim_of(value, ValueClass.DESTINATION, name)
        return
    for written in _BETWEEN_DESTINATIONS.split(value.value):
        part = written.strip()
        if not part:
            continue
        named = _NAMED.fullmatch(part)
        address = plain_address(named[1] if named else part)
        if address:
            yield Claim(value.path, address, ValueClass.DESTINATION, (f"@{address}",), "", name)
        else:
            # what folding would make of it is not where it goes
            keys, phrase = (scalar_keys(part), single_spaced(part)) if is_folded(part) else ((), "")
            yield Claim(value.path, part, ValueClass.DESTINATION, keys, phrase, name)
