"""The journal on SQLite: reads on the caller's thread, writes on the one writer thread."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TypeVar

from trilens.clock import wall_clock_ms
from trilens.errors import LedgerError, StoreError
from trilens.storage.ports import (
    Batch,
    Case,
    CaseState,
    Committed,
    Conflict,
    Notice,
    Query,
    Sealed,
    Snapshot,
    Stop,
)
from trilens.storage.sqlite import notices, read, stops
from trilens.storage.sqlite.apply import require_whole
from trilens.storage.sqlite.checkpoints import Checkpoint
from trilens.storage.sqlite.head import read_head
from trilens.storage.sqlite.late import Awaited
from trilens.storage.sqlite.place import HEAD, JOURNAL
from trilens.storage.sqlite.reader import Reader, closed
from trilens.storage.sqlite.start import start_writer
from trilens.storage.sqlite.writer import Append, Errand, Writer
from trilens.vocabulary.canonical import Json, canonical

T = TypeVar("T")

_LEAVES_PER_READ = 512


def open_journal(home: Path, *, read_only: bool = False, now_ms: Callable[[], int] = wall_clock_ms) -> "SqliteJournal":
    """Open the journal that `create` made in `home`.

    A writer takes `journal.lock` and holds it until `close`. A reader takes no lock, sees what is acknowledged while a server runs,
    and refuses every write.

    Raises:
        StoreError: it cannot be opened, or another process writes it (`store/locked`).
        LedgerError: it holds less than was acknowledged (`ledger/short`), or something else (`ledger/rewritten`, `ledger/head`,
            `ledger/gap`).
    """
    if read_only:
        return SqliteJournal(home, None, now_ms)
    started = start_writer(home)
    try:
        journal = SqliteJournal(home, started.writer, now_ms)
        if started.recovered is not None:
            journal.name_recovered(started.recovered).result()
    except BaseException:
        started.writer.finish()
        raise
    return journal


def _done(value: T) -> "Future[T]":
    future: Future[T] = Future()
    future.set_result(value)
    return future


def _failed(error: StoreError) -> "Future[T]":
    future: Future[T] = Future()
    future.set_exception(error)
    return future


_NOTHING = _done(Snapshot())


class SqliteJournal:
    """The port `Journal`. Every method may be called from any thread."""

    def __init__(self, home: Path, writer: Writer | None, now_ms: Callable[[], int]) -> None:
        self._head_path = home / HEAD
        self._now_ms = now_ms
        self._writer = writer
        self._closing = Lock()
        self._is_closed = False
        self._questions = Reader(home / JOURNAL)
        self._scans = Reader(home / JOURNAL)

    def snapshot(self, query: Query) -> "Future[Snapshot]":
        """Answered before it returns; an empty query without a read.

        A journal that cannot record answers no question either: whoever asks is about to record, and health is one of those that ask.
        """
        refusal = self._writer.refusal() if self._writer else None
        if refusal is not None:
            return _failed(refusal)
        if self._writer is not None:
            query = self._writer.known.relevant(query)
        if query.is_empty and not self._is_closed:
            return _NOTHING
        try:
            return _done(self._questions.ask(lambda connection: read.snapshot(connection, query)))
        except StoreError as error:
            return _failed(error)

    def commit(self, batch: Batch) -> "Future[Committed | Conflict]":
        """Queue a batch; a future that could still be cancelled is one whose batch will not be written.

        One that is cancelled too late is written all the same, and then named as recovered: nobody acted on it.
        """
        if self._writer is None:
            return _failed(_read_only())
        try:
            require_whole(batch)
        except StoreError as error:
            return _failed(error)
        future = Awaited(self._name_late)
        self._writer.submit(Append(batch, future))
        return future

    def name_recovered(self, found: range) -> "Future[Committed | Conflict]":
        """Record that these entries are in the file and nobody was told so."""
        future: Future[Committed | Conflict] = Future()
        fields: dict[str, Json] = {"from": found.start, "to": found.stop - 1}
        leaf = canonical({"v": 1, "kind": "recovered", "t": self._now_ms(), **fields})
        if self._writer is None:
            return _failed(_read_only())
        self._writer.submit(Append(Batch((leaf,)), future), beyond=True)
        return future

    def _name_late(self, committed: Committed) -> None:
        # a journal that ends meanwhile cannot say it: its entries then claim more than happened, and never less
        self.name_recovered(range(committed.first, committed.size))

    @property
    def failure(self) -> StoreError | None:
        """Why nothing can be written any more; None while all is well. Only opening the journal again helps."""
        return self._writer.failure if self._writer else None

    def size(self) -> int:
        """Acknowledged entries. Of a reader: as the writing process has noted them. Raises: StoreError, LedgerError."""
        if self._is_closed:
            raise closed()
        if self._writer is not None:
            return self._writer.size
        # the head is read first: it is written after the commit it names, so the file can only hold more
        acknowledged = read_head(self._head_path).size
        found = self._scans.ask(read.size)
        if found < acknowledged:
            raise LedgerError("ledger/short", f"the journal holds {found} entries, {acknowledged} were acknowledged")
        return acknowledged

    def leaves(self, start: int, stop: int) -> Iterator[bytes]:
        if not 0 <= start <= stop <= self.size():
            raise StoreError("store/range", f"no entries {start} to {stop} in a ledger of {self.size()}")
        for low in range(start, stop, _LEAVES_PER_READ):
            high = min(low + _LEAVES_PER_READ, stop)
            held = self._scans.ask(partial(read.leaves, start=low, stop=high))
            yield from held if self._writer is None else self._writer.read_back.check(low, held)

    def payload(self, commitment: str) -> Sealed | None:
        return self._scans.ask(lambda connection: read.payload(connection, commitment))

    def case(self, case_id: str) -> Case | None:
        return self._scans.ask(lambda connection: read.case(connection, case_id))

    def cases(self, *, state: CaseState | None = None) -> Sequence[Case]:
        return self._scans.ask(lambda connection: read.cases(connection, state))

    def stops(self) -> Sequence[Stop]:
        return self._scans.ask(stops.in_force)

    def notices(self, *, failed: bool = False) -> Sequence[Notice]:
        return self._scans.ask(lambda connection: notices.waiting(connection, failed=failed))

    def put_checkpoint(self, size: int, note: bytes, hashes: Sequence[tuple[int, int, bytes]]) -> None:
        if self._writer is None:
            raise _read_only()
        future: Future[None] = Future()
        self._writer.submit(Errand(Checkpoint(size, note, tuple(hashes), self.size()).put, future))
        future.result()
        self._writer.read_back.forget(size)

    def checkpoint(self) -> bytes | None:
        return self._scans.ask(read.checkpoint)

    def tile(self, level: int, number: int) -> bytes | None:
        return self._scans.ask(lambda connection: read.tile(connection, level, number))

    def close(self) -> None:
        # whoever closes second waits until the first has let go of the lock
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
            self._questions.close()
            self._scans.close()
            if self._writer is not None:
                self._writer.finish()


def _read_only() -> StoreError:
    return StoreError(
        "store/read-only", "this journal was opened for reading", help="write through the process that holds the lock"
    )
