"""A client that costs little: raw bytes out, one answer at a time read back, and when each of its parts came."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import httptools


@dataclass(frozen=True, slots=True)
class Part:
    at_s: float
    """After the request."""
    data: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[bytes, bytes]
    """Lower-case names."""
    parts: tuple[Part, ...]
    took_s: float

    @property
    def body(self) -> bytes:
        return b"".join(part.data for part in self.parts)

    def seconds_until(self, words: bytes) -> float:
        """From the request until these words had come. Raises: ValueError when they did not."""
        got = b""
        for part in self.parts:
            got += part.data
            if words in got:
                return part.at_s
        raise ValueError("the answer does not hold these words")

    @property
    def says_when_to_retry(self) -> bool:
        return b"retry-after" in self.headers


class Connection(asyncio.Protocol):
    """One connection to a server on loopback; ask again once the answer has come."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Future[Answer] | None = None
        self._is_open = True

    @classmethod
    async def open(cls, port: int) -> "Connection":
        _, made = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return made

    async def ask(self, request: bytes) -> Answer:
        """Raises: ConnectionError when the server ends the connection before it has answered."""
        if not self._is_open:
            raise ConnectionResetError("the server has closed the connection")
        self._waiting = self._loop.create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[bytes, bytes] = {}
        self._parts: list[Part] = []
        self._began_s = time.perf_counter()
        self._transport.write(request)
        return await self._waiting

    @property
    def is_open(self) -> bool:
        return self._is_open

    def close(self) -> None:
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._parts.append(Part(time.perf_counter() - self._began_s, body))

    def on_message_complete(self) -> None:
        took_s = time.perf_counter() - self._began_s
        answer = Answer(self._parser.get_status_code(), self._headers, tuple(self._parts), took_s)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_open = False
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionResetError("the server closed the connection"))


def request(key: str, body: bytes, *, session: str = "") -> bytes:
    """A chat completion as a client of the example shop asks for it."""
    lines = [
        "POST /v1/chat/completions HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Authorization: Bearer {key}",
        "X-Trilens-On-Behalf-Of: C-17",
    ]
    if session:
        lines.append(f"X-Trilens-Session: {session}")
    return "\r\n".join([*lines, "", ""]).encode() + body
