"""Laws of labels: a join only tightens, however it is put together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.vocabulary.label import EVERYONE, NOBODY, PUBLIC, UNKNOWN_LABEL, Integrity, Label, Readers

NAMES = st.sampled_from(["leads", "customer", "customer:C-17", "customer:Zoë-18", "owner"])
READERS = st.one_of(st.just(EVERYONE), st.frozensets(NAMES).map(Readers.of))
LABELS = st.builds(Label, st.sampled_from(Integrity), READERS)

pytestmark = pytest.mark.requirement("X4")


@given(LABELS, LABELS, LABELS)
def test_join_is_associative(a: Label, b: Label, c: Label) -> None:
    assert a.join(b).join(c) == a.join(b.join(c))


@given(LABELS, LABELS)
def test_join_is_commutative(a: Label, b: Label) -> None:
    assert a.join(b) == b.join(a)


@given(LABELS)
def test_join_is_idempotent(a: Label) -> None:
    assert a.join(a) == a


@given(LABELS, LABELS, NAMES)
def test_join_only_tightens(a: Label, b: Label, reader: str) -> None:
    joined = a.join(b)
    assert joined.integrity <= a.integrity
    assert joined.integrity <= b.integrity
    assert reader not in joined.readers or (reader in a.readers and reader in b.readers)


@given(LABELS, LABELS, LABELS)
def test_join_is_monotone(a: Label, b: Label, c: Label) -> None:
    tighter = a.join(b)
    assert tighter.join(c) == tighter.join(c).join(a.join(c))


@given(LABELS)
def test_unknown_label_absorbs_every_other(a: Label) -> None:
    assert a.join(UNKNOWN_LABEL) == UNKNOWN_LABEL


@given(LABELS)
def test_most_trusted_and_public_changes_nothing(a: Label) -> None:
    assert a.join(Label(Integrity.USER, EVERYONE)) == a


@given(st.frozensets(NAMES))
def test_public_among_the_names_means_everybody(names: frozenset[str]) -> None:
    assert Readers.of(names | {PUBLIC}) == EVERYONE


def test_no_names_means_nobody() -> None:
    assert Readers.of(()) == NOBODY
    assert "customer:C-17" not in NOBODY
    assert "anybody" in EVERYONE
