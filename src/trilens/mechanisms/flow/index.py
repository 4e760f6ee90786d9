"""The value index: where every atom of a conversation was read, append-only, so that an event costs what is new.

A posting is the position of a passage. Positions only grow, so a view of the conversation up to some passage is the same lists
read up to that position: it never sees what came later, and extending it copies nothing.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from trilens.mechanisms.flow.atoms import words_of

_WEAK_POSTINGS = 32
"""Postings of one atom by third parties that are kept: repeating a value a thousand times proves nothing more, and hides nothing."""
_FEW_WORDS = 64
"""Words that are sooner looked for in a text than the text is taken apart."""
_READ_BACK = 512
"""Postings of one atom that are read, newest first. Beyond them an atom counts as not explained."""


class Index:
    """Atoms to positions. Only the writer of its trunk adds to it, in ascending order of position.

    An index may begin from another one, which it reads and never adds to: every position of that one is below its own.
    """

    __slots__ = ("_base", "_phrases", "_words", "hosts", "postings", "said")

    def __init__(self, base: "Index | None" = None) -> None:
        self._base = base.postings if base else {}
        self.postings: dict[str, list[int]] = {}
        self.said: dict[str, int] = {}
        """Atoms of the person's and the operator's words, each with the first position that holds it."""
        self.hosts: set[str] = set(base.hosts) if base else set()
        """First labels of all hosts that were ever read: a quick no for most words, never a yes."""
        self._phrases: dict[tuple[str, str], list[tuple[int, str]]] = {}
        self._words: dict[str, int] = {}
        """Fields of one word, each with the first position that holds it."""

    def add_words(self, keys: Iterable[str], position: int) -> None:
        """Add what the person or the operator said."""
        said = self.said
        new = [key for key in keys if key not in said]
        said.update(dict.fromkeys(new, position))
        self.add(new, position, is_weak=False)

    def add(self, keys: Iterable[str], position: int, *, is_weak: bool) -> None:
        """Add what anybody else wrote. Of weak postings, which explain nothing, only the first 32 of an atom are kept."""
        postings = self.postings
        for key in keys:
            known = postings.get(key)
            if known is None:
                postings[key] = [position]
                if key[0] == "h":
                    self.hosts.add(key[1:].partition(".")[0])
            elif not is_weak or len(known) < _WEAK_POSTINGS:
                known.append(position)

    def add_phrase(self, phrase: str, position: int) -> None:
        """Remember a field of several words by its first two, so that a text can be searched for all of them at once."""
        if " " not in phrase:
            self._words.setdefault(phrase, position)
            return
        first, second = phrase.split(" ", 2)[:2]
        self._phrases.setdefault((first, second), []).append((position, phrase))

    def positions(self, key: str, before: int) -> Iterator[int]:
        """Where `key` was read below position `before`, newest first, at most 512 of the conversation and 512 of its beginning."""
        known, base = self.postings.get(key), self._base.get(key)
        if known is not None:
            stop = bisect_left(known, before)
            yield from reversed(known[max(0, stop - _READ_BACK) : stop])
        if base is not None:
            yield from reversed(base[-_READ_BACK:])

    def has(self, key: str, before: int) -> bool:
        known = self.postings.get(key)
        return (known is not None and known[0] < before) or key in self._base

    @property
    def has_phrases(self) -> bool:
        return bool(self._phrases)

    @property
    def has_words(self) -> bool:
        return bool(self._words)

    def words(self, plain: str, before: int) -> list[str]:
        """Fields of one word that a folded text holds as a word, in a stable order."""
        known = self._words
        if len(known) <= _FEW_WORDS and not any(word in plain for word in known):
            return []
        return sorted(word for word in known.keys() & words_of(plain) if known[word] < before)

    def phrases(self, pairs: AbstractSet[tuple[str, str]], before: int) -> Iterator[tuple[int, str]]:
        """Fields that begin with one of the pairs of words, newest first, at most 512 for each."""
        for pair in pairs:
            for position, phrase in self._phrases.get(pair, ())[: -_READ_BACK - 1 : -1]:
                if position < before:
                    yield position, phrase
