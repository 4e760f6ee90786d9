"""Copies of a state folder: taken while it is written, and put back where nothing is.

    1 the key of the log, what witnesses signed
    2 journal.db   one SQLite backup in one step: one moment of it, without stopping the writer
    3 keys.db      after it, so that it has every key the journal names, unless that was destroyed meanwhile; access.db
    4 head         made for the copy: its size and last entry, once the running journal has acknowledged as many
    5 copy.json    what the copy holds, with the digest of every file; then the folder gets its name

INVARIANT: a folder under the name that was asked for is a whole copy; what was interrupted stands under another name, and is no copy.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import apsw

from trilens.errors import LedgerError, StoreError
from trilens.storage.sqlite import read
from trilens.storage.sqlite.connect import naming_errors, open_reader
from trilens.storage.sqlite.head import encode, head_of, make_head, read_head
from trilens.storage.sqlite.lock import FolderLock
from trilens.storage.sqlite.place import (
    ACCESS,
    FILE_MODE,
    HEAD,
    JOURNAL,
    KEYS,
    LOCK,
    make_folder,
    sync_folder,
    unwritable,
)
from trilens.storage.sqlite.schema import (
    ACCESS_ID,
    ACCESS_TABLES,
    JOURNAL_ID,
    JOURNAL_TABLES,
    KEYS_ID,
    KEYS_TABLES,
)

SHEET = "copy.json"
VERSION = 1
_PLAIN = ("log.key", "checkpoint.cosigned")
"""Files beside the stores, where there are any: the key of the log after its first, and what witnesses signed."""
_UNFINISHED = "log.key.next"
_ACKNOWLEDGED_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Copy:
    """What a copy says of itself; `check_copy` says whether it is so."""

    made_ms: int
    size: int
    """Entries."""
    leaf: str
    """SHA-256 of the last of them, as in `head`."""
    files: dict[str, str]
    """SHA-256 by name."""


def take_copy(home: Path, target: Path, *, now_ms: int) -> Copy:
    """Copy the state in `home` to the new folder `target`. A running server goes on meanwhile.

    Raises:
        StoreError: `target` is there already (`store/exists`), a key of the log is being replaced (`store/busy`), or something cannot be read or
            written.
    """
    if target.exists():
        raise StoreError("store/exists", f"`{target}` is there already", help="a copy is made into a new folder")
    if (home / _UNFINISHED).exists():
        raise StoreError(
            "store/busy", "the key of the ledger is being replaced", help="finish `trilens ledger rotate` first"
        )
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        unfinished.mkdir(mode=0o700, parents=True)
        try:
            copy = _fill(home, unfinished, now_ms)
            unfinished.rename(target)
            sync_folder(target.parent)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
    except OSError as error:
        raise unwritable(target, error) from error
    return copy


def _fill(home: Path, folder: Path, now_ms: int) -> Copy:
    # first what may only be older than the journal, then the journal and what must not be
    for name in _PLAIN:
        if (home / name).exists():
            _copy_file(home / name, folder / name)
    _copy_store(home / JOURNAL, folder / JOURNAL, JOURNAL_ID, JOURNAL_TABLES)
    _copy_store(home / KEYS, folder / KEYS, KEYS_ID, KEYS_TABLES)
    _copy_store(home / ACCESS, folder / ACCESS, ACCESS_ID, ACCESS_TABLES)
    # the journal is copied by now, so that whatever it names is there
    size, last = _end_of(folder / JOURNAL)
    acknowledged = _acknowledged(home, size)
    if acknowledged < size:
        raise StoreError(
            "store/busy",
            f"the journal holds {size} entries and has acknowledged {acknowledged}",
            help="start the server once, which names what was not acknowledged, and copy again",
        )
    _write_head(folder, size, last)
    copy = Copy(now_ms, size, hashlib.sha256(last).hexdigest(), _digests(folder))
    _write(folder / SHEET, json.dumps({"v": VERSION, **asdict(copy)}, indent=1, sort_keys=True).encode())
    sync_folder(folder)
    return copy


def read_copy(folder: Path) -> Copy:
    """What a copy says of itself. Raises: StoreError `store/copy` when it is none."""
    try:
        fields = json.loads((folder / SHEET).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _no_copy(folder, f"`{SHEET}` cannot be read") from error
    match fields:
        case {
            "v": 1,
            "made_ms": int() as made_ms,
            "size": int() as size,
            "leaf": str() as leaf,
            "files": dict() as files,
        }:
            return Copy(made_ms, size, leaf, {str(name): str(digest) for name, digest in files.items()})
        case _:
            raise _no_copy(folder, f"`{SHEET}` is not of its form")


def check_copy(folder: Path) -> Copy:
    """Check that a copy is whole: every file is the one that was written, and every store holds together.

    Raises:
        StoreError: it is not (`store/copy`), or it is of a newer version (`store/newer`).
    """
    copy = read_copy(folder)
    if {JOURNAL, KEYS, ACCESS, HEAD} - set(copy.files) or _digests(folder) != copy.files:
        raise _no_copy(folder, "a file is missing, added or changed")
    for name, application_id, tables in _STORES:
        connection = open_reader(folder / name, application_id, tables)
        with naming_errors(folder / name):
            found = connection.execute("PRAGMA integrity_check").fetchall()
            connection.close()
        if found != [("ok",)]:
            raise _no_copy(folder, f"`{name}` does not hold together")
    head = read_head(folder / HEAD)
    if (head.size, head.leaf) != (copy.size, copy.leaf):
        raise _no_copy(folder, "its head is of another state")
    return copy


def put_back(folder: Path, home: Path, *, prove: Callable[[Path], None]) -> Copy:
    """Make the state in `home` from a copy; never over another.

    Args:
        prove: looks at the restored folder, which is not in its place yet, and raises when it should not come there.

    Raises:
        StoreError: state is there already (`store/exists`), the copy is not whole (`store/copy`), or `home` cannot be written.
    """
    copy = check_copy(folder)
    if home.exists() and any((home / name).exists() for name in (JOURNAL, HEAD, KEYS, ACCESS)):
        raise StoreError(
            "store/exists", f"`{home}` already holds a ledger", help="restore into a new folder; keep the other"
        )
    unfinished = home.with_name(f".{home.name}.{os.getpid()}.unfinished")
    try:
        make_folder(unfinished)
        try:
            for name in copy.files:
                _copy_file(folder / name, unfinished / name)
            prove(unfinished)
            (unfinished / LOCK).unlink(missing_ok=True)
            _move(unfinished, home)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise unwritable(home, error) from error
    return copy


def _move(unfinished: Path, home: Path) -> None:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)
    with FolderLock.take(home):
        names = sorted(path.name for path in unfinished.iterdir())
        # the journal last, so that a folder with a journal is a whole one
        for name in sorted((n for n in names if not n.endswith("-shm")), key=lambda name: name == JOURNAL):
            os.link(unfinished / name, home / name)
        sync_folder(home)
    sync_folder(home.parent)


_STORES = (
    (JOURNAL, JOURNAL_ID, JOURNAL_TABLES),
    (KEYS, KEYS_ID, KEYS_TABLES),
    (ACCESS, ACCESS_ID, ACCESS_TABLES),
)


def _copy_store(source: Path, target: Path, application_id: int, tables: tuple[str, ...]) -> None:
    reader = open_reader(source, application_id, tables)
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))
    with naming_errors(source):
        writer = apsw.Connection(str(target))
        try:
            with writer.backup("main", reader, "main") as backup:
                # one step: a reader of a write-ahead log sees one moment, however long it takes
                while not backup.done:
                    backup.step(-1)
            writer.pragma("journal_mode", "delete")
        finally:
            writer.close()
            reader.close()
    _sync(target)


def _copy_file(source: Path, target: Path) -> None:
    _write(target, source.read_bytes())


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _write_head(folder: Path, size: int, last: bytes) -> None:
    make_head(folder / HEAD)
    slot = encode(head_of(size, last)).ljust(4096, b"\0")
    with (folder / HEAD).open("r+b") as file:
        file.write(slot + slot)
        file.flush()
        os.fsync(file.fileno())


def _end_of(path: Path) -> "tuple[int, bytes]":
    connection = open_reader(path, JOURNAL_ID, JOURNAL_TABLES)
    try:
        with naming_errors(path):
            size = read.size(connection)
            return size, read.leaves(connection, size - 1, size)[0] if size else b""
    finally:
        connection.close()


def _acknowledged(home: Path, size: int) -> int:
    """What the journal has acknowledged, once that is as much as the copy holds: a commit is acknowledged within moments."""
    until_s = time.monotonic() + _ACKNOWLEDGED_WITHIN_S
    while (found := _head_size(home)) < size and time.monotonic() < until_s:
        time.sleep(0.02)
    return found


def _head_size(home: Path) -> int:
    try:
        return read_head(home / HEAD).size
    except LedgerError:
        # read in the middle of a write
        return 0


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.name != SHEET
    }


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _no_copy(folder: Path, reason: str) -> StoreError:
    return StoreError(
        "store/copy", f"`{folder}` is no whole copy: {reason}", help="use another copy; this one restores nothing"
    )
