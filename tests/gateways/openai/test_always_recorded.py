"""Whatever a model or a client spells, and however much is found in it, the gateway answers with a decision that is on record."""

import json
from collections.abc import Callable
from typing import Any

import openai
import pytest

from trilens.lenses.lens import Answer, Context, allow, deny
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind
from trilens.vocabulary.verdict import Finding

Install = Callable[..., Any]
ASK: list[Any] = [{"role": "user", "content": "go"}]
ODD = [
    '{"to": "a@shop.example", "\\ud800": 1}',
    '{"to": {"\\udfff": ["x"]}}',
    '{"to": "\\ud800"}',
    '{"to": 1e999999999}',
    '{"to": 1e-9999999999999999999999}',
    '{"to": ' + "9" * 5_000 + "}",
    '{"to":' * 700 + "1" + "}" * 700,
    "[" * 50_000,
    '{"to": 1, "to": 2}',
    "\ud7ff\x00",
]


def answer(arguments: str, *, stream: bool) -> str:
    call = {"id": "c1", "type": "function", "function": {"name": "send_email", "arguments": arguments}}
    head = {"id": "x", "object": "chat.completion", "created": 1, "model": "m"}
    if not stream:
        choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant", "tool_calls": [call]}}
        return json.dumps(head | {"choices": [choice | {"finish_reason": "tool_calls"}]})
    deltas: list[tuple[dict[str, Any], str | None]] = [
        ({"tool_calls": [{"index": 0} | call]}, None),
        ({}, "tool_calls"),
    ]
    chunks = [head | {"choices": [{"index": 0, "delta": d, "finish_reason": reason}]} for d, reason in deltas]
    return "".join(f"data: {json.dumps(part)}\n\n" for part in chunks) + "data: [DONE]\n\n"


def decided(here: Any) -> list[Any]:
    return [entry.body for entry in here.entries() if entry.kind == "decision"]


@pytest.mark.requirement("X6")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("arguments", ODD)
def test_a_call_that_cannot_be_read_is_denied_on_record_and_the_loop_goes_on(
    install: Install, arguments: str, stream: bool
) -> None:
    media = ", content_type: text/event-stream" if stream else ""
    here = install(script=f"steps: [{{fault: {{body: {json.dumps(answer(arguments, stream=stream))}{media}}}}}]")
    got = here.post({"model": "chat", "messages": ASK, "stream": stream})
    if b"\\u0000" in json.dumps(arguments).encode():
        assert (got.status, got.error["code"]) == (502, "unreadable")
        return
    assert got.status == 200, got.body
    assert b"The call of send_email was refused by Trilens (" in got.body
    assert b"(enforce/admit: argument" in got.body
    last = next(body for body in decided(here) if body["event"][1] == "tool_call")
    assert (last["outcome"], last["left"], last["component"]) == ("deny", False, "send_email")


@pytest.mark.requirement("X6")
def test_two_thousand_findings_are_one_decision_on_record(install: Install) -> None:
    def finds(event: Event, _: Context) -> Answer:
        if event.kind is not EventKind.TOOL_CALL:
            return allow()
        return deny(*[Finding(f"g/found_{n}", "x" * 50, path=v.path) for n, v in enumerate(event.values)])

    many = json.dumps({"to": "a@shop.example", "body": [f"https://x.example/{n}" for n in range(2_999)]})
    here = install(finds, script=f"steps: [{{fault: {{body: {json.dumps(answer(many, stream=False))}}}}}]")
    message = here.client().chat.completions.create(model="gpt-5.1", messages=ASK).choices[0].message
    assert message.tool_calls is None
    assert "send_email was refused" in (message.content or "")
    [codes] = [b["verdicts"][0][3] for b in decided(here) if b["event"][1] == "tool_call"]
    assert codes == [*[f"g/found_{n}" for n in range(8)], "+2992"]


@pytest.mark.requirement("X6")
@pytest.mark.parametrize("name", ["x" * 70_000, "Ada Lovelace", "größe", ""])
def test_a_result_of_a_tool_that_only_the_client_names_is_on_record_without_its_name(
    install: Install, name: str
) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": name, "arguments": "{}"}}
    turns = [
        *ASK,
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "r"},
    ]
    here = install(script="steps: [{say: hi}]")
    assert here.post({"model": "chat", "messages": turns}).status == 200
    [body] = [b for b in decided(here) if b["event"][1] == "tool_result"]
    assert (body["component"], body["answers"]) == ("", False)


@pytest.mark.requirement("X3")
def test_a_request_for_other_models_is_refused_by_name_and_none_is_asked(install: Install) -> None:
    here = install(script="steps: [{say: hi}]")
    with pytest.raises(openai.BadRequestError) as caught:
        here.client().chat.completions.create(model="gpt-5.1", messages=ASK, extra_body={"models": ["other/model"]})
    error = caught.value.body
    assert isinstance(error, dict)
    assert (error["code"], error["message"]) == ("unsupported", "`models` is not supported")
    assert here.model.count == here.spare.count == 0
