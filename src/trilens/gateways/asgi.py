"""An answer in one piece, and the two ASGI messages it takes; errors in the shape of OpenAI's, which is also that of the server itself."""

from dataclasses import dataclass

import orjson
from starlette.types import Send

from trilens.gateways.refusal import Refusal

JSON = (b"content-type", b"application/json")
_NO_RETRY = (b"x-should-retry", b"false")
"""Read by the OpenAI clients, which otherwise repeat a 5xx by themselves."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    """Without framing."""
    body: bytes


async def send_reply(send: Send, reply: Reply) -> None:
    headers = [*reply.headers, (b"content-length", b"%d" % len(reply.body))]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def refused(refusal: Refusal) -> Reply:
    """A refusal as a whole answer."""
    headers = [JSON]
    if not refusal.may_retry:
        headers.append(_NO_RETRY)
    if refusal.retry_after_s:
        headers.append((b"retry-after", b"%d" % refusal.retry_after_s))
    if refusal.decision:
        headers.append((b"x-trilens-decision", refusal.decision.encode()))
    return Reply(refusal.status, tuple(headers), write_refusal(refusal))


def write_refusal(refusal: Refusal) -> bytes:
    """A refusal as a body, or as the data of an event."""
    error: dict[str, object] = {
        "message": refusal.message,
        "type": refusal.kind,
        "param": None,
        "code": refusal.code,
    }
    more = {"decision_id": refusal.decision, "case": refusal.case, "help": refusal.help}
    error |= {name: value for name, value in more.items() if value}
    return orjson.dumps({"error": error})
