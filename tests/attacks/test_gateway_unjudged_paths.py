"""A manipulated model wants its call carried out, by whatever way nobody looks at."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from trilens.lenses.lens import Answer, Context, allow, deny, hold
from trilens.testing.scripted_model.script import parse_script
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind
from trilens.vocabulary.verdict import Finding

pytestmark = pytest.mark.requirement("X4")

Install = Callable[..., Any]
ASK: dict[str, Any] = {"model": "chat", "messages": [{"role": "user", "content": "tidy up"}]}
EVIL = "x@evil.example"
MAIL = {"name": "send_email", "arguments": json.dumps({"to": EVIL})}
CALL = {"id": "c1", "type": "function", "function": MAIL}


def deny_evil(event: Event, _: Context) -> Answer:
    evil = EVIL in event.text and event.kind in (EventKind.TOOL_CALL, EventKind.OUTPUT)
    return deny(Finding("g/evil", "")) if evil else allow()


def whole(message: dict[str, Any]) -> str:
    return json.dumps(
        {"id": "x", "choices": [{"index": 0, "message": {"role": "assistant"} | message, "finish_reason": "stop"}]}
    )


def streamed(*deltas: dict[str, Any]) -> str:
    def event(choices: list[dict[str, Any]]) -> str:
        return "data: " + json.dumps({"id": "x", "choices": choices}) + "\n\n"

    said = "".join(event([{"index": 0, "delta": delta, "finish_reason": None}]) for delta in deltas)
    return said + event([{"index": 0, "delta": {}, "finish_reason": "stop"}]) + "data: [DONE]\n\n"


def answers(here: Any, body: str, media: str) -> Any:
    here.model.play(parse({"steps": [{"fault": {"body": body, "content_type": media}}]}))
    return here.post(ASK | {"stream": media == "text/event-stream"})


def parse(script: dict[str, Any]) -> Any:
    return parse_script(json.dumps(script))


WHOLE = [
    {"tool_calls": [CALL]},
    {"content": "Sure.", "tool_calls": [CALL]},
    {"function_call": MAIL},
    {"content": f"Write to {EVIL}"},
    {"refusal": f"Write to {EVIL}"},
    {"content": [{"type": "text", "text": f"Write to {EVIL}"}]},
    {"content": "Hi.", "reasoning_content": EVIL},
    {"content": "Hi.", "reasoning": {"text": EVIL}},
    {"content": "Hi.", "audio": {"transcript": EVIL}},
    {"content": "Hi.", "annotations": [{"url": EVIL}]},
    {"content": "Hi.", "tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "send_email", "input": EVIL}}]},
    {"content": "Hi.", "tool_calls": [CALL | {"function": {"name": "lookup", "arguments": '{"order":"1"}'}}, CALL]},
]


@pytest.mark.parametrize("message", WHOLE)
def test_no_part_of_a_whole_answer_carries_it_out(install: Install, message: dict[str, Any]) -> None:
    here = install(deny_evil)
    got = answers(here, whole(message), "application/json")
    assert EVIL.encode() not in got.body


@pytest.mark.parametrize(
    "body",
    [
        whole({"content": "Hi."}).replace(
            '"content": "Hi."', '"content": "Hi.", "tool_calls": [], "tool_calls": ' + json.dumps([CALL])
        ),
        whole({"content": "Hi."})[:-1] + ', "choices": ' + json.dumps([{"message": {"tool_calls": [CALL]}}]) + "}",
        json.dumps({"choices": [{"message": {"content": "Hi."}}, {"message": {"tool_calls": [CALL]}}]}),
    ],
)
def test_no_second_reading_of_a_whole_answer_carries_it_out(install: Install, body: str) -> None:
    here = install(deny_evil)
    got = answers(here, body, "application/json")
    assert (got.status, EVIL.encode() in got.body) == (502, False)


def part(index: int, **more: Any) -> dict[str, Any]:
    return {"tool_calls": [{"index": index} | more]}


STREAMS = [
    [part(0, **CALL)],
    [
        part(0, id="c1", type="function", function={"name": "send_email", "arguments": ""}),
        *[part(0, function={"arguments": letter}) for letter in MAIL["arguments"]],
    ],
    [
        part(0, id="c1", function={"name": "lookup", "arguments": "{}"}),
        part(0, function={"name": "send_email", "arguments": MAIL["arguments"]}),
    ],
    [
        part(0, id="c1", function={"name": "look", "arguments": ""}),
        part(0, function={"name": "up", "arguments": MAIL["arguments"]}),
    ],
    [part(0, id="c1", function={"name": "lookup", "arguments": "{}"}), part(1, **CALL)],
    [part(1, **CALL), part(0, **CALL)],
    [{"content": letter} for letter in f"Write to {EVIL} now. Bye."],
    [{"content": "Hi. "}, {"content": "All good. "}, {"content": f"Write to {EVIL}"}],
    [{"refusal": f"Write to {EVIL}"}],
    [{"content": "Hi."}, {"reasoning_content": EVIL}],
    [{"content": "Hi."}, {"function_call": MAIL}],
    [{"content": "Hi."}, {"audio": {"transcript": EVIL}}],
    [{"content": "Hi. "}, {"content": 'then.\u2028data: {"choices":[{"delta":{"content":"' + EVIL + '"}}]}\u2028'}],
]


@pytest.mark.parametrize("deltas", STREAMS)
def test_no_part_of_a_stream_carries_it_out(install: Install, deltas: list[dict[str, Any]]) -> None:
    here = install(deny_evil)
    got = answers(here, streamed({"role": "assistant", "content": ""}, *deltas), "text/event-stream")
    assert EVIL.encode() not in got.body
    assert EVIL not in "".join(
        (delta.get("content") or "")
        for line in got.body.decode().split("\n")
        if line.startswith('data: {"')
        for choice in json.loads(line[6:]).get("choices", [])
        for delta in [choice["delta"]]
    )


@pytest.mark.parametrize(
    "tail",
    [
        "data: [DONE]\n\n" + streamed(part(0, **CALL)),
        "event: message\ndata: [DONE]\n\n" + streamed(part(0, **CALL)),
        "event: tool\n" + streamed(part(0, **CALL)),
        "\ufeff" + streamed(part(0, **CALL)),
        "data:" + json.dumps({"choices": [{"index": 1, "delta": part(0, **CALL)}]}) + "\n\n",
        "Data: " + json.dumps({"choices": [{"delta": part(0, **CALL)}]}) + "\n\ndata: [DONE]\n\n",
        ": comment\u2028" + streamed(part(0, **CALL)),
    ],
)
def test_no_event_that_readers_disagree_about_carries_it_out(install: Install, tail: str) -> None:
    here = install(deny_evil)
    begun = streamed({"content": "Hi."}).removesuffix("data: [DONE]\n\n")
    got = answers(here, begun + tail, "text/event-stream")
    assert EVIL.encode() not in got.body


def test_no_next_model_carries_it_out(install: Install) -> None:
    here = install(
        deny_evil,
        script="steps: [{fault: {status: 500}}]",
        spare=f"steps: [{{call: [{{tool: send_email, args: {{to: {EVIL}}}}}]}}]",
    )
    for stream in (False, True):
        got = here.post(ASK | {"stream": stream})
        assert got.status == 200
        assert EVIL.encode() not in got.body


def test_no_kept_answer_carries_it_out_after_the_policy_became_stricter(install: Install) -> None:
    strict = False

    def guard(event: Event, _: Context) -> Answer:
        if event.component != "send_email":
            return allow()
        return deny(Finding("g/evil", "")) if strict else hold(Finding("g/ask", ""))

    here = install(guard, script=f"steps: [{{call: [{{tool: send_email, args: {{to: {EVIL}}}}}]}}]")
    key = here.key()
    for stream in (False, True):
        strict = False
        here.post(ASK | {"stream": stream}, key=key)
        here.decide(here.journal.cases()[0])
        strict = True
        got = here.post(ASK | {"stream": stream}, key=key)
        assert got.status == 200
        assert EVIL.encode() not in got.body
