"""The single writer: a thread, a queue, and one durable commit for many batches.

    group    take what waits                                     queue.py
    begin    one transaction, a savepoint per batch
    check    every condition again, on what the file says now    apply.py
    write    entries and payloads of all that passed, at once
    commit   WAL, `synchronous=FULL`
    place    the file we wrote is still the file of that name    place.py
    head     the acknowledged size, in its second home           head.py
    answer   futures, only now

INVARIANT: the first write, sync or place that fails ends the writer. What was in that group is refused, and so is everything after it; it may
be in the file nevertheless, and then the next start records it as recovered.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TypeAlias

import apsw

from trilens.errors import StoreError
from trilens.storage.ports import Batch, Committed, Conflict
from trilens.storage.sqlite.apply import apply, is_conditional
from trilens.storage.sqlite.connect import keep_wal, named, naming_errors, replaced
from trilens.storage.sqlite.head import HeadFile, head_failed, head_of
from trilens.storage.sqlite.known import KnownCases
from trilens.storage.sqlite.lock import FolderLock
from trilens.storage.sqlite.place import Identity, identify
from trilens.storage.sqlite.queue import LINGER_S, GroupQueue
from trilens.storage.sqlite.readback import ReadBack
from trilens.storage.sqlite.reader import closed

_CAPACITY = 8_192
"""Batches that may wait; at the measured rates a fraction of a second of work."""
_LARGEST_GROUP = 512
_DEADLINE_S = 10.0
"""A group that takes longer is stuck in the disk: what comes meanwhile is refused, not kept waiting."""


@dataclass(frozen=True, slots=True)
class Append:
    """A batch that waits for its commit."""

    batch: Batch
    future: "Future[Committed | Conflict]"


@dataclass(frozen=True, slots=True)
class Errand:
    """Another write that belongs under the same writer, such as a checkpoint; the head is synced with it."""

    run: Callable[[apsw.Connection], None]
    """Raises StoreError to refuse; what it wrote is then taken back."""
    future: "Future[None]"


Work: TypeAlias = "Append | Errand"


@dataclass(frozen=True, slots=True)
class WatchedFile:
    path: Path
    identity: Identity


class Writer:
    """Owns the lock, the write connection and the head. `size` is what was acknowledged; it is set before the futures are."""

    def __init__(
        self,
        path: Path,
        connection: apsw.Connection,
        *,
        head: HeadFile,
        lock: FolderLock,
        watched: Sequence[WatchedFile],
        size: int,
        known: KnownCases,
    ) -> None:
        self._path = path
        self._connection = connection
        self._head = head
        self._lock = lock
        self._watched = tuple(watched)
        self._queue: GroupQueue[Work] = GroupQueue(capacity=_CAPACITY, largest=_LARGEST_GROUP)
        self._thread = Thread(target=self._run, name="trilens-journal", daemon=True)
        self._began_s = 0.0
        self._took_s = LINGER_S
        self.size = size
        self.known = known
        self.read_back = ReadBack()
        self.failure: StoreError | None = None

    def start(self) -> None:
        self._thread.start()

    def submit(self, work: Work, *, beyond: bool = False) -> None:
        """Queue it; its future fails at once when it cannot be. Never blocks.

        Args:
            beyond: take it even when the queue is full: a note about what was committed, which nobody can be asked to try again.
        """
        failure = self.refusal()
        if (failure is None or beyond) and self._queue.put(work, beyond=beyond):
            return
        work.future.set_exception(failure or self.refusal() or _too_much())

    def refusal(self) -> StoreError | None:
        """Why nothing is written at this moment: it has ended, or is stuck in the disk. None while all is well."""
        if self.failure is not None:
            return _again(self.failure)
        began_s = self._began_s
        if began_s and time.monotonic() - began_s > _DEADLINE_S:
            return _stalled()
        return None

    def finish(self) -> None:
        """Write what was accepted, then let go of everything. Later work is refused.

        Raises:
            StoreError: the disk has not answered in time (`store/stalled`), and the lock is kept until it does or the process ends; or it
                failed.
        """
        self._queue.close()
        self._thread.join(_DEADLINE_S)
        if self._thread.is_alive():
            raise _stalled()
        is_sound = self.failure is None
        self._end(closed())
        try:
            with naming_errors(self._path):
                if is_sound:
                    self._head.sync()
                else:
                    keep_wal(self._connection)
                self._connection.close()
        except OSError as error:
            raise head_failed(error) from error
        finally:
            self._head.close()
            self._lock.release()

    def _run(self) -> None:
        while group := self._queue.group(self._took_s):
            live = [work for work in group if work.future.set_running_or_notify_cancel()]
            if not live:
                continue
            self._began_s = began_s = time.monotonic()
            try:
                self._write(live)
            except apsw.Error as error:
                self._end(named(self._path, error), live)
            except StoreError as error:
                self._end(error, live)
            except OSError as error:
                self._end(head_failed(error), live)
            except BaseException as error:  # noqa: BLE001 - a writer that dies silently would leave every future hanging
                self._end(
                    StoreError("store/failed", f"the writer failed: {type(error).__name__}", help="report this"), live
                )
            self._took_s = time.monotonic() - began_s
            self._began_s = 0.0

    def _end(self, failure: StoreError, group: Sequence[Work] = ()) -> None:
        if self.failure is None:
            self.failure = failure
        waiting = [work for work in self._queue.drain() if work.future.set_running_or_notify_cancel()]
        for work in (*group, *waiting):
            if not work.future.done():
                work.future.set_exception(_again(failure))

    def _write(self, group: Sequence[Work]) -> None:
        # 1 begin
        self._connection.execute("BEGIN IMMEDIATE")
        # 2 check
        answers: list[Committed | Conflict | StoreError | None] = []
        passed: list[Batch] = []
        size = self.size
        for work in group:
            match work:
                case Append(batch):
                    checked = self._check(batch, size)
                    if isinstance(checked, Committed):
                        passed.append(batch)
                        size = checked.size
                    answers.append(checked)
                case Errand(run):
                    answers.append(self._errand(run))
        # 3 write
        self._insert(passed)
        # 4 commit
        self._connection.execute("COMMIT")
        # 5 place
        for file in self._watched:
            if identify(file.path) != file.identity:
                raise replaced(file.path)
        # 6 head
        if passed:
            self._head.write(head_of(size, passed[-1].leaves[-1]))
            self.size = size
        if any(isinstance(work, Errand) for work in group):
            self._head.sync()
        # 7 answer
        for batch in passed:
            self.known.note(batch)
        self._queue.expect(len(group))
        for work, answer in zip(group, answers, strict=True):
            _answer(work, answer)

    def _check(self, batch: Batch, size: int) -> "Committed | Conflict | StoreError":
        known = self.known
        if is_conditional(batch) or (known.has_stops and batch.unless_stopped is not None):
            # INVARIANT: known before it is written, so that no later batch of the same group passes it by
            known.has_stops |= bool(batch.stops)
            try:
                conflict = apply(self._connection, batch, size)
            except StoreError as error:
                return error
            if conflict is not None:
                return conflict
        return Committed(size, size + len(batch.leaves))

    def _errand(self, run: Callable[[apsw.Connection], None]) -> StoreError | None:
        self._connection.execute("SAVEPOINT errand")
        try:
            run(self._connection)
        except StoreError as error:
            self._connection.execute("ROLLBACK TO errand")
            return error
        finally:
            self._connection.execute("RELEASE errand")
        return None

    def _insert(self, batches: Sequence[Batch]) -> None:
        leaves = [leaf for batch in batches for leaf in batch.leaves]
        if leaves:
            self.read_back.note(self.size, leaves)
            self._connection.executemany("INSERT INTO entry (idx, leaf) VALUES (?, ?)", enumerate(leaves, self.size))
        payloads = [payload for batch in batches for payload in batch.payloads]
        if payloads:
            self._connection.executemany(
                "INSERT INTO payload (commitment, ring, ciphertext, retain_until_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(p.commitment, p.ring, p.ciphertext, p.retain_until_ms) for p in payloads],
            )


def _answer(work: Work, answer: "Committed | Conflict | StoreError | None") -> None:
    match work, answer:
        case ((Append() | Errand()), StoreError()):
            work.future.set_exception(answer)
        case Append(), (Committed() | Conflict()):
            work.future.set_result(answer)
        case Errand(), None:
            work.future.set_result(None)
        case _:
            raise AssertionError("an answer of the wrong kind")


def _again(failure: StoreError) -> StoreError:
    # each future raises an error of its own: one instance raised in many threads would gather all their tracebacks
    return StoreError(failure.code, failure.message, help=failure.help)


def _stalled() -> StoreError:
    return StoreError(
        "store/stalled", "the disk has not answered in time", help="look at the disk and the system's log"
    )


def _too_much() -> StoreError:
    return StoreError(
        "store/busy", "more waits to be written than the journal takes", help="try again; if it stays, look at the disk"
    )
