"""The witness over HTTP, as one ASGI callable: `POST …/add-checkpoint` and nothing else."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TypeAlias

from trilens.errors import StoreError
from trilens.prove.ledger.witness import LARGEST_REQUEST, TEXT_TYPE, Answer, Witness

Message: TypeAlias = MutableMapping[str, object]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

PATH = "/add-checkpoint"


def witness_app(witness: Witness) -> App:
    """The app of one witness."""

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise AssertionError("the witness speaks HTTP only")
        await _send(send, await _answer(witness, scope, receive))

    return app


async def _answer(witness: Witness, scope: Message, receive: Receive) -> Answer:
    if scope["path"] != PATH:
        return Answer(404, b"a witness answers at add-checkpoint\n")
    if scope["method"] != "POST":
        return Answer(405, b"a checkpoint is added by POST\n")
    body = await _body(receive)
    if body is None:
        return Answer(413, b"the request is too large\n")
    try:
        # it waits for the disk and for other processes, and neither may keep other requests waiting
        return await asyncio.to_thread(witness.add_checkpoint, body)
    except StoreError:
        return Answer(500, b"the checkpoint could not be kept, and was not signed\n")


async def _body(receive: Receive) -> bytes | None:
    """None when it is larger than any request."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        part = message.get("body", b"")
        body += part if isinstance(part, bytes) else b""
        if len(body) > LARGEST_REQUEST:
            return None
        if not message.get("more_body"):
            return bytes(body)


async def _send(send: Send, answer: Answer) -> None:
    kind = answer.content_type or TEXT_TYPE
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(answer.body)).encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
