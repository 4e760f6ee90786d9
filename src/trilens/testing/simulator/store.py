"""A disk that outlives the process, and the journal of one process on it: the SQL that production runs, written when the scheduler says so."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import apsw

from trilens.errors import StoreError
from trilens.prove.ledger.entry import Kind, encode
from trilens.storage.ports import Batch, Case, CaseState, Committed, Conflict, Notice, Query, Sealed, Snapshot, Stop
from trilens.storage.sqlite import notices, read, stops
from trilens.storage.sqlite.apply import apply, require_whole
from trilens.storage.sqlite.checkpoints import Checkpoint
from trilens.storage.sqlite.schema import JOURNAL_TABLES, migrate

Answer: TypeAlias = "Committed | Conflict | StoreError"


class WriteFault(StrEnum):
    """How the write of a group goes wrong."""

    NONE = "none"
    CONTENDED = "contended"
    """The first batch of the group conflicts with something nobody sees."""
    FAILED = "failed"
    """Nothing is written, and the handle is over."""
    FAILED_AND_WRITTEN = "failed and written"
    """It says that it failed, and all of it is there: refused is not absent."""
    LOST_ACKNOWLEDGEMENT = "lost acknowledgement"
    """All of it is there, and the process dies before it says so."""


class Disk:
    """What is left when a process dies. `acknowledged` is the head file."""

    def __init__(self) -> None:
        self.connection = apsw.Connection(":memory:")
        migrate(self.connection, JOURNAL_TABLES)
        self.acknowledged = 0

    def size(self) -> int:
        return read.size(self.connection)


@dataclass(frozen=True, slots=True)
class Asked:
    query: Query
    future: "Future[Snapshot]"


@dataclass(frozen=True, slots=True)
class Waiting:
    batch: Batch
    future: "Future[Committed | Conflict]"


class SimulatedJournal:
    """The port `Journal`. Nothing is answered before `answer` or `write` is called."""

    def __init__(self, disk: Disk, now_ms: int) -> None:
        self.disk = disk
        self.asked: list[Asked] = []
        self.waiting: list[Waiting] = []
        self.failure: StoreError | None = None
        found = disk.size()
        if found > disk.acknowledged:
            self.disk.acknowledged = self._append(
                [encode(Kind.RECOVERED, now_ms, {"from": disk.acknowledged, "to": found - 1})], found
            )

    # what the driver calls

    def snapshot(self, query: Query) -> "Future[Snapshot]":
        future: Future[Snapshot] = Future()
        if self.failure is not None:
            future.set_exception(self.failure)
        else:
            self.asked.append(Asked(query, future))
        return future

    def commit(self, batch: Batch) -> "Future[Committed | Conflict]":
        future: Future[Committed | Conflict] = Future()
        require_whole(batch)
        if self.failure is not None:
            future.set_exception(self.failure)
        else:
            self.waiting.append(Waiting(batch, future))
        return future

    def size(self) -> int:
        return self.disk.acknowledged

    def leaves(self, start: int, stop: int) -> Iterator[bytes]:
        yield from read.leaves(self.disk.connection, start, stop)

    def payload(self, commitment: str) -> Sealed | None:
        return read.payload(self.disk.connection, commitment)

    def case(self, case_id: str) -> Case | None:
        return read.case(self.disk.connection, case_id)

    def cases(self, *, state: CaseState | None = None) -> Sequence[Case]:
        return read.cases(self.disk.connection, state)

    def stops(self) -> Sequence[Stop]:
        return stops.in_force(self.disk.connection)

    def notices(self, *, failed: bool = False) -> Sequence[Notice]:
        return notices.waiting(self.disk.connection, failed=failed)

    def put_checkpoint(self, size: int, note: bytes, hashes: Sequence[tuple[int, int, bytes]]) -> None:
        Checkpoint(size, note, tuple(hashes), self.disk.acknowledged).put(self.disk.connection)

    def checkpoint(self) -> bytes | None:
        return read.checkpoint(self.disk.connection)

    def tile(self, level: int, number: int) -> bytes | None:
        return read.tile(self.disk.connection, level, number)

    def close(self) -> None:
        self.failure = StoreError("store/closed", "the journal is closed")

    # what the scheduler calls

    def answer(self, position: int) -> None:
        """Answer a question as of now."""
        asked = self.asked.pop(position)
        if asked.future.set_running_or_notify_cancel():
            asked.future.set_result(read.snapshot(self.disk.connection, asked.query))

    def write(self, count: int, fault: WriteFault) -> None:
        """Write the first `count` batches that wait, as one group."""
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        group = [item for item in taken if item.future.set_running_or_notify_cancel()]
        if fault is WriteFault.FAILED:
            self._end([*group, *self.waiting])
            return
        answers: list[Answer] = []
        size = self.disk.size()
        for position, item in enumerate(group):
            is_contended = fault is WriteFault.CONTENDED and position == 0
            answer = Conflict("budget") if is_contended else self._apply(item.batch, size)
            if isinstance(answer, Committed):
                size = answer.size
            answers.append(answer)
        match fault:
            case WriteFault.FAILED_AND_WRITTEN:
                self._end([*group, *self.waiting])
            case WriteFault.LOST_ACKNOWLEDGEMENT:
                self.close()
            case WriteFault.NONE | WriteFault.CONTENDED:
                self.disk.acknowledged = size
                for item, answer in zip(group, answers, strict=True):
                    _tell(item.future, answer)

    def _apply(self, batch: Batch, size: int) -> Answer:
        try:
            conflict = apply(self.disk.connection, batch, size)
        except StoreError as error:
            return error
        if conflict is not None:
            return conflict
        self.disk.connection.executemany(
            "INSERT INTO payload (commitment, ring, ciphertext, retain_until_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(p.commitment, p.ring, p.ciphertext, p.retain_until_ms) for p in batch.payloads],
        )
        return Committed(size, self._append(batch.leaves, size))

    def _append(self, leaves: Sequence[bytes], size: int) -> int:
        self.disk.connection.executemany("INSERT INTO entry (idx, leaf) VALUES (?, ?)", enumerate(leaves, size))
        return size + len(leaves)

    def _end(self, refused: Sequence[Waiting]) -> None:
        self.failure = StoreError("store/failed", "the disk failed")
        self.waiting = []
        for item in refused:
            if not item.future.cancelled():
                _tell(item.future, self.failure)


def _tell(future: "Future[Committed | Conflict]", answer: Answer) -> None:
    if isinstance(answer, StoreError):
        future.set_exception(answer)
    else:
        future.set_result(answer)
