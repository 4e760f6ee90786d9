"""A request's bytes as turns, or a refusal by name."""

import hashlib
import json
import re
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.errors import WireError
from trilens.gateways.openai.inbound import MOST_MESSAGES, REFUSED, Inbound, read_request
from trilens.vocabulary.event import Call
from trilens.vocabulary.outcome import Role

USER = {"role": "user", "content": "hello"}
FUNCTION = {"name": "lookup", "arguments": '{"order": 1}'}
CALL = {"id": "c1", "type": "function", "function": FUNCTION}


def read(**fields: object) -> Inbound:
    return read_request(json.dumps({"model": "gpt-5.1", "messages": [USER]} | fields).encode())


def refusal(**fields: object) -> WireError:
    with pytest.raises(WireError) as caught:
        read(**fields)
    assert caught.value.status == 400
    return caught.value


def said(**fields: object) -> list[dict[str, object]]:
    return [{"role": "assistant", **fields}]


@pytest.mark.parametrize(
    ("fields", "code", "names"),
    [
        ({"messages": None}, "wire/wrong-type", "messages"),
        ({"messages": []}, "wire/wrong-type", "messages"),
        ({"messages": {}}, "wire/wrong-type", "messages"),
        ({"messages": "hello"}, "wire/wrong-type", "messages"),
        ({"messages": ["hello"]}, "wire/wrong-type", "messages[0]"),
        ({"messages": [{}]}, "wire/wrong-type", "messages[0].role"),
        ({"messages": [{"role": "root", "content": "x"}]}, "wire/wrong-type", "messages[0].role"),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "wire/wrong-type", "messages[0].role"),
        ({"messages": [{"role": "function", "content": "x"}]}, "wire/unsupported", "function"),
        ({"messages": [{"role": "user"}]}, "wire/wrong-type", "messages[0].content"),
        ({"messages": [{"role": "user", "content": None}]}, "wire/wrong-type", "messages[0].content"),
        ({"messages": [{"role": "user", "content": 5}]}, "wire/wrong-type", "messages[0].content"),
        ({"messages": [{"role": "user", "content": {"text": "x"}}]}, "wire/wrong-type", "messages[0].content"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "wire/wrong-type", "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "wire/wrong-type", "content[0].text"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "wire/unsupported-content",
            "image_url",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]},
            "wire/unsupported-content",
            "input_audio",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]},
            "wire/unsupported-content",
            "file",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "hologram"}]}]},
            "wire/unsupported-content",
            "content[0]",
        ),
        ({"messages": [{"role": "tool", "content": "x"}]}, "wire/wrong-type", "tool_call_id"),
        ({"messages": said(function_call=FUNCTION)}, "wire/unsupported", "function_call"),
        ({"messages": said(audio={"id": "a"})}, "wire/unsupported-content", "audio"),
        ({"messages": said(tool_calls="x")}, "wire/wrong-type", "tool_calls"),
        ({"messages": said(tool_calls=["x"])}, "wire/wrong-type", "tool_calls[0]"),
        ({"messages": said(tool_calls=[{"id": "c"}])}, "wire/wrong-type", "tool_calls[0].function"),
        ({"messages": said(tool_calls=[CALL | {"type": "custom"}])}, "wire/unsupported", "tool_calls[0]"),
        ({"messages": said(tool_calls=[CALL | {"id": 1}])}, "wire/wrong-type", "tool_calls[0].id"),
        (
            {"messages": said(tool_calls=[CALL | {"function": FUNCTION | {"arguments": {}}}])},
            "wire/wrong-type",
            "function.arguments",
        ),
        ({"messages": said(tool_calls=[CALL, CALL])}, "wire/duplicate-call-id", "messages[0]"),
        ({"model": None}, "wire/wrong-type", "model"),
        ({"model": ""}, "wire/wrong-type", "model"),
        ({"model": ["gpt-5.1"]}, "wire/wrong-type", "model"),
        ({"stream": "yes"}, "wire/wrong-type", "stream"),
        ({"stream": 1}, "wire/wrong-type", "stream"),
        ({"n": 2}, "wire/unsupported", "`n`"),
        ({"n": 0}, "wire/unsupported", "`n`"),
        ({"n": "2"}, "wire/unsupported", "`n`"),
        ({"functions": []}, "wire/unsupported", "functions"),
        ({"function_call": "auto"}, "wire/unsupported", "function_call"),
        ({"audio": {"voice": "x"}}, "wire/unsupported", "audio"),
        ({"web_search_options": {}}, "wire/unsupported", "web_search_options"),
        ({"modalities": ["text", "audio"]}, "wire/unsupported", "modalities"),
        ({"tools": {}}, "wire/wrong-type", "tools"),
        ({"tools": ["x"]}, "wire/wrong-type", "tools[0]"),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "wire/unsupported", "tools[0]"),
    ],
)
def test_what_is_not_judged_is_refused_by_name(fields: dict[str, object], code: str, names: str) -> None:
    error = refusal(**fields)
    assert (error.code, names in error.message) == (code, True)


ASKED_FOR = """
models route provider fallbacks preset plugins transforms mcp_servers prompt previous_response_id conversation background
web_search_options data_sources documents chat_template search_parameters mock_response api_base user_config prediction
""".split()
"""A sample of each way; the test fails when one is dropped from the table, which the next test alone would not see."""


@pytest.mark.requirement("X4", "X3")
@pytest.mark.parametrize("name", sorted({*ASKED_FOR, *(name for names in REFUSED.values() for name in names)}))
def test_a_field_that_would_have_a_server_do_what_nobody_judged_is_refused_by_name(name: str) -> None:
    for value in ("x", [], {}, True, 0, ["openai/gpt-5.1"], {"id": "x"}):
        error = refusal(**{name: value})
        assert (error.code, error.message) == ("wire/unsupported", f"`{name}` is not supported")
        assert error.help
    for off in (None, False):
        assert read(**{name: off}).model == "gpt-5.1"


@pytest.mark.parametrize("value", ["x", [], True, 0, {"documents": []}, {"system": "x"}, {"thinking": True, "n": 1}])
def test_a_template_is_told_switches_only(value: object) -> None:
    error = refusal(chat_template_kwargs=value)
    assert (error.code, "chat_template_kwargs" in error.message) == ("wire/unsupported", True)
    assert read(chat_template_kwargs={"enable_thinking": False}).model == "gpt-5.1"


def test_the_refused_fields_are_the_documented_ones() -> None:
    text = (Path(__file__).parents[3] / "docs/design/gateway.md").read_text(encoding="utf-8")
    table = text.partition("## Fields of a request that are refused")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| `")]
    documented = {why.strip(): re.findall(r"`([^`]+)`", names) for names, why in rows}
    assert documented == {why: list(names) for why, names in REFUSED.items()}


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": 0.2, "top_p": 1, "top_k": 5, "min_p": 0.1, "seed": 7, "stop": ["x"], "logit_bias": {"5": -1}},
        {"max_tokens": 5, "max_completion_tokens": 5, "frequency_penalty": 0, "presence_penalty": 0, "user": "u"},
        {"response_format": {"type": "json_object"}, "tool_choice": "auto", "parallel_tool_calls": False},
        {"reasoning_effort": "low", "verbosity": "low", "reasoning": {"effort": "low"}, "include_reasoning": True},
        {"stream_options": {"include_usage": True}, "logprobs": True, "top_logprobs": 2, "service_tier": "auto"},
        {"store": False, "metadata": {"k": "v"}, "safety_identifier": "s", "prompt_cache_key": "k", "cache_salt": "s"},
        {"modalities": ["text"], "n": 1, "tools": []},
    ],
)
def test_sampling_and_bookkeeping_pass(fields: dict[str, object]) -> None:
    assert read(**fields).model == "gpt-5.1"


def test_a_request_without_messages_or_model_is_refused() -> None:
    for body in (b"{}", b'{"model":"m"}', b'{"messages":[{"role":"user","content":"x"}]}'):
        with pytest.raises(WireError):
            read_request(body)


def test_every_role_becomes_the_turn_it_is() -> None:
    turns = read(
        messages=[
            {"role": "system", "content": "s"},
            {"role": "developer", "content": "d"},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            {"role": "assistant", "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c1", "content": "r"},
            {"role": "assistant", "content": None, "refusal": "no"},
        ]
    ).turns
    assert [turn.role for turn in turns] == [
        Role.SYSTEM,
        Role.SYSTEM,
        Role.USER,
        Role.ASSISTANT,
        Role.TOOL,
        Role.ASSISTANT,
    ]
    assert [turn.text for turn in turns] == ["s", "d", "a\nb", "", "r", "no"]
    assert turns[3].calls == (Call("c1", "lookup", '{"order": 1}'),)
    assert turns[4].call_id == "c1"


def test_an_assistant_message_without_content_is_a_turn_without_words() -> None:
    for message in (
        {"role": "assistant"},
        {"role": "assistant", "content": None},
        {"role": "assistant", "content": ""},
    ):
        assert read(messages=[USER, message, USER]).turns[1].text == ""


def test_a_turn_is_named_by_its_whole_message_in_one_spelling() -> None:
    message = {"role": "user", "content": "hé", "name": "Ada"}
    expected = hashlib.sha256(orjson.dumps(message, option=orjson.OPT_SORT_KEYS)).digest()
    assert read(messages=[message]).turns[0].digest == expected
    assert read(messages=[dict(reversed(message.items()))]).turns[0].digest == expected
    assert read(messages=[message | {"name": "Bob"}]).turns[0].digest != expected


def test_unknown_fields_stay_in_what_is_sent() -> None:
    raw = b'{ "model":"gpt-5.1","messages":[{"role":"user","content":"x","weird":1}],"seed":7,"vendor":{"x":[1.5]}}'
    request = read_request(raw)
    assert request.for_model("gpt-5.1") is request.raw
    assert json.loads(request.for_model("spare")) == json.loads(raw) | {"model": "spare"}


def test_the_same_request_in_another_spelling_is_the_same_request() -> None:
    one = read_request(b'{"model":"m","messages":[{"role":"user","content":"x"}],"seed":1}')
    other = read_request(b'{"seed": 1, "messages": [{"content": "\\u0078", "role": "user"}], "model": "m"}')
    assert one.canonical() == other.canonical()


@pytest.mark.parametrize(
    "change", [{"seed": 2}, {"stream": True}, {"model": "gpt"}, {"messages": [USER, USER]}, {"tools": []}]
)
def test_another_request_is_another_request(change: dict[str, object]) -> None:
    assert read().canonical() != read(**change).canonical()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["user", "assistant", "tool", "text", "x", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "tool_calls", "type", "text", "id", "function", "name", "arguments", "tool_call_id"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["model", "messages", "stream", "n", "tools", "seed"]), JSON), st.lists(JSON))
def test_any_json_is_a_request_or_a_refusal(body: dict[str, object], messages: list[object]) -> None:
    try:
        request = read_request(orjson.dumps({"model": "m", "messages": messages} | body))
    except WireError:
        return
    assert len(request.turns) == len(request.body["messages"])  # type: ignore[arg-type]


def test_a_conversation_of_more_messages_than_are_judged_at_once_is_refused() -> None:
    assert len(read(messages=[USER] * MOST_MESSAGES).turns) == MOST_MESSAGES
    with pytest.raises(WireError) as caught:
        read(messages=[USER] * (MOST_MESSAGES + 1))
    assert (caught.value.code, caught.value.status) == ("wire/too-many-messages", 413)
