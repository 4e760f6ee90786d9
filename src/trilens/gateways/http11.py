"""Uvicorn's HTTP/1.1, with an end to every wait and to every head: it has none by itself.

A request has `RECEIVE_S` to arrive, head and body, and a new connection as long to begin one; between requests uvicorn's own limit
holds. A request that arrives in one packet costs no timer.
"""

import asyncio

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from trilens.errors import WireError
from trilens.gateways.asgi import write_refusal
from trilens.gateways.refusal import of_error

RECEIVE_S = 30.0
"""10 MB at 2.7 Mbit/s."""
LARGEST_HEAD = 65_536
"""Bytes of request line and headers, counted by packets. Common servers allow 8 to 64 KiB."""
MOST_HEADERS = 128

_TOO_SLOW = WireError("wire/too-slow", f"the request did not arrive within {RECEIVE_S:g} s", status=408)
_TOO_LARGE = WireError("wire/head-too-large", "the request has too many or too large headers", status=431)
_MALFORMED = WireError("wire/not-http", "this is no HTTP/1.1 request")
_PHRASES = {400: b"Bad Request", 408: b"Request Timeout", 431: b"Request Header Fields Too Large"}


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    _deadline: asyncio.TimerHandle | None = None
    _is_receiving = False
    """A request has begun and has not arrived whole."""
    _head: int | None = None
    """Bytes of the head that is being received, without its first packet; None while there is none."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline = self.loop.call_later(RECEIVE_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._head is not None:
            self._head += len(data)
            if self._head > LARGEST_HEAD:
                self._refuse(_TOO_LARGE)
                return
        super().data_received(data)
        if not self._is_receiving:
            self._disarm()
        elif self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(RECEIVE_S, self._give_up)

    def on_message_begin(self) -> None:
        self._is_receiving, self._head = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head = None
        if len(self.headers) > MOST_HEADERS:
            raise httptools.HttpParserError("too many headers")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_receiving = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words are for its log
        self._refuse(_MALFORMED if self._head is not None else _TOO_LARGE)

    def _give_up(self) -> None:
        self._deadline = None
        if self._is_receiving:
            self._refuse(_TOO_SLOW)
        else:
            self.transport.close()

    def _refuse(self, error: WireError) -> None:
        """Answer, unless an earlier answer is under way on this connection, and close it."""
        if not self._is_answering():
            body = write_refusal(of_error(error))
            head = (
                b"HTTP/1.1 %d %s\r\n" % (error.status, _PHRASES[error.status]),
                b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body),
            )
            self.transport.write(b"".join((*head, body)))
        self.transport.close()

    def _is_answering(self) -> bool:
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return False
        # with a head that is not complete, the last answer is still an earlier request's
        return self._head is not None or cycle.response_started

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
