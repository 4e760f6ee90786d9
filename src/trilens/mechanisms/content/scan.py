"""Patterns on text that anybody may have written: RE2 behind a typed face, linear in the text whatever it says."""

from collections.abc import Iterator

import re2

_MAX_MEM_BYTES = 64 << 20
"""Room for one pattern's automaton; when it is full RE2 goes on without one, slower and still linear."""


class Hit:
    """One match: `hit["name"]` is a group's text, empty when the group took no part."""

    __slots__ = ("_groups", "_match", "_text", "start", "stop")

    def __init__(self, match: "re2._Match", text: str, groups: dict[str, int]) -> None:
        self._match = match
        self._text = text
        self._groups = groups
        self.start: int
        self.stop: int
        self.start, self.stop = match.span()

    def __getitem__(self, group: str) -> str:
        index = self._groups.get(group)
        start, stop = self._match.span(index) if index is not None else (-1, -1)
        return self._text[start:stop] if start >= 0 else ""

    def span_of(self, group: str) -> tuple[int, int]:
        """Start and stop of a group that took part."""
        start, stop = self._match.span(self._groups[group])
        return start, stop


class Pattern:
    """A compiled RE2 pattern, whose classes of words and spaces know ASCII only; texts are folded before they are scanned."""

    __slots__ = ("_compiled", "_groups")

    def __init__(self, pattern: str, *, has_groups: bool = True) -> None:
        """Compile `pattern`; without groups its matches have places only, and are found several times as fast."""
        options = re2.Options()
        options.never_capture = not has_groups
        options.max_mem = _MAX_MEM_BYTES
        options.log_errors = False
        self._compiled = re2.compile(pattern, options)
        self._groups: dict[str, int] = dict(self._compiled.groupindex)

    def hits(self, text: str) -> Iterator[Hit]:
        """All matches that do not overlap, from left to right."""
        return (Hit(match, text, self._groups) for match in self._compiled.finditer(_scanned(text)))

    def search(self, text: str) -> Hit | None:
        match = self._compiled.search(_scanned(text))
        return Hit(match, text, self._groups) if match else None

    def is_in(self, text: str) -> bool:
        """Whether it matches anywhere."""
        return self._compiled.search(_scanned(text)) is not None

    def fits(self, text: str) -> bool:
        """Whether it matches the whole of `text`."""
        return self._compiled.fullmatch(text) is not None


def _scanned(text: str) -> str | bytes:
    # the places in ASCII are the same in bytes, which need no way back
    return text.encode() if text.isascii() else text
