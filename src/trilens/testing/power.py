"""What a power cut leaves: every write, sync, truncation and removal of SQLite's files is recorded, and each moment can be looked at again.

    with Recording() as recording:
        ...                                        # work on files in one folder
    for moment in range(recording.moments + 1):
        recording.image(moment, folder, Random(moment))

The model is what file systems and disks promise: what was synced before the moment is there; of what was only written, any set of sectors of
512 bytes may be, whatever the order they were written in; a truncation or removal may have happened. It needs no root, and no luck.
SQLite's files are recorded by themselves. Other files that matter are told of with `wrote` and `synced`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

import apsw

SECTOR = 512


@dataclass(frozen=True, slots=True)
class Write:
    """`data` None is a truncation to `offset`."""

    offset: int
    data: bytes | None

    def apply(self, content: bytearray) -> None:
        if self.data is None:
            del content[self.offset :]
            return
        gap = self.offset - len(content)
        if gap > 0:
            content.extend(bytes(gap))
        content[self.offset : self.offset + len(self.data)] = self.data

    def sectors(self) -> "Iterator[Write]":
        """The parts of it that happen or do not, each for itself."""
        if self.data is None:
            yield self
            return
        start = 0
        while start < len(self.data):
            stop = start + SECTOR - (self.offset + start) % SECTOR
            yield Write(self.offset + start, self.data[start:stop])
            start = stop


@dataclass(slots=True)
class FileOnDisk:
    """One file: what is there for certain, and what may be."""

    durable: bytearray
    pending: list[Write] = field(default_factory=list)
    is_removed: bool = False

    def sync(self) -> None:
        for write in self.pending:
            write.apply(self.durable)
        self.pending.clear()

    def after_power_cut(self, random: Random) -> bytes | None:
        """One of the states it may be in; None when it is not there."""
        if self.is_removed and random.random() < 0.5:
            return None
        content = bytearray(self.durable)
        # between all and nothing: half of the sectors alone would almost never leave a long log whole
        share = random.choice((0.1, 0.5, 0.5, 0.9, 1.0))
        for write in self.pending:
            for part in write.sectors():
                if random.random() < share:
                    part.apply(content)
        return bytes(content)


@dataclass(frozen=True, slots=True)
class _Step:
    file: str
    write: Write | None
    """None is a sync, or a removal."""
    removes: bool = False


class Recording(apsw.VFS):
    """A disk that keeps a record, SQLite's default while it is open. One at a time in a process."""

    def __init__(self) -> None:
        super().__init__("trilens-recording", "unix", makedefault=True)
        self._first: dict[str, bytes] = {}
        self._steps: list[_Step] = []

    @property
    def moments(self) -> int:
        """How many steps were recorded; moment `n` is after the first `n` of them."""
        return len(self._steps)

    def began(self, path: Path) -> None:
        """Tell of a file before its first write."""
        self._first.setdefault(path.name, path.read_bytes() if path.is_file() else b"")

    def wrote(self, name: str, offset: int, data: bytes) -> None:
        self._steps.append(_Step(name, Write(offset, data)))

    def synced(self, name: str) -> None:
        self._steps.append(_Step(name, None))

    def truncated(self, name: str, size: int) -> None:
        self._steps.append(_Step(name, Write(size, None)))

    def image(self, moment: int, folder: Path, random: Random, *, syncs_work: bool = True) -> None:
        """Write into `folder` what may be left of every file when the power goes at `moment`.

        Args:
            syncs_work: False is a disk that says so and does not: the control, which must lose.
        """
        for name, file in self._until(moment, syncs_work=syncs_work).items():
            left = file.after_power_cut(random)
            if left is None or (not left and name.endswith("-wal")):
                (folder / name).unlink(missing_ok=True)
            else:
                (folder / name).write_bytes(left)

    def _until(self, moment: int, *, syncs_work: bool) -> dict[str, FileOnDisk]:
        files = {name: FileOnDisk(bytearray(content)) for name, content in self._first.items()}
        for step in self._steps[:moment]:
            file = files[step.file]
            if step.removes:
                file.is_removed = True
            elif step.write is not None:
                if file.is_removed:
                    file = files[step.file] = FileOnDisk(bytearray())
                file.pending.append(step.write)
            elif syncs_work:
                file.sync()
        return files

    def xOpen(self, name: "str | apsw.URIFilename | None", flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        path = Path((name.filename() if isinstance(name, apsw.URIFilename) else name) or "")
        self.began(path)
        return _RecordedFile(self, path.name, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: FBT001, N802
        super().xDelete(filename, syncdir)
        self._steps.append(_Step(Path(filename).name, None, removes=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unregister()


class _RecordedFile(apsw.VFSFile):
    def __init__(
        self, recording: Recording, name: str, opened: "str | apsw.URIFilename | None", flags: list[int]
    ) -> None:
        super().__init__("unix", opened, flags)
        self._recording = recording
        self._name = name

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        self._recording.wrote(self._name, offset, bytes(data))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        self._recording.truncated(self._name, newsize)

    def xSync(self, flags: int) -> None:  # noqa: ARG002, N802
        # the disk below is left alone: it outlives a power cut that is only played
        self._recording.synced(self._name)
