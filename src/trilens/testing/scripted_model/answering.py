"""From a step to the bytes of its answer, with its fault. Pure."""

import json
from dataclasses import replace

from trilens.testing.scripted_model.completion import Header, Reply, error_body, events, whole
from trilens.testing.scripted_model.conversation import Conversation
from trilens.testing.scripted_model.gullible import obey
from trilens.testing.scripted_model.http11 import Response
from trilens.testing.scripted_model.script import Fault, Step
from trilens.vocabulary.event import Call

JSON = "application/json"
EVENT_STREAM = "text/event-stream"
_DRIPS = 16


def reply_of(step: Step, conversation: Conversation, number: int) -> Reply:
    """What the model says at `step`; calls without an id are numbered within request `number`."""
    if step.obey:
        reply = obey(conversation)
    else:
        calls = tuple(
            Call(
                call.id,
                call.tool,
                call.args if isinstance(call.args, str) else json.dumps(call.args, ensure_ascii=False),
            )
            for call in step.call
        )
        reply = Reply(step.say, calls)
    first = f"call_{number}_0"
    numbered = tuple(
        replace(call, id=first if step.fault.duplicate_ids else call.id or f"call_{number}_{position}")
        for position, call in enumerate(reply.calls)
    )
    return Reply(reply.text, numbered, is_finished=not step.fault.no_terminal)


def response_of(reply: Reply, conversation: Conversation, header: Header, fault: Fault) -> Response:
    """The bytes of `reply`, broken as `fault` says."""
    if fault.redirect:
        return plain(307, b"", {"location": fault.redirect} | fault.headers)
    if fault.status:
        body = fault.body.encode() if fault.body is not None else error_body("told to fail", "scripted_fault")
        return plain(fault.status, body, fault.headers)
    is_stream = conversation.stream
    if fault.body is not None:
        pieces = [fault.body.encode()]
    elif is_stream:
        pieces = list(events(reply, header, include_usage=conversation.include_usage))
    else:
        pieces = [whole(reply, header)]
    if fault.garbage:
        pieces = _with_garbage(pieces, fault.garbage.encode())
    if fault.drip_ms and not is_stream:
        pieces = _in_drops(pieces)
    kind = fault.content_type or (EVENT_STREAM if is_stream else JSON)
    headers = {"content-type": kind} | fault.headers
    return Response(200, headers, tuple(pieces), is_stream=is_stream, drip_ms=fault.drip_ms, cut=fault.cut)


def plain(status: int, body: bytes, headers: dict[str, str] | None = None) -> Response:
    """A whole JSON answer."""
    return Response(status, {"content-type": JSON} | (headers or {}), (body,))


def _with_garbage(pieces: list[bytes], garbage: bytes) -> list[bytes]:
    """Between two events of a stream; inside the body when there is only one piece."""
    if len(pieces) > 1:
        middle = len(pieces) // 2
        return [*pieces[:middle], garbage, *pieces[middle:]]
    half = len(pieces[0]) // 2
    return [pieces[0][:half] + garbage + pieces[0][half:]]


def _in_drops(pieces: list[bytes]) -> list[bytes]:
    data = b"".join(pieces)
    size = max(1, len(data) // _DRIPS)
    return [data[start : start + size] for start in range(0, len(data), size)]
