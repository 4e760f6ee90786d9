import json
from decimal import Decimal
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilens.vocabulary.canonical import Mac, canonical, digest, plain

LARGEST = 2**53 - 1
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
KEYS = st.text(st.characters(max_codepoint=127), max_size=10)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
KEY = bytes(range(32))


def rfc8785(value: Any) -> bytes:
    """RFC 8785 for what is left of it without floats and with ASCII keys: the standard library says the same in other words."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


@given(VALUES)
@settings(deadline=None)
def test_the_restricted_form_is_that_of_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785(value)


@given(VALUES)
@settings(deadline=None)
def test_the_form_of_what_was_read_back_is_the_same(value: Any) -> None:
    written = canonical(value)
    assert json.loads(written) == value
    assert canonical(json.loads(written)) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        # RFC 8785 section 3.2.2.2: escapes are the short ones, then lower-case hex, and nothing else is escaped
        ('\u20ac$\x0f\nA\'B"\\\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
        ("\b\t\n\f\r\x00\x1f\x7f\u2028", '"\\b\\t\\n\\f\\r\\u0000\\u001f\x7f\u2028"'),
        # section 3.2.3: keys by code unit
        ({"b": 1, "a": 2, "B": 3, "a1": 4, "": 5, "1": 6}, '{"":5,"1":6,"B":3,"a":2,"a1":4,"b":1}'),
        ([1, True, None, [], {}, (2, 3), -0], "[1,true,null,[],{},[2,3],0]"),
        (LARGEST, "9007199254740991"),
        (-LARGEST, "-9007199254740991"),
    ],
)
def test_values_are_spelled_as_the_rfc_spells_them(value: Any, written: str) -> None:
    assert canonical(value) == written.encode()


class Word(StrEnum):
    YES = "yes"


class Number(IntEnum):
    ONE = 1


def test_members_of_enums_are_their_values() -> None:
    assert canonical([Word.YES, Number.ONE]) == b'["yes",1]'


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        LARGEST + 1,
        -LARGEST - 1,
        2**70,
        Decimal(1),
        b"bytes",
        {1, 2},
        object(),
        {1: "key"},
        {None: "key"},
        {"ü": 1},
        {"a": {"é": 1}},
        "\ud800",
        {"a": ["\udfff"]},
        [[0.5]],
        {"a": {"b": 0.5}},
        (LARGEST + 1,),
        MappingProxyType({"a": 0.5}),
    ],
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical(value)


def test_a_nesting_that_no_reader_follows_is_refused() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match=r"."):
        canonical(deep)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("450.00"), "450"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.10"), "0.1"),
        (450.5, "450.5"),
        (0.1, "0.1"),
        (1e22, "10000000000000000000000"),
        (float("inf"), "inf"),
        (2**53, "9007199254740992"),
        (True, True),
        ({"a": (1, Decimal(2))}, {"a": [1, "2"]}),
        (frozenset({"b", "a"}), ["a", "b"]),
    ],
)
def test_plain_data_has_a_canonical_form(value: object, expected: object) -> None:
    assert plain(value) == expected
    canonical(plain(value))


def test_what_is_neither_data_nor_number_has_no_plain_form() -> None:
    with pytest.raises(ValueError, match="no canonical form"):
        plain(object())


def test_a_digest_is_sha_256_in_hex() -> None:
    # FIPS 180-4, the example "abc"
    assert digest(b"abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_mac_is_keyed_blake2b_over_domain_and_counted_parts() -> None:
    # own vector, by the standard library: blake2b(P, key=bytes(range(32)), digest_size=16), where P is "intent", "ü" and
    # the empty text in UTF-8, each after its length in eight bytes, big-endian
    assert Mac(KEY).of("intent", "ü", b"") == "e59f18980233437a142a7ec34ab19862"


@given(st.lists(st.binary(max_size=5), max_size=4), st.lists(st.binary(max_size=5), max_size=4))
@settings(deadline=None)
def test_a_mac_tells_parts_apart_however_they_are_cut(left: list[bytes], right: list[bytes]) -> None:
    mac = Mac(KEY)
    assert (mac.of("d", *left) == mac.of("d", *right)) == (left == right)


def test_a_domain_never_runs_into_its_parts() -> None:
    assert Mac(KEY).of("a", b"b") != Mac(KEY).of("ab", b"") != Mac(KEY).of("ab")


def test_a_mac_of_another_key_or_purpose_is_another() -> None:
    macs = {Mac(key).of(domain, b"x") for key in (KEY, bytes(32)) for domain in ("intent", "call")}
    assert len(macs) == 4


def test_text_that_is_not_valid_unicode_still_has_a_mac() -> None:
    assert len(Mac(KEY).of("d", "\ud800")) == 32


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 to 64 bytes"):
        Mac(b"short" * 6)
