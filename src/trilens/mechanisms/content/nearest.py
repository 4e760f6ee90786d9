"""Which sentences of the documents a claim is compared with: those that speak of the same thing and hold a value of its kind."""

from collections.abc import Sequence
from dataclasses import dataclass

from trilens.mechanisms.content.alignment import Bag, Document, index_document
from trilens.mechanisms.content.claim import Claim, ClaimKind
from trilens.mechanisms.content.claims import Placed, ReadText
from trilens.mechanisms.content.fold import fold
from trilens.mechanisms.content.words import language_of, stems

_CLAUSE, _BESIDE, _SENTENCE, _BEFORE, _QUESTION = 1.0, 0.5, 0.2, 0.2, 0.5
"""Weights of the words of a claim's clause, of the clauses beside it, of its sentence, of the sentence before, and of the question."""
_AS_NEAR = 0.8
"""Sentences that score this share of the best are as near as it."""
_LEAST_SCORE = 0.12
"""Below it a sentence speaks of something else."""
_MUCH_LESS = 0.35
"""A sentence with a value of the right kind is passed over when another fits so much better."""
_FEW_WORDS = 3
_STEP, _REACH = 600, 200
"""Characters: the claims of one step share their words; so far around it words are read."""
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
        self._scored: dict[_Window, tuple[Near, ...]] = {}
        self._near: dict[tuple[_Window, ClaimKind], tuple[Near, ...]] = {}
        self._stems: dict[tuple[int, int], frozenset[str]] = {}

    def near(self, placed: Placed) -> tuple[Near, ...]:
        """The sentences to compare with, best first: those with a value of the kind, then those a value may be computed from."""
        window, base = self._window(placed), placed.claim.base
        known = self._near.get((window, base))
        if known is None:
            known = self._near[window, base] = self._choose(window, base)
        return known

    def closest(self, placed: Placed) -> Near | None:
        """The sentence to show beside the claim: one it was compared with, or else the one that fits best, whatever it holds."""
        return next(iter(self.near(placed) or self._every(self._window(placed))), None)

    def facts(self, near: Near) -> tuple[Claim, ...]:
        return self._documents[near.document].facts.get(near.sentence, ())

    def excerpt(self, near: Near) -> str:
        return self._documents[near.document].excerpt(near.sentence)

    def spoken(self, placed: Placed) -> str:
        """The words around a claim, within its sentence."""
        sentence = self._read.sentences[placed.sentence]
        start, stop = max(sentence.start, placed.start - _REACH), min(sentence.stop, placed.stop + _REACH)
        return self._read.folded.text[start:stop]

    def words_of(self, placed: Placed) -> frozenset[str]:
        """Stems of the claim's sentence, or of what stands around the claim in a very long one."""
        return self._words(self._window(placed).sentence)

    def is_elliptic(self, placed: Placed) -> bool:
        """Whether the sentence says too little to know what it is about without its question: `60 days.`"""
        sentence = self._read.sentences[placed.sentence]
        return len(self._words((sentence.start, min(sentence.stop, sentence.start + _STEP)))) < _FEW_WORDS

    def _choose(self, window: "_Window", base: ClaimKind) -> tuple[Near, ...]:
        every = self._every(window)
        if not every:
            return self._in_another_language(base)
        same = self._nearest_with(every, base)
        other = _COMPUTED_FROM.get(base)
        computed = self._nearest_with(every, other) if other else ()
        return (*same, *(near for near in computed if near not in same))

    def _nearest_with(self, every: Sequence[Near], base: ClaimKind) -> tuple[Near, ...]:
        """The nearest sentences that hold a value of one kind; none when another sentence fits much better."""
        typed = [near for near in every if near.score >= _LEAST_SCORE and self._holds(near, base)]
        if not typed or typed[0].score < _MUCH_LESS * every[0].score:
            return ()
        return tuple(near for near in typed if near.score >= _AS_NEAR * typed[0].score)

    def _holds(self, near: Near, base: ClaimKind) -> bool:
        return any(fact.base is base for fact in self.facts(near))

    def _every(self, window: "_Window") -> tuple[Near, ...]:
        known = self._scored.get(window)
        if known is None:
            query = self._query(window)
            scored = [
                Near(index, sentence, score)
                for index, document in enumerate(self._documents)
                for sentence, score in document.scores(query).items()
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
        if window.asks:
            parts.append((frozenset(stems(fold(self._question).text)), _QUESTION))
        return Bag.of(parts)

    def _window(self, placed: Placed) -> "_Window":
        sentence = self._read.sentences[placed.sentence]
        before = self._read.sentences[placed.sentence - 1] if placed.sentence > 0 else None
        first = placed.start // _STEP * _STEP - _REACH
        last = first + _STEP + 2 * _REACH
        return _Window(
            clause=(max(placed.clause[0], first), min(placed.clause[1], last)),
            beside=(max(placed.beside[0], first), min(placed.beside[1], last)),
            sentence=(max(sentence.start, first), min(sentence.stop, last)),
            before=(max(before.start, before.stop - _STEP), before.stop) if before else (0, 0),
            asks=self.is_elliptic(placed),
        )

    def _words(self, place: tuple[int, int]) -> frozenset[str]:
        known = self._stems.get(place)
        if known is None:
            known = self._stems[place] = frozenset(stems(self._read.wording[slice(*place)]))
        return known

    def _in_another_language(self, base: ClaimKind) -> tuple[Near, ...]:
        """Not one word is shared, and none could be: then every sentence with a value of the kind is as near as any other."""
        mine = language_of(self._read.folded.text)
        return tuple(
            near
            for index, document in enumerate(self._documents)
            if mine and document.language and document.language != mine
            for near in (Near(index, sentence, 0.0) for sentence in document.facts)
            if self._holds(near, base)
        )
