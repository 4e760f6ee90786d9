"""The body of a request: bounded in bytes and in time, uncompressed JSON."""

import asyncio

from starlette.types import Message, Receive

from trilens.errors import WireError
from trilens.gateways.headers import Head

LARGEST = 10 * 1024 * 1024
"""Bytes. The largest context windows are about 2 million tokens, 8 MB of English."""
DEADLINE_S = 30.0
"""To receive all of it: 10 MB at 2.7 Mbit/s."""


class ClientLeftError(Exception):
    """The client closed the connection; there is nobody to answer."""


async def read_body(receive: Receive, head: Head) -> bytes:
    """The whole body of a request.

    Raises:
        WireError: `wire/media-type` or `wire/encoded` (415), `wire/too-large` (413), `wire/too-slow` (408).
        ClientLeftError: the client left before it was complete.
    """
    _check_head(head)
    try:
        async with asyncio.timeout(DEADLINE_S):
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                body: bytes = message.get("body", b"")
                _check_size(len(body))
                return body
            return await _gather(message, receive)
    except TimeoutError as error:
        raise WireError("wire/too-slow", f"the body did not arrive within {DEADLINE_S:g} s", status=408) from error


async def _gather(message: Message, receive: Receive) -> bytes:
    parts = bytearray()
    while message["type"] == "http.request":
        parts += message.get("body", b"")
        _check_size(len(parts))
        if not message.get("more_body", False):
            return bytes(parts)
        message = await receive()
    raise ClientLeftError


def _check_size(size: int) -> None:
    if size > LARGEST:
        raise _too_large()


def _check_head(head: Head) -> None:
    media, _, parameters = head.content_type.partition(b";")
    if media.strip().lower() != b"application/json":
        raise WireError("wire/media-type", "the body must be `application/json`", status=415)
    if parameters.strip().lower().replace(b'"', b"") not in (b"", b"charset=utf-8"):
        raise WireError("wire/media-type", "the body must be UTF-8", status=415)
    if head.content_encoding.strip().lower() not in (b"", b"identity"):
        raise WireError("wire/encoded", "a compressed body is not accepted", help="send it as it is", status=415)
    if head.content_length.isdigit():
        _check_size(int(head.content_length[:20]))


def _too_large() -> WireError:
    return WireError("wire/too-large", f"the body is larger than {LARGEST} bytes", status=413)
