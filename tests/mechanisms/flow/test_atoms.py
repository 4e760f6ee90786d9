"""Atoms have one normal spelling, whatever the text looks like."""

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.mechanisms.flow.atoms import atoms_of, fold, is_distinctive, scalar_keys, single_spaced, whole_text

pytestmark = pytest.mark.requirement("X4")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("please refund 450 EUR", "#450"),
        ("€450", "#450"),
        ("450€", "#450"),
        ("EUR 450.00,", "#450"),
        ("450,00", "#450"),
        ("1,234.50 EUR", "#1234.5"),
        ("1.234,50 €", "#1234.5"),
        ("1 234,50 €", "#1234.5"),
        ("12 345 678 items", "#12345678"),
        ("(120.00)", "#120"),
        ("order O-1001.", "io-1001"),
        ("(order: o-1001)", "io-1001"),
        ("https://x.example/orders/O-1001?id=A7", "io-1001"),
        ("order=O-1001&x=A7", "ia7"),
        ("注文O-1001の件", "io-1001"),
        ("Ö-1001", "iö-1001"),
        ("Ｏ－１００１", "io-1001"),
        ("O-1\u200b001", "io-1001"),
        ("O\u20111001", "io-1001"),
        ("O\u20131001", "io-1001"),
        ("IBAN DE89 3704 0044 0532 0130 00", "nde89370400440532013000"),
        ("DE89370400440532013000", "nde89370400440532013000"),
        ("call +49 170 1234567 now", "n491701234567"),
        ("+49-170-1234567", "n491701234567"),
        ("on 2026-11-24 at", "d2026-11-24"),
        ("2026-11-24T10:00:00Z", "d2026-11-24"),
        ("am 24.11.2026.", "d2026-11-24"),
        ("11/24/2026", "d2026-11-24"),
        ("24/11/2026", "d2026-11-24"),
        ("24 November 2026", "d2026-11-24"),
        ("am 24. November 2026", "d2026-11-24"),
        ("November 24, 2026", "d2026-11-24"),
        ("Nov 24th, 2026", "d2026-11-24"),
        ("le 1er août 2026", "d2026-08-01"),
        ("24 de noviembre de 2026", "d2026-11-24"),
    ],
)
def test_spelling_yields_the_atom(text: str, key: str) -> None:
    assert key in atoms_of(single_spaced(text))


@pytest.mark.parametrize("text", ["", "no digits here", "Straße und Öl", "您好", "!!! ??? …", "a-b c_d"])
def test_ordinary_words_are_no_atoms(text: str) -> None:
    assert atoms_of(single_spaced(text)) == set()


@pytest.mark.parametrize("text", ["31/31/2026", "45.13.2026", "32 Smarch 2026"])
def test_what_is_no_date_yields_none(text: str) -> None:
    assert not [key for key in atoms_of(single_spaced(text)) if key[0] == "d"]


@pytest.mark.parametrize("value", [450, Decimal(450), Decimal("450.00"), "450", "450.00", "450 EUR", "€450"])
def test_amounts_share_a_key_however_they_are_written(value: int | Decimal | str) -> None:
    keys = set(scalar_keys(value)) | (atoms_of(single_spaced(value)) if isinstance(value, str) else set())
    assert "#450" in keys


def test_whole_values_are_compared_without_case_spaces_and_zeros() -> None:
    assert whole_text("  Express\tShipping ") == whole_text("express shipping")
    assert whole_text(Decimal("17.0")) == whole_text(17) == whole_text("17") == "17"
    assert (whole_text(None), whole_text(True)) == ("", "true")


@pytest.mark.parametrize("key", ["io-1001", "i10001", "=north-lamp", "=abcde", "ic-17"])
def test_distinctive_ids(key: str) -> None:
    assert is_distinctive(key)


@pytest.mark.parametrize("key", ["#3", "i17", "=7", "=at", "=may", "i2b", "#1001"])
def test_short_numbers_and_words_stand_for_nothing(key: str) -> None:
    assert not is_distinctive(key)


def test_link_or_address_is_no_id() -> None:
    found = atoms_of("https://x.example/a1?id=b2 ada99@example.org")
    assert {"ia1", "ib2"} <= found
    assert not [key for key in found if "//" in key or "@" in key or len(key) > 20]


def test_two_hosts_that_casefold_alike_stay_two() -> None:
    assert fold("STRAßE.example") != fold("strasse.example")


def test_negative_number_is_another_one() -> None:
    assert set(scalar_keys(Decimal(-450))).isdisjoint(scalar_keys(450))


@given(st.text(max_size=400))
def test_extraction_never_raises_and_is_stable(text: str) -> None:
    plain = single_spaced(text)
    assert atoms_of(plain) == atoms_of(plain)
    assert all(len(key) > 1 and key[0] in "#dni" for key in atoms_of(plain))


@given(st.text(max_size=200))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(
    st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=60), st.text(max_size=10), st.text(max_size=10)
)
def test_a_value_keeps_its_id_wherever_it_stands(value: str, before: str, after: str) -> None:
    for key in scalar_keys(value):
        if key[0] == "i":
            is_link = "//" in value or "@" in value
            assert is_link or key in atoms_of(single_spaced(f"{before} {value} {after}"))


@pytest.mark.parametrize(
    "text",
    [
        "9" * 100_000,
        "9 " * 50_000,
        "a1" * 50_000,
        "1." * 50_000,
        "x" * 100_000 + "1",
        "24 nov " * 14_000,
        "1-" * 50_000,
    ],
)
def test_extraction_is_linear_on_hostile_text(text: str) -> None:
    started = time.thread_time()
    atoms_of(single_spaced(text))
    assert time.thread_time() - started < 2
