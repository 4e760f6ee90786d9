"""Text into lines of a width, in columns of a terminal; spaces inside a line stay, and a word that is too long is folded."""

import re
import unicodedata

_PIECE = re.compile(r"\s*\S+|\s+")


def wrap(text: str, width: int) -> list[str]:
    """The lines, at least one. Nothing is lost but the spaces at a break.

    Args:
        width: columns, at least 2, since some letters take two.
    """
    lines: list[str] = []
    line, used = "", 0
    for piece in _PIECE.findall(text):
        size = columns(piece)
        if used + size > width and line.strip():
            lines.append(line)
            piece = piece.lstrip()  # noqa: PLW2901 - the spaces at a break
            line, used, size = "", 0, columns(piece)
        while used + size > width:
            head = _fitting(piece, width - used)
            lines.append(line + head)
            piece = piece[len(head) :]  # noqa: PLW2901 - what is left of a word that is folded
            line, used, size = "", 0, columns(piece)
        line, used = line + piece, used + size
    return [*lines, line] if line or not lines else lines


def columns(text: str) -> int:
    """Columns of a terminal that the text takes."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _fitting(text: str, room: int) -> str:
    """The longest beginning that fits; at least one letter, so that folding ends."""
    used = 0
    for position, letter in enumerate(text):
        used += _width(letter)
        if used > room:
            return text[: max(1, position)]
    return text
