"""One pass over all entries: hashes, canonical forms, payloads, runs, keys and counts. It judges nothing; `verify.py` does."""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Protocol

from trilens.errors import LedgerError, StoreError
from trilens.prove.ledger import entry
from trilens.prove.ledger.counts import Released
from trilens.prove.ledger.merkle import Digest, leaf_hash
from trilens.prove.ledger.payload import check_commitment
from trilens.prove.ledger.succession import Succession, read_succession
from trilens.prove.ledger.tiles import Edge
from trilens.storage.ports import Sealed

_LEAVES_PER_STEP = 4_096
_SET_BACK_MS = 60_000
"""Clocks of concurrent writers differ by less than this."""

Payloads = Callable[[str], Sealed | None]
"""Where a payload is looked for, by its commitment."""


class Source(Protocol):
    """Where entries are read from: a journal, or an export of one."""

    def size(self) -> int: ...

    def leaves(self, start: int, stop: int) -> Iterator[bytes]: ...

    def tile(self, level: int, number: int) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with one entry."""

    entry: int
    reason: str


@dataclass(slots=True)
class Reading:
    """What one pass over all entries found."""

    size: int = 0
    roots: dict[int, Digest] = field(default_factory=dict)
    """Root at each size that was asked for."""
    failure: str = ""
    """Why the pass ended early."""
    malformed: Flaw | None = None
    broken_payload: Flaw | None = None
    payloads: int = 0
    absent: int = 0
    notices: list[str] = field(default_factory=list)
    successions: list[Succession] = field(default_factory=list)
    broken_succession: Flaw | None = None
    released: Released | None = None
    """What left; None when nobody asked for it, since it costs an eighth of the pass."""
    open_run: int | None = None
    """Entry at which a run began that has no end yet."""
    latest_ms: int = 0


def read(source: Source, marks: AbstractSet[int], payload: Payloads | None, *, counts: bool) -> Reading:
    """Read everything once, in constant memory; the root is noted at each size of `marks`.

    Args:
        counts: whether what left is counted.
    """
    reading, edge = Reading(released=Released() if counts else None), Edge()
    try:
        for start, stop in _steps(source.size(), marks):
            hashes = []
            for index, leaf in enumerate(source.leaves(start, stop), start):
                hashes.append(leaf_hash(leaf))
                _look_at(index, leaf, reading, payload)
            edge.extend(hashes)
            reading.size = edge.size
            if stop in marks:
                reading.roots[stop] = edge.root()
    except (LedgerError, StoreError) as error:
        reading.failure = error.message
    return reading


def _steps(size: int, marks: AbstractSet[int]) -> Iterator[tuple[int, int]]:
    stops = sorted(
        {*range(_LEAVES_PER_STEP, size, _LEAVES_PER_STEP), *(mark for mark in marks if mark < size), size} - {0}
    )
    start = 0
    for stop in stops:
        yield start, stop
        start = stop


def _look_at(index: int, leaf: bytes, reading: Reading, payload: Payloads | None) -> None:
    try:
        found = entry.decode(leaf)
    except LedgerError as error:
        reading.malformed = reading.malformed or Flaw(index, error.message)
        return
    if found.at_ms < reading.latest_ms - _SET_BACK_MS:
        reading.notices.append(f"entry {index}: the writer's clock was set back")
        reading.latest_ms = found.at_ms
    reading.latest_ms = max(reading.latest_ms, found.at_ms)
    match found.kind:
        case entry.Kind.DECISION:
            if reading.released is not None:
                reading.released.add(found.body)
        case entry.Kind.STARTED | entry.Kind.STOPPED:
            _look_at_run(index, found.kind, reading)
        case entry.Kind.LOG_KEY:
            _look_at_succession(index, found, reading)
        case entry.Kind.RECOVERED:
            first, last = found.body.get("from"), found.body.get("to")
            text = f"entries {first} to {last} were found at a start without their acknowledgement"
            reading.notices.append(f"entry {index}: {text}")
        case _:
            pass
    if payload is not None:
        for ref in found.payload:
            _look_at_payload(index, ref, payload(ref.commitment), reading)


def _look_at_run(index: int, kind: entry.Kind, reading: Reading) -> None:
    if kind is entry.Kind.STARTED and reading.open_run is not None:
        text = f"the run that began at entry {reading.open_run} has no end: what it did not record is not known"
        reading.notices.append(f"entry {index}: {text}")
    if kind is entry.Kind.STOPPED and reading.open_run is None:
        reading.notices.append(f"entry {index}: a run ends here that has no beginning")
    reading.open_run = index if kind is entry.Kind.STARTED else None


def _look_at_succession(index: int, found: entry.Entry, reading: Reading) -> None:
    try:
        reading.successions.append(read_succession(found.body, index))
    except LedgerError as error:
        reading.broken_succession = reading.broken_succession or Flaw(index, error.message)


def _look_at_payload(index: int, ref: entry.PayloadRef, sealed: Sealed | None, reading: Reading) -> None:
    reading.payloads += 1
    if sealed is None:
        reading.absent += 1
        return
    try:
        _require_same(ref, sealed)
    except LedgerError as error:
        reading.broken_payload = reading.broken_payload or Flaw(index, error.message)


def _require_same(ref: entry.PayloadRef, sealed: Sealed) -> None:
    check_commitment(sealed)
    if sealed.commitment != ref.commitment or sealed.ring != ref.ring:
        raise LedgerError("ledger/payload", "a payload is not the one its entry names")
