"""Whether the typed claims of an answer are supported; for each that is not, the nearest thing a source says.

A claim is supported by
  (1) a field of a record that holds its value;
  (2) today's date;
  (3) the nearest sentences of the documents, when one of them says the same;
  (4) the person's own words, as far as they go;
  (5) arithmetic on what is supported: it is derived, and says from what.
"""

import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from trilens.mechanisms.content.claim import Claim, ClaimKind, Reading, has_value, is_supported_by, names_value
from trilens.mechanisms.content.claims import Placed, ReadText, read_text
from trilens.mechanisms.content.derived import Given, Place, derivation, rounded_from
from trilens.mechanisms.content.fields import NO_FIELDS, FieldIndex
from trilens.mechanisms.content.nearest import Neighbourhood
from trilens.mechanisms.content.numbers import numbers_in
from trilens.mechanisms.content.said import is_said, numbers_said, values_said

MOST_CLAIMS = 400
"""Claims of one answer that are compared. One that makes more is no answer to a person, and does not count as supported."""
_BESIDE, _SENTENCES_BEFORE = 8, 2
"""Claims on either side of one, and sentences before its own, that it may be computed from."""
_MOST_COUNT = 1_000
_DATES = ("date", "month_day")
_NO_AMOUNTS = (
    *_DATES,
    "year_month",
    "weekday",
    "relative",
    "clock",
    "seconds",
    "business_days",
    "months",
    "percent",
    "percentage_points",
)
_MOST_SAID = 8
MOST_CASE = 64
"""Dates, and amounts, of records and of the person's words that are computed with, newest first."""
_DEFINITE = (" the ", " die ", " der ", " den ")
_NAMING = (" of ", " von ", *_DEFINITE)
"""A value right after them only names what the sentence speaks of."""
_SHORT = 4


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an answer may rely on."""

    documents: tuple[str, ...] = ()
    fields: FieldIndex = NO_FIELDS
    said: tuple[str, ...] = ()
    """The person's own words, oldest first."""
    question: str = ""
    """What the answer answers: it tells what a short answer is about, and supports nothing by itself."""
    today: date | None = None


@dataclass(frozen=True, slots=True)
class NearestSentence:
    document: int
    """Index among the documents."""
    text: str


@dataclass(frozen=True, slots=True)
class NearestField:
    field: int
    """Index among the fields."""


@dataclass(frozen=True, slots=True)
class Unsupported:
    claim: Claim
    nearest: NearestSentence | NearestField | None
    """None when nothing speaks of the same thing."""


@dataclass(frozen=True, slots=True)
class Derived:
    claim: Claim
    basis: str
    """What it follows from: `30 EUR + 6 EUR`."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The claims of an answer that do not simply stand in the evidence, in order."""

    unsupported: tuple[Unsupported, ...]
    derived: tuple[Derived, ...]


def read_answer(text: str) -> ReadText:
    """An answer with its claims, as far as they are compared."""
    return read_text(text, most=MOST_CLAIMS)


def unsupported_claims(
    read: ReadText, evidence: Evidence, kinds: frozenset[ClaimKind], *, most: int = MOST_CLAIMS
) -> tuple[Unsupported, ...]:
    """The first claims of `kinds` in a text that nothing supports, at most `most`, in order."""
    return compare(read, evidence, kinds, most=most).unsupported


def compare(read: ReadText, evidence: Evidence, kinds: frozenset[ClaimKind], *, most: int = MOST_CLAIMS) -> Compared:
    """Compare the claims of `kinds`, up to the one after which `most` are unsupported.

    A deadline is also a claim of the kind it is made of; and a period that answers a question in a word is a deadline. Of a text with too
    many claims, the last one that was read counts as unsupported.
    """
    case = _Case(read, evidence)
    unsupported: list[Unsupported] = []
    derived: list[Derived] = []
    for at, placed in enumerate(read.placed):
        if len(unsupported) == most:
            break
        if not _is_wanted(placed, kinds, is_elliptic=case.around.is_elliptic(placed)) or case.supports(at):
            continue
        basis = case.derives(at)
        if basis:
            derived.append(Derived(placed.claim, basis))
        else:
            unsupported.append(Unsupported(placed.claim, case.nearest(placed)))
    if not read.is_whole and not unsupported and read.placed:
        unsupported.append(Unsupported(read.placed[-1].claim, None))
    return Compared(tuple(unsupported), tuple(derived))


@dataclass(frozen=True, slots=True)
class _Known:
    """What may be computed with, beyond the answer."""

    values: tuple[Reading, ...]
    """Of records and of the person's words."""
    amounts: Mapping[Decimal, Collection[Reading]]
    """Of those, and of the documents, by number."""
    counts: frozenset[Decimal]


class _Case:
    """One answer and what it may rely on; what was found of a claim is remembered, since others are computed from it."""

    def __init__(self, read: ReadText, evidence: Evidence) -> None:
        self.around = Neighbourhood(read, evidence.documents, evidence.question)
        self._read = read
        self._evidence = evidence
        self._fields = evidence.fields
        self._holds: dict[int, bool] = {}

    def supports(self, at: int) -> bool:
        known = self._holds.get(at)
        if known is None:
            known = self._holds[at] = self._supports(self._read.placed[at])
        return known

    def _supports(self, placed: Placed) -> bool:
        claim = placed.claim
        if self._fields.gives(claim) or _is_today(claim, self._evidence.today):  # (1), (2)
            return True
        rules = self.around.rules(placed)
        if self._says_same(placed, rules):  # (3)
            return True
        spoken = self._read.folded.text[slice(*self.around.spoken(placed))]
        return is_said(claim, spoken, self._evidence.said, rules)  # (4)

    def _says_same(self, placed: Placed, rules: Sequence[Claim]) -> bool:
        claim = placed.claim
        before = f" {self._read.folded.text[max(0, placed.start - _SHORT) : placed.start].lower()}"
        if before.endswith(_NAMING):
            known = self.around.related(placed, claim.base)
            if claim.base is ClaimKind.DURATION and before.endswith(_DEFINITE):
                # "the 30 days have passed" speaks of a period that was stated, whatever else the sentence speaks of
                rules = (*rules, *known)
            denies = self.around.denies(placed)
            if (
                claim.base is ClaimKind.AMOUNT
                and denies is not None
                and any(names_value(claim, fact) for fact in known)
            ):
                # "the shipping costs of 6 EUR are not refunded": what they are is in one sentence, what becomes of them in another
                return denies is claim.negated
        return any(is_supported_by(claim, rule) for rule in rules)

    def derives(self, at: int) -> str:  # (5)
        """What the claim at this place follows from; empty when from nothing."""
        placed = self._read.placed[at]
        start, stop = self.around.spoken(placed)
        place = Place(self._read.folded.text[start:stop], placed.start - start, placed.stop - start)
        basis = self._rounds(at) or derivation(placed.claim, place, self._given(at, self._read.wording[start:stop]))
        if basis:
            self._holds[at] = True
        return basis

    def _given(self, at: int, wording: str) -> Given:
        case = self._case
        bare = list(dict.fromkeys(numbers_in(wording)))[::-1]
        return Given(
            beside=[other.claim for other in self._beside(at)],
            bare=[value for number in bare for value in case.amounts.get(number, ())],
            counts=[int(n) for n in bare if n in case.counts and 1 < n <= _MOST_COUNT and n == int(n)],
            said=[v for v in values_said(self._evidence.said) if v.scale not in _NO_AMOUNTS][:_MOST_SAID],
            case=case.values,
            rules=self._rules(self._read.placed[at]),
            today=self._evidence.today,
        )

    def _rounds(self, at: int) -> str:
        """Whether it only rounds up the period that explains it: `not longer than a week: 5 working days`."""
        after = self._read.placed[at + 1] if at + 1 < len(self._read.placed) else None
        placed = self._read.placed[at]
        if after is None or after.sentence != placed.sentence or not self.supports(at + 1):
            return ""
        between = self._read.folded.text[placed.stop : after.start]
        return rounded_from(placed.claim, between, after.claim)

    @functools.cached_property
    def _case(self) -> "_Known":
        values = (*self._fields.values(), *values_said(self._evidence.said))
        amounts: dict[Decimal, dict[Reading, None]] = {}
        for value in (*(value for value in values if value.scale not in _NO_AMOUNTS), *self.around.amounts()):
            amounts.setdefault(value.number, {})[value] = None
        counts = numbers_said(self._evidence.said) | frozenset(self._fields.counts())
        dates = [value for value in values if value.scale in _DATES][:MOST_CASE]
        money = [value for value in values if value.scale not in _NO_AMOUNTS][:MOST_CASE]
        return _Known((*dates, *money), amounts, counts)

    def _beside(self, at: int) -> Iterator[Placed]:
        """Supported claims near one, nearest first."""
        placed = self._read.placed
        mine = placed[at]
        near = sorted(
            range(max(0, at - _BESIDE), min(len(placed), at + _BESIDE + 1)), key=lambda other: abs(other - at)
        )
        for other in near:
            distance = mine.sentence - placed[other].sentence
            if other != at and 0 <= distance <= _SENTENCES_BEFORE and self.supports(other):
                yield placed[other]

    def _rules(self, placed: Placed) -> tuple[Claim, ...]:
        wanted = ClaimKind.PERCENTAGE if placed.claim.base is ClaimKind.AMOUNT else ClaimKind.DURATION
        return self.around.related(placed, wanted)

    def nearest(self, placed: Placed) -> NearestSentence | NearestField | None:
        """A field that the sentence names, or else the closest sentence."""
        field = self._fields.named(self.around.words_of(placed), placed.claim)
        if field is not None:
            return NearestField(field)
        closest = self.around.closest(placed)
        return NearestSentence(closest.document, self.around.excerpt(closest)) if closest is not None else None


def _is_wanted(placed: Placed, kinds: frozenset[ClaimKind], *, is_elliptic: bool) -> bool:
    claim = placed.claim
    if claim.kind in kinds or claim.base in kinds:
        return True
    return is_elliptic and claim.kind is ClaimKind.DURATION and ClaimKind.DEADLINE in kinds


def _is_today(claim: Claim, today: date | None) -> bool:
    if today is None or claim.base is not ClaimKind.DATE:
        return False
    return has_value(claim, (Reading("date", Decimal(today.year * 10_000 + today.month * 100 + today.day)),))
