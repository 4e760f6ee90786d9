"""Amounts: money in every spelling that an argument may have, and more (`$ 10, 000`, `450,- €`, `2 Mio. EUR`); and weights and measures."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from trilens.mechanisms.content.claim import ClaimKind, Found, Reading
from trilens.mechanisms.content.numbers import AGAIN, DIGITS, LOOSE_DIGITS, NUMBER, read_number
from trilens.mechanisms.content.scan import Hit, Pattern
from trilens.mechanisms.content.spread import JOIN, spread

_SIGNS = {"€": "EUR", "$": "USD", "us$": "USD", "£": "GBP", "¥": "JPY", "fr.": "CHF"}
_NAMES = {
    "euro": "EUR",
    "euros": "EUR",
    "dollar": "USD",
    "dollars": "USD",
    "pound": "GBP",
    "pounds": "GBP",
    "franken": "CHF",
    "francs": "CHF",
    "yen": "JPY",
    "cent": "CENT",
    "cents": "CENT",
}
_CODES = (
    "AED AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JPY KES KRW MAD MXN MYR NGN NOK NZD PEN PHP PKR PLN "
    "QAR RON RSD RUB SAR SEK SGD THB TND TRY TWD UAH USD UYU VND ZAR"
).split()
"""ISO 4217 codes that texts are read for; in capitals, since small ones are words (`all`, `try`), but for the four that are none."""
_CODE = rf"(?:{'|'.join(_CODES)}|(?i:eur|usd|gbp|chf))"
_BEFORE = rf"(?:(?i:us\$)|[€$£¥]|\b(?:{_CODE}|(?i:fr\.)))"
_AFTER = rf"(?:[€$£¥]|(?:(?i:{'|'.join(sorted(_NAMES, key=len, reverse=True))})|{_CODE})\b)"
_SCALES = (
    (r"thousand|tausend|tsd|k", Decimal(10) ** 3),
    (r"million(?:en|s)?|mio|mn|m", Decimal(10) ** 6),
    (r"billion(?:s)?|milliarden?|mrd|bn", Decimal(10) ** 9),
)
_SCALE = rf"(?:\s?(?i:{'|'.join(words for words, _ in _SCALES)})\b\.?)?"
_SCALE_WORDS = tuple((Pattern(f"(?i)(?:{words})"), factor) for words, factor in _SCALES)
_FRONT = Pattern(
    rf"(?P<unit>{_BEFORE})\s?(?P<n>{LOOSE_DIGITS})(?P<scale>{_SCALE})"
    rf"(?:\s?(?P<join>-|to|bis)\s?(?:{_BEFORE})?\s?(?P<m>{LOOSE_DIGITS})(?P<scale2>{_SCALE}))?"
)
_BACK = Pattern(
    rf"\b(?P<n>{DIGITS}|(?i:{NUMBER}))(?P<scale>{_SCALE}){AGAIN}(?:\s?{JOIN}\s?(?P<m>{DIGITS}|(?i:{NUMBER}))(?P<scale2>{_SCALE}))?"
    rf"(?:[.,]-{{1,2}})?[\s-]?(?P<unit>{_AFTER})"
)
_MONEY = Pattern(rf"[€$£¥]|{_CODE}|(?i:fr\.|{'|'.join(_NAMES)})", has_groups=False)
"""What every amount of money has, to tell soon that a text has none."""
_MEASURES: dict[str, tuple[str, Decimal]] = {
    "mg": ("grams", Decimal("0.001")),
    "µg": ("grams", Decimal("0.000001")),
    "μg": ("grams", Decimal("0.000001")),
    "mcg": ("grams", Decimal("0.000001")),
    "g": ("grams", Decimal(1)),
    "kg": ("grams", Decimal(1000)),
    "ml": ("litres", Decimal("0.001")),
    "cl": ("litres", Decimal("0.01")),
    "l": ("litres", Decimal(1)),
    "mm": ("metres", Decimal("0.001")),
    "cm": ("metres", Decimal("0.01")),
    "m": ("metres", Decimal(1)),
    "km": ("metres", Decimal(1000)),
    "KB": ("bytes", Decimal(10) ** 3),
    "MB": ("bytes", Decimal(10) ** 6),
    "GB": ("bytes", Decimal(10) ** 9),
    "TB": ("bytes", Decimal(10) ** 12),
    "kWh": ("watt_hours", Decimal(1000)),
    "MWh": ("watt_hours", Decimal(10) ** 6),
}
_MEASURED = Pattern(
    rf"\b(?P<n>{DIGITS})(?:\s?{JOIN}\s?(?P<m>{DIGITS}))?\s?(?P<unit>{'|'.join(sorted(_MEASURES, key=len, reverse=True))})\b"
)


def find_amounts(text: str) -> Iterator[Found]:
    """Every amount of a folded text."""
    for pattern in (_FRONT, _BACK) if _MONEY.is_in(text) else ():
        for hit in pattern.hits(text):
            yield from spread(ClaimKind.AMOUNT, hit, text, number=_scaled_by(hit), reading=_money(hit["unit"]))
    for hit in _MEASURED.hits(text):
        yield from spread(
            ClaimKind.AMOUNT,
            hit,
            text,
            number=lambda digits: read_number(digits, dot_groups=False),
            reading=_measure(hit["unit"]),
        )


def _money(written: str) -> Callable[[Decimal], Reading]:
    low = written.lower()
    unit = _SIGNS.get(low) or _NAMES.get(low) or written.upper()
    return lambda number: Reading(unit, number)


def _measure(written: str) -> Callable[[Decimal], Reading]:
    scale, factor = _MEASURES[written]
    return lambda number: Reading(scale, number * factor)


def _scaled_by(hit: Hit) -> Callable[[str], Decimal | None]:
    """Reads a number of the phrase; `2-3 million` are millions both."""
    last = _factor(hit["scale2"])
    first = _factor(hit["scale"]) or last
    factors = {hit["m"]: last, hit["n"]: first}

    def number(digits: str) -> Decimal | None:
        value = read_number(digits, dot_groups=True)
        return value if value is None else value * (factors.get(digits, first) or 1)

    return number


def _factor(scale: str) -> Decimal | None:
    word = scale.strip().rstrip(".")
    return next((factor for pattern, factor in _SCALE_WORDS if word and pattern.fits(word)), None)
