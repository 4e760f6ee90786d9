"""A verifier without `orjson` reads and writes the same bytes: one entry has one hash, whoever hashes it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.vocabulary import canonical as spelling
from trilens.vocabulary.canonical import canonical, parse

TEXT = st.text(st.characters(exclude_categories=[]), max_size=20)
KEYS = st.text('abcXYZ_0 ~"\\', max_size=4) | TEXT
LEAVES = st.none() | st.booleans() | st.integers(-(2**54), 2**54) | TEXT
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


def alone(value: object) -> bytes | None:
    """What `canonical` answers where `orjson` is not installed; None when it refuses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spelling, "_write", spelling._write_alone)
        return written(value)


def written(value: object) -> bytes | None:
    try:
        return canonical(value)  # type: ignore[arg-type]
    except ValueError:
        return None


def read(text: bytes) -> object:
    try:
        return spelling._read_alone(text)
    except ValueError:
        return ValueError


@given(VALUES)
def test_both_write_the_same_bytes_or_both_refuse(value: object) -> None:
    assert alone(value) == written(value)


@pytest.mark.parametrize("depth", [1, 253, 254, 255, 256, 2_000])
def test_both_refuse_what_is_nested_too_deeply(depth: int) -> None:
    value: object = 1
    for _ in range(depth):
        value = [value]
    assert alone(value) == written(value)
    assert (alone(value) is None) == (depth > 254)


def test_every_character_below_a_space_has_one_spelling() -> None:
    text = "".join(map(chr, range(0x80))) + "\u2028\u2029\x7f\x9fé𝄞"
    assert alone(text) == written(text) is not None


@given(VALUES)
def test_both_read_what_was_written(value: object) -> None:
    text = written(value)
    if text is not None:
        assert read(text) == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        b"NaN",
        b"[1e400]",
        b"{",
        b"\xff",
        b"\xef\xbb\xbf1",
        b"\xff\xfe1\x00",
        b'"\\ud800"',
        b"1" * 5_000,
        b"[" * 60_000,
        b"1.5",
        b"-0",
        b"01",
        b'{"a":1,"a":1}',
    ],
)
def test_what_is_not_canonical_is_canonical_for_neither(text: bytes) -> None:
    assert alone(read(text)) != text
    try:
        value = parse(text)
    except ValueError:
        return
    assert written(value) != text


def test_the_standard_library_is_what_reads_and_writes_alone() -> None:
    assert read(b'{"a":[1,"\xc3\xa9"]}') == json.loads('{"a":[1,"é"]}')
