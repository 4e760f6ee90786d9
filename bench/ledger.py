"""P9: acknowledged appends a second, each producer waiting for its own, beside a bare loop of write and fdatasync on the same disk.

A producer is a callback of the future, so that the journal is measured and no scheduler; what the same number of asyncio tasks reach stands below.
A disk with a fast sync leaves both bound by the processor, and a loop in C wins; so the same is shown once more with every sync made to last
3.75 ms, as a network disk's does, on both sides.
"""

import asyncio
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from bench.table import Row, interleaved
from trilens.prove.ledger.entry import encode
from trilens.storage.ports import Batch
from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.journal import SqliteJournal, open_journal
from trilens.testing.faulty_disk import FaultyDisk
from trilens.vocabulary.canonical import Json

_SECONDS = 0.6
_SLOW_SYNC_S = 0.003_75
_BODY: dict[str, Json] = {
    "id": "0" * 20,
    "event": ["0" * 20, "tool_call", "proposed", "0" * 32],
    "component": "refund",
    "agent": "support",
    "outcome": "allow",
    "verdicts": [["safety/action_limits", "judged", "allow", []]] * 8,
    "basis": {"policy": "sha256:" + "0" * 64, "now": 1},
}


def run() -> list[Row]:
    """Whole entries: encoded, queued, committed with `synchronous=FULL`, acknowledged to an awaiting task."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="trilens-bench-") as folder:
        here = Path(folder)
        for producers, target in ((16, 0.85), (128, 0.7)):
            with _journal(here / f"disk-{producers}") as journal:
                rows.append(_row(producers, target, journal, _floor(here, 0.0), "this disk"))
        with FaultyDisk() as disk:
            disk.sync_delay_s = _SLOW_SYNC_S
            for producers, target in ((16, 0.85), (128, 0.7)):
                with _journal(here / f"slow-{producers}") as journal:
                    rows.append(_row(producers, target, journal, _floor(here, _SLOW_SYNC_S), "3.75 ms syncs"))
    return rows


def _row(producers: int, target: float, journal: SqliteJournal, floor: Callable[[], float], where: str) -> Row:
    rates, floors, tasks = [], [], []

    def ours() -> float:
        rates.append(_called_back(journal, producers))
        tasks.append(uvloop.run(_awaited(journal, producers)))
        return rates[-1] / producers

    def peer() -> float:
        floors.append(floor())
        return floors[-1]

    ratios = interleaved(ours, peer)
    by_callback, by_task, loop = (statistics.median(found) for found in (rates, tasks, floors))
    note = f"{by_callback:,.0f} appends/s ({by_task:,.0f} awaited by asyncio tasks on uvloop), the loop {loop:,.0f}/s"
    what = f"appends/s of {producers} producers ÷ {producers}, {where}"
    return Row("P9", what, "write + fdatasync in a loop", ratios, target, is_at_most=False, note=note)


def _entry() -> Batch:
    return Batch((encode("decision", 1, _BODY),))


def _called_back(journal: SqliteJournal, producers: int) -> float:
    started = time.perf_counter()
    end, done, left, finished = started + _SECONDS, 0, producers, threading.Event()

    def acknowledged(_: object) -> None:
        nonlocal done
        done += 1
        produce()

    def produce() -> None:
        nonlocal left
        if time.perf_counter() < end:
            journal.commit(_entry()).add_done_callback(acknowledged)
            return
        left -= 1
        if not left:
            finished.set()

    for _ in range(producers):
        produce()
    finished.wait()
    return done / (time.perf_counter() - started)


async def _awaited(journal: SqliteJournal, producers: int) -> float:
    started = time.perf_counter()
    end, done = started + _SECONDS, 0

    async def produce() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await asyncio.wrap_future(journal.commit(_entry()))
            done += 1

    await asyncio.gather(*(produce() for _ in range(producers)))
    return done / (time.perf_counter() - started)


def _floor(folder: Path, sync_s: float) -> Callable[[], float]:
    data = encode("decision", 1, _BODY)

    def measure() -> float:
        handle = os.open(folder / "floor", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        started, syncs = time.perf_counter(), 0
        while time.perf_counter() < started + _SECONDS / 2:
            os.write(handle, data)
            if sync_s:
                time.sleep(sync_s)
            else:
                os.fdatasync(handle)
            syncs += 1
        elapsed = time.perf_counter() - started
        os.close(handle)
        return syncs / elapsed

    return measure


@contextmanager
def _journal(home: Path) -> Iterator[SqliteJournal]:
    create(home)
    journal = open_journal(home)
    try:
        yield journal
    finally:
        journal.close()
