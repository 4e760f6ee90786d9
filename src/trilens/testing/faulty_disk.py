"""A disk under SQLite that fails at the k-th call, is slow, hangs, or loses power: every fault at a chosen place, without root.

It is a VFS of `apsw`, the default one while it is open:

    with FaultyDisk() as disk:
        disk.fail_at(7, apsw.IOError)

Power cuts follow `power.py`: what was synced is there; of what was only written any part may be, in sectors of 512 bytes.
"""

import time
from pathlib import Path
from random import Random
from threading import Event
from types import TracebackType
from typing import Self

import apsw

from trilens.testing.power import FileOnDisk, Write


class FaultyDisk(apsw.VFS):
    """Counts every write, sync and truncation; see the module. One at a time in a process."""

    def __init__(self) -> None:
        super().__init__("trilens-faulty", "unix", makedefault=True)
        self.calls = 0
        self.sync_delay_s = 0.0
        self.hanging = Event()
        """A sync hangs in the disk at this moment."""
        self._flows = Event()
        self._flows.set()
        self.lies = False
        """Syncs do nothing: what a disk with a volatile cache does."""
        self._fails_at = -1
        self._fails_for = 0
        self._error: type[apsw.Error] = apsw.IOError
        self._files: dict[str, FileOnDisk] = {}

    def fail_at(self, call: int, error: type[apsw.Error], *, times: int = 1) -> None:
        """Fail `times` calls, from the `call`-th on, counted from now."""
        self.calls = 0
        self._fails_at, self._fails_for, self._error = call, times, error

    def heal(self) -> None:
        self._fails_at = -1

    def hang(self) -> None:
        """Let every sync from now on wait until `let_go`."""
        self._flows.clear()

    def let_go(self) -> None:
        self.hanging.clear()
        self._flows.set()

    def wait_for_the_sync(self) -> None:
        if not self._flows.is_set():
            self.hanging.set()
            self._flows.wait()
        if self.sync_delay_s:
            time.sleep(self.sync_delay_s)

    def image(self, folder: Path, random: Random) -> None:
        """Write what is left of every file after a power cut at this moment into `folder`."""
        for name, recorded in self._files.items():
            left = recorded.after_power_cut(random)
            if left and (recorded.durable or recorded.pending):
                (folder / Path(name).name).write_bytes(left)

    def xOpen(self, name: "str | apsw.URIFilename | None", flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        path = name.filename() if isinstance(name, apsw.URIFilename) else name or ""
        if path not in self._files:
            file = Path(path)
            self._files[path] = FileOnDisk(bytearray(file.read_bytes() if file.is_file() else b""))
        return _File(self, path, name, flags)

    def step(self) -> None:
        self.calls += 1
        if self._fails_at >= 0 and self._fails_at <= self.calls < self._fails_at + self._fails_for:
            raise self._error("injected by the test")

    def recorded(self, path: str) -> FileOnDisk:
        return self._files[path]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let_go()
        self.unregister()


class _File(apsw.VFSFile):
    def __init__(self, disk: FaultyDisk, path: str, name: "str | apsw.URIFilename | None", flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        self._disk = disk
        self._recorded = disk.recorded(path)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.step()
        super().xWrite(data, offset)
        self._recorded.pending.append(Write(offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.step()
        super().xTruncate(newsize)
        self._recorded.pending.append(Write(newsize, None))

    def xSync(self, flags: int) -> None:  # noqa: ARG002, N802
        self._disk.step()
        self._disk.wait_for_the_sync()
        # the disk below is left alone: nothing but the record outlives a power cut that is only played
        if not self._disk.lies:
            self._recorded.sync()
