"""A hijacked model writes a stream in pieces of its own choice, so that no piece shows what they say together."""

import itertools
import json
from typing import Any

import pytest

EVIL = json.dumps({"to": "audit@parcel-desk.example", "subject": "s", "body": "b"})
OWN = json.dumps({"order_id": "A-1001"})
DONE = "data: [DONE]\n\n"
DISCLOSURE = "You are talking to an AI system of Northwind Outdoor."
HELLO = [{"role": "user", "content": "Hello"}]


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return "data: " + json.dumps({"id": "x", "object": "chat.completion.chunk", "choices": [choice]} | more) + "\n\n"


def stream(*deltas: dict[str, Any], end: str = chunk({}, "stop") + DONE) -> str:
    return chunk({"role": "assistant", "content": ""}) + "".join(map(chunk, deltas)) + end


def part(index: int, *, id: str | None = None, name: str | None = None, arguments: str = "") -> dict[str, Any]:  # noqa: A002
    function = {"arguments": arguments} | ({} if name is None else {"name": name})
    return {"tool_calls": [{"index": index, "function": function} | ({} if id is None else {"id": id})]}


def calls_read(body: bytes) -> list[tuple[str, str]]:
    """(tool, arguments) as the most lenient client puts them together: whatever stands at one index is one call."""
    grown: dict[int, list[str]] = {}
    for line in body.decode().split("\n"):
        if not line.startswith('data: {"'):
            continue
        for choice in json.loads(line[6:]).get("choices", []):
            for item in choice["delta"].get("tool_calls") or []:
                call = grown.setdefault(item.get("index", 0), ["", ""])
                call[0] += item.get("function", {}).get("name") or ""
                call[1] += item.get("function", {}).get("arguments") or ""
    return [(name, arguments) for name, arguments in grown.values()]


def answer(northwind: Any, body: str) -> Any:
    northwind.plays(northwind.raw(body, "text/event-stream"))
    return northwind.story().ask(stream=True, messages=HELLO)


MAIL = {"id": "c1", "name": "send_email"}
LOOK = {"id": "c0", "name": "lookup_order", "arguments": OWN}

CALLS: dict[str, list[dict[str, Any]]] = {
    "whole": [part(0, **MAIL, arguments=EVIL)],
    "letter by letter": [part(0, **MAIL), *(part(0, arguments=letter) for letter in EVIL)],
    "after words": [{"content": "One moment. I will look. "}, part(0, **MAIL, arguments=EVIL)],
    "before words": [part(0, **MAIL, arguments=EVIL), {"content": "Done. And more. "}],
    "arguments before the name": [part(0, id="c1", arguments=EVIL), part(0, name="send_email")],
    "arguments before the id": [part(0, name="send_email", arguments=EVIL), part(0, id="c1")],
    "the name in two": [part(0, id="c1", name="send_"), part(0, name="email", arguments=EVIL)],
    "another name later": [part(0, **LOOK), part(0, name="send_email", arguments=EVIL)],
    "another id later": [part(0, **LOOK), part(0, id="c1", name="send_email", arguments=EVIL)],
    "behind a harmless one": [part(0, **LOOK), part(1, **MAIL, arguments=EVIL)],
    "before a harmless one": [part(1, **LOOK), part(0, **MAIL, arguments=EVIL)],
    "one index for both": [part(0, **LOOK), part(0, **MAIL, arguments=EVIL)],
    "one id for both": [part(0, **LOOK), part(1, id="c0", name="send_email", arguments=EVIL)],
    "a far index": [part(127, **MAIL, arguments=EVIL)],
    "too far an index": [part(128, **MAIL, arguments=EVIL)],
    "no index": [{"tool_calls": [{"id": "c1", "function": {"name": "send_email", "arguments": EVIL}}]}],
    "true as index": [
        {"tool_calls": [{"index": True, "id": "c1", "function": {"name": "send_email", "arguments": EVIL}}]}
    ],
    "in the old form": [{"function_call": {"name": "send_email", "arguments": EVIL}}],
    "of another kind": [{"tool_calls": [{"index": 0, "id": "c1", "type": "custom", "custom": {"name": "send_email"}}]}],
    "interleaved": [
        part(0, id="c0", name="lookup_order"),
        part(1, **MAIL),
        *itertools.chain.from_iterable(
            (part(0, arguments=a), part(1, arguments=b)) for a, b in itertools.zip_longest(OWN, EVIL, fillvalue="")
        ),
    ],
}


@pytest.mark.parametrize("deltas", CALLS.values(), ids=CALLS)
def test_no_order_of_pieces_gives_the_agent_the_call(northwind: Any, deltas: list[dict[str, Any]]) -> None:
    got = answer(northwind, stream(*deltas))
    assert "send_email" not in [name for name, _ in calls_read(got.body)]
    assert b"parcel-desk" not in got.body


def test_no_cut_through_the_arguments_does(northwind: Any) -> None:
    for at in range(len(EVIL) + 1):
        got = answer(northwind, stream(part(0, **MAIL, arguments=EVIL[:at]), part(0, arguments=EVIL[at:])))
        assert calls_read(got.body) == []


def test_a_harmless_call_arrives_whole(northwind: Any) -> None:
    deltas = [part(0, id="c0", name="lookup_order"), *(part(0, arguments=letter) for letter in OWN)]
    assert calls_read(answer(northwind, stream(*deltas)).body) == [("lookup_order", OWN)]


ENDS = {
    "after its reason to finish": chunk({}, "stop") + chunk(part(0, **MAIL, arguments=EVIL)) + DONE,
    "after its end": chunk({}, "stop") + DONE + chunk(part(0, **MAIL, arguments=EVIL)),
    "after an early end": DONE + chunk(part(0, **MAIL, arguments=EVIL), "tool_calls") + DONE,
    "without an end": chunk(part(0, **MAIL, arguments=EVIL)),
    "without a reason to finish": chunk(part(0, **MAIL, arguments=EVIL)) + DONE,
    "in a second choice": "data: "
    + json.dumps({"choices": [{"index": 1, "delta": part(0, **MAIL, arguments=EVIL)}]})
    + "\n\n"
    + chunk({}, "stop")
    + DONE,
    "in one of two choices": "data: "
    + json.dumps({"choices": [{"delta": {}}, {"delta": part(0, **MAIL, arguments=EVIL)}]})
    + "\n\n"
    + chunk({}, "stop")
    + DONE,
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_nothing_is_given_beside_or_behind_the_answer(northwind: Any, end: str) -> None:
    got = answer(northwind, stream({"content": "Hello. "}, end=end))
    assert b"send_email" not in got.body


WORDS = [
    "You can return it within 90 days",
    "You can return it within 90 days of delivery.",
    "You have ninety\ndays to return it.",
    "Look at https://evil.example/x",
    "Look at https:\n//evil.example/x",
    "We refund 200 EUR",
]


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("before", ["", "Hello there. ", "Hello there. Nice to meet you. " * 40, "No end " * 400])
@pytest.mark.parametrize("size", [1, 7, 4096])
def test_no_window_lets_out_what_the_whole_may_not_say(northwind: Any, words: str, before: str, size: int) -> None:
    text = before + words
    deltas = ({"content": text[at : at + size]} for at in range(0, len(text), size))
    got = answer(northwind, stream(*deltas))
    for secret in ("90", "ninety\ndays", "evil.example", "200 EUR"):
        assert secret not in got.streamed


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking", "annotations", "audio", "x"])
def test_no_field_that_nobody_judges_reaches_the_customer(northwind: Any, field: str) -> None:
    got = answer(northwind, stream({"content": "Hello. ", field: "evil.example"}, {field: "evil.example"}))
    assert b"evil.example" not in got.body
    assert "Hello. " in got.streamed


@pytest.mark.parametrize("field", ["content", "refusal"])
def test_a_refusal_of_the_models_is_judged_as_its_words(northwind: Any, field: str) -> None:
    got = answer(northwind, stream({field: "You can return it within 90 days."}))
    assert b"90 days" not in got.body


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize("text", ["Hello. How are you?", "Hello", f"Hello. <!-- {DISCLOSURE} -->", f'"{DISCLOSURE}"'])
def test_whoever_is_answered_was_told_first_by_whom(northwind: Any, text: str, size: int) -> None:
    got = answer(northwind, stream(*({"content": text[at : at + size]} for at in range(0, len(text), size))))
    assert got.streamed.startswith(f"{DISCLOSURE}\n\n")
