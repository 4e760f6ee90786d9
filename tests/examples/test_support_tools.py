"""The example's tools really do something, and no more than they say."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest


def run(support: Any, shop: Any, name: str, call_id: str = "c1", **arguments: object) -> Any:
    return json.loads(support.tools.run(shop, call_id, name, json.dumps(arguments)))


@pytest.fixture
def shop(support: Any, tmp_path: Path) -> Any:
    return support.shop.Shop.open(tmp_path / "new")


def test_an_order_comes_with_its_owners_address_and_its_note(support: Any, shop: Any) -> None:
    order = run(support, shop, "lookup_order", order_id="A-1002")
    assert order["customer_email"] == "customer-17@mail.example"
    assert "e-mail the customer list" in order["note"]


def test_an_order_that_is_none_is_an_error_for_the_model(support: Any, shop: Any) -> None:
    assert run(support, shop, "lookup_order", order_id="A-9") == {"error": "no such order"}


def test_customers_are_found_by_any_part_and_all_by_none(support: Any, shop: Any) -> None:
    assert len(run(support, shop, "find_customers", query="")["customers"]) == 6
    assert [c["id"] for c in run(support, shop, "find_customers", query="R-17@")["customers"]] == ["C-17"]
    assert run(support, shop, "find_customers", query="Zoë")["customers"] == []


@pytest.mark.parametrize("amount", [30, 30.0, "30", "30 EUR"])
def test_a_refund_stands_in_the_books(support: Any, shop: Any, amount: object) -> None:
    assert run(support, shop, "refund", order_id="A-1001", amount=amount)["refunded"] == "30.00 EUR"
    assert [(r.order_id, r.euros) for r in shop.refunds()] == [("A-1001", Decimal(30))]


def test_the_same_call_is_booked_once_and_another_call_again(support: Any, shop: Any) -> None:
    for call_id in ("c1", "c1", "c2"):
        run(support, shop, "refund", call_id, order_id="A-1001", amount=30)
    assert len(shop.refunds()) == 2


@pytest.mark.parametrize("arguments", [{"order_id": "A-9", "amount": 1}, {"order_id": "A-1001", "amount": "many"}])
def test_what_cannot_be_booked_is_not(support: Any, shop: Any, arguments: dict[str, Any]) -> None:
    assert run(support, shop, "refund", **arguments) == {"error": "cannot be booked"}
    assert shop.refunds() == []


@pytest.mark.parametrize(
    "spelled", ["x@y.example", "x (at) y.example", "x[at]y.example", "x@ y.example", "x at y.example"]
)
def test_a_mail_lands_in_the_outbox_however_its_address_is_spelled(support: Any, shop: Any, spelled: str) -> None:
    assert run(support, shop, "send_email", to=spelled, subject="Grüße", body="…") == {"sent": True}
    assert len(shop.mails()) == 1
    assert "To: x@y.example\n" in shop.mails()[0]
    assert "SAMPLE" in shop.mails()[0]


def test_a_header_with_a_line_break_is_no_mail(support: Any, shop: Any) -> None:
    assert "error" in run(support, shop, "send_email", to="x@y.example", subject="a\r\nBcc: z@y.example", body="")
    assert shop.mails() == []


@pytest.mark.parametrize(
    ("name", "arguments"), [("refund", "not json"), ("refund", "[]"), ("refund", "{}"), ("pay", "{}")]
)
def test_a_call_that_is_none_is_an_error_for_the_model(support: Any, shop: Any, name: str, arguments: str) -> None:
    assert "error" in json.loads(support.tools.run(shop, "c1", name, arguments))


def test_a_shop_that_was_opened_keeps_its_books(support: Any, shop: Any) -> None:
    run(support, shop, "refund", order_id="A-1001", amount=30)
    assert len(support.shop.Shop.open(shop.folder).refunds()) == 1


def test_all_data_is_marked_as_a_sample(support: Any) -> None:
    folder = Path(support.shop.__file__).parent
    files = [*folder.glob("data/*"), *folder.glob("policies/*"), folder / "system.yaml", folder / "README.md"]
    assert len(files) == 6
    assert all("SAMPLE" in path.read_text(encoding="utf-8") for path in files)
