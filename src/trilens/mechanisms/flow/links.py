"""Links in text, read as a browser would: with a scheme, with two slashes, or from `www.` on."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trilens.mechanisms.flow.atoms import fold

_MOST_NESTED = 4
_PART = r"[^\s<>\"'`|{}()\[\]]"
_LINK = re.compile(
    r"(?<![a-z0-9+.-])(?:https?:[/\\]*+|(?:[a-z][a-z0-9+.-]{0,30}:)?[/\\]{2})"
    rf"(?:\[[0-9a-f:.]{{2,45}}\]{_PART}*+|{_PART}++)|(?<![\w.-])www\.{_PART}++"
)
_SCHEME = re.compile(r"\A(?:https?:[/\\]*|(?:[a-z][a-z0-9+.-]{0,30}:)?[/\\]{2,})")
_PORT = re.compile(r":\d*\Z")
_AUTHORITY = re.compile(r"[^/?#\\]*")
_HOST = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}\.?")
_AFTER_LINK = ".,:;!?…*_~\"'»”’"


@dataclass(frozen=True, slots=True)
class Link:
    """A link as a program would read it."""

    url: str
    """Host, port, path and query, folded, without scheme and without what belongs to the sentence."""
    host: str
    """Empty when no plain host can be read: nobody can say where it leads."""
    carries: bool
    """Whether it has a query, a fragment or user information: room for data."""


def parse_link(text: str) -> Link:
    """Read one link, with or without scheme, as a browser would. Never raises."""
    rest = _SCHEME.sub("", fold(text).strip().rstrip(_AFTER_LINK))
    found = _AUTHORITY.match(rest)
    authority = found[0] if found else ""
    user, mark, place = authority.rpartition("@")
    host = _PORT.sub("", place)
    # programs disagree about where a backslash leads
    is_plain = "\\" not in rest and _HOST.fullmatch(host) is not None
    tail = rest[len(authority) :]
    return Link(
        url=(place + tail).rstrip("/"),
        host=host.rstrip(".") if is_plain else "",
        carries=bool(mark or user) or "?" in tail or "#" in tail,
    )


def links_in(reading: str) -> Iterator[Link]:
    """The links of a folded text, and those that stand inside of them."""
    if "//" not in reading and "www." not in reading and "http" not in reading and "\\" not in reading:
        return
    for found in _LINK.finditer(reading):
        text = found[0]
        yield from _link(text)
        nested = text.find("//", text.find("//") + 2)
        for _ in range(_MOST_NESTED):
            if nested < 0:
                break
            yield from _link(text[nested:])
            nested = text.find("//", nested + 2)
        if nested >= 0:
            yield Link(text, "", carries=True)


def _link(text: str) -> Iterator[Link]:
    link = parse_link(text)
    # two slashes alone are a link only before a host: they also begin remarks
    if not text.startswith(("/", "\\")) or "." in link.host:
        yield link
