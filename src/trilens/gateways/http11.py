"""One connection: uvicorn's HTTP/1.1, with an end to every wait and to every size, and with one request at a time.

    BETWEEN ─ a byte ─▶ HEAD ─ it is whole ─▶ BODY ─ it is whole ─▶ ANSWER ─ it is sent ─▶ BETWEEN
      ≤ HEAD_S, or idle   ≤ HEAD_S              ≤ BODY_S

INVARIANT: what arrives in ANSWER is never read. A second request behind the first is how smuggling works, and no client of ours sends one
before it has its answer; the connection ends with that answer, and an honest client asks again on another.

The parser (`llhttp`) accepts several spellings of a request line, other protocols in it, other versions, upgrades, and takes trailers for
headers; what it may accept here is in `_problem_of_head`. A request that arrives in one packet costs no timer.

Source: RFC 9112 sections 2.2, 3, 6, 7.1, 9.3.2 (read 2026-11-25).
"""

import asyncio
from enum import Enum

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from trilens.errors import WireError
from trilens.gateways.asgi import write_refusal
from trilens.gateways.refusal import of_error

HEAD_S = 10.0
"""From the connection, or from a request's first byte, to the end of its headers."""
BODY_S = 20.0
"""From there to the end of the body: 10 MB at 4.2 Mbit/s. Both together: no slow client is kept longer than 30 s."""
SEND_S = 30.0
"""For 48 kB of an answer to be taken (what lies between the two marks of the transport), and for a closed connection to be gone."""
LARGEST_HEAD = 65_536
"""Bytes of request line and headers, and of what frames the chunks of a body. Common servers allow 8 to 64 KiB."""
MOST_HEADERS = 128

_TOO_LARGE = WireError("wire/head-too-large", "the request has too many or too large headers", status=431)
_TOO_MUCH_FRAMING = WireError("wire/framing", "the chunks of the body are framed by more than they hold")
_MALFORMED = WireError("wire/not-http", "this is no HTTP/1.1 request")
_TARGET = WireError("wire/target", "the request asks for something that is no path of this server")
_UPGRADE = WireError("wire/upgrade", "the request asks for another protocol", help="send it without `Upgrade`")
_TRAILER = WireError("wire/trailer", "the body is followed by headers", help="send them in front of it")
_CROWDED = WireError("wire/too-many-connections", "the server has as many connections as it can serve", status=503)
_PHRASES = {
    400: b"Bad Request",
    408: b"Request Timeout",
    431: b"Request Header Fields Too Large",
    503: b"Service Unavailable",
}


class _Stage(Enum):
    BETWEEN = "nothing of a request has arrived"
    HEAD = "a request has begun"
    BODY = "its headers are whole, its body is not"
    ANSWER = "it is whole, its answer is not"


class BoundedProtocol(HttpToolsProtocol):
    """One connection. The configuration's `limit_concurrency` is the number of connections, told before anything is read."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._most_connections, self.limit_concurrency = self.limit_concurrency, None
        self._stage = _Stage.BETWEEN
        self._deadline: asyncio.TimerHandle | None = None
        self._send_deadline: asyncio.TimerHandle | None = None
        self._problem: WireError | None = None
        self._may_begin = True
        """A request begins at the beginning of a packet or not at all."""
        self._is_over = False
        """More came than was asked for; nothing is read any more."""
        self._begun: bytes | bytearray = b""
        """The packets of the head that is being received."""
        self._held = 0
        """Bytes of the body in the last packet."""
        self._framing = 0
        """Bytes around the body in the packets behind the head's last."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._most_connections is not None and len(self.connections) > self._most_connections:
            self._refuse(_CROWDED)
        else:
            self._arm(HEAD_S)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self._disarm_sending()
        super().connection_lost(exc)

    # what the client sends

    def data_received(self, data: bytes) -> None:
        stage = self._stage
        if stage is _Stage.ANSWER:
            self._end_after_answer()
            return
        self._may_begin, self._held = stage is _Stage.BETWEEN, 0
        match stage:
            case _Stage.BETWEEN:
                self._begun = data
            case _Stage.HEAD:
                self._begun = bytearray(self._begun) if isinstance(self._begun, bytes) else self._begun
                self._begun += data
            case _Stage.BODY:
                pass
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not self._is_over:
                self._refuse(self._problem or _MALFORMED)
        if self.transport.is_closing() or self._is_over:
            return
        if stage is _Stage.BODY:
            self._framing += len(data) - self._held
        self._bound()

    def _bound(self) -> None:
        """Every size, and then every wait."""
        match self._stage:
            case _Stage.HEAD if len(self._begun) > LARGEST_HEAD:
                self._refuse(_TOO_LARGE)
            case _Stage.BODY if self._framing > LARGEST_HEAD:
                self._refuse(_TOO_MUCH_FRAMING)
            case _Stage.ANSWER:
                pass
            case _Stage.BETWEEN | _Stage.HEAD | _Stage.BODY:
                if self._deadline is None:
                    self._arm(BODY_S if self._stage is _Stage.BODY else HEAD_S)

    def on_message_begin(self) -> None:
        if not self._may_begin:
            self._end_after_answer()
            raise httptools.HttpParserError("refused")
        self._may_begin, self._stage = False, _Stage.HEAD
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._problem = self._problem_of_head()
        if self._problem is not None:
            raise httptools.HttpParserError("refused")
        self._disarm()
        self._stage, self._framing = _Stage.BODY, 0
        super().on_headers_complete()
        if self.expect_100_continue:
            # whether a body follows a refusal is up to the client: the next byte could be either
            self.cycle.keep_alive = False
        # the parser reports trailers as headers: they go where no route sees them
        self.headers = []
        self._begun = b""

    def on_body(self, body: bytes) -> None:
        self._held += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.headers:
            self._problem = _TRAILER
            raise httptools.HttpParserError("refused")
        self._disarm()
        self._stage = _Stage.BETWEEN if self.cycle.response_complete else _Stage.ANSWER
        super().on_message_complete()

    def _problem_of_head(self) -> WireError | None:
        if len(self.headers) > MOST_HEADERS or (len(self._begun) > LARGEST_HEAD and self._head_size() > LARGEST_HEAD):
            return _TOO_LARGE
        if not self.url.startswith(b"/") or b"#" in self.url:
            return _TARGET
        if not self._is_spelled_plainly():
            return _MALFORMED
        return _UPGRADE if self.parser.should_upgrade() else None

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _is_spelled_plainly(self) -> bool:
        """Whether the request line is written in the one way it can be: single spaces, HTTP, and a version that is spoken here."""
        version = self.parser.get_http_version()
        if version not in ("1.1", "1.0"):
            return False
        line = b"%s %s HTTP/%s\r\n" % (self.parser.get_method(), self.url, version.encode())
        start = 0
        while self._begun.startswith(b"\r\n", start):
            start += 2
        return self._begun.startswith(line, start)

    # what the client takes

    def pause_writing(self) -> None:
        super().pause_writing()
        self._send_deadline = self.loop.call_later(SEND_S, self.transport.abort)

    def resume_writing(self) -> None:
        self._disarm_sending()
        super().resume_writing()

    def on_response_complete(self) -> None:
        if self._stage is _Stage.ANSWER:
            self._stage = _Stage.BETWEEN
        super().on_response_complete()
        if self.transport.is_closing():
            self._close()

    def timeout_keep_alive_handler(self) -> None:
        self._close()

    # how it ends

    def _give_up(self) -> None:
        self._deadline = None
        if self._stage is _Stage.BETWEEN:
            self._close()
        else:
            limit = BODY_S if self._stage is _Stage.BODY else HEAD_S
            self._refuse(WireError("wire/too-slow", f"the request did not arrive within {limit:g} s", status=408))

    def _end_after_answer(self) -> None:
        self._is_over = True
        if self._stage is _Stage.ANSWER:
            self.cycle.keep_alive = False
        else:
            self._close()

    def _refuse(self, error: WireError) -> None:
        """Answer what is not answered yet, and close the connection; nothing of the request is done."""
        cycle = self.cycle if self._stage is _Stage.BODY else None
        if cycle is None or not cycle.response_started:
            body = write_refusal(of_error(error))
            head = (
                b"HTTP/1.1 %d %s\r\n" % (error.status, _PHRASES[error.status]),
                b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body),
            )
            self.transport.write(b"".join((*head, body)))
        if cycle is not None:
            # whoever handles it is told that the client has left, and says no more
            cycle.disconnected = True
            cycle.message_event.set()
        self._close()

    def _close(self) -> None:
        """Close once all is sent, and in any case: a client that takes nothing would keep the connection for ever."""
        self._disarm()
        self.transport.close()
        self._deadline = self.loop.call_later(SEND_S, self.transport.abort)

    def _arm(self, after_s: float) -> None:
        self._deadline = self.loop.call_later(after_s, self._give_up)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _disarm_sending(self) -> None:
        if self._send_deadline is not None:
            self._send_deadline.cancel()
            self._send_deadline = None
