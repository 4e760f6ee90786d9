"""Other readings of one text: what a mail program, a browser or a helpful person would make of it.

Each reading is folded, with single spaces and without control characters. Decoding is tried again on what it yields, a bounded
number of times.
"""

import base64
import binascii
import html
import re
from collections.abc import Iterator
from urllib.parse import unquote

from trilens.mechanisms.flow.atoms import LONGEST_TEXT, single_spaced

_MOST_READINGS = 8
_MOST_DECODED = 32
_SHORTEST_CODED = 16
_BASE64 = re.compile(r"(?<![\w+/=-])[A-Za-z0-9_+/-]{16,4096}+={0,2}")
_UNICODE_ESCAPE = re.compile(r"\\[uU]([0-9a-fA-F]{4})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_BRACKETED_DOT = re.compile(r" ?[\[({] ?(?:\.|dot|punkt|point|punto) ?[\])}] ?")
_MARKUP = re.compile(r"</?[a-z][^<>]{0,200}>")


def readings(text: str) -> list[str]:
    """The folded text first, then each decoding of it that differs; at most eight."""
    raw = [text[:LONGEST_TEXT]]
    read: list[str] = []
    while raw and len(read) < _MOST_READINGS:
        one = raw.pop(0)
        plain = _plain(one)
        if plain not in read:
            read.append(plain)
            raw += _decoded(one, plain)
    return read


def _plain(text: str) -> str:
    plain = single_spaced(text)
    if not plain.isprintable():
        plain = _CONTROL.sub("", plain)
    return plain if plain.isascii() else plain.replace("\u3002", ".")


def _decoded(raw: str, plain: str) -> Iterator[str]:
    if "%" in raw:
        yield unquote(raw, errors="replace")
    if "&" in raw and ";" in raw:
        yield html.unescape(raw)
    if "\\" in raw and _UNICODE_ESCAPE.search(raw):
        yield _UNICODE_ESCAPE.sub(lambda match: chr(int(match[1], 16)), raw)
    if "<" in plain and ">" in plain:
        yield _MARKUP.sub("", plain)
    has_brackets = "[" in plain or "(" in plain or "{" in plain
    if "hxxp" in plain or (has_brackets and _BRACKETED_DOT.search(plain)):
        yield _BRACKETED_DOT.sub(".", plain).replace("hxxp", "http")
    if max(map(len, plain.split()), default=0) >= _SHORTEST_CODED:
        yield from _from_base64(raw)


def _from_base64(raw: str) -> Iterator[str]:
    long = [token for token in raw.split() if len(token) >= _SHORTEST_CODED]
    texts: list[str] = []
    for coded in _BASE64.findall(" ".join(long))[:_MOST_DECODED]:
        body = coded.rstrip("=").translate(_URL_SAFE)
        try:
            text = base64.b64decode(body + "=" * (-len(body) % 4), validate=True).decode()
        except (binascii.Error, ValueError):
            continue
        if "@" in text or "//" in text:
            texts.append(text)
    if texts:
        yield " ".join(texts)


_URL_SAFE = str.maketrans("-_", "+/")
