"""One writer per folder: `flock` on `journal.lock`.

SQLite's own lock is not enough, since POSIX drops it as soon as any code in the process closes the same file. `flock` belongs to the
open file description and dies with the process, so a killed server leaves nothing to clean up.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from trilens.errors import StoreError
from trilens.storage.sqlite.place import FILE_MODE, LOCK, unwritable


class FolderLock:
    """The right to write a folder's journal, held until `release`. Use `take`."""

    __slots__ = ("_handle", "path")

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle

    @classmethod
    def take(cls, home: Path) -> "FolderLock":
        """Raises: StoreError `store/locked` when another process (or this one) has it, `store/read-only` when it cannot be written."""
        path = home / LOCK
        try:
            handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, FILE_MODE)
        except OSError as error:
            raise unwritable(path, error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _require_same(path, handle)
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError as error:
            holder = _holder(handle)
            os.close(handle)
            raise _locked(home, holder) from error
        except OSError as error:
            os.close(handle)
            raise unwritable(path, error) from error
        except StoreError:
            os.close(handle)
            raise
        return cls(path, handle)

    def release(self) -> None:
        """Let go; doing it twice changes nothing."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _require_same(path: Path, handle: int) -> None:
    # the name may have been given to another file between open and flock: then two writers would each hold "the" lock
    ours, named = os.fstat(handle), path.stat()
    if (ours.st_dev, ours.st_ino) != (named.st_dev, named.st_ino):
        raise StoreError("store/replaced", f"`{path.name}` was replaced while it was being locked", help="try again")


def _holder(handle: int) -> str:
    text = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
    return text if text.isdigit() else ""


def _locked(home: Path, holder: str) -> StoreError:
    who = f"process {holder}" if holder else "another process"
    return StoreError(
        "store/locked",
        f"{who} writes the journal in `{home}`",
        help="stop it, or send what you want to do through the running server; reading (`trilens ledger verify`) needs no lock",
    )
