"""What is sent reaches only those it is for, as far as distinctive values tell."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.mechanisms.flow.addresses import find_addresses
from trilens.mechanisms.flow.audience import leaks

pytestmark = pytest.mark.requirement("X4", "X13")

GRACE = frozenset({"customer:C-18", "customer"})
ADA = frozenset({"customer:C-17", "customer"})


def leaking(talk: Any, text: str, readers: frozenset[str] = ADA) -> list[str]:
    flow = talk.flow()
    return [leak.atom for leak in leaks(find_addresses(text, flow), flow=flow, readers=readers)]


@pytest.fixture(scope="module")
def others(talk: Any, order: Any) -> Any:
    """A conversation in which an order of C-18 was read."""
    private = order(
        order_id="O-2002",
        customer_id="C-18",
        customer_email="grace@example.net",
        total="98765.40",
        note="Grace Brewster Hopper, DE89 3704 0044 0532 0130 00, https://files.example/g?k=1",
    )
    return talk.user("hello").looked_up("lookup_order", private)


@pytest.mark.parametrize(
    "text",
    [
        "it went to grace@example.net",
        "it went to grace (at) example.net",
        "order O-2002",
        "order o-2002, in full",
        "98765.40 EUR",
        "98,765.40 EUR",
        "98.765,40 €",
        "account DE89370400440532013000",
        "account DE89 3704 0044 0532 0130 00",
        "see https://files.example/g?k=1",
        "the customer is c-18",
    ],
)
def test_distinctive_value_of_another_person_leaks(others: Any, text: str) -> None:
    assert leaking(others, text)
    assert leaking(others, text, GRACE) == []


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "the order is on its way",
        "write to me@example.com",
        "2002 is a year, 40 is a number",
        "in 2026, am 24.11.2026",
        "您好 Grüße",
    ],
)
def test_ordinary_words_leak_nothing(others: Any, text: str) -> None:
    assert leaking(others, text) == []


def test_field_of_several_words_leaks_word_for_word(declare: Any, talk: Any) -> None:
    system = declare(tools={"lookup_order": {"returns": {"name": "system"}}})
    value = {"order_id": "O-2", "customer_id": "C-18", "name": "Grace Brewster  Hopper"}
    named = type(talk)(system).looked_up("lookup_order", value)
    assert leaking(named, "It belongs to GRACE brewster hopper.") == ["grace brewster hopper"]
    assert leaking(named, "Grace is a nice name.") == []
    assert leaking(named, "It belongs to **Grace** Brew*st*er&nbsp;Hopper.") == ["grace brewster hopper"]
    assert leaking(named, "It belongs to Grace Brewster Hopper.", GRACE) == []


def test_field_of_one_word_leaks_unless_it_is_said_or_public(declare: Any, talk: Any) -> None:
    system = declare(tools={"lookup_order": {"returns": {"name": "system", "city": "system", "state": "system"}}})
    value = {"order_id": "O-2", "customer_id": "C-18", "name": "O'Brien", "city": "Ulm", "state": "refunded"}
    told = type(talk)(system).looked_up("lookup_order", value)
    assert leaking(told, "It is o'brien's.") == []
    assert leaking(told, "It belongs to O'BRIEN, and to obrien.") == ["o'brien"]
    assert leaking(told, "It belongs to O'Brien.", GRACE) == []
    assert leaking(told.user("Is it O'Brien who has it?"), "Yes, O'Brien.") == []
    # three letters tell nobody, and the policy speaks of refunds
    assert leaking(told, "It was refunded to somebody in Ulm.") == []


def test_field_of_one_word_of_the_own_record_may_be_read(declare: Any, talk: Any) -> None:
    system = declare(tools={"lookup_order": {"returns": {"state": "system"}}})
    told = type(talk)(system).looked_up("lookup_order", {"order_id": "O-2", "customer_id": "C-18", "state": "shipped"})
    assert leaking(told, "It was shipped.") == ["shipped"]
    told = told.looked_up("lookup_order", {"order_id": "O-1", "customer_id": "C-17", "state": "shipped"})
    assert leaking(told, "It was shipped.") == []


def test_two_ordinary_words_and_undeclared_sentences_are_no_phrases(declare: Any, talk: Any) -> None:
    system = declare(tools={"lookup_order": {"returns": {"status": "system"}}})
    value = {"order_id": "O-2", "customer_id": "C-18", "status": "in transit", "error": "no such order found"}
    told = type(talk)(system).looked_up("lookup_order", value)
    assert leaking(told, "It is in transit. There is no such order found.") == []


def test_value_the_person_typed_may_be_repeated_to_anybody(others: Any) -> None:
    assert leaking(others.user("what about O-2002?"), "order O-2002", frozenset()) == []


def test_value_that_also_stands_in_an_own_record_may_be_read(others: Any, order: Any) -> None:
    assert leaking(others, "98765.40") == ["98765.4"]
    assert leaking(others.looked_up("lookup_order", order(total="98765.40")), "98765.40") == []


def test_value_without_declared_readers_leaks_to_everybody(talk: Any, order: Any) -> None:
    talk = talk.looked_up("lookup_order", order(tracking="1Z999AA10123456784"))
    flow = talk.flow()
    (leak,) = leaks(find_addresses("1Z999AA10123456784", flow), flow=flow, readers=ADA)
    assert not leak.has_readers


def test_public_value_leaks_to_nobody(talk: Any) -> None:
    assert leaking(talk, "Shipping costs of 4.90 EUR are not refunded", frozenset()) == []


def test_receiving_address_is_not_what_is_carried(others: Any) -> None:
    flow = others.flow()
    found = find_addresses("grace@example.net", flow)
    assert leaks(found, flow=flow, readers=frozenset(), without={"grace@example.net"}) == ()


@given(st.sets(st.sampled_from(["customer:C-17", "customer:C-18", "leads", "customer"])), st.text(max_size=60))
def test_more_readers_never_make_more_leaks(others: Any, readers: set[str], text: str) -> None:
    text += " O-2002 grace@example.net"
    assert set(leaking(others, text, frozenset(readers))) <= set(leaking(others, text, frozenset()))
