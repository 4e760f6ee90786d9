"""Words of a declared prompt in what goes out: long stretches of them, and the marks an author may have put there.

A stretch is told by pieces of eight words, of which several must stand there word for word: one sentence of a prompt may be the very
answer a customer needs. What everybody may read anyway, in a public source or the disclosure, is no secret of the prompt.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from trilens.mechanisms.scanning.rule_set import Rule, RuleSet
from trilens.vocabulary.system import System

_PIECE = 8
"""Words."""
_MOST_PIECES = 256
"""Of one prompt; a longer one is told by pieces further apart."""
_FEWEST_PIECES = 3
"""That must stand there, however short the prompt: 24 words are no turn of phrase."""
_ENOUGH_PIECES = 5
"""Where the pieces stand side by side."""
_LONGEST_WORD = 40
"""Of a piece, so that no prompt makes the automaton too large to build."""
_SHORTEST_MARK = 16
_FEWEST_DISTINCT = 8
_WORD = re.compile(r"[^\W_]+")
_MARK = re.compile(r"[A-Za-z0-9_-]+")
_BETWEEN = r"[\W_]+"
"""To RE2 every character but an ASCII letter or digit; classes of Unicode would make the automaton a thousand times as large."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where words of a prompt stand."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class PromptWatch:
    """The prompts of one system, ready to be looked for."""

    pieces: tuple[tuple[RuleSet, int], ...]
    """Of each prompt: its pieces, and how many are too many."""
    marks: tuple[str, ...]

    def stretch(self, text: str) -> Stretch | None:
        """From the first to the last piece of a prompt of which too many stand there."""
        for pieces, too_many in self.pieces:
            found = pieces.find(text)
            if len({match.rule for match in found}) >= too_many:
                return Stretch(found[0].start, found[-1].stop)
        return None

    def mark(self, text: str) -> Stretch | None:
        """The first place of a mark; one that stands there more often is found again when what is left is judged."""
        starts = ((text.find(mark), mark) for mark in self.marks)
        return next((Stretch(start, start + len(mark)) for start, mark in starts if start >= 0), None)


def watch(system: System) -> PromptWatch:
    """The watch over a system's prompts, made once."""
    sources = (source.text for source in system.sources.values() if source.readers.everyone)
    told = system.disclosure.text.values() if system.disclosure else ()
    names = (*system.tools, *(name for tool in system.tools.values() for name in (*tool.args, *tool.returns)))
    return _watch(tuple(p.text for p in system.prompts.values()), (*sources, *told), names)


@functools.lru_cache(maxsize=16)
def _watch(prompts: tuple[str, ...], public: tuple[str, ...], names: tuple[str, ...]) -> PromptWatch:
    known = " ".join(_words("\n".join(public)))
    watched = tuple(made for prompt in prompts if (made := _pieces(prompt, known)) is not None)
    is_public = "\n".join((*public, *names))
    marks = {mark for prompt in prompts for mark in _marks(prompt) if mark not in is_public}
    return PromptWatch(watched, tuple(sorted(marks)))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _pieces(prompt: str, known: str) -> tuple[RuleSet, int] | None:
    words = _words(prompt)
    stride = max(_PIECE, len(words) // _MOST_PIECES)
    cut = (words[at : at + _PIECE] for at in range(0, len(words) - _PIECE + 1, stride))
    pieces = [piece for piece in cut if len(max(piece, key=len)) <= _LONGEST_WORD and " ".join(piece) not in known]
    if len(pieces) < _FEWEST_PIECES:
        return None
    rules = [
        Rule(str(n), _pattern(piece), "the manifest", fewest_distinct=1, placeholder="")
        for n, piece in enumerate(pieces)
    ]
    enough = _ENOUGH_PIECES if stride == _PIECE else _FEWEST_PIECES
    return RuleSet(rules), max(_FEWEST_PIECES, min(enough, (len(pieces) + 1) // 2))


def _pattern(words: list[str]) -> str:
    return r"(?i)" + _BETWEEN.join(re.escape(word) for word in words)


def _marks(prompt: str) -> Iterator[str]:
    """Words nobody writes by chance: long, of many different letters and digits."""
    for word in _MARK.findall(prompt):
        is_mixed = any(letter.isdigit() for letter in word) and any(letter.isalpha() for letter in word)
        if len(word) >= _SHORTEST_MARK and is_mixed and len(set(word)) >= _FEWEST_DISTINCT:
            yield word
