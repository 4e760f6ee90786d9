"""What a model, a client or an outsider wrote, made safe to look at: every character that acts or hides is shown as an escape.

INVARIANT: two different texts never look the same: escapes use a backslash, and a written backslash is shown as two.
"""

import unicodedata

_INVISIBLE = frozenset(
    map(
        chr,
        (
            0x034F,  # combining grapheme joiner
            0x115F,  # Hangul fillers
            0x1160,
            0x17B4,  # Khmer vowels without a picture
            0x17B5,
            0x2800,  # braille without dots
            0x3164,
            0xFFA0,
            0x1D159,  # musical null notehead
            *range(0x180B, 0x1810),  # Mongolian selectors
            *range(0xFE00, 0xFE10),  # variation selectors, in which text can be hidden
            *range(0xE0100, 0xE01F0),
        ),
    )
)
"""Characters that Python calls printable and that have no picture. Source: Unicode 16.0 DerivedCoreProperties, Default_Ignorable_Code_Point."""

_MOST_MARKS = 2
"""Combining marks on one letter; more would draw over the lines around it."""

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}


def escape(text: str) -> str:
    """The text on one line; nothing in it acts on a terminal, hides, or turns the direction of writing."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    shown: list[str] = []
    marks = 0
    for letter in text:
        marks = marks + 1 if unicodedata.combining(letter) else 0
        shown.append(_spelled(letter) if _is_hidden(letter) or marks > _MOST_MARKS else letter)
    return "".join(shown)


def escape_lines(text: str) -> list[str]:
    """The text line by line, each as `escape` shows it; line feeds are what separates them."""
    return [escape(line) for line in text.split("\n")]


def cut(text: str, most: int) -> str:
    """The beginning of an escaped text, with `…` when that is not all; an escape is never cut in half."""
    shown = escape(text[:most])
    return shown + "…" if len(text) > most else shown


def _is_hidden(letter: str) -> bool:
    return letter == "\\" or not letter.isprintable() or letter in _INVISIBLE


def _spelled(letter: str) -> str:
    number = ord(letter)
    short = _SHORT.get(letter)
    if short is not None:
        return short
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
