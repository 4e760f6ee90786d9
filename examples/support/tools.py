"""The four tools of the support agent. They do what they are told: what may be done is decided in `system.yaml`, not here."""

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from sqlite3 import IntegrityError

from openai.types.chat import ChatCompletionFunctionToolParam
from shop import Mail, Shop


def lookup_order(shop: Shop, _: str, order_id: str) -> dict[str, object]:
    """One order, with its owner's address and whatever stands in its note."""
    with shop.books() as books:
        row = books.execute(
            "SELECT orders.*, customers.email AS customer_email FROM orders JOIN customers ON id = customer_id WHERE order_id = ?",
            (order_id,),
        ).fetchone()
    return dict(row) if row else {"error": "no such order"}


def find_customers(shop: Shop, _: str, query: str = "") -> dict[str, object]:
    """All customers whose id, name or address contains the query."""
    with shop.books() as books:
        found = books.execute(
            "SELECT id, name, email FROM customers WHERE instr(lower(id || ' ' || name || ' ' || email), ?)",
            (query.lower(),),
        )
        return {"customers": [dict(row) for row in found]}


def refund(shop: Shop, call_id: str, order_id: str, amount: object) -> dict[str, object]:
    """Book a refund. The same call is never booked twice; nothing else is refused."""
    try:
        euros = Decimal(str(amount).replace("EUR", "").strip())
        with shop.books() as books:
            books.execute("INSERT INTO refunds VALUES (?, ?, ?)", (call_id, order_id, int(euros * 100)))
    except (InvalidOperation, IntegrityError, ValueError, OverflowError):
        return {"error": "cannot be booked"}
    return {"order_id": order_id, "refunded": f"{euros:.2f} EUR"}


def send_email(shop: Shop, _: str, to: str, subject: str, body: str) -> dict[str, object]:
    """Put a mail into the outbox. Addresses are understood as people write them: `name (at) host`, with blanks."""
    address = re.sub(r"\s+", "", re.sub(r"\s*[(\[]at[)\]]\s*|\s+at\s+", "@", to))
    try:
        shop.post(Mail(address, subject, body))
    except ValueError:
        return {"error": "not an address or subject"}
    return {"sent": True}


TOOLS: Mapping[str, Callable[..., dict[str, object]]] = {
    "lookup_order": lookup_order,
    "find_customers": find_customers,
    "refund": refund,
    "send_email": send_email,
}


def run(shop: Shop, call_id: str, name: str, arguments: str) -> str:
    """Run one call of the model; what goes wrong is told to the model as JSON too."""
    try:
        result = TOOLS[name](shop, call_id, **json.loads(arguments))
    except (KeyError, TypeError, ValueError):
        result = {"error": "no such tool, or not its arguments"}
    return json.dumps(result, ensure_ascii=False)


def schema(name: str, description: str, **properties: dict[str, object]) -> ChatCompletionFunctionToolParam:
    """A tool in the form the Chat Completions API wants."""
    parameters: dict[str, object] = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


TEXT: dict[str, object] = {"type": "string"}
ORDER: dict[str, object] = {"type": "string", "description": "such as A-1001"}
SCHEMAS = [
    schema("lookup_order", "Look one order up.", order_id=ORDER),
    schema("find_customers", "Find customers by a part of their id, name or address; empty for all.", query=TEXT),
    schema("refund", "Refund an amount in EUR for an order.", order_id=ORDER, amount={"type": "number"}),
    schema("send_email", "Send an e-mail.", to=TEXT, subject=TEXT, body=TEXT),
]
