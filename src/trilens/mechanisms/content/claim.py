"""A claim: one typed statement of a text, and what it takes for another to say the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from trilens.vocabulary.verdict import Span


class ClaimKind(StrEnum):
    AMOUNT = "amount"
    DATE = "date"
    PERCENTAGE = "percentage"
    DURATION = "duration"
    DEADLINE = "deadline"
    """A duration, a date or a moment by which, or only after which, something happens."""
    MOMENT = "moment"
    """A weekday or a time of day; on its own it claims nothing that a manifest could ask for."""


class Bound(StrEnum):
    """Which side of its value a claim speaks of."""

    NONE = "none"
    AT_LEAST = "at least"
    MORE_THAN = "more than"
    AT_MOST = "at most"
    LESS_THAN = "less than"

    @property
    def complement(self) -> "Bound":
        """What is left when it is negated: not more than is at most."""
        return _COMPLEMENT[self]

    @property
    def is_upward(self) -> bool:
        return self in (Bound.AT_LEAST, Bound.MORE_THAN)


_COMPLEMENT = {
    Bound.NONE: Bound.NONE,
    Bound.AT_LEAST: Bound.LESS_THAN,
    Bound.LESS_THAN: Bound.AT_LEAST,
    Bound.MORE_THAN: Bound.AT_MOST,
    Bound.AT_MOST: Bound.MORE_THAN,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A value in one scale: `EUR`, `percent`, `seconds`, `business_days`, `months`, `date`, `month_day`, `grams`."""

    scale: str
    number: Decimal


@dataclass(frozen=True, slots=True)
class Found:
    """A typed value in a text, before its surroundings are read."""

    kind: ClaimKind
    start: int
    stop: int
    """Exclusive."""
    readings: tuple[Reading, ...]
    """What it may mean; more than one when the spelling is ambiguous (`03/04/2026`)."""
    bound: Bound = Bound.NONE
    """Of the ends of a range."""
    is_range: bool = False
    needs_deadline: bool = False
    """It is only a value when its surroundings say so: `a week`."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A typed value as its sentence uses it."""

    kind: ClaimKind
    base: ClaimKind
    """Of a deadline: what it is made of; of any other claim its kind."""
    span: Span
    readings: tuple[Reading, ...]
    bound: Bound
    negated: bool
    is_range: bool

    @property
    def stance(self) -> "Stance":
        """Bound and negation in one form: `not more than` and `at most` take the same stance."""
        if self.negated and self.bound is not Bound.NONE:
            return Stance(self.bound.complement, negated=False)
        return Stance(self.bound, self.negated)


@dataclass(frozen=True, slots=True)
class Stance:
    bound: Bound
    negated: bool


def is_supported_by(claim: Claim, fact: Claim) -> bool:
    """Whether `fact`, a claim of a source, says what `claim` says."""
    return has_value(claim, fact.readings) and _agree(claim, fact)


def names_value(claim: Claim, fact: Claim) -> bool:
    """Whether the claim names an amount that `fact` states, whatever is said of it: `the shipping costs of 6 EUR are not refunded`."""
    is_plain = claim.stance.bound is Bound.NONE and not claim.is_range and not fact.is_range
    return is_plain and has_value(claim, fact.readings)


def has_value(claim: Claim, given: Iterable[Reading]) -> bool:
    """Whether some reading of the claim is given. A full date also gives its day and its month."""
    return any(reading in claim.readings for one in given for reading in given_by(one))


def given_by(reading: Reading) -> tuple[Reading, ...]:
    """What somebody may say who knows this value."""
    if reading.scale != "date":
        return (reading,)
    year, month, day = int(reading.number) // 10_000, int(reading.number) // 100 % 100, int(reading.number) % 100
    return (
        reading,
        Reading("month_day", Decimal(month * 100 + day)),
        Reading("year_month", Decimal(year * 100 + month)),
    )


def _agree(claim: Claim, fact: Claim) -> bool:
    """Whether both stand on the same side of the value.

    A claim without a bound repeats a value; it agrees with a bounded fact, but not with one end of a range. A bounded claim about a fact
    without a bound agrees only when the exact value implies it: "within 30 days" of "30 days", and never "more than 30 days".
    """
    mine, theirs = claim.stance, fact.stance
    if fact.is_range and not claim.is_range and mine.bound is Bound.NONE:
        return False
    if mine.bound is not Bound.NONE and theirs.bound is not Bound.NONE:
        return mine.bound.is_upward == theirs.bound.is_upward
    # "no return after 30 days" speaks of "30 days to return", and "expires, once 15 minutes are over" of "expires after 15 minutes"
    if mine.negated != theirs.negated and claim.negated != fact.negated:
        return False
    if mine.bound is Bound.NONE:
        return True
    if claim.base in (ClaimKind.DURATION, ClaimKind.DATE, ClaimKind.MOMENT):
        return not mine.bound.is_upward
    return mine.bound in (Bound.AT_LEAST, Bound.AT_MOST)
