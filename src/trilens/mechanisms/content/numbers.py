"""Numbers in running text: digits with either decimal mark and any thousands mark, and number words in English and German."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType

from trilens.mechanisms.content.scan import Pattern
from trilens.vocabulary.amount import plain_number

_GROUPED = r"\d{1,3}(?:[ .,']\d{3})+(?:[.,]\d{1,2})?"
_PLAIN = r"\d+(?:[.,]\d+)?"
DIGITS = rf"(?:{_GROUPED}|{_PLAIN})"
"""Pattern of a number in digits; at its left stands `\\b`, or a sign of money."""
LOOSE_DIGITS = rf"(?:\d{{1,3}}(?:, ?\d{{3}}|[ .']\d{{3}})+(?:[.,]\d{{1,2}})?|{_PLAIN})"
"""The same where a sign of money stands in front, so that `$ 10, 000`, as tokenised text has it, is one number."""

_ONES_EN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS_EN = {
    20: "twenty",
    30: "thirty",
    40: "forty",
    50: "fifty",
    60: "sixty",
    70: "seventy",
    80: "eighty",
    90: "ninety",
}
_ONES_DE = (
    "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn"
).split()
_TENS_DE = {
    20: "zwanzig",
    30: "dreißig",
    40: "vierzig",
    50: "fünfzig",
    60: "sechzig",
    70: "siebzig",
    80: "achtzig",
    90: "neunzig",
}
_ARTICLES = ("a", "an")


def _spelled() -> Iterator[tuple[str, int]]:
    yield from ((word, value) for value, word in enumerate(_ONES_EN))
    yield from ((word, value) for value, word in enumerate(_ONES_DE))
    for tens, word in _TENS_EN.items():
        yield word, tens
        yield from ((f"{word}{mark}{_ONES_EN[ones]}", tens + ones) for ones in range(1, 10) for mark in "- ")
    for tens, word in _TENS_DE.items():
        yield word, tens
        yield from ((f"{_ONES_DE[ones]}und{word}", tens + ones) for ones in range(1, 10))
    yield from ((word, 100) for word in ("hundred", "a hundred", "one hundred", "hundert", "einhundert"))
    yield from ((f"ein{ending}", 1) for ending in ("e", "en", "em", "er", "es", "s"))
    yield from ((f"zwei{ending}", 2) for ending in ("er", "en"))
    yield from ((f"drei{ending}", 3) for ending in ("er", "en"))
    yield from ((article, 1) for article in _ARTICLES)


def _with_spellings() -> Mapping[str, int]:
    words = dict(_spelled())
    # as written where there is no ß, and where there is no ü and no ö
    for word, value in list(words.items()):
        words.setdefault(word.replace("ß", "ss"), value)
        words.setdefault(word.replace("ß", "ss").replace("ü", "ue").replace("ö", "oe"), value)
    return MappingProxyType(words)


_WORDS = _with_spellings()
WORD = "(?:" + "|".join(sorted(map(re.escape, _WORDS), key=len, reverse=True)) + ")"
"""Pattern of a number word, to be matched without regard to case."""
NUMBER = rf"(?:{DIGITS}|{WORD})"
ONE_WORD = "|".join(
    sorted(
        {re.escape(word.partition(" ")[0]) for word in _WORDS if word.partition(" ")[0] not in _ARTICLES},
        key=len,
        reverse=True,
    )
)
"""Pattern of the first word of a number in words; articles are none."""
AGAIN = r"(?:\s?\((?P<again>[^()\n]{1,16})\))?"
"""Pattern of what may stand in brackets after a number: the same once more, as contracts have it (`thirty (30) days`)."""


def read_number(text: str, *, dot_groups: bool) -> Decimal | None:
    """The value of what `NUMBER` or `LOOSE_DIGITS` matched; None when its marks contradict each other.

    Args:
        dot_groups: read one dot before exactly three digits as a thousands mark (`1.234 €`), as fits money and counts.
    """
    word = _WORDS.get(text.lower())
    if word is not None:
        return Decimal(word)
    digits = text.replace(", ", ",")
    if not digits[:1].isdigit():
        return None
    whole, dot, rest = digits.partition(".")
    if dot_groups and dot and len(rest) == 3 and rest.isdigit() and whole.isdigit() and len(whole) <= 3:
        digits = whole + rest
    return plain_number(digits)


_ANY = Pattern(rf"(?i)\b(?P<n>{NUMBER})(?:[^\w]|$)")


def numbers_in(text: str) -> Iterator[Decimal]:
    """The numbers of a folded text, in digits and in words; articles are none."""
    for hit in _ANY.hits(text):
        found = read_number(hit["n"], dot_groups=False)
        if found is not None and not is_article(hit["n"]):
            yield found


def is_article(text: str) -> bool:
    """Whether the number is only an article (`a week`), which counts where something else says that a length is meant."""
    return text.lower() in _ARTICLES
