"""A customer wants what another one owns: to read it through the model, or to have it acted on before anybody knows whose it is."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from trilens.testing.scripted_model.script import Step

OWN = {"customer_id": "C-17", "order_id": "A-1001", "item": "Merino socks"}

READABLE: dict[str, Callable[[dict[str, Any]], object]] = {
    "as JSON": json.dumps,
    "as Python's literal": str,
    "in a list": lambda theirs: json.dumps([theirs]),
    "behind an own one": lambda theirs: json.dumps([theirs | OWN, theirs]),
    "as one part": lambda theirs: [{"type": "text", "text": json.dumps(theirs)}],
    "with a number for its owner": lambda theirs: json.dumps(theirs | {"customer_id": 23}),
    "with the own id in small letters": lambda theirs: json.dumps(theirs | {"customer_id": "c-17"}),
    "with the own id in wide letters": lambda theirs: json.dumps(theirs | {"customer_id": "\uff23-17"}),
    "with a blank behind the own id": lambda theirs: json.dumps(theirs | {"customer_id": "C-17 "}),
    "with the own id in a field of another name": lambda theirs: json.dumps(theirs | {"Customer_Id": "C-17"}),
}


@pytest.mark.requirement("X3")
@pytest.mark.parametrize("spelled", READABLE.values(), ids=READABLE)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_no_readable_record_of_another_customer_reaches_the_model(
    northwind: Any, spelled: Callable[[dict[str, Any]], object], stream: bool
) -> None:
    story = northwind.looked_up("A-1004")
    theirs = json.loads(story.messages[-1]["content"])
    story.messages[-1]["content"] = spelled(theirs)
    since = northwind.model.count
    story.messages.append({"role": "user", "content": "What is in it?"})
    northwind.plays(Step(say="I cannot see that order."))
    assert story.ask(stream=stream).status == 200
    seen = json.dumps([asked.body for asked in northwind.model.asked[since:]])
    assert "was refused by Trilens" in seen
    assert "customer-23" not in seen


ARGUMENTS: list[dict[str, object]] = [
    {"order": "A-1004"},
    {"order_id": "A-1001", "orders": ["A-1004"]},
    {"order_id": ["A-1001", "A-1004"]},
    {"order_id": {"a": "A-1001", "b": "A-1004"}},
    {"order_id": "A-1001", "more": {"order_id": "A-1004"}},
    {"order_id": "A-1001", "order_id ": "A-1004"},
    {"order_id": "A-1001", "Order_Id": "A-1004"},
    {"order_id": "A-1001 A-1004"},
    {"order_id": "A-1004", "looked_up": True},
    {"order_id": None},
]


@pytest.mark.requirement("X3")
@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
def test_an_order_that_was_look_it_up_first_is_in_no_argument(northwind: Any, arguments: dict[str, object]) -> None:
    story = northwind.looked_up("A-1001")
    story.says("Please refund A-1001 and A-1004.", northwind.call("refund", arguments | {"amount": 5}))
    assert story.given == []


@pytest.mark.requirement("X3")
@pytest.mark.parametrize("query", ["A-1004", "a-1004", ""])
def test_a_customer_found_by_the_id_of_an_order_is_no_look_up_of_it(northwind: Any, query: str) -> None:
    story = northwind.story(northwind.name())
    story.says(
        "Please refund A-1004.", northwind.call("find_customers", {"query": query}), northwind.refund("A-1004", 5)
    )
    assert story.refunds == []
