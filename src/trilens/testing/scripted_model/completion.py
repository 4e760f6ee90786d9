"""A reply as Chat Completions bytes, whole or as a stream.

Source: OpenAI API reference, Chat Completions object and chunk object (read 2026-11-24).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from trilens.vocabulary.event import Call

CREATED = 1_767_225_600
"""The `created` of every answer, so that equal conversations get equal bytes."""
_PIECE = 12
DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model says."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    is_finished: bool = True
    """False: the finish reason, and of a stream its last event, never come."""

    @property
    def finish_reason(self) -> str | None:
        if not self.is_finished:
            return None
        return "tool_calls" if self.calls else "stop"


@dataclass(frozen=True, slots=True)
class Header:
    """What all parts of one answer share."""

    number: int
    """Of the request, from 1."""
    model: str
    prompt_bytes: int

    def fields(self, kind: str) -> dict[str, object]:
        return {"id": f"chatcmpl-scripted-{self.number}", "object": kind, "created": CREATED, "model": self.model}

    def usage(self, reply: Reply) -> dict[str, object]:
        """Tokens at four bytes each: stable, and never nought for something."""
        written = len(reply.text) + sum(len(call.tool) + len(call.arguments) for call in reply.calls)
        prompt, completion = -(-self.prompt_bytes // 4), -(-written // 4)
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def whole(reply: Reply, header: Header) -> bytes:
    """The answer as one JSON body."""
    message: dict[str, object] = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.calls:
        message["tool_calls"] = [_function(call) for call in reply.calls]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish_reason}
    body = header.fields("chat.completion") | {"choices": [choice], "usage": header.usage(reply)}
    return _bytes(body)


def events(reply: Reply, header: Header, *, include_usage: bool) -> Iterator[bytes]:
    """The answer as server-sent events, text in pieces of a few letters."""
    yield _event(header, {"role": "assistant", "content": ""})
    for start in range(0, len(reply.text), _PIECE):
        yield _event(header, {"content": reply.text[start : start + _PIECE]})
    for position, call in enumerate(reply.calls):
        opening = {"index": position} | _function(Call(call.id, call.tool, ""))
        yield _event(header, {"tool_calls": [opening]})
        for start in range(0, len(call.arguments), _PIECE):
            piece = {"arguments": call.arguments[start : start + _PIECE]}
            yield _event(header, {"tool_calls": [{"index": position, "function": piece}]})
    if reply.is_finished:
        yield _event(header, {}, reply.finish_reason)
        if include_usage:
            fields = header.fields("chat.completion.chunk") | {"choices": [], "usage": header.usage(reply)}
            yield b"data: " + _bytes(fields) + b"\n\n"
        yield DONE


def error_body(message: str, code: str) -> bytes:
    """An error in OpenAI's shape."""
    return _bytes({"error": {"message": message, "type": "scripted_model", "param": None, "code": code}})


def _event(header: Header, delta: dict[str, object], finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return b"data: " + _bytes(header.fields("chat.completion.chunk") | {"choices": [choice]}) + b"\n\n"


def _function(call: Call) -> dict[str, object]:
    return {"id": call.id, "type": "function", "function": {"name": call.tool, "arguments": call.arguments}}


def _bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
