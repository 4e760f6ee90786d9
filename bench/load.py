"""A load of requests on loopback that costs little itself: raw bytes out, framing alone read back."""

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import uvloop


@dataclass(frozen=True)
class Load:
    count: int
    """Requests answered."""
    p50_s: float


def load(port: int, sessions: Callable[[], Iterator[bytes]], *, clients: int, seconds: float) -> Load:
    """`clients` connections, each asking again as soon as it is answered.

    Args:
        sessions: the bytes of all that one client asks, one request after the other, without end.

    Raises:
        RuntimeError: something else than 200 came back.
    """
    return uvloop.run(_load(port, sessions, clients, seconds))


async def _load(port: int, sessions: Callable[[], Iterator[bytes]], clients: int, seconds: float) -> Load:
    loop = asyncio.get_running_loop()
    run = _Run(loop.time() + seconds)
    made = [
        await loop.create_connection(lambda: _Client(run, sessions(), loop), "127.0.0.1", port) for _ in range(clients)
    ]
    await asyncio.gather(*(client.done for _, client in made))
    for transport, _ in made:
        transport.close()
    return Load(len(run.took), statistics.median(run.took))


@dataclass
class _Run:
    """What all clients share."""

    until: float
    took: list[float] = field(default_factory=list)


class _Client(asyncio.Protocol):
    def __init__(self, run: _Run, requests: Iterator[bytes], loop: asyncio.AbstractEventLoop) -> None:
        self._run = run
        self._requests = requests
        self._loop = loop
        self._got = b""
        self.done: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        request = next(self._requests)
        self._sent = time.perf_counter()
        self._transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, blank, body = self._got.partition(b"\r\n\r\n")
        if not blank or len(body) < _length(head):
            return
        if b" 200 " not in head[:16]:
            self.done.set_exception(RuntimeError(self._got.decode("latin-1")[:600]))
            return
        self._got = b""
        self._run.took.append(time.perf_counter() - self._sent)
        if self._loop.time() < self._run.until:
            self._ask()
        else:
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's own signature
        if not self.done.done():
            self.done.set_exception(RuntimeError("the server closed the connection"))


def _length(head: bytes) -> int:
    name = b"content-length:"
    at = head.lower().index(name) + len(name)
    return int(head[at:].split(b"\r\n", 1)[0])
