"""Which sentences of the documents a claim is compared with: those that speak of the same thing and hold a value of its kind."""

import functools
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trilens.mechanisms.content.alignment import Bag, Document, index_document
from trilens.mechanisms.content.claim import Bound, Claim, ClaimKind, Reading
from trilens.mechanisms.content.claims import Placed, ReadText
from trilens.mechanisms.content.fold import fold
from trilens.mechanisms.content.words import is_known, language_of, stems

_CLAUSE, _BESIDE, _SENTENCE, _BEFORE, _QUESTION, _ANSWERED = 1.0, 0.5, 0.2, 0.2, 0.5, 0.2
"""Weights of the words of a claim's clause, of the clauses beside it, of its sentence, of the sentence before, and of the question: of an
answer in a word, and of any other."""
_AS_NEAR = 0.8
"""Sentences that score this share of the best are as near as it."""
_LEAST_SCORE = 0.12
"""Below it a sentence speaks of something else."""
_MUCH_LESS = 0.35
"""A sentence with a value of the right kind is passed over when another fits so much better."""
_FEW_WORDS = 3
_ENOUGH = 400
"""Characters that tell the language of an answer."""
_STEP, _REACH = 600, 200
"""Characters: the claims of one step share their words; so far around it words are read."""
_REFERS = re.compile(r"(?i)\s*(?:(?:and|so|und)\s)?(?:that|it|this|they|das|es|dies)\b")
_OPENING = 24
"""A clause that opens with a pronoun is about what the one before it is about."""
_COMPUTED_FROM = {ClaimKind.DATE: ClaimKind.DURATION, ClaimKind.AMOUNT: ClaimKind.PERCENTAGE}
"""The kind of rule that a value may follow from."""


@dataclass(frozen=True, slots=True)
class Near:
    """A sentence, and how much it speaks of what a clause speaks of."""

    document: int
    """Index among the documents."""
    sentence: int
    score: float
    """0 to 1."""


@dataclass(frozen=True, slots=True)
class _Window:
    """The words a claim is compared by; of a very long sentence only those around it, so that many claims in one cost no more than their number."""

    clause: tuple[int, int]
    beside: tuple[int, int]
    sentence: tuple[int, int]
    before: tuple[int, int]
    """The sentence before, or an empty place."""
    asks: bool
    """Whether the question is needed to know what it is about."""


class Neighbourhood:
    """The sentences near each claim of one answer; remembered by place, since claims that stand together share them."""

    def __init__(self, read: ReadText, documents: Sequence[str], question: str) -> None:
        self._read = read
        self._documents: Sequence[Document] = [index_document(text) for text in documents]
        self._question = question
        self._language = language_of(read.folded.text[:_ENOUGH])
        self._scored: dict[_Window, tuple[Near, ...]] = {}
        self._near: dict[tuple[_Window, ClaimKind], tuple[Near, ...]] = {}
        self._windows: dict[int, _Window] = {}
        self._elliptic: dict[int, bool] = {}
        self._stems: dict[tuple[int, int], tuple[str, ...]] = {}

    def near(self, placed: Placed) -> tuple[Near, ...]:
        """The sentences to compare with, best first: those with a value of the kind, then those a value may be computed from."""
        window, base = self._window(placed), placed.claim.base
        known = self._near.get((window, base))
        if known is None:
            known = self._near[window, base] = self._choose(window, base)
        return known

    def related(self, placed: Placed, base: ClaimKind) -> tuple[Claim, ...]:
        """The facts of one kind in all sentences that speak of the same thing, however near another one is."""
        return tuple(
            fact
            for near in self._every(self._window(placed))
            if near.score >= _LEAST_SCORE
            for fact in self.facts(near, base)
        )

    def denies(self, placed: Placed) -> bool | None:
        """Whether the sentence that fits best denies something; None when it holds a value of the claim's kind itself, or when there is none."""
        best = next(iter(self._every(self._window(placed))), None)
        if best is None or self._holds(best, placed.claim.base):
            return None
        return best.sentence in self._documents[best.document].negated

    def rules(self, placed: Placed) -> tuple[Claim, ...]:
        """What the sentences to compare with say in values of the claim's kind."""
        return tuple(fact for near in self.near(placed) for fact in self.facts(near, placed.claim.base))

    def closest(self, placed: Placed) -> Near | None:
        """The sentence to show beside the claim: one it was compared with, or else the one that fits best, whatever it holds."""
        return next(iter(self.near(placed) or self._every(self._window(placed))), None)

    def facts(self, near: Near, base: ClaimKind) -> tuple[Claim, ...]:
        """What a sentence says in values of one kind."""
        return self._documents[near.document].facts.get(near.sentence, {}).get(base, ())

    def excerpt(self, near: Near) -> str:
        return self._documents[near.document].excerpt(near.sentence)

    def spoken(self, placed: Placed) -> tuple[int, int]:
        """Start and stop of the words around a claim, within its sentence."""
        sentence = self._read.sentences[placed.sentence]
        return max(sentence.start, placed.start - _REACH), min(sentence.stop, placed.stop + _REACH)

    def amounts(self) -> Iterator[Reading]:
        """The amounts that the documents state, but for limits."""
        for document in self._documents:
            for facts in document.facts.values():
                for fact in facts.get(ClaimKind.AMOUNT, ()):
                    if fact.stance.bound is Bound.NONE:
                        yield from fact.readings

    def words_of(self, placed: Placed) -> tuple[str, ...]:
        """Stems of the claim's sentence, or of what stands around the claim in a very long one."""
        return self._words(self._window(placed).sentence)

    def is_elliptic(self, placed: Placed) -> bool:
        """Whether the sentence says too little to know what it is about without its question: `60 days.`"""
        known = self._elliptic.get(placed.sentence)
        if known is None:
            sentence = self._read.sentences[placed.sentence]
            words = self._words((sentence.start, min(sentence.stop, sentence.start + _STEP)))
            known = self._elliptic[placed.sentence] = len(words) < _FEW_WORDS
        return known

    def _choose(self, window: "_Window", base: ClaimKind) -> tuple[Near, ...]:
        every = self._every(window)
        if not every:
            is_foreign = not any(is_known(stem) for stem in self._query(window).weights)
            return self._in_another_language(base) if is_foreign else ()
        same = self._nearest_with(every, base)
        other = _COMPUTED_FROM.get(base)
        computed = self._nearest_with(every, other) if other else ()
        return (*same, *(near for near in computed if near not in same))

    def _nearest_with(self, every: Sequence[Near], base: ClaimKind) -> tuple[Near, ...]:
        """The nearest sentences that hold a value of one kind; none when another sentence fits much better."""
        enough = itertools.takewhile(lambda near: near.score >= _LEAST_SCORE, every)
        typed = [near for near in enough if self._holds(near, base)]
        if not typed or typed[0].score < _MUCH_LESS * every[0].score:
            return ()
        return tuple(near for near in typed if near.score >= _AS_NEAR * typed[0].score)

    def _holds(self, near: Near, base: ClaimKind) -> bool:
        return base in self._documents[near.document].facts.get(near.sentence, {})

    def _every(self, window: "_Window") -> tuple[Near, ...]:
        known = self._scored.get(window)
        if known is None:
            query = self._query(window)
            scored = [
                Near(index, sentence, score)
                for index, document in enumerate(self._documents)
                for sentence, score in document.scores(query, self._language).items()
            ]
            known = tuple(sorted(scored, key=lambda near: (-near.score, near.document, near.sentence)))
            self._scored[window] = known
        return known

    def _query(self, window: "_Window") -> Bag:
        parts = [
            (self._words(window.clause), _CLAUSE),
            (self._words(window.beside), _BESIDE),
            (self._words(window.sentence), _SENTENCE),
            (self._words(window.before), _BEFORE),
        ]
        parts.append((self._asked, _QUESTION if window.asks else _ANSWERED))
        return Bag.of(parts)

    def _window(self, placed: Placed) -> "_Window":
        known = self._windows.get(placed.start)
        if known is None:
            known = self._windows[placed.start] = self._words_around(placed)
        return known

    def _words_around(self, placed: Placed) -> "_Window":
        sentence = self._read.sentences[placed.sentence]
        before = self._read.sentences[placed.sentence - 1] if placed.sentence > 0 else None
        first = placed.start // _STEP * _STEP - _REACH
        last = first + _STEP + 2 * _REACH
        start, stop = placed.clause
        if _REFERS.match(self._read.folded.text[start : start + _OPENING]) is not None:
            start = placed.beside[0]
        return _Window(
            clause=(max(start, first), min(stop, last)),
            beside=(max(placed.beside[0], first), min(placed.beside[1], last)),
            sentence=(max(sentence.start, first), min(sentence.stop, last)),
            before=(max(before.start, before.stop - _STEP), before.stop) if before else (0, 0),
            asks=self.is_elliptic(placed),
        )

    @functools.cached_property
    def _asked(self) -> tuple[str, ...]:
        return stems(fold(self._question).text)

    def _words(self, place: tuple[int, int]) -> tuple[str, ...]:
        known = self._stems.get(place)
        if known is None:
            known = self._stems[place] = stems(self._read.wording[slice(*place)])
        return known

    def _in_another_language(self, base: ClaimKind) -> tuple[Near, ...]:
        """Not one word is shared, and none could be: then every sentence with a value of the kind is as near as any other."""
        mine = self._language
        return tuple(
            near
            for index, document in enumerate(self._documents)
            if mine and document.language and document.language != mine
            for near in (Near(index, sentence, 0.0) for sentence in document.facts)
            if self._holds(near, base)
        )
