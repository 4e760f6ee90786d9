r"""Links in text, read as a browser or a chat client would.

| Written | Is a link |
|---|---|
| `https://host/x`, `ftp://host`, `//host.example`, `\\host.example`, `www.host` | always |
| `//16909060/x`, `//[2001:db8::1]/`, `//evil!.example/`, `//host/x` | always; one word without a path is a remark, unless it is the target of a link |
| `javascript:x`, `vbscript:x`, `blob:x`, `data:text/html,x`, `mailto:x`, `tel:+49…`, `sms:+49…` | with no space behind the colon |
| any other `scheme:x` | where it is the target of a Markdown link |
| `host.tld/x`, `host.tld?a=b`, `host.tld`, `[words](host.any)` | as `hosts.py` says |

Only `http` and `https` lead to the host they name: what any other scheme does with it is up to the program that opens it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from trilens.mechanisms.flow.atoms import fold

_MOST_NESTED = 4
_MOST_SLASHLESS = 256
_LONGEST_SCHEME = 32
_LONGEST_LINK = 2_048
_PART = r"[^\s<>\"'`|{}()\[\]]"
_LINK = re.compile(
    r"(?<![a-z0-9+.-])(?:https?:[/\\]*+|(?:[a-z][a-z0-9+.-]{1,30}:)?[/\\]{2})"
    rf"(?:\[[0-9a-f:.]{{2,45}}\]{_PART}*+|{_PART}++)|(?<![^\W_.-])(?<![.-])www\.{_PART}++"
)
_PARTS = re.compile(rf"{_PART}{{0,{_LONGEST_LINK}}}+")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{1,30}):")
_WORD_BEFORE = re.compile(r"(?<![a-z])[a-z]{3,10}\Z")
_TARGET = re.compile(r"(?:\]\( ?<? ?|\]: ?<?|<|href ?= ?[\"']?)([a-z][a-z0-9+.-]{1,24})\Z")
_DATA = re.compile(r"(?:[a-z0-9.+-]{1,40} ?/ ?[a-z0-9.+*-]{1,80} ?)?(?:;[^\s,]{0,100})?,")
_NUMBER = re.compile(r"[+(]?\d[\d()./ -]{1,40}\d")
_FORMS = {"data": _DATA, "blob": re.compile(r"[a-z0-9.:-]*+/")}
"""Schemes that are words, by what stands behind their colon outside of a Markdown link."""
_PORT = re.compile(r":\d*\Z")
_AUTHORITY = re.compile(r"[^/?#\\]*")
_HOST = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}\.?")
_INNER_DOT = re.compile(r"[^\s.]\.[^\s.]")
_NUMERIC_HOST = re.compile(r"(?:0x[0-9a-f]+|\d{5,})")
_AFTER_LINK = ".,:;!?…*_~\"'»”’"
_SCRIPTS = ("javascript", "vbscript")
_SLASHLESS = frozenset({*_SCRIPTS, "blob", "data", "mailto", "sms", "tel"})
_ADDRESSED = frozenset({"mailto", "sms", "tel"})
_NOTHING = ("", " ")
_TARGETS = ("](", "](<", "]:", "]:<", "=", '="', "='")


@dataclass(frozen=True, slots=True)
class Link:
    """A link as a program would read it."""

    url: str
    """Host, port, path and query, folded, without what belongs to the sentence; without scheme, unless nothing but the scheme says
    what it is (`mailto:…`, `javascript:…`)."""
    host: str
    """Empty when no plain host can be read: nobody can say where it leads."""
    carries: bool
    """Whether it has a query, a fragment or user information: room for data."""


def parse_link(text: str) -> Link:
    """Read one link, with or without scheme, as a browser would. Never raises."""
    plain = fold(text).strip().rstrip(_AFTER_LINK)
    found = _SCHEME.match(plain)
    scheme, behind = (found[1], plain[found.end() :]) if found else ("", plain)
    if scheme not in ("", "http", "https"):
        if scheme in _SLASHLESS or not behind.startswith(("/", "\\", *"0123456789")):
            return Link(plain, "", carries=scheme not in _ADDRESSED or "?" in behind)
        if not behind.startswith(("/", "\\")):
            # a host with its port
            scheme, behind = "", plain
    has_slashes = scheme != "" or behind.startswith(("//", "/\\", "\\/", "\\\\"))
    return _parse(behind.lstrip("/\\") if has_slashes else behind, is_web=scheme in ("", "http", "https"))


def _parse(rest: str, *, is_web: bool) -> Link:
    found = _AUTHORITY.match(rest)
    authority = found[0] if found else ""
    user, mark, place = authority.rpartition("@")
    host = _PORT.sub("", place)
    # programs disagree about where a backslash leads
    is_plain = is_web and "\\" not in rest and _HOST.fullmatch(host) is not None
    tail = rest[len(authority) :]
    return Link(
        url=(place + tail).rstrip("/"),
        host=host.rstrip(".") if is_plain else "",
        carries=bool(mark or user) or "?" in tail or "#" in tail,
    )


def links_in(reading: str) -> Iterator[Link]:
    """The links of a folded text, and those that stand inside of them."""
    if ":" in reading:
        slashless = list(islice(_slashless(reading), _MOST_SLASHLESS))
        yield from slashless
        if len(slashless) == _MOST_SLASHLESS:
            # nobody writes so many; what follows them is not read, and so leads nowhere known
            yield Link("…", "", carries=True)
    if "//" not in reading and "www." not in reading and "http" not in reading and "\\" not in reading:
        return
    for found in _LINK.finditer(reading):
        text = found[0]
        is_target = text.startswith("/") and reading[max(0, found.start() - 6) : found.start()].replace(
            " ", ""
        ).endswith(_TARGETS)
        if is_target or not text.startswith(("/", "\\")) or _leads_somewhere(text):
            yield parse_link(text)
        yield from _nested(text)


def _nested(text: str) -> Iterator[Link]:
    at = text.find("//", text.find("//") + 2)
    for _ in range(_MOST_NESTED):
        if at < 0:
            return
        inner = text[at:]
        # two slashes in a path are a path, unless what follows can only be a host
        if _INNER_DOT.search(_authority(inner)) or (text[at - 1] in ":=" and _leads_somewhere(inner)):
            yield parse_link(inner)
        at = text.find("//", at + 2)
    if at >= 0:
        yield Link(text, "", carries=True)


def _authority(text: str) -> str:
    found = _AUTHORITY.match(text.lstrip("/\\"))
    return found[0] if found else ""


def _leads_somewhere(text: str) -> bool:
    """Whether two slashes without a scheme begin a link: one word behind them, and nothing else, is a remark."""
    rest = text.lstrip("/\\").rstrip(_AFTER_LINK)
    authority = _authority(rest)
    if _INNER_DOT.search(authority) or authority.startswith("["):
        return True
    if text.startswith("\\") or not authority.strip(_AFTER_LINK + "-=#/+&"):
        return False
    tail = rest[len(authority) :]
    return _NUMERIC_HOST.fullmatch(authority) is not None or (tail[:1] in ("/", "?") and tail.strip("/?") != "")


def _slashless(reading: str) -> Iterator[Link]:
    """Links whose scheme needs no slashes: `javascript:`, `data:`, `mailto:` and their like; any scheme in a Markdown link."""
    at = reading.find(":")
    while at >= 0:
        # a digit before it makes a time of day, slashes behind it what `_LINK` reads
        if reading[at - 1 : at].isalpha() and not reading.startswith(("//", "\\\\"), at + 1):
            before = reading[max(0, at - _LONGEST_SCHEME) : at]
            target, word = _TARGET.search(before), _WORD_BEFORE.search(before)
            if before.replace(" ", "").endswith(_SCRIPTS):
                scheme = "javascript"
            elif target is not None:
                scheme = target[1]
            else:
                scheme = word[0] if word else ""
            yield from _with_scheme(scheme, reading, at + 1, is_target=target is not None)
        at = reading.find(":", at + 1)


def _with_scheme(scheme: str, reading: str, start: int, *, is_target: bool) -> Iterator[Link]:
    """The link of a scheme whose colon stands before `start`, if it is one there."""
    if scheme in ("tel", "sms"):
        number = _NUMBER.match(reading, start)
        if number is not None:
            yield parse_link(f"{scheme}:{number[0]}{_rest(reading, number.end())}")
    elif scheme in _FORMS and not is_target:
        if _FORMS[scheme].match(reading, start):
            yield parse_link(f"{scheme}:{_rest(reading, start)}")
    elif reading[start : start + 1] in _NOTHING and scheme != "data":
        return
    elif scheme in _SLASHLESS or (is_target and scheme not in ("http", "https")):
        yield parse_link(f"{scheme}:{_rest(reading, start)}")


def _rest(reading: str, start: int) -> str:
    """What of a link stands from there on. One too long to be read has a mark in front, by which it is no address."""
    found = _PARTS.match(reading, start)
    rest = found[0] if found else ""
    return rest if len(rest) < _LONGEST_LINK else f"…{rest}"
