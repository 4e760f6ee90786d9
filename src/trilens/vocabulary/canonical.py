"""One canonical spelling of structured data, and the keyed digests made from it.

Restricted RFC 8785 (JSON Canonicalization Scheme, read 2026-11-24): ASCII keys, no floats, integers within ±(2**53 - 1). Under
those limits `orjson` with sorted keys writes the same bytes as RFC 8785 at a sixtieth of the cost. Where it is not installed, the standard
library writes them too, so that a verifier needs nothing but `cryptography` (tests/vocabulary/test_canonical_alone.py).
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

try:
    import orjson

    _IS_FAST = True
except ModuleNotFoundError:  # a verifier's own environment
    _IS_FAST = False

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json] | None"

_LARGEST = 2**53 - 1
_DEEPEST = 254
"""Levels that `orjson` writes."""


def canonical(value: Json) -> bytes:
    """Write `value` as canonical JSON.

    Raises:
        ValueError: a key outside ASCII, an integer beyond 2**53 - 1, a lone surrogate, a value JSON has no word for, or a nesting
            deeper than 254.
    """
    try:
        _check(value)
        return _write(value)
    except TypeError as error:
        raise ValueError(str(error)) from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def parse(text: bytes) -> object:
    """Read JSON text. Whether it is canonical, only `canonical` of the value tells.

    Raises:
        ValueError: it is no JSON in UTF-8.
    """
    return _read(text)


def _write_alone(value: object) -> bytes:
    """What `orjson` writes for a value that was checked."""
    if _depth(value) > _DEEPEST:
        raise ValueError("nested too deeply")
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _read_alone(text: bytes) -> object:
    try:
        return json.loads(text.decode())
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _depth(value: object) -> int:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


def _write_fast(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _read_fast(text: bytes) -> object:
    return orjson.loads(text)


_write: Callable[[object], bytes] = _write_fast if _IS_FAST else _write_alone
_read: Callable[[bytes], object] = _read_fast if _IS_FAST else _read_alone


def _check(value: object) -> None:
    # by exact type first: this is on the path of every entry, and a `match` of classes costs three times as much
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if kind is dict:
        _check_items(value)  # type: ignore[arg-type]
    elif kind is list or kind is tuple:
        for item in value:  # type: ignore[attr-defined]
            if type(item) is not str:
                _check(item)
    elif isinstance(value, int):
        if not -_LARGEST <= value <= _LARGEST:
            raise ValueError("integer beyond 2**53 - 1")
    elif isinstance(value, Mapping):
        _check_items(value)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item)
    elif not isinstance(value, str):
        raise ValueError("no canonical form for this type")


def _check_items(value: Mapping[object, object]) -> None:
    for key, item in value.items():
        if not isinstance(key, str) or not key.isascii():
            raise ValueError("key outside ASCII")
        if type(item) is not str:
            _check(item)


def plain(value: object) -> Json:
    """Turn decimals into text and tuples into lists, so that `canonical` takes the result."""
    match value:
        case Decimal():
            return spell_decimal(value)
        case float():
            return plain(Decimal(repr(value))) if math.isfinite(value) else str(value)
        case int() if not isinstance(value, bool) and abs(value) > _LARGEST:
            return str(value)
        case None | bool() | int() | str():
            return value
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case frozenset() | set():
            return sorted(str(item) for item in value)
        case _:
            raise ValueError("no canonical form for this type")


def spell_decimal(number: Decimal) -> str:
    """All digits of a decimal without an exponent and without zeros at its end: equal numbers have one spelling, and no others share it."""
    text = f"{number:f}" if number else "0"
    return text.rstrip("0").rstrip(".") if "." in text else text


def digest(data: bytes) -> str:
    """`sha256:` and 64 hex digits. Never for guessable data that must stay private: use `Mac` there."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Mac:
    """Keyed digests of values that must be recognised again but not guessed. Each purpose has its own domain."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if not 32 <= len(key) <= 64:
            raise ValueError("a MAC key has 32 to 64 bytes")
        self._key = key

    def of(self, domain: str, *parts: bytes | str) -> str:
        """Keyed BLAKE2b over the length-prefixed domain and parts, as 32 hex digits (128 bits).

        Source: RFC 7693 section 2.9 (keyed hashing is a MAC); hashlib keeps the interpreter's lock for it, HMAC lets go of it each time.
        """
        message = bytearray()
        for part in (domain, *parts):
            data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
            message += len(data).to_bytes(8, "big")
            message += data
        return hashlib.blake2b(message, key=self._key, digest_size=16).hexdigest()
