"""Which sentence of a source speaks of the same thing as a clause of an answer: rare shared words weigh more.

A value is looked for in the nearest sentences and nowhere else: in the whole document almost any number stands somewhere, and a
changed one that fits another sentence would pass.
"""

import functools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trilens.mechanisms.content.claim import Claim
from trilens.mechanisms.content.claims import ReadText, read_text
from trilens.mechanisms.content.words import language_of, stems

_HEADING_WEIGHT = 0.5
_NEIGHBOUR_WEIGHT = 0.25


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
    facts: Mapping[int, tuple[Claim, ...]]
    """By sentence."""
    postings: Mapping[str, tuple[tuple[int, float], ...]]
    """By stem: sentences it stands in, and its weight there."""
    rarity: Mapping[str, float]
    unseen: float
    """Rarity of a word the document does not have."""
    lengths: tuple[float, ...]
    """Of each sentence, as a vector."""
    language: str
    """`en`, `de`, or empty when it does not tell."""

    def scores(self, query: Bag) -> dict[int, float]:
        """Cosine of the query with each sentence that shares a word with it, 0 to 1."""
        total: defaultdict[int, float] = defaultdict(float)
        square = 0.0
        for stem, weight in query.weights.items():
            rarity = self.rarity.get(stem, self.unseen)
            square += (weight * rarity) ** 2
            for sentence, here in self.postings.get(stem, ()):
                total[sentence] += weight * here * rarity * rarity
        norm = math.sqrt(square) or 1.0
        return {s: value / (norm * self.lengths[s]) for s, value in total.items() if self.lengths[s]}

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
        for stem, weight in bag.weights.items():
            postings[stem].append((index, weight))
    facts: defaultdict[int, list[Claim]] = defaultdict(list)
    for placed in read.placed:
        facts[placed.sentence].append(placed.claim)
    return Document(
        read=read,
        facts={sentence: tuple(claims) for sentence, claims in facts.items()},
        postings={stem: tuple(places) for stem, places in postings.items()},
        rarity=rarity,
        unseen=math.log(1 + 2 * len(bags)),
        lengths=tuple(math.sqrt(sum((w * rarity[s]) ** 2 for s, w in bag.weights.items())) for bag in bags),
        language=language_of(text),
    )


def _bag(read: ReadText, index: int) -> Bag:
    sentence = read.sentences[index]
    parts = [
        (stems(read.wording[sentence.start : sentence.stop]), 1.0),
        (stems(sentence.heading), _HEADING_WEIGHT),
    ]
    if index > 0 and read.sentences[index - 1].heading == sentence.heading:
        before = read.sentences[index - 1]
        parts.append((stems(read.wording[before.start : before.stop]), _NEIGHBOUR_WEIGHT))
    return Bag.of(parts)
