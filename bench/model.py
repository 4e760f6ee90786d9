"""`python -m bench.model DELAY_MS PACE_MS`: an upstream that costs little, answers after a while, and streams as fast as a model speaks.

What it answers follows from the request alone: a stream when one is asked for; the call that stands after `CALL ` in the last question; and
otherwise the same words.
"""

import asyncio
import json
import socket
import sys
from functools import partial

import httptools
import uvloop

CALL = b"CALL "
WORDS = (
    "Thank you for asking, I have looked into it. "
    "The parcel has been handed to the carrier, and you can follow it in your account under the list of your orders. "
    "If anything is unclear there, write to us again: a colleague reads every message and answers as soon as possible."
)
EVENTS = 41
"""Pieces of the words in a stream."""
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: "
_SHARED = {"id": "chatcmpl-1", "created": 1, "model": "gpt-5.1"}


def whole(message: dict[str, object], finish_reason: str) -> bytes:
    """An answer in one piece, framed."""
    choice = {"index": 0, "message": {"role": "assistant", "refusal": None, **message}, "finish_reason": finish_reason}
    body = _json({**_SHARED, "object": "chat.completion", "choices": [choice]})
    return _HEAD + b"application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def events() -> list[bytes]:
    """The events of a stream, each as a chunk; the last one ends the answer."""
    size = -(-len(WORDS) // EVENTS)
    pieces = [WORDS[start : start + size] for start in range(0, len(WORDS), size)]
    opening = _chunk(_event({"role": "assistant", "content": ""}, None))
    chunks = [opening, *(_chunk(_event({"content": piece}, None)) for piece in pieces)]
    return [*chunks, _chunk(_event({}, "stop")) + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"]


def _event(delta: dict[str, object], finish_reason: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return b"data: " + _json({**_SHARED, "object": "chat.completion.chunk", "choices": [choice]}) + b"\n\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


class _Connection(asyncio.Protocol):
    def __init__(self, delay_s: float, pace_s: float) -> None:
        self._delay_s = delay_s
        self._pace_s = pace_s
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._body: list[bytes] = []
        self._calls = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        body, self._body = b"".join(self._body), []
        if b'"stream":true' in body:
            self._later(self._delay_s, partial(self._stream, events()))
        else:
            self._later(self._delay_s, partial(self._send, self._answer(body)))

    def _answer(self, body: bytes) -> bytes:
        last = json.loads(body)["messages"][-1]
        content = (last["content"] or "").encode()
        if last["role"] != "user" or CALL not in content:
            return _SAID
        tool, _, arguments = content.partition(CALL)[2].decode().partition(" ")
        self._calls += 1
        call = {"id": f"call_{self._calls}", "type": "function", "function": {"name": tool, "arguments": arguments}}
        return whole({"content": None, "tool_calls": [call]}, "tool_calls")

    def _stream(self, rest: list[bytes]) -> None:
        head = b"" if len(rest) < len(_EVENTS) else _HEAD + b"text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        if not self._pace_s:
            self._send(head + b"".join(rest))
            return
        self._send(head + rest[0])
        if rest[1:]:
            self._later(self._pace_s, partial(self._stream, rest[1:]))

    def _send(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)  # type: ignore[attr-defined]

    def _later(self, after_s: float, act: "partial[None]") -> None:
        if after_s:
            self._loop.call_later(after_s, act)
        else:
            act()


_SAID = whole({"content": WORDS}, "stop")
_EVENTS = events()


async def _serve(delay_s: float, pace_s: float) -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listening.getsockname()[1], flush=True)
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(delay_s, pace_s), sock=listening)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(float(sys.argv[1]) / 1000, float(sys.argv[2]) / 1000))
