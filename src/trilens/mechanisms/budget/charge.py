"""What one call adds to one limit: the sum of its amounts of the limit's unit, or one."""

from dataclasses import dataclass
from decimal import Decimal

from trilens.mechanisms.events import argument_path
from trilens.vocabulary.amount import MICRO, Amount
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import ValueClass
from trilens.vocabulary.system import Limit, Tool


@dataclass(frozen=True, slots=True)
class Charge:
    micros: int
    """Millionths of the limit's unit; a count of one is 1_000_000."""
    defect: str = ""
    """Why it cannot be read, in words for people."""


def charge(event: Event, tool: Tool, limit: Limit) -> Charge:
    """Read what `event`, a call of `tool`, adds to `limit`.

    A limit in a unit needs every amount argument of that unit: a missing, repeated, negative or unreadable one is a defect, never a zero,
    since an optional amount left out usually means "all of it".
    """
    if not limit.max.unit:
        return Charge(MICRO)
    if event.defect:
        return Charge(0, event.defect)
    names = [a.name for a in tool.args.values() if a.cls is ValueClass.AMOUNT and a.unit == limit.max.unit]
    if not names:
        return Charge(0, f"`{tool.id}` declares no amount in {limit.max.unit}")
    total = Decimal(0)
    for name in names:
        found = [v.value for v in event.values if v.cls is ValueClass.AMOUNT and v.path == argument_path(name)]
        if len(found) != 1 or not isinstance(found[0], (int, Decimal)) or isinstance(found[0], bool):
            return Charge(0, f"argument `{name}` is missing or is not one amount")
        if not found[0] >= 0:
            return Charge(0, f"argument `{name}` is below zero")
        total += found[0]
    return Charge(Amount(total, limit.max.unit).micros)
