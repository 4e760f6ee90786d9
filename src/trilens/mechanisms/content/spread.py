"""One or two numbers before a unit: a value, a list (`10 or 20 days`) or a range (`3-5 days`, `between 3 and 5 days`)."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from trilens.mechanisms.content.claim import Bound, ClaimKind, Found, Reading
from trilens.mechanisms.content.scan import Hit

JOIN = r"(?P<join>-|to|or|and|bis|oder|und|/)"
"""What may stand between the two numbers `n` and `m` of a pattern."""
_RANGE_WORDS = ("-", "to", "bis")
_BETWEEN = ("between", "zwischen")


def spread(
    kind: ClaimKind,
    hit: Hit,
    text: str,
    *,
    number: Callable[[str], Decimal | None],
    reading: Callable[[Decimal], Reading],
    needs_deadline: bool = False,
) -> Iterator[Found]:
    """The values of one phrase: of a list each with its own place, of a range its two ends, each with the bound it is.

    Args:
        hit: match of a pattern with the groups `n`, `join` and `m`; what its group `again` says in brackets is a value as well.
        number: reads the text of `n` and of `m`; what it cannot read is left out.
        reading: puts a number on its scale.
    """
    low = number(hit["n"])
    high = number(hit["m"]) if hit["m"] else None
    join = hit["join"].lower()
    between = text[max(0, hit.start - 12) : hit.start].rstrip().lower().endswith(_BETWEEN)
    if low is not None and high is not None and low <= high and (join in _RANGE_WORDS or between):
        yield Found(kind, hit.start, hit.stop, (reading(low),), Bound.AT_LEAST, is_range=True)
        yield Found(kind, hit.start, hit.stop, (reading(high),), Bound.AT_MOST, is_range=True)
        return
    if low is not None:
        stop = hit.span_of("n")[1] if hit["m"] else hit.stop
        yield Found(kind, hit.start, stop, (reading(low),), needs_deadline=needs_deadline)
    again = number(hit["again"].strip()) if hit["again"] else None
    if again is not None and again != low and not hit["m"]:
        # "thirty (90) days" says both
        yield Found(kind, hit.start, hit.stop, (reading(again),))
    if high is not None:
        yield Found(kind, hit.span_of("m")[0], hit.stop, (reading(high),))
