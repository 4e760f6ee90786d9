"""What follows from supported values by plain arithmetic is supported, and says from what; what nobody stated never does."""

import itertools
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.mechanisms.content.claim import ClaimKind
from trilens.mechanisms.content.fields import Field, FieldIndex
from trilens.mechanisms.content.grounding import Compared, Evidence, compare, read_answer

KINDS = frozenset(ClaimKind) - {ClaimKind.MOMENT}
POLICY = (
    "Items can be returned within 30 days of delivery. Shipping costs 6 EUR. A refund above 50 EUR is approved by a person. "
    "Opened items are refunded less a fee of 15 %. A member saves 10 % on every order."
)
RECORD = FieldIndex([Field("price", "49.90", "EUR"), Field("delivered", "2026-11-10"), Field("quantity", "3")])
TODAY = date(2026, 11, 24)


def compared(text: str, said: str = "") -> Compared:
    evidence = Evidence(documents=(POLICY,), fields=RECORD, said=(said,) if said else (), question=said, today=TODAY)
    return compare(read_answer(text), evidence, KINDS)


def held(text: str, said: str = "") -> list[str]:
    return [text[u.claim.span.start : u.claim.span.stop] for u in compared(text, said).unsupported]


@pytest.mark.requirement("S3")
@pytest.mark.parametrize(
    ("text", "said", "basis"),
    [
        ("The price is 49.90 EUR and shipping costs 6 EUR, 55.90 EUR in total.", "", ["49.90 + 6 EUR"]),
        ("Der Preis ist 49,90 EUR, der Versand kostet 6 EUR, zusammen 55,90 EUR.", "", ["49.90 + 6 EUR"]),
        ("49.90 + 6 = 55.90, so the order comes to 55.90 EUR.", "", ["49.90 + 6 EUR"]),
        ("That is 43.90 EUR: 49.90 EUR minus 6 EUR for shipping.", "", ["49.90 - 6 EUR"]),
        ("The price is 49.90 EUR, so you are 4.90 EUR short.", "I have 45 EUR", ["49.90 - 45 EUR"]),
        ("3 x 49.90 EUR makes 149.70 EUR.", "", ["3 x 49.90 EUR"]),
        ("Two at 49.90 EUR each are 99.80 EUR.", "I take two", ["2 x 49.90 EUR"]),
        ("For an opened item the fee of 15 % is 7.49 EUR of 49.90 EUR.", "", ["15 % of 49.90 EUR"]),
        ("Items can be returned within 30 days of delivery, so until 10 December.", "", ["2026-11-10 + 30 days"]),
        ("It was delivered 14 days ago.", "", ["2026-11-24 - 2026-11-10"]),
        ("Sie wurde vor 14 Tagen geliefert.", "", ["2026-11-24 - 2026-11-10"]),
        ("After delivery you still have 16 days to return it.", "", ["2026-11-10 + 30 days - 2026-11-24"]),
        (
            "It came on 1 Nov; return it within 30 days of delivery, by 1 Dec.",
            "it came on 1 Nov",
            ["2026-11-01 + 30 days"],
        ),
    ],
)
def test_stated_arithmetic_on_supported_values_is_supported(text: str, said: str, basis: list[str]) -> None:
    found = compared(text, said)
    assert found.unsupported == ()
    assert [derived.basis for derived in found.derived] == basis


@pytest.mark.requirement("S3")
@pytest.mark.parametrize(
    ("text", "said", "unsupported"),
    [
        # the result is wrong
        ("The price is 49.90 EUR and shipping costs 6 EUR, 56.90 EUR in total.", "", ["56.90 EUR"]),
        # an operand is made up
        ("The price is 49.90 EUR and wrapping 5 EUR, 54.90 EUR in total.", "", ["5 EUR", "54.90 EUR"]),
        # nothing says that it is a sum
        ("The price is 49.90 EUR, shipping costs 6 EUR, and we pay you 55.90 EUR.", "", ["55.90 EUR"]),
        # the operands do not stand in the answer
        ("The total is 55.90 EUR.", "", ["55.90 EUR"]),
        # a limit is no amount to add
        ("Shipping costs 6 EUR. A refund above 50 EUR is approved by a person. The total is 56 EUR.", "", ["56 EUR"]),
        ("The price is 49.90 EUR, so you get 94.90 EUR in total.", "I have 45 EUR", ["94.90 EUR"]),
        # a count that nobody named
        ("4 x 49.90 EUR makes 199.60 EUR.", "", ["199.60 EUR"]),
        # another currency
        ("The price is 49.90 EUR and shipping costs 6 EUR, 55.90 USD in total.", "", ["55.90 USD"]),
        # periods and shares are never computed from others
        ("30 days plus 30 days, together 60 days, to return an item.", "", ["30 days", "30 days", "60 days"]),
        ("You can return an item within 30 days + 30 days = 60 days of delivery.", "", ["60 days"]),
        (
            "Opened items are refunded less a fee of 15 %. A member saves 10 % on every order. Together 25 %.",
            "",
            ["25 %"],
        ),
        # a span of days that neither passed nor is left
        ("You can return it within 14 days.", "", ["14 days"]),
        ("You still have 20 days to return it after delivery.", "", ["20 days"]),
        # today starts nothing
        ("You can return the item until 24 December.", "", ["24 December"]),
        # somebody else's period
        ("Opened items are refunded less a fee, paid until 10 December.", "", ["10 December"]),
    ],
)
def test_what_nobody_stated_is_not_derived(text: str, said: str, unsupported: list[str]) -> None:
    assert held(text, said) == unsupported


def test_round_figure_before_the_exact_one_is_supported_by_it() -> None:
    assert compared("An item can be returned for less than five weeks: 30 days.").unsupported == ()
    assert held("An item can be returned for less than ten weeks: 30 days.") == ["ten weeks"]
    assert held("An item can be returned for less than five weeks: 5 EUR.") == ["five weeks", "5 EUR"]


@given(st.lists(st.sampled_from([30, 14, 60, 90, 5]), min_size=2, max_size=6))
def test_no_period_is_ever_the_sum_of_others(periods: list[int]) -> None:
    sums = {sum(some) for size in (2, 3) for some in itertools.combinations(periods, size)} - {30}
    stated = " plus ".join(f"{days} days" for days in periods)
    for total in sums:
        text = f"You can return it within {stated}, so in total within {total} days."
        assert held(text)[-1] == f"{total} days"
