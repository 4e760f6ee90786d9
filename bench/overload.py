"""Ten times the requests that one process can serve: how late those are answered that are let in, and what the others are told.

The model takes 200 ms, which is fast for one that is hosted. How many requests a second can be served is measured first, by 128 clients that
each ask again as soon as they are answered; a fifth of that is the unloaded server, ten times that the overload.
"""

import asyncio
import itertools
import json
import statistics
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench.arrivals import Arrivals, p99_s
from bench.asking import Answer, Connection, request
from bench.peers import Peer, model, served
from bench.table import ROUNDS, Row
from trilens.prove.ledger.entry import Kind, decode
from trilens.storage.sqlite.journal import open_journal

_DELAY_MS = 200
_SECONDS = 3.0
_CLIENTS = 128
_PAUSE_S = 0.02
_LIGHT, _HEAVY = 0.2, 10.0


@dataclass
class Seen:
    """What came of all rounds."""

    ratios: list[float] = field(default_factory=list)
    light_p99_s: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    silent: int = 0
    """Refusals that do not say when to ask again."""
    turned_away_s: list[float] = field(default_factory=list)
    lost: int = 0
    unsent: int = 0


def run() -> list[Row]:
    """Three rows: lateness of those who are let in, refusals that say when to ask again, answers that stand in the ledger."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trilens-bench-")))
        upstream = stack.enter_context(model(delay_ms=_DELAY_MS))
        peer = stack.enter_context(served("whole", upstream.port, folder))
        capacity = uvloop.run(_capacity(peer))
        before = _recorded(folder / "state")
        seen = uvloop.run(_rounds(peer, capacity))
        recorded = _recorded(folder / "state") - before
        return _rows(seen, capacity, recorded)


def _rows(seen: Seen, capacity: float, recorded: int) -> list[Row]:
    served_, others = seen.statuses[200], {s: n for s, n in sorted(seen.statuses.items()) if s != 200}
    refused = sum(others.values())
    told = ", ".join(f"{n} got {status}" for status, n in others.items())
    light = statistics.median(seen.light_p99_s) * 1000
    away = statistics.median(seen.turned_away_s) * 1000 if seen.turned_away_s else 0.0
    note = f"unloaded p99 {light:.0f} ms; capacity {capacity:.0f}/s; {served_} got 200, {told}; a refusal takes {away:.0f} ms; {seen.lost} lost, {seen.unsent} not sent"
    spoken = (refused - seen.silent) / refused if refused else 1.0
    return [
        Row("load", "10x overload: p99 of those let in", "itself, unloaded", tuple(seen.ratios), 3.0, note=note),
        Row("load", "refusals: 429 or 503, and when to ask again", "all refusals", (spoken,), 1.0, is_at_most=False),
        Row("load", "answers with an entry", "answers", (recorded / served_,), 1.0, is_at_most=False),
    ]


async def _capacity(peer: Peer) -> float:
    """Requests answered in a second."""
    loop = asyncio.get_running_loop()
    requests, served_, end_s = strangers(peer.key), 0, loop.time() + _SECONDS

    async def ask_again_and_again() -> None:
        nonlocal served_
        connection = await Connection.open(peer.port)
        while loop.time() < end_s:
            answer = await connection.ask(next(requests))
            if answer.status == 200:
                served_ += 1
            else:
                await asyncio.sleep(_PAUSE_S)
        connection.close()

    await asyncio.gather(*(ask_again_and_again() for _ in range(_CLIENTS)))
    return served_ / _SECONDS


async def _rounds(peer: Peer, capacity: float) -> Seen:
    seen, arrivals, requests = Seen(), Arrivals(peer.port), strangers(peer.key)
    for number in range(ROUNDS + 1):
        light = await arrivals.drive(requests, rate=_LIGHT * capacity, seconds=_SECONDS)
        heavy = await arrivals.drive(requests, rate=_HEAVY * capacity, seconds=_SECONDS)
        _count(seen, light)
        _count(seen, heavy)
        if number:
            seen.light_p99_s.append(p99_s(_let_in(light)))
            seen.ratios.append(p99_s(_let_in(heavy)) / seen.light_p99_s[-1])
    seen.lost, seen.unsent = arrivals.lost, arrivals.unsent
    arrivals.close()
    return seen


def _count(seen: Seen, answers: Sequence[Answer]) -> None:
    for answer in answers:
        seen.statuses[answer.status] += 1
        if answer.status != 200:
            seen.turned_away_s.append(answer.took_s)
            seen.silent += answer.status not in (429, 503) or not answer.says_when_to_retry


def _let_in(answers: Sequence[Answer]) -> list[Answer]:
    return [answer for answer in answers if answer.status == 200]


_NUMBERS = itertools.count(1)


def strangers(key: str) -> Iterator[bytes]:
    """Each the first of a session that nobody has seen."""
    while True:
        number = next(_NUMBERS)
        words = f"Hello, my parcel {number} has not come. Could you find out where it is? I need it at the end of the month."
        body = {"model": "chat", "messages": [{"role": "user", "content": words}]}
        yield request(key, json.dumps(body).encode(), session=f"s-{number}")


def _recorded(home: Path) -> int:
    """Answers that the ledger says have left."""
    journal = open_journal(home, read_only=True)
    try:
        entries = (decode(leaf) for leaf in journal.leaves(0, journal.size()))
        return sum(_left(entry.body) for entry in entries if entry.kind is Kind.DECISION)
    finally:
        journal.close()


def _left(body: object) -> bool:
    match body:
        case {"event": [_, "output", *_], "left": left}:
            return bool(left)
        case _:
            return False
