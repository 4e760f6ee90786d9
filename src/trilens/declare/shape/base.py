"""What all shapes share: unknown keys are refused, nothing is converted, and a wrong value says what was expected."""

import re
from collections.abc import Callable
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from trilens.vocabulary.amount import Amount, parse_amount

T = TypeVar("T")


class Shape(BaseModel):
    """A mapping of the manifest."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)


def wrong(code: str, message: str, hint: str = "") -> PydanticCustomError:
    """A finding about one value, in the words the author will read."""
    return PydanticCustomError("manifest", "{message}", {"code": code, "message": message, "help": hint})


def matching(pattern: str, code: str, expected: str, hint: str, *, secret: bool = False) -> AfterValidator:
    """Accepts text that matches the whole pattern; a `secret` one is never repeated."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise wrong(code, f"expected {expected}" + ("" if secret else f", got `{text}`"), hint)
        return text

    return AfterValidator(check)


def _readable(text: str) -> str:
    if not text.strip():
        raise wrong("manifest/empty-text", "expected some text, got none", "write it out, or delete the key")
    return text


def _member(name: str) -> str:
    if len(name) > 128:
        raise wrong("manifest/name", f"expected a name of at most 128 characters, got {len(name)}", "shorten it")
    return _readable(name)


NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"

Text = Annotated[str, AfterValidator(_readable)]
"""Prose for people."""

Name = Annotated[
    str,
    matching(
        NAME,
        "manifest/name",
        "a name",
        "a name has letters, digits, `-`, `_` and `.`, starts with a letter or digit, and has at most 64",
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{NAME}$"}),
]
"""A name the author chooses, or a use of one."""

Member = Annotated[str, AfterValidator(_member), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 128})]
"""The name of an argument or of a field, as the tool spells it."""


def read_as(read: Callable[[str | int], T | None], code: str, expected: str, hint: str) -> BeforeValidator:
    """Accepts text, or a whole number, that `read` can read."""

    def check(value: object) -> T:
        found = read(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
        if found is None:
            written = str(value).lower() if isinstance(value, bool) else str(value)
            got = f"`{written}`" if isinstance(value, (str, int, float)) else "something else"
            raise wrong(code, f"expected {expected}, got {got}", hint)
        return found

    return BeforeValidator(check)


_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_DURATION = re.compile(r"([1-9][0-9]{0,6}) ?([smhdw])")
_LONGEST_MS = 100 * 366 * 86_400_000


def read_duration(text: str | int) -> int | None:
    """Milliseconds of `15m`, `24h`, `183d`; None when it is not a duration between a second and a hundred years."""
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    length = int(found[1]) * _UNITS_MS[found[2]] if found else 0
    return length if 0 < length <= _LONGEST_MS else None


def spell_duration(length_ms: int) -> str:
    """As a manifest writes it, in the largest unit that leaves no rest; up to days, as people count."""
    unit = next((unit for unit in "dhms" if length_ms % _UNITS_MS[unit] == 0), "")
    return f"{length_ms // _UNITS_MS[unit]}{unit}" if unit else f"{length_ms} ms"


Duration = Annotated[
    int,
    read_as(
        read_duration,
        "manifest/duration",
        "a duration",
        "write a number and a unit of `s`, `m`, `h`, `d` or `w`: `15m`, `30d`",
    ),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,6} ?[smhdw]$"}),
]

_AMOUNT = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,2})?) ?([A-Z]{3})")


def read_maximum(text: str | int) -> Amount | None:
    """A count of calls (`20`), or an amount of a unit (`500 EUR`, `12.50 EUR`); None when it is neither or not above zero.

    Thousands marks are refused: `1.000 EUR` is one to some readers and a thousand to others.
    """
    if isinstance(text, int):
        return parse_amount(text) if text > 0 else None
    found = _AMOUNT.fullmatch(text)
    amount = parse_amount(found[1], found[2]) if found else None
    amount = Amount(amount.number, found[2]) if amount and found else None
    return amount if amount and amount.number > 0 else None


Maximum = Annotated[
    Amount,
    read_as(
        read_maximum,
        "manifest/amount",
        "an amount with its unit, or a number of calls",
        "write `500 EUR` or `12.50 EUR` without thousands marks, or a whole number of calls such as `20`",
    ),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": "^(?!0+(\\.0+)? ?[A-Z])[0-9]{1,12}(\\.[0-9]{1,2})? ?[A-Z]{3}$"},
                {"type": "integer", "minimum": 1},
            ]
        }
    ),
]

FilePath = Annotated[str, Field(min_length=1)]
"""A path relative to the manifest's folder; it may not leave it."""


SHORT, LONG = "\0short", "\0long"
"""Marks in the place of an error that keep the two forms apart; no key can be spelled like them, since NUL is refused."""


def shorthand(value: object) -> str | None:
    """Which of two ways of writing it is: the word, or the long form."""
    match value:
        case str():
            return SHORT
        case dict() | Shape():
            return LONG
        case _:
            return None
