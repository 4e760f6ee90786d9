"""Which sentence of a source speaks of the same thing as a clause of an answer: rare shared words weigh more.

A value is looked for in the nearest sentences and nowhere else: in the whole document almost any number stands somewhere, and a
changed one that fits another sentence would pass.
"""

import bisect
import functools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from trilens.mechanisms.content.claim import Claim, ClaimKind
from trilens.mechanisms.content.claims import ReadText, read_text
from trilens.mechanisms.content.polarity import negators
from trilens.mechanisms.content.sentences import Sentence
from trilens.mechanisms.content.words import is_known, language_of, stems
from trilens.vocabulary.verdict import Span

_HEADING_WEIGHT = 0.5
_NEIGHBOUR_WEIGHT = 0.25
_MOST_FACTS = 64
"""A sentence with more says nothing in particular; claims are compared with so many, and no more, so that long texts cost no more than their length."""
_NOWHERE = Span(0, 0)
_QUESTION_WEIGHT = 0.8
"""Of the question that a sentence answers."""


@dataclass(frozen=True, slots=True)
class Bag:
    """Stems with their weights."""

    weights: Mapping[str, float]

    @classmethod
    def of(cls, parts: Iterable[tuple[Iterable[str], float]]) -> "Bag":
        """The stems of several texts; one counts once, at its greatest weight."""
        weights: dict[str, float] = {}
        for found, weight in sorted(parts, key=lambda part: part[1]):
            weights.update(dict.fromkeys(found, weight))
        return cls(weights)


@dataclass(frozen=True, slots=True)
class Document:
    """A source, ready to be compared with: its sentences, the facts in them, and the words of each."""

    read: ReadText
    facts: Mapping[int, Mapping[ClaimKind, tuple[Claim, ...]]]
    """By sentence and kind; facts that say the same are one, and of each kind a sentence has at most `_MOST_FACTS`."""
    postings: Mapping[str, tuple[tuple[int, float], ...]]
    """By stem: sentences it stands in, and what it adds to the score of each."""
    rarity: Mapping[str, float]
    unseen: float
    """Rarity of a word the document does not have."""
    negated: frozenset[int]
    """The sentences that deny something."""
    language: str
    """`en`, `de`, or empty when it does not tell."""

    def scores(self, query: Bag, language: str = "") -> dict[int, float]:
        """Cosine of the query with each sentence that shares a word with it, 0 to 1.

        Of a query in another language, words that the glossary cannot translate tell nothing, and are left out.
        """
        is_foreign = bool(language and self.language and language != self.language)
        total: dict[int, float] = {}
        square = 0.0
        for stem, weight in query.weights.items():
            rarity = self.rarity.get(stem)
            if rarity is None:
                if is_foreign and not is_known(stem):
                    continue
                rarity = self.unseen
            square += (weight * rarity) ** 2
            for sentence, adds in self.postings.get(stem, ()):
                total[sentence] = total.get(sentence, 0.0) + weight * adds
        norm = math.sqrt(square) or 1.0
        return {sentence: value / norm for sentence, value in total.items()}

    def excerpt(self, sentence: int) -> str:
        """The sentence as it stands in the folded text, on one line."""
        place = self.read.sentences[sentence]
        return " ".join(self.read.folded.text[place.start : place.stop].split())


@functools.lru_cache(maxsize=256)
def index_document(text: str) -> Document:
    """Read a source once; the same text is not read again while it is in use."""
    read = read_text(text)
    bags = [_bag(read, index) for index in range(len(read.sentences))]
    counts = Counter(stem for bag in bags for stem in bag.weights)
    rarity = {stem: math.log(1 + len(bags) / count) for stem, count in counts.items()}
    postings: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    for index, bag in enumerate(bags):
        length = math.sqrt(sum((weight * rarity[stem]) ** 2 for stem, weight in bag.weights.items()))
        for stem, weight in bag.weights.items():
            postings[stem].append((index, weight * rarity[stem] ** 2 / length))
    return Document(
        read=read,
        facts=_facts(read),
        postings={stem: tuple(places) for stem, places in postings.items()},
        rarity=rarity,
        unseen=math.log(1 + 2 * len(bags)),
        negated=_negated(read),
        language=language_of(text),
    )


def _facts(read: ReadText) -> dict[int, dict[ClaimKind, tuple[Claim, ...]]]:
    found: defaultdict[int, defaultdict[ClaimKind, dict[Claim, Claim]]] = defaultdict(lambda: defaultdict(dict))
    for placed in read.placed:
        of_kind = found[placed.sentence][placed.claim.base]
        if len(of_kind) < _MOST_FACTS:
            # where it stands does not tell one fact from another
            of_kind.setdefault(replace(placed.claim, span=_NOWHERE), placed.claim)
    return {s: {base: tuple(claims.values()) for base, claims in kinds.items()} for s, kinds in found.items()}


def _negated(read: ReadText) -> frozenset[int]:
    starts = [sentence.start for sentence in read.sentences]
    counts = Counter(bisect.bisect_right(starts, place) - 1 for place in negators(read.folded.text))
    return frozenset(sentence for sentence, count in counts.items() if count % 2)


def _bag(read: ReadText, index: int) -> Bag:
    """The words of a sentence; of a question and of a heading none, since they state nothing."""
    sentence = read.sentences[index]
    if _states_nothing(read, sentence):
        return Bag({})
    parts = [
        (stems(read.wording[sentence.start : sentence.stop]), 1.0),
        (stems(sentence.heading), _HEADING_WEIGHT),
    ]
    if index > 0 and read.sentences[index - 1].heading == sentence.heading:
        before = read.sentences[index - 1]
        weight = _QUESTION_WEIGHT if _asks(read, before) else _NEIGHBOUR_WEIGHT
        parts.append((stems(read.wording[before.start : before.stop]), weight))
    return Bag.of(parts)


def _asks(read: ReadText, sentence: Sentence) -> bool:
    return read.folded.text[sentence.stop - 1] == "?"


def _states_nothing(read: ReadText, sentence: Sentence) -> bool:
    return _asks(read, sentence) or read.folded.text[sentence.start] == "#"
