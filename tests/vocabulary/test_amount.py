"""Amounts are exact, however many digits they have."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.vocabulary.amount import Amount, parse_amount
from trilens.vocabulary.canonical import plain, spell_decimal

numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15)


@given(numbers | st.text("0123456789", min_size=1, max_size=15).map(lambda digits: Decimal(f"{digits}.{digits * 3}1")))
def test_micros_are_the_next_whole_number_away_from_zero(number: Decimal) -> None:
    numerator, denominator = number.as_integer_ratio()
    micros = Amount(number, "EUR").micros
    assert abs(micros) * denominator >= abs(numerator) * 10**6
    assert (abs(micros) - 1) * denominator < abs(numerator) * 10**6
    assert micros == 0 or (micros > 0) is (number > 0)


def test_a_budget_does_not_profit_from_the_29th_digit() -> None:
    assert Amount(Decimal("123456789012345.0000000000000000000000001")).micros == 123456789012345000001


@pytest.mark.parametrize("text", ["1.000000000000000000000000000000001", "0.1", "1234567890.5", "-2.50", "1E+3", "0"])
def test_a_decimal_keeps_every_digit(text: str) -> None:
    assert Decimal(spell_decimal(Decimal(text))) == Decimal(text)


@given(numbers, st.integers(0, 5))
def test_equal_decimals_have_one_spelling(number: Decimal, zeros: int) -> None:
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    longer = Decimal((sign, (*digits, *[0] * zeros), exponent - zeros))
    assert spell_decimal(longer) == spell_decimal(number)
    assert spell_decimal(Decimal("-0.0")) == spell_decimal(Decimal(0)) == "0"


def test_different_decimals_have_different_spellings() -> None:
    one, other = Decimal("1.00000000000000000000000000001"), Decimal("1.00000000000000000000000000002")
    assert plain(one) != plain(other)


def test_an_amount_shown_is_the_amount_judged() -> None:
    amount = parse_amount("1.00000000000000000000000000000001 EUR", "EUR")
    assert amount is not None
    assert parse_amount(str(amount), "EUR") == amount
