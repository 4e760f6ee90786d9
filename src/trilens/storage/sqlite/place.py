"""The folder that holds the state: made once by `create`, and afterwards only opened.

    journal.db     entries, budgets, approvals, payloads, checkpoints, tiles     one writer, under `journal.lock`
    journal.lock   who writes
    head           the second home of the acknowledged size
    keys.db        key ring: what is erased is erased here
    access.db      API keys, hashed; commands change it while a server runs

INVARIANT: opening never creates. A ledger that is gone is an error, and never a new ledger.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import apsw

from trilens.errors import StoreError

JOURNAL = "journal.db"
LOCK = "journal.lock"
HEAD = "head"
KEYS = "keys.db"
ACCESS = "access.db"

FOLDER_MODE = 0o700
FILE_MODE = 0o600


@dataclass(frozen=True, slots=True)
class Identity:
    """Which file a path names at the moment."""

    device: int
    inode: int


def identify(path: Path) -> Identity | None:
    """None when there is no such file."""
    try:
        found = os.stat(path)  # noqa: PTH116 - on the path of every commit; `Path.stat` costs twice as much
    except OSError:
        return None
    return Identity(found.st_dev, found.st_ino)


def is_affected(version: str) -> bool:
    """Whether this SQLite can lose acknowledged rows to the WAL-reset bug.

    Source: SQLite release notes of 3.51.3, 3.50.7 and 3.44.6 (read 2026-11-24): present from 3.7.0 to 3.51.2, fixed also in 3.50.7
    and 3.44.6 and what follows them in those two lines. What cannot be read as a version counts as affected.
    """
    try:
        parts = tuple(int(part) for part in version.split("."))[:3]
    except ValueError:
        return True
    if parts < (3, 7, 0):
        return True  # no WAL at all
    if parts[:2] in ((3, 44), (3, 50)):
        return parts < ((3, 44, 6) if parts[1] == 44 else (3, 50, 7))
    return parts < (3, 51, 3)


def require_sound_sqlite() -> None:
    """Raises: StoreError `store/sqlite` when the *linked* library is affected, whatever the system's own is."""
    version = apsw.sqlite_lib_version()
    if is_affected(version):
        raise StoreError(
            "store/sqlite",
            f"the linked SQLite `{version}` can lose acknowledged entries (WAL-reset bug)",
            help="install a wheel of `apsw` that carries SQLite 3.51.3 or newer",
        )


def require_file(path: Path) -> Identity:
    """The identity of a state file. Raises: StoreError `store/missing` when it is not there or not a plain file."""
    found = identify(path)
    if found is None or not path.is_file():
        raise StoreError(
            "store/missing",
            f"no `{path.name}` in `{path.parent}`",
            help="a new folder is made by `trilens init`; if there was a ledger here, restore it: a ledger is never made anew",
        )
    return found


def make_folder(home: Path) -> None:
    """Make the folder, for its owner only. Raises: StoreError `store/exists` when state is already there."""
    try:
        home.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        home.chmod(FOLDER_MODE)
    except OSError as error:
        raise unwritable(home, error) from error
    for name in (JOURNAL, HEAD, KEYS, ACCESS):
        if (home / name).exists():
            raise StoreError(
                "store/exists",
                f"`{home}` already holds `{name}`",
                help="open it instead; if it is what an interrupted `trilens init` left, and holds nothing, remove the folder",
            )


def make_file(path: Path) -> None:
    """Make an empty file that only its owner may read; `-wal` and `-shm` beside it inherit that from SQLite."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, FILE_MODE))
    except OSError as error:
        raise unwritable(path, error) from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def unwritable(path: Path, error: OSError) -> StoreError:
    """A file or folder that the system will not let us write."""
    reason = error.strerror or "unknown reason"
    return StoreError(
        "store/read-only",
        f"cannot write `{path}`: {reason.lower()}",
        help="give the user that runs trilens a writable folder with free space, or set `TRILENS_HOME`",
    )
