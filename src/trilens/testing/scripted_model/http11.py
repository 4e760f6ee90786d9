"""HTTP/1.1 on loopback, read with `httptools`, written by hand so that an answer can be as broken as a test needs it."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import responses

import httptools

_READ = 65_536


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str
    headers: Mapping[str, str]
    """Lower-case names; of a repeated one the last."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """An answer in pieces, and how the connection fails while it is sent."""

    status: int
    headers: Mapping[str, str]
    pieces: tuple[bytes, ...]
    is_stream: bool = False
    """Sent chunked; otherwise the length is told first."""
    drip_ms: int = 0
    cut: bool = False
    """The connection is closed after half of the bytes."""


class _Collector:
    """The callbacks of `httptools`; `complete` holds what has fully arrived."""

    def __init__(self) -> None:
        self.complete: list[Request] = []
        self.parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    def on_message_begin(self) -> None:
        self._target, self._headers, self._body = b"", {}, []

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        method = self.parser.get_method().decode("ascii")
        self.complete.append(Request(method, self._target.decode("latin-1"), self._headers, b"".join(self._body)))


class Connection:
    """One client. Requests are answered in order."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._collector = _Collector()

    async def next_request(self) -> Request | None:
        """The next request; None once the client has left or speaks something else."""
        while not self._collector.complete:
            data = await self._reader.read(_READ)
            if not data:
                return None
            try:
                self._collector.parser.feed_data(data)
            except (httptools.HttpParserError, httptools.HttpParserUpgrade):
                return None
        return self._collector.complete.pop(0)

    async def wait_until_client_leaves(self) -> None:
        while await self._reader.read(_READ):
            pass

    async def send(self, response: Response) -> bool:
        """Send an answer; False when the connection is of no more use."""
        total = sum(len(piece) for piece in response.pieces)
        budget = total // 2 if response.cut else total
        self._writer.write(_head(response, total))
        for piece in response.pieces:
            part = piece[:budget]
            budget -= len(part)
            if part:
                self._writer.write(_chunk(part) if response.is_stream else part)
                await self._writer.drain()
            if response.drip_ms:
                await asyncio.sleep(response.drip_ms / 1000)
        if response.cut:
            return False
        if response.is_stream:
            self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()
        return True


def _head(response: Response, total: int) -> bytes:
    framing = {"transfer-encoding": "chunked"} if response.is_stream else {"content-length": str(total)}
    phrase = responses.get(response.status, "Unknown")
    lines: Iterable[str] = (f"{name}: {value}" for name, value in {**response.headers, **framing}.items())
    return "\r\n".join([f"HTTP/1.1 {response.status} {phrase}", *lines, "", ""]).encode("latin-1")


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"
