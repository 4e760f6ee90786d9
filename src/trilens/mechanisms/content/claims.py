"""Every typed claim of a text: amounts, dates, percentages, durations, deadlines, each with its exact place.

    fold → find values of each kind → drop what overlaps a longer one → read the words around each → Claim

Linear in the text, whatever it says; never raises.
"""

import bisect
import itertools
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from trilens.mechanisms.content.amounts import find_amounts
from trilens.mechanisms.content.bounds import Surroundings, surroundings
from trilens.mechanisms.content.carried import find_carried
from trilens.mechanisms.content.claim import Bound, Claim, ClaimKind, Found
from trilens.mechanisms.content.dates import find_dates
from trilens.mechanisms.content.durations import UNIT, find_durations
from trilens.mechanisms.content.fold import Folded, fold
from trilens.mechanisms.content.moments import MOMENT_WORDS, find_moments
from trilens.mechanisms.content.numbers import ONE_WORD
from trilens.mechanisms.content.percentages import find_percentages
from trilens.mechanisms.content.polarity import negators
from trilens.mechanisms.content.scan import Pattern
from trilens.mechanisms.content.sentences import Sentence, split_clauses, split_sentences

_OPENING, _ADVERBIAL = 4, 16
"""A clause that opens with the words of a comparator (after so many characters at most), and ends so soon after its value, is an adverbial and
shares the fate of its neighbour."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A claim and where it stands in the folded text."""

    claim: Claim
    start: int
    stop: int
    sentence: int
    """Index of its sentence."""
    clause: tuple[int, int]
    """Start and stop of the clause it belongs to."""
    beside: tuple[int, int]
    """Start and stop of that clause with the ones before and after it."""


@dataclass(frozen=True, slots=True)
class ReadText:
    """A text with its sentences and the claims in them."""

    folded: Folded
    sentences: tuple[Sentence, ...]
    placed: tuple[Placed, ...]
    wording: str
    """The folded text with every claim blanked out: what the claims are about."""
    is_whole: bool = True
    """Whether all claims were read; false when there were more than asked for."""


def claims_in(text: str) -> tuple[Claim, ...]:
    """The typed claims of `text`, in order. The two ends of a range are two claims with one span."""
    return tuple(placed.claim for placed in read_text(text).placed)


_VALUE = Pattern(
    rf"(?i)\d|\b(?:{ONE_WORD})|\ban?[\s-]{{1,2}}(?:[a-z]+[\s-])?(?:{UNIT})|{MOMENT_WORDS}",
    has_groups=False,
)


def may_hold_value(text: str) -> bool:
    """False when no claim can be in `text`, which is told at once."""
    return _VALUE.is_in(fold(text).text)


def read_text(text: str, *, most: int = sys.maxsize) -> ReadText:
    """`text` with its sentences and claims, of each kind at most the first `most` values."""
    folded = fold(text)
    sentences = split_sentences(folded.text)
    values = _Values.of(folded.text, most)
    found = _with_carried(folded.text, _longest(values.found), most)
    placed = tuple(_placed(found, folded, sentences)) if found else ()
    return ReadText(folded, sentences, placed, _blanked(folded.text, placed), values.are_all)


def _blanked(text: str, placed: Iterable[Placed]) -> str:
    parts: list[str] = []
    position = 0
    for claim in placed:
        parts.append(text[position : claim.start])
        parts.append(" " * (claim.stop - max(position, claim.start)))
        position = max(position, claim.stop)
    parts.append(text[position:])
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class _Values:
    found: tuple[Found, ...]
    are_all: bool

    @classmethod
    def of(cls, text: str, most: int) -> "_Values":
        """The values of each kind, at most `most` of each."""
        found: list[Found] = []
        are_all = True
        for find in (find_dates, find_durations, find_amounts, find_percentages, find_moments):
            values = find(text)
            taken = list(itertools.islice(values, most))
            are_all = are_all and next(values, None) is None
            found += (value for value in taken if _stands_alone(text, value.start))
        return cls(tuple(found), are_all)


def _stands_alone(text: str, start: int) -> bool:
    """Whether a value starts where a word may: `O-1001`, `v1.30` and `A30` hold none."""
    if start == 0 or not text[start].isalnum():
        return True
    before = text[start - 1]
    if before.isalnum() or before == "_":
        return False
    return not (before in "-.,/" and start > 1 and text[start - 2].isalnum())


def _longest(values: Iterable[Found]) -> list[Found]:
    """What overlaps no longer value, in order; of equal spans all are kept, since the ends of a range share one."""
    kept: list[Found] = []
    for found in sorted(values, key=lambda f: (f.start, -f.stop)):
        last = kept[-1] if kept else None
        if last is None or found.start >= last.stop or (found.start, found.stop) == (last.start, last.stop):
            kept.append(found)
        elif found.stop - found.start > last.stop - last.start:
            kept[-1] = found
    return kept


def _with_carried(text: str, values: list[Found], most: int) -> list[Found]:
    carried = find_carried(text, values, lambda phrase: _longest(_Values.of(phrase, most).found))
    return sorted((*values, *itertools.islice(carried, most)), key=lambda found: found.start)


def _placed(values: Sequence[Found], folded: Folded, sentences: Sequence[Sentence]) -> Iterator[Placed]:
    starts = [sentence.start for sentence in sentences]
    around = [surroundings(folded.text, found) for found in values]
    denials = _denials(folded.text, values, around)
    clauses: dict[int, _Clauses] = {}
    for found, words in zip(values, around, strict=True):
        if found.needs_deadline and not words.is_deadline and words.bound is Bound.NONE:
            continue
        index = max(0, bisect.bisect_right(starts, found.start) - 1)
        if index not in clauses:
            clauses[index] = _Clauses.of(folded.text, sentences[index])
        own = clauses[index].around(found, words)
        start, stop = own.clause
        is_negated = (bisect.bisect_left(denials, stop) - bisect.bisect_left(denials, start)) % 2 == 1
        claim = _claim(found, words, folded, is_negated=is_negated)
        yield Placed(claim, found.start, found.stop, index, own.clause, own.beside)


def _denials(text: str, values: Sequence[Found], around: Sequence[Surroundings]) -> list[int]:
    """Where the text negates, without the words of comparators: `no later than` denies nothing."""
    ends = [found.stop for found in values]
    starts = [words.comparator_start for words in around]

    def is_comparators(place: int) -> bool:
        following = bisect.bisect_right(ends, place)
        return following < len(ends) and starts[following] <= place

    return [place for place in negators(text) if not is_comparators(place)]


@dataclass(frozen=True, slots=True)
class _Clauses:
    """The clauses of one sentence."""

    starts: tuple[int, ...]
    relative: tuple[bool, ...]
    stop: int

    @classmethod
    def of(cls, text: str, sentence: Sentence) -> "_Clauses":
        clauses = split_clauses(text[sentence.start : sentence.stop])
        starts = tuple(clause.start + sentence.start for clause in clauses)
        return cls(starts, tuple(clause.is_relative for clause in clauses), sentence.stop)

    def around(self, found: Found, words: Surroundings) -> "_Own":
        """The clause of a value; with its neighbour when it is an adverbial (`after 30 days, you cannot …`)."""
        last = len(self.starts) - 1
        first = stop = max(0, bisect.bisect_right(self.starts, found.start) - 1)
        opens = words.comparator_start < found.start and words.comparator_start - self.starts[first] <= _OPENING
        is_adverbial = opens and self._end(first) - found.stop <= _ADVERBIAL
        if first < last and self.relative[first + 1]:
            # "fees under 10 EUR, which are paid, are not refunded": what stands between is passed over
            stop = min(last, first + 2)
        elif is_adverbial and first < last:
            stop = first + 1
        elif is_adverbial and first > 0:
            first -= 1
        return _Own(
            (self.starts[first], self._end(stop)), (self.starts[max(0, first - 1)], self._end(min(last, stop + 1)))
        )

    def _end(self, clause: int) -> int:
        return self.starts[clause + 1] if clause + 1 < len(self.starts) else self.stop


@dataclass(frozen=True, slots=True)
class _Own:
    clause: tuple[int, int]
    beside: tuple[int, int]


def _claim(found: Found, around: Surroundings, folded: Folded, *, is_negated: bool) -> Claim:
    is_deadline = around.is_deadline and found.kind in (ClaimKind.DURATION, ClaimKind.DATE, ClaimKind.MOMENT)
    return Claim(
        kind=ClaimKind.DEADLINE if is_deadline else found.kind,
        base=found.kind,
        span=folded.original(found.start, found.stop),
        readings=found.readings,
        bound=found.bound if found.is_range else around.bound,
        negated=is_negated,
        is_range=found.is_range,
    )
