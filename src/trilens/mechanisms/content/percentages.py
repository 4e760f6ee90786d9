"""Percentages: `20 %`, `twenty percent`, `10-15 Prozent`. Percentage points are another scale."""

from collections.abc import Iterator
from decimal import Decimal

from trilens.mechanisms.content.claim import ClaimKind, Found, Reading
from trilens.mechanisms.content.numbers import AGAIN, NUMBER, read_number
from trilens.mechanisms.content.scan import Pattern
from trilens.mechanisms.content.spread import JOIN, spread

_POINTS = r"percentage[\s-]points?|prozentpunkten?"
_UNIT = rf"(?:{_POINTS}|percent|per\scent|pct|prozent)\b|%(?:ig(?:e[mnrs]?)?\b)?"
_WRITTEN = Pattern(rf"(?i)\b(?P<n>{NUMBER}){AGAIN}(?:\s?%?\s?{JOIN}\s?(?P<m>{NUMBER}))?[\s-]?(?P<unit>{_UNIT})")
_SIGN = Pattern(r"(?i)%|percent|per\scent|pct|prozent", has_groups=False)
_IS_POINTS = Pattern(rf"(?i)(?:{_POINTS})")


def find_percentages(text: str) -> Iterator[Found]:
    """Every percentage of a folded text."""
    if not _SIGN.is_in(text):
        return
    for hit in _WRITTEN.hits(text):
        yield from spread(
            ClaimKind.PERCENTAGE,
            hit,
            text,
            number=lambda digits: read_number(digits, dot_groups=False),
            reading=_points if _IS_POINTS.fits(hit["unit"]) else _percent,
        )


def _percent(number: Decimal) -> Reading:
    return Reading("percent", number)


def _points(number: Decimal) -> Reading:
    return Reading("percentage_points", number)
