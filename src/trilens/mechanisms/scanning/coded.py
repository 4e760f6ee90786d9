"""Texts inside codings: percent signs, base64 and hexadecimal digits undone, one inside the other, until something readable is left.

At most three levels; what is coded more often stays coded. No piece grows by being undone, so the work is linear in the text.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from trilens.mechanisms.content.scan import Pattern

DEEPEST = 3
_SHORTEST_CODED = 16
_FEWEST_BYTES = 8


class Coding(StrEnum):
    PERCENT = "percent"
    BASE64 = "base64"
    HEX = "hex"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text that stood in a coding."""

    start: int
    """Of the outermost coded piece, in the text that was given."""
    stop: int
    codings: tuple[Coding, ...]
    """Outermost first."""
    text: str


_PERCENT = Pattern(r"%[0-9A-Fa-f]{2}")
_TOKEN = re.compile(r"[^\s<>\"'`()|]+")
_CODED = Pattern(rf"(?P<hex>\b(?:[0-9A-Fa-f]{{2}}){{8,}}\b)|(?P<base64>[A-Za-z0-9+/_-]{{{_SHORTEST_CODED},}}={{0,2}})")
_URL_SAFE = str.maketrans("-_", "+/")
_JOINTS = re.compile(r"[/_-]")
_BREAKS = str.maketrans("\t\r\n", "   ")


def undo(text: str) -> Iterator[Decoded]:
    """Every readable text that stands coded in `text`, those inside another one after it."""
    waiting = list(_pieces(text))
    while waiting:
        outer = waiting.pop()
        yield outer
        if len(outer.codings) < DEEPEST:
            inside = _pieces(outer.text)
            waiting += [Decoded(outer.start, outer.stop, outer.codings + inner.codings, inner.text) for inner in inside]


def _pieces(text: str) -> Iterator[Decoded]:
    """Tokens with percent signs first; what else is coded in them is found once the signs are undone."""
    percent = list(_percent(text)) if "%" in text and _PERCENT.search(text) else []
    yield from percent
    at = 0
    for hit in _CODED.hits(text):
        while at < len(percent) and percent[at].stop <= hit.start:
            at += 1
        if at < len(percent) and percent[at].start < hit.stop:
            continue
        piece = text[hit.start : hit.stop]
        if hit["hex"] and (plain := _readable(bytes.fromhex(piece))):
            yield Decoded(hit.start, hit.stop, (Coding.HEX,), plain)
        elif plain := _from_base64(piece):
            yield Decoded(hit.start, hit.stop, (Coding.BASE64,), plain)


def _percent(text: str) -> Iterator[Decoded]:
    for token in _TOKEN.finditer(text):
        if "%" in token[0] and (plain := unquote(token[0], errors="replace")) != token[0]:
            yield Decoded(token.start(), token.end(), (Coding.PERCENT,), plain)


def _from_base64(piece: str) -> str:
    """What it says; where it is a path or a name whose parts are coded, what these say."""
    whole = _decoded(piece)
    if whole or _JOINTS.search(piece) is None:
        return whole
    parts = (_decoded(part) for part in _JOINTS.split(piece) if len(part) >= _SHORTEST_CODED)
    return " ".join(part for part in parts if part)


def _decoded(piece: str) -> str:
    body = piece.rstrip("=").translate(_URL_SAFE)
    body = body[: len(body) - (len(body) % 4 == 1)]
    try:
        return _readable(base64.b64decode(body + "=" * (-len(body) % 4), validate=True))
    except (binascii.Error, ValueError):
        return ""


def _readable(data: bytes) -> str:
    """The bytes as text; empty when they are none, as those of a digest, an id or a picture are not."""
    if len(data) < _FEWEST_BYTES:
        return ""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return ""
    return text if text.translate(_BREAKS).isprintable() else ""
