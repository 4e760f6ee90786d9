"""P4: 64 streams at the pace of a model, beside nginx `proxy_pass`: processor time a stream, and when the first words are there.

The model begins after 200 ms and sends 41 pieces 20 ms apart. Trilens judges whole sentences, so that the first words leave with the end of
the first sentence (docs/design/gateway.md): what that costs is shown beside nginx's first words, and beside nginx's first whole sentence.
"""

import asyncio
import itertools
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench.asking import Answer, Connection, request
from bench.gateway import sync_s
from bench.model import EVENTS, WORDS
from bench.peers import Peer, model, nginx_version, proxy, served
from bench.table import ROUNDS, Row

_STREAMS = 64
_DELAY_MS, _PACE_MS = 200, 20
_PIECE = -(-len(WORDS) // EVENTS)
_FIRST = json.dumps(WORDS[:_PIECE]).encode()
_SENTENCE_AT = WORDS.index(". ") // _PIECE * _PIECE
_SENTENCE = json.dumps(WORDS[_SENTENCE_AT : _SENTENCE_AT + _PIECE]).encode()
"""The piece in which the first sentence ends."""
_NUMBERS = itertools.count(1)


@dataclass
class Measures:
    """Of one server, one a round."""

    cpu_us: list[float] = field(default_factory=list)
    """A stream."""
    first_s: list[float] = field(default_factory=list)
    sentence_s: list[float] = field(default_factory=list)


def run() -> list[Row]:
    """Three rows; none when nginx is not installed."""
    if shutil.which("nginx") is None:
        print("sse: nginx is not on the PATH, so that P4 is left out", file=sys.stderr)
        return []
    print(f"sse: {nginx_version()}", file=sys.stderr)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trilens-bench-")))
        upstream = stack.enter_context(model(delay_ms=_DELAY_MS, pace_ms=_PACE_MS))
        theirs = stack.enter_context(proxy(folder / "proxy", upstream.port, is_buffered=False))
        ours = stack.enter_context(served("whole", upstream.port, folder))
        found, sync = {theirs.name: Measures(), ours.name: Measures()}, list[float]()
        for number in range(ROUNDS + 1):
            for peer in (theirs, ours):
                _measure(peer, found[peer.name] if number else Measures())
            sync.append(sync_s(folder))
    return _rows(found[theirs.name], found[ours.name], statistics.median(sync))


def _rows(theirs: Measures, ours: Measures, sync: float) -> list[Row]:
    cpu = f"nginx {statistics.median(theirs.cpu_us):.0f} µs, whole {statistics.median(ours.cpu_us):.0f} µs"
    first = f"nginx {_ms(theirs.first_s)}, whole {_ms(ours.first_s)}, fdatasync {sync * 1000:.2f} ms"
    sentence = f"nginx {_ms(theirs.sentence_s)}, whole {_ms(ours.first_s)}"
    floors = [1.5 * t + 1.2 * sync for t in theirs.first_s]
    until = [1.5 * t + 1.2 * sync for t in theirs.sentence_s]
    return [
        Row("P4", f"{_STREAMS} paced streams, CPU a stream", "nginx proxy_pass", _over(ours.cpu_us, theirs.cpu_us), 1.6, note=cpu),
        Row("P4", "first words, p50", "1.5 × nginx + 1.2 × fdatasync", _over(ours.first_s, floors), 1.0, note=first),
        Row("P4", "first words, p50", "the same, to nginx's first sentence", _over(ours.first_s, until), 1.0, note=sentence),
    ]  # fmt: skip


def _over(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, ...]:
    return tuple(o / t for o, t in zip(ours, theirs, strict=True))


def _measure(peer: Peer, into: Measures) -> None:
    before = peer.cpu_s()
    answers = uvloop.run(_streams(peer))
    time.sleep(0.05)
    into.cpu_us.append((peer.cpu_s() - before) / len(answers) * 1e6)
    into.first_s.append(statistics.median(answer.seconds_until(_FIRST) for answer in answers))
    into.sentence_s.append(statistics.median(answer.seconds_until(_SENTENCE) for answer in answers))


async def _streams(peer: Peer) -> list[Answer]:
    """Each begins a little after the one before, so that all are open at once."""
    return await asyncio.gather(*(_stream(peer, number / _STREAMS) for number in range(_STREAMS)))


async def _stream(peer: Peer, after_s: float) -> Answer:
    await asyncio.sleep(after_s)
    number = next(_NUMBERS)
    words = f"Hello, my parcel {number} of {os.getpid()} has not come. Could you find out where it is?"
    body = {"model": "chat", "stream": True, "messages": [{"role": "user", "content": words}]}
    connection = await Connection.open(peer.port)
    asked = request(peer.key, json.dumps(body, separators=(",", ":")).encode(), session=f"s-{number}")
    answer = await connection.ask(asked)
    connection.close()
    if answer.status != 200 or b"[DONE]" not in answer.body:
        raise RuntimeError(f"no whole answer: {answer.status} {answer.body[-400:]!r}")
    return answer


def _ms(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.0f} ms"
