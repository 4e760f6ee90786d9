from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilens.errors import LedgerError
from trilens.prove.ledger.entry import LARGEST, Entry, Kind, PayloadRef, decode, encode
from trilens.vocabulary.canonical import canonical

REF = PayloadRef("sha256:" + "0" * 64, "ring", "conversation")
KEYS = st.text(st.characters(max_codepoint=126, min_codepoint=33), min_size=1, max_size=8).filter(
    lambda key: key not in ("v", "kind", "t", "payload")
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def refuses(match: str) -> "pytest.RaisesExc[LedgerError]":
    return pytest.raises(LedgerError, match=match, check=lambda error: error.code == "ledger/entry")


def test_an_entry_is_written_in_one_way() -> None:
    leaf = encode("decision", 1_700_000_000_000, {"outcome": "deny", "agent": "süpport"}, payload=(REF,))
    assert leaf.decode() == (
        '{"agent":"süpport","kind":"decision","outcome":"deny","payload":[{"c":"sha256:' + "0" * 64 + '",'
        '"ret":"conversation","ring":"ring"}],"t":1700000000000,"v":1}'
    )


@given(st.sampled_from(Kind), st.integers(0, 2**53 - 1), st.dictionaries(KEYS, VALUES, max_size=5), st.booleans())
@settings(deadline=None)
def test_an_entry_is_read_back_as_it_was_written(
    kind: Kind, at_ms: int, body: dict[str, Any], has_payload: bool
) -> None:
    refs = (REF, REF) if has_payload else ()
    leaf = encode(kind, at_ms, body, payload=refs)
    assert decode(leaf) == Entry(kind, at_ms, body, refs)
    assert canonical(orjson.loads(leaf)) == leaf


@given(st.data())
@settings(deadline=None)
def test_a_changed_byte_is_another_entry_or_none(data: st.DataObject) -> None:
    leaf = encode("decision", 1, {"agent": "support", "n": 10})
    place = data.draw(st.integers(0, len(leaf) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != leaf[place]))
    changed = leaf[:place] + bytes([byte]) + leaf[place + 1 :]
    with suppress(LedgerError):
        assert decode(changed) != decode(leaf)


@given(st.binary(max_size=80))
@settings(deadline=None)
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    with refuses("not a ledger entry"):
        decode(data)


@pytest.mark.parametrize(
    ("leaf", "reason"),
    [
        (b'{"kind":"decision","t":1,"v":1} ', "canonical form"),
        (b'{"kind":"decision", "t":1,"v":1}', "canonical form"),
        (b'{"t":1,"kind":"decision","v":1}', "canonical form"),
        (b'{"kind":"decision","t":1,"t":1,"v":1}', "canonical form"),
        (b'{"kind":"decision","t":1,"v":1,"x":"\\u0041"}', "canonical form"),
        (b'{"kind":"decision","t":1,"v":1,"x":1.5}', "canonical form"),
        (b'{"kind":"decision","t":1,"v":1,"x":1E2}', "canonical form"),
        (b'{"kind":"decision","t":1,"v":1,"x":9007199254740992}', "2\\*\\*53"),
        ('{"kind":"decision","t":1,"v":1,"ü":1}'.encode(), "ASCII"),
        (b'{"kind":"decision","t":1,"v":2}', "version"),
        (b'{"kind":"decision","t":1,"v":true}', "version"),
        (b'{"kind":"decision","t":1}', "version"),
        (b'{"kind":"surprise","t":1,"v":1}', "kind"),
        (b'{"kind":["decision"],"t":1,"v":1}', "kind"),
        (b'{"t":1,"v":1}', "kind"),
        (b'{"kind":"decision","t":-1,"v":1}', "moment"),
        (b'{"kind":"decision","t":true,"v":1}', "moment"),
        (b'{"kind":"decision","v":1}', "moment"),
        (b'{"kind":"decision","payload":[],"t":1,"v":1}', "payload"),
        (b'{"kind":"decision","payload":null,"t":1,"v":1}', "payload"),
        (b'{"kind":"decision","payload":[{"c":"x","ring":"r"}],"t":1,"v":1}', "payload"),
        (b'{"kind":"decision","payload":[{"c":"x","more":1,"ret":"y","ring":"r"}],"t":1,"v":1}', "payload"),
        (b"[]", "object"),
        (b"", "JSON"),
        (b"[" * 2_000 + b"]" * 2_000, "JSON"),
        (b"[" * 900 + b"]" * 900, "object"),
        (b'{"kind":"decision","t":1,"v":1,"x":' + b"[" * 900 + b"]" * 900 + b"}", "not a ledger entry"),
    ],
)
def test_bytes_that_were_not_written_by_encode_are_refused(leaf: bytes, reason: str) -> None:
    with refuses(reason):
        decode(leaf)


@pytest.mark.parametrize(
    ("kind", "at_ms", "body", "reason"),
    [
        ("surprise", 1, {}, "kind"),
        ("decision", -1, {}, "moment"),
        ("decision", 1, {"v": 2}, "key of the form"),
        ("decision", 1, {"payload": []}, "key of the form"),
        ("decision", 1, {"x": 0.5}, "canonical"),
        ("decision", 1, {"ü": 1}, "ASCII"),
        ("decision", 1, {"x": "\ud800"}, "not a ledger entry"),
        ("decision", 1, {"x": 2**53}, "2\\*\\*53"),
        ("decision", 1, {"x": "y" * LARGEST}, "at most"),
    ],
)
def test_what_has_no_form_is_not_written(kind: str, at_ms: int, body: dict[str, Any], reason: str) -> None:
    with refuses(reason):
        encode(kind, at_ms, body)


def test_the_largest_entry_is_one_that_sixteen_bits_can_count() -> None:
    empty = len(encode("decision", 1, {"x": ""}))
    assert len(encode("decision", 1, {"x": "y" * (LARGEST - empty)})) == LARGEST
    with refuses("at most"):
        encode("decision", 1, {"x": "y" * (LARGEST - empty + 1)})


def test_no_refusal_repeats_what_the_entry_says() -> None:
    bodies: tuple[dict[str, Any], ...] = ({"x": 0.5, "secret": "C-17"}, {"ü-C-17": 1})
    for body in bodies:
        with pytest.raises(LedgerError) as caught:
            encode("decision", 1, body)
        assert "C-17" not in str(caught.value)
