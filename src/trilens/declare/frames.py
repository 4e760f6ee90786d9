"""One problem as people read it: where, what, the line with the spot marked, what to do, why it matters. Plain text.

system.yaml:33:5: error[manifest/unknown-key]: unknown key `efect` in `tools.refund`
   33 |     efect: spend
      |     ^^^^^ did you mean `effect`?
  why: a misspelt key would silently do nothing   trilens explain manifest/unknown-key
"""

import unicodedata
from typing import Protocol

from trilens.errors import Place
from trilens.explanations import explain

WIDEST = 110
"""Columns of a source line that are shown."""


class Problem(Protocol):
    """An error or a diagnosis."""

    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def help(self) -> str: ...
    @property
    def place(self) -> Place | None: ...


def render(problem: Problem, *, severity: str = "error", widest: int = WIDEST) -> str:
    """The frame of one problem; characters that could act on a terminal are shown as escapes.

    Args:
        widest: columns of a source line that are shown.
    """
    place = problem.place
    where = f"{place.file}:{place.line}:{place.column}: " if place else ""
    lines = [f"{visible(where)}{severity}[{problem.code}]: {visible(problem.message)}"]
    if place is not None and place.text:
        lines += _excerpt(place, visible(problem.help), widest)
    elif problem.help:
        lines.append(f"  help: {visible(problem.help)}")
    explanation = explain(problem.code)
    if explanation is not None:
        lines.append(f"  why: {explanation.why}   trilens explain {problem.code}")
    return "\n".join(lines)


def _excerpt(place: Place, hint: str, widest: int) -> list[str]:
    start = place.column - 1
    stop = min(start + place.width, len(place.text))
    first = max(0, min(start - 20, len(place.text) - widest)) if len(place.text) > widest else 0
    last = min(len(place.text), first + widest)
    head, tail = ("…" if first else ""), ("…" if last < len(place.text) else "")
    before, marked = visible(place.text[first:start]), visible(place.text[start : min(stop, last)])
    gutter = f"{place.line:5} | "
    blank = " " * (len(gutter) - 2) + "| "
    pad = " " * (len(head) + columns(before))
    carets = "^" * max(1, columns(marked))
    return [
        f"{gutter}{head}{visible(place.text[first:last])}{tail}",
        f"{blank}{pad}{carets}{' ' + hint if hint else ''}",
    ]


def visible(text: str) -> str:
    """The text with every character that has no picture of its own spelled as an escape; blanks of any width stay."""
    return "".join(c if c.isprintable() or unicodedata.category(c) == "Zs" else _escape(c) for c in text)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65_536 else f"\\U{code:08x}"


def columns(text: str) -> int:
    """Columns of a terminal that `text` takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
