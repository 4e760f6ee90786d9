"""Other readings of one text: what a mail program, a browser or a helpful person would make of it.

Each reading is folded, with single spaces and without control characters. Decoding is tried again on what it yields, a bounded
number of times.
"""

import base64
import binascii
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from trilens.mechanisms.flow.atoms import DASH, LONGEST_TEXT, single_spaced

_MOST_READINGS = 32
"""All orders of five codes; whoever nests more than that hides something."""
_MOST_CHARS = 4 * LONGEST_TEXT
"""Of all readings together: each costs what the text costs."""
_SHORTEST_CODED = 16
_BASE64 = re.compile(r"(?<![\w+/=-])[A-Za-z0-9_+/-]{16,}+={0,2}")
_UNICODE_ESCAPE = re.compile(r"\\[uU]([0-9a-fA-F]{4})")
_QUOTED = re.compile(r"=[0-9a-fA-F]{2}(?:=[0-9a-fA-F]{2})*+")
_SOFT_BREAK = re.compile(r"=[ \t]*\r?\n")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_BRACKETED_DOT = re.compile(r" ?[\[({] ?(?:\.|dot|punkt|point|punto) ?[\])}] ?")
_MARKUP = re.compile(r"<!--.{0,400}?-->|</?[a-z][^<>]{0,200}>")
_MARKS = re.compile(r"[*_~`\\]+")
_LONG_REFERENCE = re.compile(r"&#([0-9]{8,})")
_TITLED = re.compile(r"\[([^\[\]]{0,200})\]\([^()\s]{0,400}\)")


@dataclass(frozen=True, slots=True)
class Spellings:
    """What a text says in all its readings."""

    texts: tuple[str, ...]
    """The folded text first, then each decoding of it that differs."""
    is_whole: bool
    """Whether there is nothing else to be read: false when it is coded in more ways than are tried."""


def spell(text: str) -> Spellings:
    """Read a text in every way, at most 32."""
    raw = [text[:LONGEST_TEXT]]
    read: list[str] = []
    chars = 0
    while raw:
        one = raw.pop(0)
        plain = _plain(one)
        if plain in read:
            continue
        chars += len(plain)
        if len(read) == _MOST_READINGS or chars > _MOST_CHARS:
            return Spellings(tuple(read) or (plain[:_MOST_CHARS],), is_whole=False)
        read.append(plain)
        raw += _decoded(one, plain)
    return Spellings(tuple(read), is_whole=True)


def readings(text: str) -> list[str]:
    """The folded text first, then each decoding of it that differs; at most 32."""
    return list(spell(text).texts)


def unmarked(reading: str) -> str:
    """A reading as people see it: without Markdown's marks of emphasis and code, with a link's words only, and one kind of dash."""
    if not reading.isascii():
        reading = DASH.sub("-", reading)
    if "](" in reading:
        reading = _TITLED.sub(r"\1", reading)
    if "*" in reading or "_" in reading or "`" in reading or "~" in reading or "\\" in reading:
        return _MARKS.sub("", reading)
    return reading


def _plain(text: str) -> str:
    plain = single_spaced(text)
    if not plain.isprintable():
        plain = _CONTROL.sub("", plain)
    return plain if plain.isascii() else plain.replace("\u3002", ".")


def _decoded(raw: str, plain: str) -> Iterator[str]:
    if "%" in raw:
        yield unquote(raw, errors="replace")
    if "&" in raw and ";" in raw:
        yield html.unescape(_LONG_REFERENCE.sub(_shortened, raw))
    if "\\" in raw and _UNICODE_ESCAPE.search(raw):
        yield _UNICODE_ESCAPE.sub(lambda match: chr(int(match[1], 16)), raw)
    if "=" in raw and (_QUOTED.search(raw) or _SOFT_BREAK.search(raw)):
        yield _QUOTED.sub(_unquoted, _SOFT_BREAK.sub("", raw))
    if "<" in plain and ">" in plain:
        yield _MARKUP.sub("", plain)
    has_brackets = "[" in plain or "(" in plain or "{" in plain
    if "hxxp" in plain or (has_brackets and _BRACKETED_DOT.search(plain)):
        yield _BRACKETED_DOT.sub(".", plain).replace("hxxp", "http")
    if max(map(len, plain.split()), default=0) >= _SHORTEST_CODED:
        yield from _from_base64(raw)


def _shortened(found: re.Match[str]) -> str:
    """A reference by number that is read however long it is: without zeros before it, and no longer than shows that it names no character."""
    return "&#" + (found[1].lstrip("0")[:8] or "0")


def _unquoted(found: re.Match[str]) -> str:
    """Quoted-printable, RFC 2045 section 6.7."""
    return bytes.fromhex(found[0].replace("=", "")).decode(errors="replace")


def _from_base64(raw: str) -> Iterator[str]:
    long = [token for token in raw.split() if len(token) >= _SHORTEST_CODED]
    texts: list[str] = []
    for coded in _BASE64.findall(" ".join(long)):
        body = coded.rstrip("=").translate(_URL_SAFE)
        try:
            text = base64.b64decode(body + "=" * (-len(body) % 4), validate=True).decode()
        except (binascii.Error, ValueError):
            continue
        # bytes that are text by chance are hardly ever all printable
        if "".join(text.split()).isprintable():
            texts.append(text)
    if texts:
        yield " ".join(texts)
    if len(texts) > 1:
        yield "".join(texts)


_URL_SAFE = str.maketrans("-_", "+/")
