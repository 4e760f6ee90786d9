"""Eight hundred clients that send their requests letter by letter: how late that makes everybody else.

A quarter each sends nothing, half a head, half a body, and a large body a byte at a time. Whoever the server lets go comes back at once.
"""

import asyncio
import statistics
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from itertools import chain
from pathlib import Path

import uvloop

from bench.arrivals import Arrivals, p99_s
from bench.overload import strangers
from bench.peers import Peer, model, served
from bench.table import ROUNDS, Row

_SLOW = 800
_DELAY_MS = 200
_RATE = 40.0
_SECONDS = 5.0
_PAUSE_S = 1.0
_TARGET = 1.5


def run() -> list[Row]:
    """One row."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trilens-bench-")))
        upstream = stack.enter_context(model(delay_ms=_DELAY_MS))
        peer = stack.enter_context(served("whole", upstream.port, folder))
        return uvloop.run(_measured(peer))


async def _measured(peer: Peer) -> list[Row]:
    arrivals, requests = Arrivals(peer.port), strangers(peer.key)
    alone, crowded = list[float](), list[float]()
    for number in range(ROUNDS + 1):
        quiet = await arrivals.drive(requests, rate=_RATE, seconds=_SECONDS)
        slow = [asyncio.create_task(_be_slow(peer, n)) for n in range(_SLOW)]
        await asyncio.sleep(_PAUSE_S)
        busy = await arrivals.drive(requests, rate=_RATE, seconds=_SECONDS)
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        for answer in chain(quiet, busy):
            if answer.status != 200:
                raise RuntimeError(f"an honest client got {answer.status}: {answer.body[:400]!r}")
        if number:
            alone.append(p99_s(quiet))
            crowded.append(p99_s(busy))
    note = (
        f"p99 {_ms(alone)} → {_ms(crowded)} at {_RATE:.0f} requests/s, a model of {_DELAY_MS} ms; {arrivals.lost} lost"
    )
    arrivals.close()
    ratios = tuple(c / a for c, a in zip(crowded, alone, strict=True))
    return [Row("slow", f"{_SLOW} slow clients: p99 of the others", "itself without them", ratios, _TARGET, note=note)]


async def _be_slow(peer: Peer, number: int) -> None:
    """Until it is cancelled."""
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer {peer.key}\r\n"
    begun = ("", head, head + "Content-Length: 400\r\n\r\n{", head + "Content-Length: 9000000\r\n\r\n{")[number % 4]
    drop = b"" if number % 4 == 0 else b"X-A: b\r\n" if number % 4 == 1 else b" "
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", peer.port)
            try:
                writer.write(begun.encode())
                await _drip(reader, writer, drop)
            finally:
                writer.close()


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, drop: bytes) -> None:
    """Until the server ends it."""
    while True:
        writer.write(drop)
        with suppress(TimeoutError):
            async with asyncio.timeout(_PAUSE_S):
                if not await reader.read(65_536):
                    return


def _ms(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.0f} ms"
