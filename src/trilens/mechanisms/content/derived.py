"""Values that follow from two facts by arithmetic everybody would accept: a date and a period, a price and a share of it."""

import calendar
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from trilens.mechanisms.content.claim import Claim, ClaimKind, Reading

_DAY = 86_400
_LONGEST_DAYS = 36_600
_CENT = Decimal("0.01")


def is_derived(claim: Claim, values: Sequence[Reading], rules: Sequence[Claim]) -> bool:
    """Whether the claim's value follows from a value of the case at hand and a rule of the sentences that speak of it.

    Args:
        values: dates and amounts of records and of the person's words.
        rules: periods and percentages that the nearest sentences hold.
    """
    wanted = set(claim.readings)
    match claim.base:
        case ClaimKind.DATE:
            days = [day for reading in values if (day := _as_date(reading)) is not None]
            return any(wanted & set(_readings(end)) for day in days for rule in rules for end in _ends(day, rule))
        case ClaimKind.AMOUNT:
            shares = [r.number for rule in rules for r in rule.readings if r.scale == "percent"]
            return any(wanted & set(_parts(reading, share)) for reading in values for share in shares)
        case _:
            return False


def _as_date(reading: Reading) -> date | None:
    if reading.scale != "date":
        return None
    number = int(reading.number)
    return date(number // 10_000, number // 100 % 100, number % 100)


def _ends(start: date, rule: Claim) -> list[date]:
    """The last day of a period that starts on `start`; business days depend on where one is, and give none."""
    ends: list[date] = []
    for reading in rule.readings:
        whole = int(reading.number)
        if reading.scale == "seconds" and whole % _DAY == 0 and 0 < whole // _DAY <= _LONGEST_DAYS:
            ends.append(start + timedelta(days=whole // _DAY))
        elif reading.scale == "months" and reading.number == whole and 0 < whole <= _LONGEST_DAYS // 31:
            months = start.year * 12 + start.month - 1 + whole
            year, month = divmod(months, 12)
            last = calendar.monthrange(year, month + 1)[1]
            ends.append(date(year, month + 1, min(start.day, last)))
    return ends


def _readings(day: date) -> tuple[Reading, ...]:
    month_day = day.month * 100 + day.day
    return (
        Reading("date", Decimal(day.year * 10_000 + month_day)),
        Reading("month_day", Decimal(month_day)),
    )


def _parts(price: Reading, share: Decimal) -> list[Reading]:
    """The share of a price, and what is left of it, rounded to cents either way."""
    part = price.number * share / 100
    return [
        Reading(price.scale, value.quantize(_CENT, rounding))
        for value in (part, price.number - part)
        for rounding in (ROUND_HALF_UP, ROUND_HALF_EVEN)
    ]
