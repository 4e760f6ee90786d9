"""A server under an open mix of sessions for as long as is asked: its memory and its descriptors, and every answer counted in the ledger.

`python -m bench.soak --events 1000000` is a million entries; `--clients` ask at the same time. What is measured begins once a tenth of the
entries are there: before that caches fill. It ends with 1 when memory grew by more than 5 %, or descriptors at all.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench.asking import Connection
from bench.mix import Mix, Step, require_expected
from bench.peers import Peer, model, served
from bench.table import Row, lines, machine
from trilens.storage.sqlite.journal import open_journal

_GROWTH = 1.05
_EVENTS = 20_000
_CLIENTS = 16
_POINTS = 20
_LOOK_EVERY_S = 0.2
_SETTLE_S = 2.0


@dataclass(frozen=True, slots=True)
class Point:
    entries: int
    resident_kb: int
    descriptors: int
    p50_ms: float
    """Of the requests since the point before."""


@dataclass
class Curve:
    """What was seen on the way, and how many requests got 200."""

    points: list[Point] = field(default_factory=list)
    answered: int = 0
    took_s: list[float] = field(default_factory=list)

    def see(self, peer: Peer, entries: int) -> Point:
        took_s, self.took_s = self.took_s, []
        p50_ms = statistics.median(took_s) * 1000 if took_s else 0.0
        point = Point(entries, peer.resident_kb(), peer.descriptors(), p50_ms)
        self.points.append(point)
        return point

    def settled(self) -> list[Point]:
        """The points after the first tenth."""
        return [point for point in self.points if point.entries * 10 >= self.points[-1].entries]

    @property
    def growth(self) -> float:
        """Memory at the end beside that after the warm-up."""
        settled = self.settled()
        return settled[-1].resident_kb / settled[0].resident_kb

    @property
    def descriptors_gained(self) -> int:
        settled = self.settled()
        return settled[-1].descriptors - settled[0].descriptors


def run(events: int = _EVENTS, clients: int = _CLIENTS) -> list[Row]:
    """Two rows: memory and descriptors at the end, beside themselves after the warm-up."""
    curve = soak(events, clients)
    settled = curve.settled()
    first, last = settled[0], settled[-1]
    note = f"{first.resident_kb / 1024:.1f} → {last.resident_kb / 1024:.1f} MB, {curve.answered} requests got 200, p50 {first.p50_ms:.1f} → {last.p50_ms:.1f} ms"
    what = f"memory after {last.entries} entries"
    beside = f"itself after {first.entries}"
    return [
        Row("soak", what, beside, (curve.growth,), _GROWTH, note=note),
        Row("soak", f"descriptors after {last.entries} entries", beside, (last.descriptors / first.descriptors,), 1.0),
    ]


def soak(events: int, clients: int) -> Curve:
    """Ask until the ledger holds `events` entries. Raises: RuntimeError when an answer is none that was expected."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trilens-soak-")))
        upstream = stack.enter_context(model())
        peer = stack.enter_context(served("whole", upstream.port, folder))
        return uvloop.run(_soak(peer, folder / "state", events, clients))


async def _soak(peer: Peer, home: Path, events: int, clients: int) -> Curve:
    curve, journal = Curve(), open_journal(home, read_only=True)
    sessions = Mix(peer.key).sessions()
    done = asyncio.Event()
    try:
        tasks = [asyncio.create_task(_client(peer.port, sessions, curve, done)) for _ in range(clients)]
        while (size := journal.size()) < events:
            if size >= events * (len(curve.points) + 1) // _POINTS:
                _tell(curve.see(peer, size))
            await asyncio.sleep(_LOOK_EVERY_S)
            _require_alive(tasks)
        done.set()
        await asyncio.gather(*tasks)
        # connections that were left have been noticed by now
        await asyncio.sleep(_SETTLE_S)
        _tell(curve.see(peer, journal.size()))
    finally:
        journal.close()
    return curve


async def _client(port: int, sessions: Iterator[Iterator[Step]], curve: Curve, done: asyncio.Event) -> None:
    connection = await Connection.open(port)
    while not done.is_set():
        for step in next(sessions):
            if not connection.is_open:
                connection = await Connection.open(port)
            if step.leaves_early:
                asking = asyncio.create_task(connection.ask(step.request))
                await asyncio.sleep(0.001)
                connection.close()
                await asyncio.gather(asking, return_exceptions=True)
                continue
            answer = await connection.ask(step.request)
            require_expected(step, answer)
            curve.answered += answer.status == 200
            curve.took_s.append(answer.took_s)
    connection.close()


def _require_alive(tasks: Sequence["asyncio.Task[None]"]) -> None:
    for task in tasks:
        if task.done():
            task.result()


def _tell(point: Point) -> None:
    at = time.strftime("%H:%M:%S")
    memory = f"{point.resident_kb / 1024:8.1f} MB"
    told = f"{at} {point.entries:9} entries {memory} {point.descriptors:4} descriptors, p50 {point.p50_ms:6.1f} ms"
    print(told, file=sys.stderr, flush=True)


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--events", type=int, default=_EVENTS, help="entries of the ledger to come to")
    parser.add_argument("--clients", type=int, default=_CLIENTS)
    asked = parser.parse_args(words)
    print(machine(), end="\n\n", flush=True)
    rows = run(asked.events, asked.clients)
    print("\n".join(lines(rows)))
    return 0 if all(row.is_met for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
