"""Durations: `30 days`, `two weeks`, `3-5 business days`, `14 Tage`, `zweiwöchig`, `24h`.

Business days and calendar days are different scales, as are days and months: none is worth a fixed number of the other.
"""

import functools
from collections.abc import Callable, Iterator
from decimal import Decimal

from trilens.mechanisms.content.claim import ClaimKind, Found, Reading
from trilens.mechanisms.content.numbers import AGAIN, DIGITS, NUMBER, is_article, read_number
from trilens.mechanisms.content.scan import Pattern
from trilens.mechanisms.content.spread import JOIN, spread

_DAY = 86_400
_UNITS: tuple[tuple[str, str, int], ...] = (
    # a German Werktag includes Saturday; no text is known that gives a period in both
    (r"(?:business|working|work|banking|bank)[\s-]days?|week[\s-]?days?", "business_days", 1),
    (r"(?:bank)?(?:werk|arbeits|gesch(?:ä|ae)fts)tag(?:e[ns]?)?", "business_days", 1),
    (r"seconds?|secs?|sekunden?", "seconds", 1),
    (r"minutes?|mins?|minuten?", "seconds", 60),
    (r"hours?|hrs?|stunden?|std", "seconds", 3_600),
    (r"(?:calendar[\s-])?days?|(?:kalender)?tag(?:e[ns]?)?", "seconds", _DAY),
    (r"weeks?|wks?|wochen?", "seconds", 7 * _DAY),
    (r"fortnights?", "seconds", 14 * _DAY),
    (r"months?|monat(?:e[ns]?|s)?", "months", 1),
    (r"quarters?|quartal(?:e[ns]?|s)?", "months", 3),
    (r"years?|yrs?|jahr(?:e[ns]?|s)?", "months", 12),
    (r"st(?:ü|ue)ndig(?:e[mnrs]?)?", "seconds", 3_600),
    (r"t(?:ä|ae)gig(?:e[mnrs]?)?", "seconds", _DAY),
    (r"w(?:ö|oe)chig(?:e[mnrs]?)?", "seconds", 7 * _DAY),
    (r"monatig(?:e[mnrs]?)?", "months", 1),
    (r"j(?:ä|ae)hrig(?:e[mnrs]?)?", "months", 12),
)
UNIT = "|".join(pattern for pattern, _, _ in _UNITS)
"""Pattern of a unit of time."""
_FULL = r"(?:(?:full|whole|consecutive|further|more|additional|volle[nr]?|ganze[nr]?|weitere[nr]?)\s)?"
_WRITTEN = Pattern(
    rf"(?i)\b(?P<n>{NUMBER}){AGAIN}(?:\s?{JOIN}\s?(?P<m>{NUMBER}))?[\s-]{{0,2}}{_FULL}(?P<unit>{UNIT})\b"
)
_SHORT = Pattern(rf"(?i)\b(?P<n>{DIGITS})(?:\s?{JOIN}\s?(?P<m>{DIGITS}))?\s?(?P<unit>h|s|(?-i:d))\b")
_UNITS_OF_LABELS = r"(?:business|working|calendar)\s(?:days|hours)|minutes|hours|days|weeks|months|years|(?:werk|arbeits|kalender)?tage[n]?|stunden|wochen|monate[n]?|jahre[n]?"
_LABELLED = Pattern(
    rf"(?i)\b(?P<unit>{_UNITS_OF_LABELS})\b(?:\s[a-zäöüß-]{{1,20}}){{0,4}}\)?\s?[:=]\s?(?P<n>{NUMBER})(?:[.,;!?)\]]|\s|$)"
)
"""`Days to return: 90`, `Return window (days): 90`: the unit stands in the label."""
_CYCLES = (
    (Decimal(24 * 3_600), Pattern(r"(?i)^\s(?:a|per|each|every|of\sthe|am|pro|je|jeden)\s(?:day|tag)\b")),
    (Decimal(7 * _DAY), Pattern(r"(?i)^\s(?:a|per|each|every|of\sthe|die|der|pro|je|jede|in\sder)\s(?:week|woche)\b")),
    (Decimal(365 * _DAY), Pattern(r"(?i)^\s(?:a|per|each|every|of\sthe|im|pro|je|jedes)\s(?:year|jahr)\b")),
    (Decimal(12), Pattern(r"(?i)^\s(?:a|per|each|every|of\sthe|im|pro|je|jedes)\s(?:year|jahr)\b")),
)
"""A whole cycle (`24 hours a day`, `7 Tage die Woche`) says always, and is no length of time."""
_LONGEST_CYCLE = 20
_SCALES = tuple((Pattern(f"(?i)(?:{pattern})"), scale, factor) for pattern, scale, factor in _UNITS)
_SHORT_SCALES = {"h": ("seconds", 3_600), "s": ("seconds", 1), "d": ("seconds", _DAY)}


def find_durations(text: str) -> Iterator[Found]:
    """Every duration of a folded text."""
    for found in _lengths(text):
        behind = text[found.stop : found.stop + _LONGEST_CYCLE]
        if not any(found.readings[0].number == cycle and said.search(behind) for cycle, said in _CYCLES):
            yield found


def _lengths(text: str) -> Iterator[Found]:
    for hit in _LABELLED.hits(text) if ":" in text or "=" in text else ():
        number = read_number(hit["n"], dot_groups=True)
        if number is not None and not is_article(hit["n"]):
            yield Found(ClaimKind.DURATION, *hit.span_of("n"), (_reading_of(hit["unit"])(number),))
    for pattern in (_WRITTEN, _SHORT):
        for hit in pattern.hits(text):
            yield from spread(
                ClaimKind.DURATION,
                hit,
                text,
                number=lambda digits: read_number(digits, dot_groups=True),
                reading=_reading_of(hit["unit"]),
                needs_deadline=is_article(hit["n"]),
            )


def _reading_of(unit: str) -> Callable[[Decimal], Reading]:
    scale, factor = _scale_of(unit)
    return lambda number: Reading(scale, number * factor)


@functools.lru_cache(maxsize=512)
def _scale_of(unit: str) -> tuple[str, int]:
    short = _SHORT_SCALES.get(unit.lower())
    if short is not None:
        return short
    for pattern, scale, factor in _SCALES:
        if pattern.fits(unit):
            return scale, factor
    raise AssertionError("a unit of the pattern has a scale")
