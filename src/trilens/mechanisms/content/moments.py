"""Moments without a date: weekdays, times of day, `tomorrow`, `end of the week`. They claim something only as deadlines."""

from collections.abc import Iterator
from decimal import Decimal

from trilens.mechanisms.content.claim import ClaimKind, Found, Reading
from trilens.mechanisms.content.scan import Hit, Pattern

_WEEKDAYS = {
    name: number
    for names in (
        "monday tuesday wednesday thursday friday saturday sunday",
        "montag dienstag mittwoch donnerstag freitag samstag sonntag",
        "montags dienstags mittwochs donnerstags freitags sonnabend sonntags",
    )
    for number, name in enumerate(names.split(), 1)
}
_RELATIVE = {
    r"today|tonight|end\sof\s(?:the\s|business\s)?day|eod|cob|close\sof\sbusiness|heute|ende\sdes\stages|tagesende": 1,
    r"tomorrow|morgen": 2,
    r"the\sday\safter\stomorrow|übermorgen|uebermorgen": 3,
    r"(?:the\s)?end\sof\s(?:the\s|this\s)?week|ende\sder\swoche|wochenende|the\sweekend": 4,
    r"next\sweek|nächster?\swoche": 5,
    r"(?:the\s)?end\sof\s(?:the\s|this\s)?month|ende\sdes\smonats|monatsende": 6,
    r"next\smonth|nächsten\smonat": 7,
    r"(?:the\s)?end\sof\s(?:the\s|this\s)?year|ende\sdes\sjahres|jahresende": 8,
}
_WEEKDAY = Pattern(rf"(?i)\b(?P<day>{'|'.join(sorted(_WEEKDAYS, key=len, reverse=True))})\b")
_SOON = Pattern(rf"(?i)(?:^|[^\w])(?P<phrase>{'|'.join(_RELATIVE)})\b")
_SOON_NUMBERS = tuple((Pattern(f"(?i)(?:{phrases})"), number) for phrases, number in _RELATIVE.items())
_CLOCK = Pattern(
    r"(?i)\b(?P<hour>\d{1,2})(?:[:.](?P<minute>[0-5]\d))?\s?(?P<half>am\b|pm\b|a\.m\.|p\.m\.|uhr\b|o'clock\b)"
)
_BARE_CLOCK = Pattern(r"\b(?P<hour>\d{1,2}):(?P<minute>[0-5]\d)\b")


MOMENT_WORDS = f"(?:{'|'.join(_WEEKDAYS)}|{'|'.join(_RELATIVE)})"
"""Pattern of a moment in words."""
_ANY = Pattern(rf"(?i){MOMENT_WORDS}|\d:[0-5]\d|\d\s?(?:am|pm|a\.m\.|p\.m\.|uhr|o'clock)", has_groups=False)
"""What every moment has, to tell soon that a text has none."""


def find_moments(text: str) -> Iterator[Found]:
    """Every moment of a folded text."""
    if not _ANY.is_in(text):
        return
    for hit in _WEEKDAY.hits(text):
        yield _found("weekday", _WEEKDAYS[hit["day"].lower()], (hit.start, hit.stop))
    for hit in _SOON.hits(text):
        number = next(number for pattern, number in _SOON_NUMBERS if pattern.fits(hit["phrase"]))
        yield _found("relative", number, hit.span_of("phrase"))
    for pattern in (_CLOCK, _BARE_CLOCK):
        for hit in pattern.hits(text):
            minutes = _minutes(hit)
            if minutes is not None:
                yield _found("clock", minutes, (hit.start, hit.stop))


def _found(scale: str, number: int, span: tuple[int, int]) -> Found:
    return Found(ClaimKind.MOMENT, *span, (Reading(scale, Decimal(number)),))


def _minutes(hit: Hit) -> int | None:
    hour = int(hit["hour"])
    half = hit["half"].lower().replace(".", "")
    if half in ("am", "pm"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    return hour * 60 + int(hit["minute"] or 0) if hour <= 24 else None
