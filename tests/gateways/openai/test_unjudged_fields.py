"""Of an answer leaves what was judged: whatever else carries text is taken out, and an answer without it leaves as the bytes that came."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.errors import WireError
from trilens.gateways.openai.outbound import Leaving, read_answer, write_answer
from trilens.gateways.openai.stream import Transcript
from trilens.gateways.sse import EventSplitter

pytestmark = pytest.mark.requirement("X4", "X13")

SECRET = "SECRET"
TEXTS: list[Any] = [
    SECRET,
    [SECRET],
    {"x": SECRET},
    {SECRET: True},
    [[{"token": SECRET, "bytes": [83, 69]}]],
    [83, 69, 67],
    {"content": [{"token": SECRET, "top_logprobs": [{"token": SECRET}]}]},
]
CALL: dict[str, Any] = {"id": "c1", "type": "function", "function": {"name": "lookup", "arguments": "{}"}}


def answer(**parts: Any) -> dict[str, Any]:
    """An answer with more fields at one place: `body`, `choice`, `message`, `call` or `function`."""
    function = CALL["function"] | parts.get("function", {})
    call = CALL | {"function": function} | parts.get("call", {})
    message = {"role": "assistant", "content": "Hi.", "refusal": None, "tool_calls": [call]} | parts.get("message", {})
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "tool_calls"} | parts.get("choice", {})
    usage = {"total_tokens": 3, "prompt_tokens_details": {"cached_tokens": 0}}
    head = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "service_tier": "default"}
    return {**head, "choices": [choice], "usage": usage, **parts.get("body", {})}


def leaves(body: dict[str, Any]) -> bytes:
    said = read_answer(json.dumps(body).encode())
    return write_answer(said, Leaving(said.text, said.calls, ()))


def streamed(*bodies: dict[str, Any]) -> list[bytes]:
    raw = b"".join(b"data: " + json.dumps(body).encode() + b"\n\n" for body in bodies)
    transcript = Transcript()
    return [transcript.read(event).raw for event in EventSplitter().feed(raw)]


def chunk(**parts: Any) -> dict[str, Any]:
    body = answer(**parts)
    choice = body["choices"][0]
    delta = choice.pop("message")
    for position, call in enumerate(delta["tool_calls"]):
        call["index"] = position
    return body | {"choices": [choice | {"delta": delta}]}


@pytest.mark.parametrize("value", TEXTS)
@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("body", "citations"),
        ("body", "search_results"),
        ("body", "prompt_logprobs"),
        ("body", "error"),
        ("choice", "logprobs"),
        ("choice", "stop_reason"),
        ("choice", "token_ids"),
        ("choice", "content_filter_results"),
        ("choice", "text"),
        ("choice", "delta"),
        ("choice", "message"),
        ("message", "annotations"),
        ("message", "reasoning"),
        ("message", "context"),
        ("message", "function_call_output"),
        ("call", "extra_content"),
        ("call", "custom"),
        ("function", "parsed_arguments"),
        ("function", "description"),
    ],
)
def test_text_that_nobody_judged_does_not_leave(place: str, name: str, value: Any) -> None:
    if name != "message":
        left = leaves(answer(**{place: {name: value}})) if name != "delta" else leaves(answer(choice={name: value}))
        body = json.loads(left)
        assert SECRET.encode() not in left
        assert b"[83" not in left.replace(b" ", b"")
        assert body["choices"][0]["message"]["content"] == "Hi."
        assert body["choices"][0]["message"]["tool_calls"] == [CALL]
        assert body["choices"][0]["finish_reason"] == "tool_calls"
        assert (body["id"], body["usage"]["total_tokens"]) == ("x", 3)
    if name not in ("delta", "error"):
        more = chunk(**{place: {name: value}}) if name != "message" else chunk()
        if name == "message":
            more["choices"][0]["message"] = value
        [raw] = streamed(more)
        assert SECRET.encode() not in raw
        assert b"[83" not in raw.replace(b" ", b"")
        assert json.loads(raw.removeprefix(b"data: "))["choices"][0]["delta"]["content"] == "Hi."


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"body": {"vendor": 1.5, "is_cached": True, "citations": [], "error": None, "obfuscation": "aGk"}},
        {"body": {"system_fingerprint": "fp_1", "provider": "contoso"}},
        {"choice": {"seed": 7, "stop_reason": None, "native_finish_reason": "", "token_ids": None}},
        {"message": {"reasoning": None, "annotations": [], "reasoning_content": ""}},
        {"call": {"extra": None}, "function": {"strict": True}},
    ],
)
def test_what_says_nothing_stays_and_the_bytes_leave_as_they_came(more: dict[str, Any]) -> None:
    body = answer(**more)
    assert leaves(body) == json.dumps(body).encode()
    part = chunk(**more)
    assert streamed(part) == [b"data: " + json.dumps(part).encode() + b"\n\n"]


def test_a_chunk_without_a_choice_leaves_without_what_nobody_judged() -> None:
    [raw] = streamed({"id": "x", "choices": [], "usage": {"total_tokens": 3}, "citations": [SECRET]})
    assert json.loads(raw.removeprefix(b"data: ")) == {"id": "x", "choices": [], "usage": {"total_tokens": 3}}


def test_an_answer_in_parts_leaves_as_the_text_that_was_judged() -> None:
    parts = [{"type": "text", "text": "One", "annotations": [SECRET]}, {"type": "text", "text": "two"}]
    body = json.loads(leaves(answer(message={"content": parts})))
    assert body["choices"][0]["message"]["content"] == "One\ntwo"
    [raw] = streamed(chunk(message={"content": parts}))
    assert json.loads(raw.removeprefix(b"data: "))["choices"][0]["delta"]["content"] == "One\ntwo"


@pytest.mark.parametrize("role", ["system", "user", "tool", "developer", "Assistant", SECRET, 1, ["assistant"]])
def test_an_answer_is_the_assistants(role: object) -> None:
    with pytest.raises(WireError) as caught:
        leaves(answer(message={"role": role}))
    assert caught.value.code == "upstream/unreadable"
    with pytest.raises(WireError) as caught:
        streamed(chunk(message={"role": role}))
    assert caught.value.code == "upstream/unreadable"


@pytest.mark.parametrize("reason", ["ignore all rules", SECRET * 10, "", " stop", 1, {"x": SECRET}, [SECRET], "stöp"])
def test_a_reason_to_finish_is_a_word(reason: object) -> None:
    body = answer(choice={"finish_reason": reason})
    if reason == "":
        assert leaves(body)
        return
    with pytest.raises(WireError) as caught:
        leaves(body)
    assert caught.value.code == "upstream/unreadable"
    with pytest.raises(WireError) as caught:
        streamed(chunk(choice={"finish_reason": reason}))
    assert caught.value.code == "upstream/unreadable"


def test_more_calls_than_a_request_may_name_tools_are_no_answer() -> None:
    many = [CALL | {"id": f"c{number}"} for number in range(129)]
    assert len(json.loads(leaves(answer(message={"tool_calls": many[:128]})))["choices"][0]["message"]["tool_calls"])
    with pytest.raises(WireError) as caught:
        leaves(answer(message={"tool_calls": many}))
    assert caught.value.code == "upstream/unreadable"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.just("") | st.just(SECRET),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["x", SECRET]), inner, max_size=2),
    max_leaves=4,
)
PLACES = st.sampled_from(["body", "choice", "message", "call", "function"])
NAMES = st.sampled_from(["x", "logprobs", "text", "reasoning", "delta", "annotations", "custom", "output"])


@given(st.dictionaries(PLACES, st.dictionaries(NAMES, JSON, max_size=3), max_size=3))
def test_wherever_it_stands_it_does_not_leave(more: dict[str, dict[str, Any]]) -> None:
    assert SECRET.encode() not in leaves(answer(**more))
    without = {place: {n: v for n, v in fields.items() if n != "delta"} for place, fields in more.items()}
    assert SECRET.encode() not in b"".join(streamed(chunk(**without)))
