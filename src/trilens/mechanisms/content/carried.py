"""Numbers that leave their unit to a value before them: `30 days? No, 90.`, `the window was extended to 90`."""

import bisect
from collections.abc import Callable, Iterator, Sequence

from trilens.mechanisms.content.claim import ClaimKind, Found
from trilens.mechanisms.content.numbers import DIGITS, NUMBER
from trilens.mechanisms.content.scan import Hit, Pattern

_CHANGED = (
    r"extended|prolonged|raised|increased|changed|reduced|lowered|shortened|upgraded|moved|set|extend|prolong|raise|increase|change|reduce|"
    r"verlängert|erhöht|geändert|gesenkt|verkürzt|angehoben|verlängern|erhöhen|senken"
)
_CARRIED = Pattern(
    rf"(?i)(?:\b(?P<changed>{_CHANGED})\s(?:\w+\s){{0,3}}?(?:to|auf)\s|\b(?:no|nope|nein|doch)\s?[,:;.-]\s?|"
    rf"\b(?:but|rather|actually|make\sit|now|it's|it\sis|sondern|jetzt|nun|sogar|es\ssind|auf)\s(?:actually\s|only\s|even\s|sogar\s|nur\s)?)"
    rf"(?P<n>{NUMBER})(?:[.!,;:?)]|\s*$|\s(?:now|instead|jetzt|(?P<after>{_CHANGED}))\b)"
)
_PERIOD = Pattern(r"(?i)\b(?:window|period|deadline|time\slimit|\w*frist|\w*zeitraum)\b", has_groups=False)
_REACH = 120
"""Characters before a number in which the value stands that it takes its unit from."""
_NUMBERS = Pattern(rf"(?i){DIGITS}|\b{NUMBER}\b")
_LONGEST_VALUE = 40
_CARRYING = (ClaimKind.DURATION, ClaimKind.AMOUNT, ClaimKind.PERCENTAGE)


def find_carried(text: str, values: Sequence[Found], read: Callable[[str], Sequence[Found]]) -> Iterator[Found]:
    """The numbers of a folded text that stand for a value of the kind of the one before them.

    Args:
        values: what was found so far, in order, without overlaps.
        read: finds the values of a short text.
    """
    starts = [found.start for found in values]
    for hit in _CARRIED.hits(text):
        start, stop = hit.span_of("n")
        at = bisect.bisect_right(starts, start) - 1
        before = values[at] if at >= 0 else None
        if before is not None and before.stop > start:
            continue
        said = _with_unit(text, hit, before)
        if said:
            yield from (Found(f.kind, start, stop, f.readings) for f in read(said)[:1])


def _with_unit(text: str, hit: Hit, before: Found | None) -> str:
    """The number in the words of the value before it; empty when there is none near."""
    start = hit.span_of("n")[0]
    last = max(0, start - _REACH, before.stop if before is not None else 0)
    if (hit["changed"] or hit["after"]) and _PERIOD.is_in(text[last:start]):
        return f"{hit['n']} days"
    if before is not None and before.kind in _CARRYING and start - before.stop <= _REACH:
        phrase = text[before.start : before.stop][-_LONGEST_VALUE:]
        numbers = [(found.start, found.stop) for found in _NUMBERS.hits(phrase)]
        return f"{phrase[: numbers[0][0]]}{hit['n']}{phrase[numbers[-1][1] :]}" if numbers else ""
    return ""
