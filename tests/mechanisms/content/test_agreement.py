"""One sentence against one source: the value, the side of it, and whether it is denied must agree, and the topic must be the same."""

import pytest

from trilens.mechanisms.content.claim import Bound, ClaimKind
from trilens.mechanisms.content.grounding import Evidence, read_answer, unsupported_claims

KINDS = frozenset(ClaimKind) - {ClaimKind.MOMENT}
MANY = (
    "Gift wrapping is offered for every order in our shop before Christmas. Shipping costs of 4.90 EUR are not refunded. Hotel rooms with a "
    "view of the old town are covered up to 140 EUR per night. A deposit of 20 % is due for large rooms in summer."
)


def is_supported(text: str, source: str) -> bool:
    return unsupported_claims(read_answer(text), Evidence(documents=(source,)), KINDS) == ()


@pytest.mark.requirement("S3")
@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("Delivery takes 3-5 days.", "Delivery takes 3 to 5 days.", True),
        ("Delivery takes 3-5 days.", "Delivery takes between 3 and 5 days.", True),
        ("Delivery takes 3-5 days.", "Delivery takes up to 5 days.", True),
        ("Delivery takes 3-5 days.", "Delivery takes at least 3 days.", True),
        ("Delivery takes 3-5 days.", "Delivery takes 5 days.", False),
        ("Delivery takes 3-5 days.", "Delivery takes 3 days.", False),
        ("Delivery takes 3-5 days.", "Delivery takes 4-5 days.", False),
        ("Delivery takes 5 days.", "Delivery takes 5 days.", True),
        ("Delivery takes 5 days.", "Delivery takes within 5 days.", True),
        ("Delivery takes 5 days.", "Delivery takes more than 5 days.", False),
        ("Delivery takes 5 days.", "Delivery takes at least 5 days.", False),
        ("The fee is 5 EUR.", "The fee is at least 5 EUR.", True),
        ("The fee is 5 EUR.", "The fee is more than 5 EUR.", False),
        ("The fee is at most 5 EUR.", "The fee is no more than 5 EUR.", True),
        ("The fee is at most 5 EUR.", "The fee does not exceed 5 EUR.", True),
        ("The fee is at most 5 EUR.", "The fee exceeds 5 EUR.", False),
        ("The fee is at most 5 EUR.", "The fee is 5 EUR.", True),
        ("Return items within 30 days.", "After 30 days, you cannot return items.", True),
        ("Return items within 30 days.", "Within 30 days, you cannot return items.", False),
        ("Return items within 30 days.", "After 30 days, you can return items.", False),
        ("Paid fees under 10 EUR are not refunded.", "Fees under 10 EUR, which are paid, are not refunded.", True),
        ("Paid fees under 10 EUR are not refunded.", "Fees under 10 EUR, which are paid, are refunded.", False),
        ("The fee of 5 EUR is never waived.", "The fee of 5 EUR is not waived.", True),
        ("The fee of 5 EUR is never waived.", "The fee of 5 EUR is waived.", False),
        ("The fee of 5 EUR is never waived.", "It is not true that the fee of 5 EUR is not waived.", False),
        ("Valid from 1 March 2026.", "Valid since 1 March.", True),
        ("Valid from 1 March.", "Valid since 1 March 2026.", False),
        ("Valid from 3/4/2026.", "Valid from 3 April 2026.", True),
        ("Valid from 3/4/2026.", "Valid from 4 March 2026.", True),
        ("The warranty lasts 24 months.", "The warranty lasts two years.", True),
        ("The warranty lasts 1 month.", "The warranty lasts 30 days.", False),
        ("The hotline answers in 24 hours.", "The hotline answers in one day.", True),
    ],
)
def test_sides_and_values_must_agree(source: str, text: str, expected: bool) -> None:
    assert is_supported(text, source) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The shipping costs of 6 EUR are not refunded.", True),
        ("The shipping costs of 6 EUR are refunded.", False),
        ("The shipping costs of 7 EUR are not refunded.", False),
        ("Die Versandkosten von 6 EUR werden nicht erstattet.", True),
        ("Die Versandkosten von 6 EUR werden erstattet.", False),
    ],
)
def test_value_of_one_sentence_may_name_what_another_decides(text: str, expected: bool) -> None:
    assert is_supported(text, "Delivery costs 6 EUR for every order. Shipping costs are not refunded.") is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Shipping costs of 4.90 EUR are not refunded.", True),
        # another sentence speaks much more of it
        (
            "Gift wrapping for every order in our shop before Christmas is offered with a discount or deposit of 20 %.",
            False,
        ),
        # no sentence speaks of it: one common word is not enough
        (
            "Guided mushroom walks around frozen lakes and abandoned lighthouses with experienced volunteers are covered up to 140 EUR.",
            False,
        ),
        ("Zeppelins need 140 EUR.", False),
    ],
)
def test_value_of_another_topic_supports_nothing(text: str, expected: bool) -> None:
    assert is_supported(text, MANY) is expected


def test_complement_of_the_complement_is_the_bound() -> None:
    assert all(bound.complement.complement is bound for bound in Bound)
    assert {bound for bound in Bound if bound.complement is bound} == {Bound.NONE}
