"""The body of a request: bounded, uncompressed JSON. How long it may take is bounded where bytes arrive, in `http11`."""

from starlette.types import Receive

from trilens.errors import WireError
from trilens.gateways.headers import Head

LARGEST = 10 * 1024 * 1024
"""Bytes. The largest context windows are about 2 million tokens, 8 MB of English."""


class ClientLeftError(Exception):
    """The client closed the connection; there is nobody to answer."""


async def read_body(receive: Receive, head: Head) -> bytes:
    """The whole body of a request.

    Raises:
        WireError: `wire/media-type` or `wire/encoded` (415), `wire/too-large` (413).
        ClientLeftError: the client left before it was complete.
    """
    _check_head(head)
    parts: list[bytes] = []
    size = 0
    while (message := await receive())["type"] == "http.request":
        part: bytes = message.get("body", b"")
        size += len(part)
        _check_size(size)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts) if len(parts) > 1 else part
    raise ClientLeftError


def _check_size(size: int) -> None:
    if size > LARGEST:
        raise _too_large()


def _check_head(head: Head) -> None:
    if head.content_type == b"application/json" and not head.content_encoding:
        _check_length(head.content_length)
        return
    media, _, parameters = head.content_type.partition(b";")
    if media.strip().lower() != b"application/json":
        raise WireError("wire/media-type", "the body must be `application/json`", status=415)
    if parameters.strip().lower().replace(b'"', b"") not in (b"", b"charset=utf-8"):
        raise WireError("wire/media-type", "the body must be UTF-8", status=415)
    if head.content_encoding:
        raise WireError("wire/encoded", "a compressed body is not accepted", help="send it as it is", status=415)
    _check_length(head.content_length)


def _check_length(told: bytes) -> None:
    if told.isdigit():
        _check_size(int(told[:20]))


def _too_large() -> WireError:
    return WireError("wire/too-large", f"the body is larger than {LARGEST} bytes", status=413)
