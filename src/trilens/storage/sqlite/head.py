"""The second home of the acknowledged size: a file beside the journal, written after each COMMIT and before each answer.

What it detects at the next start, by whom it was written last:
    killed process   everything: whatever was answered is named here, so a journal that lost as much as one entry is refused
    power cut        a loss below the last `sync` (one a checkpoint, and at `close`); the write after each commit is not synced
    other journal    an older or another copy in its place, by the hash of the last acknowledged entry
It detects nothing against somebody who rewrites both files: that takes a checkpoint kept elsewhere.

Two slots, a sector apart, written in turn, so that a torn write spoils one and leaves the other.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from trilens.errors import LedgerError, StoreError
from trilens.storage.sqlite.place import make_file, unwritable

_SLOT_BYTES = 4096
_FORM = "trilens-head-1"


@dataclass(frozen=True, slots=True)
class Head:
    """What was acknowledged last."""

    size: int
    leaf: str
    """SHA-256 (hex) of entry `size - 1`; of nothing when the ledger is empty."""


def head_of(size: int, last_leaf: bytes) -> Head:
    return Head(size, hashlib.sha256(last_leaf).hexdigest())


EMPTY = head_of(0, b"")


def encode(head: Head) -> bytes:
    """One line, with a check of its own at the end."""
    line = f"{_FORM} {head.size} {head.leaf}"
    return f"{line} {_check(line)}\n".encode()


def decode(slot: bytes) -> Head | None:
    """None for anything `encode` would not have written."""
    text = slot.split(b"\n", 1)[0].decode("ascii", "replace")
    line, _, check = text.rpartition(" ")
    parts = line.split(" ")
    if check != _check(line) or len(parts) != 3 or parts[0] != _FORM or not parts[1].isdecimal():
        return None
    return Head(int(parts[1]), parts[2])


def _check(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()[:16]


class HeadFile:
    """The open head file. One writer; `read_head` reads it from anywhere."""

    __slots__ = ("_handle", "_slot")

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._slot = 0

    @classmethod
    def open(cls, path: Path) -> "HeadFile":
        """Raises: StoreError."""
        try:
            return cls(os.open(path, os.O_RDWR | os.O_CLOEXEC))
        except OSError as error:
            raise unwritable(path, error) from error

    def write(self, head: Head) -> None:
        """Overwrite the older slot. Survives the process, not yet the power. Raises: OSError."""
        line = encode(head)
        if os.pwrite(self._handle, line, self._slot * _SLOT_BYTES) != len(line):
            raise OSError("short write")
        self._slot ^= 1

    def sync(self) -> None:
        """Raises: OSError."""
        os.fdatasync(self._handle)

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def make_head(path: Path) -> None:
    """Make the file of an empty ledger, durable. Raises: StoreError."""
    make_file(path)
    slot = encode(EMPTY).ljust(_SLOT_BYTES, b"\0")
    try:
        with path.open("r+b") as file:
            file.write(slot + slot)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise unwritable(path, error) from error


def head_failed(error: OSError) -> StoreError:
    reason = (error.strerror or "unknown reason").lower()
    return StoreError("store/failed", f"the head file failed: {reason}", help="look at the disk and the system's log")


def read_head(path: Path) -> Head:
    """The newest whole slot.

    Raises:
        StoreError: there is no head file; code `store/missing`.
        LedgerError: neither slot is whole; code `ledger/head`.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(
            "store/missing",
            f"no `{path.name}` beside the journal: {(error.strerror or '').lower()}",
            help="restore it with the journal; without it nobody can tell what was acknowledged",
        ) from error
    slots = (decode(data[:_SLOT_BYTES]), decode(data[_SLOT_BYTES:]))
    whole = [slot for slot in slots if slot is not None]
    if not whole:
        raise LedgerError("ledger/head", f"`{path.name}` cannot be read", help="restore it with the journal")
    return max(whole, key=lambda slot: slot.size)
