"""Whether one text is shown to the reader of another: as a sentence of its own, however it is spaced, and not in a comment."""

import functools
import re

from trilens.mechanisms.content.fold import fold
from trilens.mechanisms.content.scan import Pattern

_COMMENT = Pattern(r"(?s)<!--.*?(?:-->|\z)")
_ENDS_BEFORE = frozenset(".!?…:>*_#-)")
"""A sentence may start after these; a quotation mark is none of them, since a quoted sentence is not said."""


def is_shown(wanted: str, text: str) -> bool:
    """Whether `wanted` stands in `text`, starting where a sentence or a line starts, and outside comments."""
    # an answer is looked at again with every later one of its conversation
    return _remembered(wanted, text) if len(text) <= _LONGEST_REMEMBERED else _is_shown(wanted, text)


def _is_shown(wanted: str, text: str) -> bool:
    sought = _pattern(wanted)
    if sought is None:
        return False
    folded = fold(text).text
    hidden = [(hit.start, hit.stop) for hit in _COMMENT.hits(folded)]
    return any(
        _starts_sentence(folded, hit.start) and not any(start <= hit.start < stop for start, stop in hidden)
        for hit in sought.hits(folded)
    )


_LONGEST_REMEMBERED = 4_096
"""Characters; with the size of the memory, at most 16 MiB of text."""
_remembered = functools.lru_cache(maxsize=4_096)(_is_shown)


@functools.lru_cache(maxsize=64)
def _pattern(wanted: str) -> Pattern | None:
    words = fold(wanted).text.split()
    return Pattern(r"(?i)" + r"[\s\pZ]+".join(re.escape(word) for word in words)) if words else None


def _starts_sentence(text: str, start: int) -> bool:
    before = text[max(0, start - 200) : start]
    stripped = before.rstrip()
    return not stripped or "\n" in before[len(stripped) :] or stripped[-1] in _ENDS_BEFORE
