"""Lines for people: wrapped to the terminal's width, plain when nobody looks, without colour when `NO_COLOR` says so.

Text of ours is written with `line` and `field`; whatever somebody else wrote goes through `said`, which escapes it and marks every line
of it with a bar. Width is the terminal's, or `COLUMNS`; without either, lines are not wrapped.
"""

import io
import os
import re
import shutil
from typing import TextIO

from trilens.cli.shown import escape_lines
from trilens.cli.wrap import wrap
from trilens.declare.frames import WIDEST, Problem, render

NARROW = 60
"""Columns below which a value stands under its name."""

_NAME_WIDTH = 14
_GUTTER = 8
"""Columns that stand before a source line in a problem's frame."""
_DOTS = 3
"""Columns kept free beside a source line, for the marks that say that it goes on."""
_LEAST = 16
"""Columns that are always left for text, however deep it is indented."""

_CODES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "magenta": 35, "cyan": 36}
_SEVERITY = re.compile(r"\b(?:error|warning)\[[^\]]*\]")


class Terminal:
    """Writes to one stream."""

    def __init__(self, stream: TextIO) -> None:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        self._stream = stream
        is_terminal = stream.isatty()
        is_dumb = os.environ.get("TERM") == "dumb"
        self._is_coloured = is_terminal and not is_dumb and not os.environ.get("NO_COLOR")
        is_measured = is_terminal or os.environ.get("COLUMNS", "").isdecimal()
        self.width = shutil.get_terminal_size().columns if is_measured else None
        """Columns; None when lines are not wrapped."""
        is_unicode = (stream.encoding or "utf-8").lower().startswith("utf")
        self._bar, self._more = ("│ ", "┊ ") if is_unicode else ("| ", ": ")

    @property
    def is_narrow(self) -> bool:
        return self.width is not None and self.width < NARROW

    def line(self, text: str = "", *, style: str = "", indent: int = 0) -> None:
        """One line of our own words; continued lines keep the indent."""
        for part in self._wrapped(text, indent):
            self._write(indent, (part.rstrip(), style))

    def command(self, text: str, *, indent: int = 0, style: str = "dim") -> None:
        """Something to type: on one line whatever the width, so that it can be copied."""
        self._write(indent, (text, style))

    def heading(self, text: str) -> None:
        self.line()
        self.line(text, style="bold")

    def field(self, name: str, value: str, *, indent: int = 0, style: str = "") -> None:
        """A name and a value of ours, side by side, or one under the other where there is no room."""
        if self.is_narrow or len(name) >= _NAME_WIDTH:
            self.line(name, style="dim", indent=indent)
            self.line(value, indent=indent + 2, style=style)
            return
        label = f"{name:<{_NAME_WIDTH}}"
        for part in self._wrapped(value, indent + _NAME_WIDTH):
            self._write(indent, (label, "dim"), (part.rstrip(), style))
            label = " " * _NAME_WIDTH

    def said(self, text: str, *, indent: int = 0, most: int | None = None) -> None:
        """What somebody else wrote, in a marked box: a bar before each of its lines, a dotted one where a line goes on.

        Args:
            most: characters that are shown; how many are not is said below.
        """
        shown = text if most is None else text[:most]
        for line in escape_lines(shown):
            bar = self._bar
            for part in self._wrapped(line, indent + len(bar)):
                self._write(indent, (bar, "yellow"), (part, ""))
                bar = self._more
        if len(shown) < len(text):
            self.line(f"… and {len(text) - len(shown):,} more characters", style="yellow", indent=indent)

    def problem(self, problem: Problem, *, severity: str = "error") -> None:
        """A problem as `declare.frames` draws it, the source line kept in its columns, the severity in colour."""
        room = WIDEST if self.width is None else min(WIDEST, max(_LEAST, self.width - _GUTTER - _DOTS))
        colour = "bold red" if severity == "error" else "bold yellow"
        for drawn in render(problem, severity=severity, widest=room).split("\n"):
            first, *more = self._wrapped(drawn, 0)
            marked = _SEVERITY.sub(lambda found: self._styled(found[0], colour), first.rstrip(), count=1)
            self._stream.write(marked + "\n")
            if more:
                self.line(drawn[len(first) :].lstrip(), indent=_GUTTER)

    def _wrapped(self, text: str, indent: int) -> list[str]:
        return [text] if self.width is None else wrap(text, max(_LEAST, self.width - indent))

    def _write(self, indent: int, *parts: tuple[str, str]) -> None:
        self._stream.write(" " * indent + "".join(self._styled(text, style) for text, style in parts) + "\n")

    def _styled(self, text: str, style: str) -> str:
        if not self._is_coloured or not style or not text:
            return text
        codes = ";".join(str(_CODES[word]) for word in style.split())
        return f"\x1b[{codes}m{text}\x1b[0m"
