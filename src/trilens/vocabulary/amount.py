"""Amounts: one value however it is written.

`"450 EUR"`, `450.0`, `450` and `"€450"` of an argument declared in EUR are one amount; `"many"` is none, and a unit other
than the declared one is none. Amounts become whole micro-units for budgets, so that sums are exact.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from trilens.vocabulary.canonical import spell_decimal

MICRO = 1_000_000
_SYMBOLS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"}
_WRITTEN = re.compile(
    r"\s*(?P<before>[A-Za-z]{3}|[€$£¥])?\s*(?P<number>[+-]?\d[\d.,'\u00a0\u202f ]*)\s*(?P<after>[A-Za-z]{3}|[€$£¥])?\s*"
)
_LARGEST = Decimal(10) ** 15
_LONGEST_WRITTEN = 64
"""Characters: matching takes longer than linear time, and no amount is longer."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A finite decimal number of a unit; `unit` is an ISO 4217 code, or empty for a bare count."""

    number: Decimal
    unit: str = ""

    @property
    def micros(self) -> int:
        """Millionths of the unit, rounded away from zero: a budget never profits from rounding."""
        # in whole numbers, since a product of decimals is rounded to 28 digits
        numerator, denominator = self.number.as_integer_ratio()
        whole = -(-abs(numerator) * MICRO // denominator)
        return whole if numerator > 0 else -whole

    def __str__(self) -> str:
        text = spell_decimal(self.number)
        return f"{text} {self.unit}" if self.unit else text


def parse_amount(value: object, unit: str = "") -> Amount | None:
    """Read an amount of `unit`; None when it is not one, has another unit, or is not below 10**15.

    Args:
        value: int, Decimal, float (by its shortest spelling) or text such as `1,234.50 EUR`, `1.234,50 €`, `USD 12`.
        unit: the declared unit; text without a unit is read in it.
    """
    match value:
        case bool():
            return None
        case int() | Decimal():
            number, written = Decimal(value), unit
        case float():
            number, written = Decimal(repr(value)), unit
        case str():
            if len(value) > _LONGEST_WRITTEN:
                return None
            found = _WRITTEN.fullmatch(value)
            if found is None or (found["before"] and found["after"]):
                return None
            mark = found["before"] or found["after"] or ""
            written = _SYMBOLS.get(mark, mark.upper()) or unit
            plain = plain_number(found["number"])
            if plain is None:
                return None
            number = plain
        case _:
            return None
    if written != unit or not number.is_finite() or number.adjusted() > 15 or abs(number) >= _LARGEST:
        return None
    return Amount(number, unit)


def plain_number(text: str) -> Decimal | None:
    """Read a number with thousands marks and either decimal mark; None when its marks contradict each other.

    A single `,` or `.` before exactly three final digits is read as a thousands mark only when the other mark is absent and
    the mark is a comma (`1,234` is 1234, `1.234` is 1.234): a reader of the smaller value would be fooled the cheaper way.
    """
    digits = re.sub(r"['\u00a0\u202f ]", "", text.strip().rstrip(".,"))
    comma, dot = digits.rfind(","), digits.rfind(".")
    if comma >= 0 and dot >= 0:
        decimal, thousands = (",", ".") if comma > dot else (".", ",")
        if digits.count(decimal) != 1:
            return None
        digits = digits.replace(thousands, "").replace(decimal, ".")
    elif comma >= 0:
        groups = digits.split(",")
        is_grouped = all(len(group) == 3 for group in groups[1:]) and 1 <= len(groups[0].lstrip("+-")) <= 3
        if not is_grouped and len(groups) > 2:
            return None
        digits = digits.replace(",", "" if is_grouped else ".")
    elif digits.count(".") > 1:
        groups = digits.split(".")
        if not all(len(group) == 3 for group in groups[1:]):
            return None
        digits = digits.replace(".", "")
    try:
        return Decimal(digits)
    except InvalidOperation:
        return None
