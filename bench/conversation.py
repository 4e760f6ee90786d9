"""A plausible support conversation of a given size, with looked-up records and policy talk: what the gateway sees every day."""

import hashlib
import itertools
import json

from trilens.vocabulary.event import Call, Turn
from trilens.vocabulary.outcome import Role
from trilens.vocabulary.system import System

_ASKED = (
    "Hello, I ordered hiking boots and they are too small. Can I send order O-1001 back?",
    "How long does the refund take, and do I have to pay the shipping?",
    "Thank you. Could you also tell me whether the jacket in the other order has been sent?",
)
_SAID = (
    "Of course. Unworn items can be sent back within 30 days, and I can see your order here.",
    "The refund reaches your original payment method within 5 business days after the item has arrived.",
)


def conversation(system: System, size: int) -> tuple[Turn, ...]:
    """Turns of about `size` bytes of JSON, beginning with the declared prompt."""
    turns = [_turn(Role.SYSTEM, next(iter(system.prompts.values())).text)]
    for number in itertools.count():
        if len(body_of(tuple(turns))) >= size:
            return tuple(turns)
        call = Call(f"call_{number}", "lookup_order", json.dumps({"order_id": "O-1001"}))
        record = {
            "order_id": "O-1001",
            "customer_id": "C-17",
            "customer_email": "ada@example.org",
            "total": f"{100 + number}.50",
            "note": "Left with the neighbour, as agreed on the phone.",
        }
        turns += [
            _turn(Role.USER, _ASKED[number % len(_ASKED)]),
            _turn(Role.ASSISTANT, "", calls=(call,)),
            _turn(Role.TOOL, json.dumps(record), call_id=call.id),
            _turn(Role.ASSISTANT, _SAID[number % len(_SAID)]),
        ]
    raise AssertionError("unreachable: the loop ends by size")


def body_of(turns: tuple[Turn, ...]) -> str:
    """The Chat Completions body of the turns."""
    return json.dumps({"model": "chat", "messages": [_message(t) for t in turns]})


def _message(turn: Turn) -> dict[str, object]:
    message: dict[str, object] = {"role": turn.role.value, "content": turn.text}
    if turn.calls:
        message["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.tool, "arguments": c.arguments}} for c in turn.calls
        ]
    if turn.call_id:
        message["tool_call_id"] = turn.call_id
    return message


def _turn(role: Role, text: str, *, calls: tuple[Call, ...] = (), call_id: str = "") -> Turn:
    digest = hashlib.sha256(repr((role, text, calls, call_id)).encode()).digest()
    return Turn(role, text, digest, calls, call_id)
