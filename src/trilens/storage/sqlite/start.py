"""What is looked at before a journal is written again: is this the file that was acknowledged, and all of it?"""

from dataclasses import dataclass
from pathlib import Path

import apsw

from trilens.errors import LedgerError
from trilens.storage.sqlite import read
from trilens.storage.sqlite.connect import keep_wal, naming_errors, open_store, replaced
from trilens.storage.sqlite.head import Head, HeadFile, head_failed, head_of, read_head
from trilens.storage.sqlite.known import KnownCases
from trilens.storage.sqlite.lock import FolderLock
from trilens.storage.sqlite.place import HEAD, JOURNAL, identify, require_file
from trilens.storage.sqlite.schema import JOURNAL_ID, JOURNAL_TABLES
from trilens.storage.sqlite.writer import WatchedFile, Writer


@dataclass(frozen=True, slots=True)
class Started:
    writer: Writer
    recovered: range | None
    """Indices that were found beyond what was acknowledged: answered just before the end, or refused and there nevertheless."""


def start_writer(home: Path) -> Started:
    """Take the lock, check the journal against its head, and start its writer.

    INVARIANT: a journal that is refused is left as it was found, its write-ahead log included.

    Raises:
        StoreError, LedgerError: as `journal.open_journal`.
    """
    path = home / JOURNAL
    require_file(path)
    lock = FolderLock.take(home)
    try:
        connection = open_store(path, JOURNAL_ID, JOURNAL_TABLES)
        try:
            return _check_and_start(home, connection, lock)
        except BaseException:
            keep_wal(connection)
            connection.close()
            raise
    except BaseException:
        lock.release()
        raise


def _check_and_start(home: Path, connection: apsw.Connection, lock: FolderLock) -> Started:
    path = home / JOURNAL
    acknowledged = read_head(home / HEAD)
    with naming_errors(path):
        found = read.size(connection)
        _require_acknowledged(connection, acknowledged, found)
        _require_no_gap(connection, found)
        known = KnownCases.read(connection)
    watched = (_watch(path), _watch(path.with_name(path.name + "-wal")))
    head = HeadFile.open(home / HEAD)
    try:
        # both slots, so that the next write spoils neither
        head.write(acknowledged)
        head.write(acknowledged)
        head.sync()
    except OSError as error:
        head.close()
        raise head_failed(error) from error
    writer = Writer(path, connection, head=head, lock=lock, watched=watched, size=found, known=known)
    writer.start()
    return Started(writer, range(acknowledged.size, found) if found > acknowledged.size else None)


def _require_acknowledged(connection: apsw.Connection, acknowledged: Head, found: int) -> None:
    if found < acknowledged.size:
        raise LedgerError(
            "ledger/short",
            f"the journal holds {found} entries, {acknowledged.size} were acknowledged",
            help="keep the folder as it is: entries were lost or cut off; restore a copy that holds them",
        )
    last = read.leaves(connection, acknowledged.size - 1, acknowledged.size)[0] if acknowledged.size else b""
    if head_of(acknowledged.size, last) != acknowledged:
        raise LedgerError(
            "ledger/rewritten",
            f"entry {acknowledged.size - 1} is not the one that was acknowledged",
            help="this is another journal, or a changed one; restore the one that belongs to `head`",
        )


def _require_no_gap(connection: apsw.Connection, found: int) -> None:
    # what a signed checkpoint covers is the verifier's to check, entry by entry
    start = read.checkpoint_size(connection)
    if read.count(connection, start, found) != found - start:
        raise LedgerError(
            "ledger/gap",
            f"an entry between {start} and {found} is missing",
            help="keep the folder as it is and restore a whole copy",
        )


def _watch(path: Path) -> WatchedFile:
    identity = identify(path)
    if identity is None:
        raise replaced(path)
    return WatchedFile(path, identity)
