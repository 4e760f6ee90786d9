"""What peers send: JSON bodies, requests, answers, refusals and streams."""

import json
from zlib import crc32

import orjson
from fuzzing.target import Refusals, Target, law

from trilens.errors import WireError
from trilens.gateways.openai.inbound import read_request
from trilens.gateways.openai.outbound import Leaving, read_answer, read_refusal, spoken, write_answer
from trilens.gateways.openai.stream import Piece, Transcript
from trilens.gateways.sse import Event, EventSplitter
from trilens.gateways.strict import strict_object

_CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "refund", "arguments": '{"order_id":"O-1001","amount":40}'},
}
_REQUEST = {
    "model": "gpt-5.1",
    "messages": [
        {"role": "system", "content": "Answer customers."},
        {"role": "user", "content": [{"type": "text", "text": "Wo ist O-1001?"}, {"type": "text", "text": "Grüße"}]},
        {"role": "assistant", "content": None, "tool_calls": [_CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": '{"order_id":"O-1001","note":"x@collect.example"}'},
    ],
    "stream": True,
    "temperature": 0.2,
    "tools": [{"type": "function", "function": {"name": "refund", "parameters": {"type": "object"}}}],
}
_ANSWER = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1795521600,
    "model": "gpt-5.1",
    "choices": [
        {
            "index": 0,
            "finish_reason": "tool_calls",
            "message": {"role": "assistant", "content": "Moment.", "tool_calls": [_CALL]},
        }
    ],
    "usage": {"prompt_tokens": 10, "completion_tokens": 5},
}
_PARTS = {
    **_ANSWER,
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"content": [{"type": "text", "text": "Hi"}], "x": "y"}}
    ],
}


def _chunk(delta: object, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + orjson.dumps({"id": "c1", "object": "chat.completion.chunk", "choices": [choice]}) + b"\n\n"


_STREAM = b"".join(
    (
        *(_chunk({"role": "assistant", "content": ""}), _chunk({"content": "Moment\u2028"}), b": ping\n\n"),
        _chunk(
            {
                "tool_calls": [
                    {"index": 0, "id": "c", "type": "function", "function": {"name": "refund", "arguments": ""}}
                ]
            }
        ),
        _chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"amount":'}}]}),
        _chunk({"tool_calls": [{"index": 0, "function": {"arguments": "40}"}}]}),
        *(_chunk({}, "tool_calls"), b'data: {"choices":[],"usage":{"total_tokens":3}}\n\n', b"data: [DONE]\n\n"),
    )
)
_WORDS = (
    *(
        b'"function_call":{}',
        b'"refusal":"no"',
        b'"n":2',
        b'"audio":{}',
        b'"tool_calls":[',
        b'"content":null',
        b'"role":"function"',
    ),
    *(
        b'"index":1',
        b'"logprobs":{"content":[]}',
        b"\\u0000",
        b"\\ud800",
        b"\xe2\x80\xa8",
        b"\xef\xbb\xbf",
        b'"models":["x"]',
    ),
)


def _strict(data: bytes) -> None:
    with Refusals((WireError,)):
        parsed = strict_object(data)
        law(parsed == json.loads(data, object_pairs_hook=_once), "another reader sees something else")
        law(strict_object(orjson.dumps(parsed)) == parsed, "written again, it is something else")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    law(len(dict(pairs)) == len(pairs), "a key twice was let in")
    return dict(pairs)


def _request(data: bytes) -> None:
    with Refusals((WireError,)):
        read = read_request(data)
        law(read.for_model(read.model) is read.raw, "the very bytes are sent")
        other = read_request(read.for_model("another"))
        law(other.model == "another" and other.turns == read.turns, "another model is sent the same turns")
        again = read_request(orjson.dumps(dict(read.body)))
        law(again.turns == read.turns and again.canonical() == read.canonical(), "one request, one canonical form")


def _answer(data: bytes) -> None:
    with Refusals((WireError,)):
        said = read_answer(data)
        whole = write_answer(said, Leaving(said.text, said.calls, ()))
        law(said.is_changed or whole is said.raw, "what nobody changed leaves as it came")
        again = read_answer(whole)
        law(again.text == said.text and again.calls == said.calls, "what leaves says what was judged")
        less = Leaving(said.text, said.calls[1:], ("taken out",))
        cut = read_answer(write_answer(said, less))
        law(
            cut.text == spoken(less) and cut.calls == less.calls and not cut.is_changed,
            "what is taken out does not leave",
        )


def _refusal(data: bytes) -> None:
    read_refusal(data, 400)


def _stream(data: bytes) -> None:
    with Refusals((WireError,)):
        whole = EventSplitter()
        events = [*whole.feed(data), *whole.flush()]
        law(b"".join(event.raw for event in events) == data, "no byte is lost")
        law(_split(data) == events, "events do not depend on how bytes are split")
        transcript = Transcript()
        pieces = [transcript.read(event) for event in events]
        calls = transcript.calls()
        left, after = Transcript(), b"".join(piece.raw for piece in pieces)
        splitter = EventSplitter()
        again = [left.read(event) for event in (*splitter.feed(after), *splitter.flush())]
        law(_said(again) == _said(pieces) and left.calls() == calls, "what leaves says what was judged")
        law(left.is_complete == transcript.is_complete, "and ends as it did")
        law(not any(mark in after.decode("utf-8", "replace") for mark in "\u2028\u2029\u0085"), "no line ends to some")


def _split(data: bytes) -> list[Event]:
    splitter, events, at = EventSplitter(), list[Event](), 0
    step = 1 + crc32(data) % 7
    while at < len(data):
        events += splitter.feed(data[at : at + step])
        at += step
    return [*events, *splitter.flush()]


def _said(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


TARGETS = (
    Target(
        "wire-strict",
        _strict,
        (orjson.dumps(_REQUEST), b'{"a":[1,-0.5,1e3,"x"],"b":{"c":null}}', b'{\n  "a": 1\n}'),
        _WORDS,
    ),
    Target("wire-request", _request, (orjson.dumps(_REQUEST), json.dumps(_REQUEST).encode()), _WORDS),
    Target("wire-answer", _answer, (orjson.dumps(_ANSWER), orjson.dumps(_PARTS)), _WORDS),
    Target(
        "wire-refusal",
        _refusal,
        (b'{"error":{"message":"too long","code":"context_length_exceeded"}}', b"<html>"),
        _WORDS,
    ),
    Target(
        "wire-stream",
        _stream,
        (_STREAM, _STREAM.replace(b"\n", b"\r\n"), _STREAM.replace(b"\n", b"\r")),
        (*_WORDS, b"data: ", b"event: x\n"),
    ),
)
