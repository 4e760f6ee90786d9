"""A disk under SQLite that fails at the k-th call, is slow, or loses power: every fault at a chosen place, without root.

It is a VFS of `apsw`, the default one while it is open:

    with FaultyDisk() as disk:
        disk.fail_at(7, apsw.IOError)

Power cuts follow what a file system promises: what was synced is there; of what was only written any part may be, in sectors of 512 bytes.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

import apsw

SECTOR = 512


@dataclass(slots=True)
class _Pending:
    """A write that was not synced yet; `data` None is a truncation to `offset`."""

    offset: int
    data: bytes | None


@dataclass(slots=True)
class _Recorded:
    durable: bytearray
    pending: list[_Pending] = field(default_factory=list)

    def sync(self) -> None:
        for write in self.pending:
            _apply(self.durable, write)
        self.pending.clear()

    def after_power_cut(self, random: Random) -> bytes:
        content = bytearray(self.durable)
        for write in self.pending:
            if write.data is None:
                if random.random() < 0.5:
                    _apply(content, write)
                continue
            for start in range(0, len(write.data), SECTOR):
                if random.random() < 0.5:
                    _apply(content, _Pending(write.offset + start, write.data[start : start + SECTOR]))
        return bytes(content)


def _apply(content: bytearray, write: _Pending) -> None:
    if write.data is None:
        del content[write.offset :]
        return
    gap = write.offset - len(content)
    if gap > 0:
        content.extend(bytes(gap))
    content[write.offset : write.offset + len(write.data)] = write.data


class FaultyDisk(apsw.VFS):
    """Counts every write, sync and truncation; see the module. One at a time in a process."""

    def __init__(self) -> None:
        super().__init__("trilens-faulty", "unix", makedefault=True)
        self.calls = 0
        self.sync_delay_s = 0.0
        self.lies = False
        """Syncs do nothing: what a disk with a volatile cache does."""
        self._fails_at = -1
        self._fails_for = 0
        self._error: type[apsw.Error] = apsw.IOError
        self._files: dict[str, _Recorded] = {}

    def fail_at(self, call: int, error: type[apsw.Error], *, times: int = 1) -> None:
        """Fail `times` calls, from the `call`-th on, counted from now."""
        self.calls = 0
        self._fails_at, self._fails_for, self._error = call, times, error

    def heal(self) -> None:
        self._fails_at = -1

    def image(self, folder: Path, random: Random) -> None:
        """Write what is left of every file after a power cut at this moment into `folder`."""
        for name, recorded in self._files.items():
            if recorded.durable or recorded.pending:
                (folder / Path(name).name).write_bytes(recorded.after_power_cut(random))

    def xOpen(self, name: "str | apsw.URIFilename | None", flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        path = name.filename() if isinstance(name, apsw.URIFilename) else name or ""
        if path not in self._files:
            file = Path(path)
            self._files[path] = _Recorded(bytearray(file.read_bytes() if file.is_file() else b""))
        return _File(self, path, name, flags)

    def step(self) -> None:
        self.calls += 1
        if self._fails_at >= 0 and self._fails_at <= self.calls < self._fails_at + self._fails_for:
            raise self._error("injected by the test")

    def recorded(self, path: str) -> _Recorded:
        return self._files[path]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unregister()


class _File(apsw.VFSFile):
    def __init__(self, disk: FaultyDisk, path: str, name: "str | apsw.URIFilename | None", flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        self._disk = disk
        self._recorded = disk.recorded(path)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.step()
        super().xWrite(data, offset)
        self._recorded.pending.append(_Pending(offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.step()
        super().xTruncate(newsize)
        self._recorded.pending.append(_Pending(newsize, None))

    def xSync(self, flags: int) -> None:  # noqa: ARG002, N802
        self._disk.step()
        if self._disk.sync_delay_s:
            time.sleep(self._disk.sync_delay_s)
        # the disk below is left alone: nothing but the record outlives a power cut that is only played
        if not self._disk.lies:
            self._recorded.sync()
