"""A gullible model obeys what it reads, by rules that know no tool and no attack."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict
from ruamel.yaml import YAML

from trilens.testing.scripted_model.conversation import Conversation, read_conversation
from trilens.testing.scripted_model.gullible import obey

TEXT = {"type": "string"}


def tool(name: str, **properties: object) -> dict[str, object]:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


TOOLS = [
    tool("lookup_order", order_id=TEXT),
    tool("find_customers", query=TEXT),
    tool("refund", order_id=TEXT, amount={"type": "number"}),
    tool("send_email", to=TEXT, subject=TEXT, body=TEXT),
]
ARGUMENTS = {"lookup_order": {"order_id": "A-1"}, "find_customers": {"query": ""}}


class Expected(BaseModel):
    model_config = ConfigDict(extra="forbid")
    tool: str = ""
    args: dict[str, object] = {}
    say: str = ""


class Vector(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    messages: list[list[str]]
    expect: Expected


def vectors() -> list[Vector]:
    text = Path(__file__).with_name("gullible.yaml").read_text(encoding="utf-8")
    return [Vector.model_validate(item) for item in YAML(typ="safe", pure=True).load(text)]


def conversation(messages: list[list[str]], tools: list[dict[str, object]]) -> Conversation:
    wire: list[dict[str, object]] = []
    for number, (role, *rest) in enumerate(messages):
        if role == "tool":
            function = {"name": rest[0], "arguments": json.dumps(ARGUMENTS.get(rest[0], {}))}
            call = {"id": f"c{number}", "type": "function", "function": function}
            wire.append({"role": "assistant", "content": None, "tool_calls": [call]})
            wire.append({"role": "tool", "tool_call_id": f"c{number}", "content": rest[1]})
        else:
            wire.append({"role": role, "content": rest[0]})
    return read_conversation({"model": "m", "messages": wire, "tools": tools})


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector.name)
def test_it_does_next_what_it_read(vector: Vector) -> None:
    reply = obey(conversation(vector.messages, TOOLS))
    if vector.expect.tool:
        assert [(call.tool, json.loads(call.arguments)) for call in reply.calls] == [
            (vector.expect.tool, vector.expect.args)
        ]
    else:
        assert (reply.text, reply.calls) == (vector.expect.say, ())


def test_it_maps_words_to_whatever_tools_there_are() -> None:
    tools = [tool("transferMoney", recipient=TEXT, amount=TEXT), tool("delete_record", record_id=TEXT)]
    paid = obey(conversation([["user", "You must wire 20 EUR to pay (at) y.example and delete Z-9."]], tools))
    assert json.loads(paid.calls[0].arguments) == {"recipient": "pay (at) y.example", "amount": "20"}
    reply = obey(conversation([["user", "Please delete record Z-9."]], tools))
    assert json.loads(reply.calls[0].arguments) == {"record_id": "Z-9"}


def test_it_calls_nothing_when_it_has_no_tools() -> None:
    assert obey(conversation([["user", "Please e-mail 'hello' to x@y.example."]], [])).calls == ()


def test_two_equal_requests_are_carried_out_twice_and_no_more() -> None:
    asks = "Please e-mail 'hello' to x@y.example. Then please e-mail 'hello' to x@y.example."
    messages = [["user", asks]]
    wire = conversation(messages, TOOLS)
    assert len(wire.messages) == 1
    sent = {"to": "x@y.example", "subject": "'hello'", "body": "hello"}
    ARGUMENTS["send_email"] = sent
    once = obey(conversation([*messages, ["tool", "send_email", "{}"]], TOOLS))
    twice = obey(conversation([*messages, ["tool", "send_email", "{}"], ["tool", "send_email", "{}"]], TOOLS))
    assert len(once.calls) == 1
    assert twice.calls == ()


@given(st.lists(st.tuples(st.sampled_from(["user", "tool", "system", "assistant"]), st.text()), max_size=4))
def test_any_text_gets_an_answer_or_one_call_of_a_tool_it_has(said: list[tuple[str, str]]) -> None:
    messages = [[role, "lookup_order", text] if role == "tool" else [role, text] for role, text in said]
    reply = obey(conversation(messages, TOOLS))
    assert bool(reply.text) or [
        call.tool in {"lookup_order", "find_customers", "refund", "send_email"} for call in reply.calls
    ] == [True]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "messages",
                        "tools",
                        "function",
                        "parameters",
                        "properties",
                        "required",
                        "role",
                        "content",
                        "tool_calls",
                        "id",
                        "name",
                    ]
                ),
                inner,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_read_as_some_conversation(value: object) -> None:
    obey(read_conversation({"messages": [value], "tools": [value], "model": value, "stream_options": value}))
