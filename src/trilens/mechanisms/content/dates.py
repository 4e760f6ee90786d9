"""Dates: ISO, in numbers and in words, in English and German."""

import calendar
from collections.abc import Iterator
from decimal import Decimal

from trilens.mechanisms.content.claim import ClaimKind, Found, Reading
from trilens.mechanisms.content.scan import Hit, Pattern

_MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "januar februar märz april mai juni juli august september oktober november dezember",
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "jan feb mär apr mai jun jul aug sept okt nov dez",
        "jänner feber maerz april mai juni juli august september oktober november dezember",
    )
    for number, name in enumerate(names.split(), 1)
}
MONTH_NAMES = tuple(sorted(_MONTHS, key=len, reverse=True))
_ANY_CASE = "|".join(name for name in MONTH_NAMES if name != "may")
_CAPITAL = "|".join(spelling for name in MONTH_NAMES for spelling in (name.capitalize(), name.upper()))
_MONTH = rf"(?P<month>(?i:{_ANY_CASE})|May|MAY)"
"""In any case after a day; `may` alone is a verb."""
_MONTH_FIRST = rf"(?P<month>{_CAPITAL})"
_TIME = r"(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?"

_ISO = Pattern(rf"\b(?P<year>\d{{4}})[-/](?P<n>\d{{2}})[-/](?P<day>\d{{2}}){_TIME}\b")
_DOTTED = Pattern(r"\b(?P<day>\d{1,2})\.\s?(?P<n>\d{1,2})\.(?:\s?(?P<year>\d{4}|\d{2})\b)?")
_SLASHED = Pattern(r"\b(?P<day>\d{1,2})/(?P<n>\d{1,2})/(?P<year>\d{4}|\d{2})\b")
_DAY_MONTH = Pattern(
    rf"\b(?P<day>\d{{1,2}})(?i:st|nd|rd|th|\.)?[\s-]?(?i:of\s)?{_MONTH}\b(?:\.?,?[\s-](?P<year>\d{{4}})\b)?"
)
_MONTH_DAY = Pattern(
    rf"\b{_MONTH_FIRST}\.?\s(?:the\s)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s(?P<year>\d{{4}})\b)?"
)
_MONTH_YEAR = Pattern(rf"\b{_MONTH_FIRST}\.?,?\s(?P<year>\d{{4}})\b")
_BEFORE_SHORT = Pattern(
    r"(?i)\b(?:am|bis|vom|ab|zum|dem|den|der|seit|nach|vor|und|until|till|by|on|from|since|before|after)\s(?:zum\s|dem\s)?$"
)
_SOONEST, _LATEST = 1900, 2199


_IN_NUMBERS = Pattern(r"\d[-/.]\s?\d", has_groups=False)
_IN_WORDS = Pattern(rf"(?i)(?:{'|'.join(MONTH_NAMES)})", has_groups=False)
"""What every date has, to tell soon that a text has none."""


def find_dates(text: str) -> Iterator[Found]:
    """Every date of a folded text; what no calendar has (`31.02.2026`) is none."""
    if _IN_NUMBERS.is_in(text):
        yield from _in_numbers(text)
    if _IN_WORDS.is_in(text):
        yield from _in_words(text)


def _in_numbers(text: str) -> Iterator[Found]:
    for hit in _ISO.hits(text):
        yield from _found(hit, _days(hit["year"], (hit["n"], hit["day"])))
    for hit in _DOTTED.hits(text):
        # `4.9.` may end a sentence: without its year it is a date only after a word that calls for one
        if hit["year"] or _BEFORE_SHORT.search(text[max(0, hit.start - 12) : hit.start]):
            yield from _found(hit, _days(hit["year"], (hit["n"], hit["day"])))
    for hit in _SLASHED.hits(text):
        yield from _found(hit, _days(hit["year"], (hit["n"], hit["day"]), (hit["day"], hit["n"])))


def _in_words(text: str) -> Iterator[Found]:
    for pattern in (_DAY_MONTH, _MONTH_DAY):
        for hit in pattern.hits(text):
            month = str(_MONTHS[hit["month"].lower()])
            yield from _found(hit, _days(hit["year"], (month, hit["day"])))
    for hit in _MONTH_YEAR.hits(text):
        number = int(hit["year"]) * 100 + _MONTHS[hit["month"].lower()]
        yield from _found(hit, (Reading("year_month", Decimal(number)),))


def _found(hit: Hit, readings: tuple[Reading, ...]) -> Iterator[Found]:
    if readings:
        yield Found(ClaimKind.DATE, hit.start, hit.stop, readings)


def _days(year: str, *month_and_day: tuple[str, str]) -> tuple[Reading, ...]:
    """One reading for each order of month and day that a calendar has; two orders of one day are one."""
    found = [_day(year, int(month), int(day)) for month, day in month_and_day]
    return tuple(dict.fromkeys(reading for reading in found if reading is not None))


def _day(written_year: str, month: int, day: int) -> Reading | None:
    if not 1 <= month <= 12:
        return None
    if not written_year:
        is_day = 1 <= day <= calendar.monthrange(2024, month)[1]
        return Reading("month_day", Decimal(month * 100 + day)) if is_day else None
    year = int(written_year) + (2000 if len(written_year) == 2 else 0)
    if not _SOONEST <= year <= _LATEST or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    return Reading("date", Decimal(year * 10_000 + month * 100 + day))
