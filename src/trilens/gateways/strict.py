"""JSON read once and without doubt: what is judged is what is sent.

Two readers of one body must never see two things. Refused, beyond what is no JSON at all: a key given twice (readers keep the first
or the last), integers beyond 2**53 and decimals a double cannot hold (readers round), nesting beyond 64, NUL in text, and more values than are read in time.

`orjson` keeps the last of two keys and rounds. The proof that it did neither is that writing its result again gives the very bytes
that came in, which holds for what the usual clients send; anything else is read a second time by the standard library, which shows
every pair and every number (tests/gateways/test_strict.py compares the two on generated text).
"""

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import NoReturn

import orjson

from trilens.errors import WireError

DEEPEST = 64
MOST_VALUES = 262_144
"""Commas of a body, those of its texts included: a conversation of 10 MB has about 200 000. More would hold up everybody else."""
_LARGEST = 2**53 - 1
_SPELLINGS = (0, orjson.OPT_INDENT_2)
"""What clients and upstreams write: no space at all, or two to a level."""


def strict_object(body: bytes, *, exact_numbers: bool = True) -> dict[str, object]:
    """The JSON object that `body` is, to every reader alike.

    Args:
        exact_numbers: False where no number is judged or sent on: readers may round them.

    Raises:
        WireError: codes `wire/not-json`, `wire/not-object`, `wire/duplicate-key`, `wire/number-out-of-range`, `wire/too-deep`,
            `wire/too-many-values`, `wire/nul`.
    """
    if body.count(b",") > MOST_VALUES:
        raise WireError("wire/too-many-values", f"the body has more than {MOST_VALUES} values", status=413)
    try:
        parsed: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise (_too_deep() if error.msg.startswith("depth") else _not_json(error)) from error
    if not isinstance(parsed, dict):
        raise WireError("wire/not-object", "the body is not a JSON object")
    if body.count(b"[") + body.count(b"{") > DEEPEST:
        _check_depth(parsed)
    if not _writes_back(parsed, body, exact_numbers=exact_numbers):
        _check_as_written(body, exact_numbers=exact_numbers)
    if b"\\u0000" in body and any("\0" in text for text in _texts(parsed)):
        raise WireError("wire/nul", "the body has NUL in a text")
    return parsed


def _writes_back(parsed: object, body: bytes, *, exact_numbers: bool) -> bool:
    """Whether the bytes are just what writing the value gives: then no key was dropped and no number rounded."""
    bounds = orjson.OPT_STRICT_INTEGER if exact_numbers else 0
    try:
        return any(orjson.dumps(parsed, option=spelling | bounds) == body for spelling in _SPELLINGS)
    except orjson.JSONEncodeError as error:
        raise _out_of_range() from error


def _check_as_written(body: bytes, *, exact_numbers: bool) -> None:
    integer, decimal = (_exact_int, _exact_float) if exact_numbers else (_any_number, _any_number)
    try:
        json.loads(body, object_pairs_hook=_once, parse_int=integer, parse_float=decimal, parse_constant=_refuse)
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise _not_json(error) from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise WireError("wire/duplicate-key", "the body gives a key twice")
    return found


def _exact_int(text: str) -> int:
    # at most 17 characters, so that the conversion is never long
    if len(text) > 17 or abs(number := int(text)) > _LARGEST:
        raise _out_of_range()
    return number


def _exact_float(text: str) -> float:
    number = float(text)
    try:
        exact = Decimal(text) == Decimal(repr(number))
    except InvalidOperation as error:
        raise _out_of_range() from error
    if not exact:
        raise _out_of_range()
    return number


def _any_number(_: str) -> float:
    return 0.0


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _check_depth(parsed: object) -> None:
    level: list[object] = [parsed]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _items(outer) if isinstance(inner, (dict, list))]
        if not level:
            return
    raise _too_deep()


def _items(container: object) -> Iterator[object]:
    match container:
        case dict():
            yield from container.values()
        case list():
            yield from container
        case _:
            return


def _texts(parsed: object) -> Iterator[str]:
    match parsed:
        case str():
            yield parsed
        case dict():
            yield from parsed
            for item in parsed.values():
                yield from _texts(item)
        case list():
            for item in parsed:
                yield from _texts(item)
        case _:
            return


def _not_json(error: ValueError) -> WireError:
    return WireError("wire/not-json", f"the body is not JSON{_at(error)}")


def _at(error: ValueError) -> str:
    # the parser's own message may quote the body
    return f": unreadable at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""


def _out_of_range() -> WireError:
    return WireError(
        "wire/number-out-of-range",
        "the body has a number that a double cannot hold exactly",
        help="integers stay within 2^53; write larger or finer numbers as text",
    )


def _too_deep() -> WireError:
    return WireError("wire/too-deep", f"the body is nested deeper than {DEEPEST} levels")
