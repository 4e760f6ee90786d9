"""What is judged is what is sent: no body means two things to two readers."""

import json
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.errors import WireError
from trilens.gateways.strict import MOST_VALUES, strict_object


def refusal(body: bytes) -> str:
    with pytest.raises(WireError) as caught:
        strict_object(body)
    return caught.value.code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "wire/not-json"),
        (b"{", "wire/not-json"),
        (b'{"a":1} x', "wire/not-json"),
        (b'{"a":1}{"a":1}', "wire/not-json"),
        (b'\xef\xbb\xbf{"a":1}', "wire/not-json"),
        (b'{"a":"\xff"}', "wire/not-json"),
        (b'{"a":"\xed\xa0\x80"}', "wire/not-json"),
        (b'{"a":"\\ud800"}', "wire/not-json"),
        (b'{"a":NaN}', "wire/not-json"),
        (b'{"a":Infinity}', "wire/not-json"),
        (b'{"a":1e400}', "wire/not-json"),
        (b'{"a":"\x00"}', "wire/not-json"),
        (b'{"a":1,}', "wire/not-json"),
        (b"{'a':1}", "wire/not-json"),
        (b'{"a":1}\x00', "wire/not-json"),
        ('{"a":1}'.encode("utf-16"), "wire/not-json"),
        (b"[]", "wire/not-object"),
        (b"1", "wire/not-object"),
        (b"null", "wire/not-object"),
        (b'"text"', "wire/not-object"),
        (b'{"a":1,"a":1}', "wire/duplicate-key"),
        (b'{"a":1,"b":{"c":1,"c":2}}', "wire/duplicate-key"),
        (b'{"a":[{"c":1,"c":2}]}', "wire/duplicate-key"),
        (b'{"a":1, "\\u0061":2}', "wire/duplicate-key"),
        (b'{"model":"a","messages":[],"model":"b"}', "wire/duplicate-key"),
        (b'{"a":9007199254740992}', "wire/number-out-of-range"),
        (b'{"a":-9007199254740992}', "wire/number-out-of-range"),
        (b'{"a":18446744073709551617}', "wire/number-out-of-range"),
        (b'{"a": 18446744073709551617}', "wire/number-out-of-range"),
        (b'{"a":' + b"9" * 5000 + b"}", "wire/not-json"),
        (b'{"a":' + b"9" * 300 + b"}", "wire/number-out-of-range"),
        (b'{"a":0.10000000000000000001}', "wire/number-out-of-range"),
        (b'{"a":450.00000000000000001}', "wire/number-out-of-range"),
        (b'{"a":"\\u0000"}', "wire/nul"),
        (b'{"a\\u0000":1}', "wire/nul"),
        (b'{"a":[["x\\u0000y"]]}', "wire/nul"),
        (b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", "wire/too-deep"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "wire/too-deep"),
        (b"[" * 100_000, "wire/too-deep"),
        (b'{"a":[' + b"0.10," * (MOST_VALUES + 1) + b"0]}", "wire/too-many-values"),
    ],
)
def test_a_body_that_two_readers_could_read_differently_is_refused(body: bytes, code: str) -> None:
    assert refusal(body) == code


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b' {"a" : 1 } \n',
        b'{"a":9007199254740991}',
        b'{"a":-9007199254740991}',
        b'{"a":0.1,"b":1e5,"c":1E-2,"d":-0.0,"e":2.50}',
        b'{"a":"\\\\u0000"}',
        b'{"a":"caf\\u00e9 \\ud83d\\ude00"}',
        '{"ä":"日本"}'.encode(),
        b'{"a":' + b"[" * 63 + b"]" * 63 + b"}",
        b'{"a":{"b":1},"b":{"b":1}}',
        json.dumps({"a": [1, {"b": "c: d, e"}]}, indent=2).encode(),
        json.dumps({"a": [{}] * 500}).encode(),
    ],
)
def test_a_body_with_one_meaning_is_read_as_the_standard_library_reads_it(body: bytes) -> None:
    assert strict_object(body) == json.loads(body)


def test_an_answer_may_round_its_numbers_but_repeats_no_key() -> None:
    assert strict_object(b'{"a":0.10000000000000000001, "b":18446744073709551617}', exact_numbers=False)
    with pytest.raises(WireError, match="twice"):
        strict_object(b'{"a":0.10000000000000000001,"a":1}', exact_numbers=False)


def test_an_error_quotes_nothing_of_the_body() -> None:
    for body in (b'{"secret":tlk_', b'{"tlk_x":1,"tlk_x":2}', b'{"a":"tlk_\\u0000"}'):
        with pytest.raises(WireError) as caught:
            strict_object(body)
        assert "tlk" not in str(caught.value)


# what follows writes JSON text in every way a client might, and compares with a slow and plain reader


class Written(str):
    """A number as text."""

    __slots__ = ()


class Pairs(list[tuple[str, object]]):
    """An object that may repeat a key."""


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.integers(2**53 - 3, 2**53 + 3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
    st.sampled_from(
        ["0.1", "1e2", "1E-7", "-0", "0.30000000000000004", "0.300000000000000040", "1.0000000000000001"]
    ).map(Written),
)
KEYS = st.sampled_from(["a", "b", "ä", "a\nb", "\u2028", ""])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.lists(st.tuples(KEYS, inner), max_size=4).map(Pairs)),
)


def write(value: object, comma: str, colon: str, *, ascii_only: bool) -> str:
    match value:
        case Written():
            return str(value)
        case Pairs():
            items = (
                f"{json.dumps(k, ensure_ascii=ascii_only)}{colon}{write(v, comma, colon, ascii_only=ascii_only)}"
                for k, v in value
            )
            return "{" + comma.join(items) + "}"
        case list():
            return "[" + comma.join(write(item, comma, colon, ascii_only=ascii_only) for item in value) + "]"
        case _:
            return json.dumps(value, ensure_ascii=ascii_only)


def is_exact(text: str) -> bool:
    """The slow and plain reader: keys once, integers within 2**53, decimals as a double writes them, no NUL."""
    sound = True

    def pairs(items: list[tuple[str, object]]) -> object:
        nonlocal sound
        sound &= len({key for key, _ in items}) == len(items) and not any("\0" in key for key, _ in items)
        return dict(items)

    def integer(digits: str) -> int:
        nonlocal sound
        sound &= abs(int(digits)) < 2**53
        return int(digits)

    def number(digits: str) -> float:
        nonlocal sound
        sound &= Decimal(digits) == Decimal(repr(float(digits)))
        return float(digits)

    parsed = json.loads(text, object_pairs_hook=pairs, parse_int=integer, parse_float=number)
    return sound and "\\u0000" not in json.dumps(parsed).replace("\\\\", "")


@given(
    st.lists(st.tuples(KEYS, VALUES), max_size=4).map(Pairs),
    st.sampled_from([",", ", ", " ,\n"]),
    st.sampled_from([":", ": "]),
    st.booleans(),
)
def test_exactly_the_bodies_with_one_meaning_pass(document: Pairs, comma: str, colon: str, ascii_only: bool) -> None:
    text = write(document, comma, colon, ascii_only=ascii_only)
    try:
        body = text.encode()
    except UnicodeEncodeError:
        return
    try:
        parsed = strict_object(body)
    except WireError:
        assert not is_exact(text) or "\\ud" in text.lower()
    else:
        assert is_exact(text)
        assert parsed == json.loads(text)


@given(st.dictionaries(st.text(max_size=5), st.recursive(st.integers(-100, 100) | st.text(), st.lists)))
def test_what_the_usual_clients_write_passes(document: dict[str, object]) -> None:
    try:
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return
    if "\\u0000" not in json.dumps(document).replace("\\\\", ""):
        assert strict_object(body) == document
        assert strict_object(orjson.dumps(document)) == document


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_a_refusal(body: bytes) -> None:
    try:
        parsed = strict_object(body)
    except WireError:
        return
    assert json.loads(body) == parsed
