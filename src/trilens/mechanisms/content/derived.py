"""Values that follow from others by arithmetic that everybody would accept, each with what it follows from.

| Claim | follows from | when |
|---|---|---|
| date | a date of the case or of the answer, and a period | the period is a rule of sentences that speak of the same thing, or stands in the answer |
| days | a date of the case or of the answer, and today | the words say that they have passed or are left; what is left ends a period as above |
| amount | an amount and a share of it | the share is a rule of sentences that speak of the same thing, or stands in the answer |
| amount | amounts of the answer, added, subtracted, or times a count | the operands stand beside it, and the sentence says that it computes; what is taken away may be the person's own amount |

INVARIANT: no period, deadline or percentage follows from other periods or percentages: thirty days and thirty days promise nobody sixty.
Every operand is supported by itself. What is tried is bounded: `_MOST_DATES` × `_MOST_RULES` ends, `_MOST_AMOUNTS` × `_MOST_RULES` shares, and
sums of at most `_MOST_ADDENDS` of the `_MOST_BESIDE` nearest amounts.
"""

import calendar
import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from trilens.mechanisms.content.claim import Bound, Claim, ClaimKind, Reading
from trilens.mechanisms.content.scan import Pattern

_DAY = 86_400
_LONGEST_DAYS = 36_600
_CENT = Decimal("0.01")
_MOST_DATES, _MOST_AMOUNTS, _MOST_RULES = 64, 64, 16
_MOST_BESIDE, _MOST_ADDENDS = 8, 3
_NEAREST_YEAR_DAYS = 183
_ADDS = Pattern(
    r"(?i)\+|=|\b(?:plus|total|totals|totalling|altogether|together|in\sall|sum|combined|including|incl|makes?|zusammen|insgesamt|gesamt\w*|summe|"
    r"inklusive|inkl|zuzüglich|zzgl|macht|ergibt)\b"
)
_SUBTRACTS = Pattern(
    r"(?i)\d[^\w\n]{0,2}\s-\s|=|\b(?:minus|less|after|deduct(?:ed|ing)?|subtract(?:ed|ing)?|remain(?:s|ing|der)?|left|difference|missing|short|more|"
    r"abzüglich|abzgl|abgezogen|weniger|bleib(?:t|en)|differenz|übrig|rest\w*|fehl(?:t|en)|noch)\b"
)
_MULTIPLIES = Pattern(
    r"(?i)[×*=]|\d\s?x\s?\d?|\b(?:each|per|apiece|times|together|total|je|jeweils|pro|mal|stück|zusammen|insgesamt)\b"
)
_PASSED_BEHIND = Pattern(r"(?i)^\s(?:ago|earlier|have\s(?:now\s)?passed|her|vergangen)\b")
_PASSED_BEFORE = Pattern(r"(?i)\b(?:vor|seit|has\sbeen|have\sbeen|it's\sbeen)\s(?:now\s|etwa\s|genau\s|exactly\s)?$")
_LEFT_BEHIND = Pattern(r"(?i)^\s(?:are\s|is\s)?(?:left|remain(?:ing)?|to\sgo|more|übrig|zeit)\b")
_LEFT_BEFORE = Pattern(
    r"(?i)\b(?:still\shave|have\sstill|left\swith|leaves(?:\syou)?|another|noch|bleiben\sihnen|bleiben\sdir)\s(?:another\s|etwa\s|genau\s|exactly\s)?$"
)
_AROUND = 32


@dataclass(frozen=True, slots=True)
class Given:
    """What a claim may be computed from; every value is supported by itself."""

    beside: Sequence[Claim]
    """Claims of the answer that stand near it, nearest first."""
    bare: Sequence[Reading]
    """Amounts whose number stands near it without a unit (`49.90 + 4.95`)."""
    counts: Collection[int]
    """Counts that stand near it and that the person or a record named."""
    said: Sequence[Reading]
    """Amounts of the person's words."""
    case: Sequence[Reading]
    """Dates and amounts of records and of the person's words, newest first."""
    rules: Sequence[Claim]
    """Periods and percentages of the sentences that speak of the same thing."""
    today: date | None


@dataclass(frozen=True, slots=True)
class Place:
    """A claim's sentence, folded, and where in it the claim stands."""

    sentence: str
    start: int
    stop: int


def derivation(claim: Claim, place: Place, given: Given) -> str:
    """What the claim's value follows from, for people (`30 EUR + 6 EUR`); empty when from nothing that is given."""
    if claim.is_range:
        return ""
    match claim.base:
        case ClaimKind.DATE:
            ways = ((set(_readings(end)), how) for end, how in _ends(given))
        case ClaimKind.AMOUNT:
            ways = (({value}, how) for value, how in _amounts(claim, place.sentence, given))
        case ClaimKind.DURATION:
            ways = (({value}, how) for value, how in _spans(place, given))
        case ClaimKind.PERCENTAGE | ClaimKind.DEADLINE | ClaimKind.MOMENT:
            return ""
    wanted = set(claim.readings)
    return next((how for values, how in ways if wanted & values), "")


def _dates(given: Given) -> Iterator[tuple[date, str]]:
    beside = (reading for claim in given.beside if claim.base is ClaimKind.DATE for reading in claim.readings)
    days = (day for reading in (*beside, *given.case) if (day := _as_date(reading, given.today)) is not None)
    return ((day, day.isoformat()) for day in itertools.islice(dict.fromkeys(days), _MOST_DATES))


def _as_date(reading: Reading, today: date | None) -> date | None:
    number = int(reading.number)
    if reading.scale == "date":
        return date(number // 10_000, number // 100 % 100, number % 100)
    if reading.scale != "month_day" or today is None or number == 229:
        return None
    near = (date(year, number // 100, number % 100) for year in (today.year - 1, today.year, today.year + 1))
    return next((day for day in near if abs((day - today).days) <= _NEAREST_YEAR_DAYS), None)


def _ends(given: Given) -> Iterator[tuple[date, str]]:
    """The last days of the periods; business days depend on where one is, and give none."""
    periods = [c for c in (*given.beside, *given.rules) if c.base is ClaimKind.DURATION and not c.is_range]
    readings = dict.fromkeys(reading for period in periods for reading in period.readings)
    for start, shown in _dates(given):
        for period in itertools.islice(readings, _MOST_RULES):
            end = _after(start, period)
            if end is not None:
                yield end, f"{shown} + {_shown(period)}"


def _after(start: date, period: Reading) -> date | None:
    whole = int(period.number)
    if period.scale == "seconds" and whole % _DAY == 0 and 0 < whole // _DAY <= _LONGEST_DAYS:
        return start + timedelta(days=whole // _DAY)
    if period.scale == "months" and period.number == whole and 0 < whole <= _LONGEST_DAYS // 31:
        year, month = divmod(start.year * 12 + start.month - 1 + whole, 12)
        return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))
    return None


def _readings(day: date) -> tuple[Reading, ...]:
    month_day = day.month * 100 + day.day
    return (
        Reading("date", Decimal(day.year * 10_000 + month_day)),
        Reading("month_day", Decimal(month_day)),
    )


def _spans(place: Place, given: Given) -> Iterator[tuple[Reading, str]]:
    """Days since a date, where the words say that they have passed; days to the end of a period, where they say that they are left."""
    if given.today is None:
        return
    before = place.sentence[max(0, place.start - _AROUND) : place.start]
    behind = place.sentence[place.stop : place.stop + _AROUND]
    if _PASSED_BEHIND.search(behind) is not None or _PASSED_BEFORE.search(before) is not None:
        for day, shown in _dates(given):
            yield _days((given.today - day).days), f"{given.today} - {shown}"
    if _LEFT_BEHIND.search(behind) is not None or _LEFT_BEFORE.search(before) is not None:
        for end, shown in _ends(given):
            yield _days((end - given.today).days), f"{shown} - {given.today}"


def _days(count: int) -> Reading:
    return Reading("seconds", Decimal(count * _DAY))


def _amounts(claim: Claim, sentence: str, given: Given) -> Iterator[tuple[Reading, str]]:
    scale = claim.readings[0].scale
    beside = [c for c in given.beside if c.base is ClaimKind.AMOUNT and not c.is_range and c.readings[0].scale == scale]
    bare = [reading.number for reading in given.bare if reading.scale == scale]
    exact = _nearest((c.readings[0].number for c in beside if c.stance.bound is Bound.NONE), bare)
    either = _nearest((c.readings[0].number for c in beside), bare)
    said = [reading.number for reading in given.said if reading.scale == scale]
    amounts = [*either, *(r.number for r in given.case if r.scale == scale)][:_MOST_AMOUNTS]
    for value, how in itertools.chain(
        _shares(amounts, given),
        _sums(exact[::-1]) if _ADDS.search(sentence) else (),
        _differences(either, said) if _SUBTRACTS.search(sentence) else (),
        _products(exact, given.counts) if _MULTIPLIES.search(sentence) else (),
    ):
        yield Reading(scale, value), f"{how} {scale}"


def _nearest(beside: Iterator[Decimal], bare: Sequence[Decimal]) -> list[Decimal]:
    return list(itertools.islice(dict.fromkeys((*beside, *bare)), _MOST_BESIDE))


def _shares(amounts: Sequence[Decimal], given: Given) -> Iterator[tuple[Decimal, str]]:
    """The share of an amount, and what is left of it, rounded to cents either way."""
    shares = dict.fromkeys(r.number for c in (*given.beside, *given.rules) for r in c.readings if r.scale == "percent")
    for share, amount in itertools.product(itertools.islice(shares, _MOST_RULES), amounts):
        part = amount * share / 100
        for rounding in (ROUND_HALF_UP, ROUND_HALF_EVEN):
            yield part.quantize(_CENT, rounding), f"{share} % of {amount}"
            yield (amount - part).quantize(_CENT, rounding), f"{amount} less {share} %"


def _sums(addends: Sequence[Decimal]) -> Iterator[tuple[Decimal, str]]:
    for size in range(2, _MOST_ADDENDS + 1):
        for some in itertools.combinations(addends, size):
            yield sum(some, Decimal(0)), " + ".join(map(str, some))


def _differences(amounts: Sequence[Decimal], said: Sequence[Decimal]) -> Iterator[tuple[Decimal, str]]:
    """Of two amounts of the answer, or of one and what the person named: what `you need 15 EUR more` is about."""
    for one, other in itertools.chain(itertools.permutations(amounts, 2), itertools.product(amounts, said)):
        if one > other:
            yield one - other, f"{one} - {other}"


def _products(amounts: Sequence[Decimal], counts: Collection[int]) -> Iterator[tuple[Decimal, str]]:
    for amount, count in itertools.product(amounts, counts):
        yield amount * count, f"{count} x {amount}"


def _shown(reading: Reading) -> str:
    if reading.scale == "seconds":
        return f"{int(reading.number) // _DAY} days"
    return f"{reading.number.normalize():f} {reading.scale}"


_EXPLAINS = Pattern(r"(?i)^\s?[:(,-]\s?(?:namely|that\sis|i\.e\.|it\stakes|nämlich|das\sheißt|d\.h\.|also)?\s?$")
_WORTH_SECONDS = {"seconds": Decimal(1), "business_days": Decimal(_DAY * 7) / 5, "months": Decimal(_DAY) * 365 / 12}
_COARSEST = 2
"""A round figure is at most so many times what it stands for."""


def rounded_from(claim: Claim, between: str, exact: Claim) -> str:
    """The period that explains a round one right before it (`less than a week: 5 working days`); empty when it does not."""
    is_below = claim.stance.bound in (Bound.AT_MOST, Bound.LESS_THAN) and claim.kind is ClaimKind.DURATION
    if not is_below or exact.base is not ClaimKind.DURATION or _EXPLAINS.search(between) is None:
        return ""
    round_s, exact_s = (_WORTH_SECONDS[r.scale] * r.number for r in (claim.readings[0], exact.readings[0]))
    return f"{_shown(exact.readings[0])}, rounded" if exact_s <= round_s <= _COARSEST * exact_s else ""
