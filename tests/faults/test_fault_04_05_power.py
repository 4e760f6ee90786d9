"""Power cuts and what they leave on the disk: nothing acknowledged is lost, and a disk whose sync does nothing loses it."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import apsw
import pytest

from trilens.errors import StoreError, TrilensError
from trilens.prove.ledger.entry import encode
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.note import Signer
from trilens.storage.ports import Batch, Committed, Conflict, Hold, Query
from trilens.storage.sqlite import connect
from trilens.storage.sqlite.head import Head, HeadFile
from trilens.storage.sqlite.head import encode as encode_head
from trilens.storage.sqlite.journal import SqliteJournal, open_journal
from trilens.testing.faulty_disk import FaultyDisk
from trilens.testing.power import Recording
from trilens.vocabulary.verdict import Reservation

SIGNER = Signer("shop.example/ledger", bytes(32))
Times = Callable[[str, int], int]


def batch(number: int) -> Batch:
    """Two entries and two reservations: half of it would show."""
    leaves = tuple(encode("decision", 1, {"n": number, "part": part, "fill": "x" * (number % 700)}) for part in "ab")
    holds = tuple(Hold("call", Reservation(account, 1, 10**9, 0), 1_000) for account in ("x", "y"))
    return Batch(leaves, holds=holds)


def require_acknowledged(home: Path, acknowledged: list[int]) -> None:
    """The next start holds all of it, and no batch in halves."""
    journal = open_journal(home, now_ms=lambda: 6)
    try:
        leaves = [leaf for leaf in journal.leaves(0, journal.size()) if b'"decision"' in leaf]
        numbers = [int(leaf.split(b'"n":')[1].split(b",")[0]) for leaf in leaves]
        assert numbers == sorted(numbers)
        assert all(numbers.count(number) == 2 for number in numbers)
        assert set(acknowledged) <= set(numbers)
        spent = journal.snapshot(Query(1, accounts=(("x", 0),))).result().spent
        assert spent == {"x": len(set(numbers))}
    finally:
        journal.close()


def loses(home: Path, acknowledged: list[int]) -> bool:
    """Whether the next start is refused or holds less; both are a loss."""
    try:
        require_acknowledged(home, acknowledged)
    except (AssertionError, TrilensError):
        return True
    return False


def copy(home: Path, name: str) -> Path:
    target = home.parent / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(home, target)
    return target


def work(home: Path) -> list[int]:
    """Commit and sign until the disk refuses; answers what was acknowledged."""
    acknowledged: list[int] = []
    with suppress(StoreError):
        journal = open_journal(home, now_ms=lambda: 5)
        with suppress(StoreError):
            for number in range(6):
                assert isinstance(journal.commit(batch(number)).result(60), Committed)
                acknowledged.append(number)
                if number == 3:
                    Checkpointer(journal, SIGNER).advance()
        journal.close()
    return acknowledged


def cuts(home: Path, *, count: int, seed: int, syncs_work: bool) -> int:
    """Cut the power after a random call, many times; answers how often something acknowledged was gone."""
    random, lost = Random(seed), 0
    for _ in range(count):
        running, left = copy(home, "running"), copy(home, "left")
        with FaultyDisk() as disk:
            disk.lies = not syncs_work
            disk.fail_at(random.randrange(1, 60), apsw.IOError, times=10**9)
            acknowledged = work(running)
            disk.image(left, random)
        # the head was written and not synced: any of its states since the last sync may be what is left
        if random.random() < 0.5 and syncs_work:
            shutil.copy(running / "head", left / "head")
        lost += loses(left, acknowledged)
    return lost


@pytest.mark.requirement("X6")
@pytest.mark.timeout(14_400)
def test_fault_04_a_power_cut_at_any_moment_loses_nothing_acknowledged(home: Path, times: Times) -> None:
    assert cuts(home, count=times("POWER_CUTS", 100), seed=1, syncs_work=True) == 0


def test_fault_04_the_power_cut_is_real_for_a_disk_whose_sync_does_nothing(home: Path) -> None:
    assert cuts(home, count=60, seed=2, syncs_work=False) > 30


@dataclass
class Load:
    """Work under a recording: what was acknowledged by which moment."""

    recording: Recording
    acknowledged: dict[int, int] = field(default_factory=dict)
    """Moment by number of the batch."""

    def run(self, home: Path, random: Random) -> None:
        numbers = iter(range(10**6))
        for _ in range(2):
            # opened twice, so that moments fall into a close, a removed log and a start
            journal = open_journal(home, now_ms=lambda: 5)
            log = Checkpointer(journal, SIGNER)
            for step in range(8):
                waiting = [self.append(journal, next(numbers)) for _ in range(random.randrange(1, 5))]
                for future in waiting:
                    future.result(60)
                if step % 3 == 2:
                    log.advance()
            journal.close()

    def append(self, journal: SqliteJournal, number: int) -> "Future[Committed | Conflict]":
        future = journal.commit(batch(number))
        # in the writer's thread, before it writes anything more
        future.add_done_callback(lambda _: self.acknowledged.setdefault(number, self.recording.moments))
        return future

    def by(self, moment: int) -> list[int]:
        return [number for number, at in self.acknowledged.items() if at <= moment]


@pytest.fixture
def recorded_head(monkeypatch: pytest.MonkeyPatch) -> Callable[[Recording, Path], None]:
    """The head is no file of SQLite: its writes and syncs are told of here, where they are made."""

    def record(recording: Recording, home: Path) -> None:
        recording.began(home / "head")
        write, sync = HeadFile.write, HeadFile.sync

        def told_write(self: HeadFile, head: Head) -> None:
            recording.wrote("head", self._slot * 4096, encode_head(head))
            write(self, head)

        def told_sync(self: HeadFile) -> None:
            sync(self)
            recording.synced("head")

        monkeypatch.setattr(HeadFile, "write", told_write)
        monkeypatch.setattr(HeadFile, "sync", told_sync)

    return record


@pytest.fixture
def loads(
    home: Path, recorded_head: Callable[[Recording, Path], None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[int], Load]]:
    """Recorded work, different for each seed. Its log is checkpointed every few commits, not every few thousand."""

    def load(seed: int) -> Load:
        with Recording() as recording:
            monkeypatch.setattr(connect, "_PAGES_PER_CHECKPOINT", 12)
            running = copy(home, "running")
            recorded_head(recording, running)
            made = Load(recording)
            made.run(running, Random(seed))
        monkeypatch.undo()
        return made

    yield load
    shutil.rmtree(home.parent, ignore_errors=True)


def images(load: Load, left: Path, *, count: int, random: Random, syncs_work: bool) -> int:
    """Look at `count` moments, spread evenly; answers how many lost something."""
    lost = 0
    for number in range(count):
        moment = 1 + number * load.recording.moments // count
        shutil.rmtree(left, ignore_errors=True)
        left.mkdir()
        load.recording.image(moment, left, random, syncs_work=syncs_work)
        lost += loses(left, load.by(moment))
    return lost


@pytest.mark.requirement("X6")
@pytest.mark.timeout(14_400)
def test_fault_05_no_image_a_crash_can_leave_lacks_what_was_acknowledged_by_then(
    home: Path, loads: Callable[[int], Load], times: Times
) -> None:
    """Torn and reordered sectors, after every step of commits, checkpoints, closes and starts."""
    left, seed = times("CRASH_IMAGES", 300), 0
    while left > 0:
        load = loads(seed)
        assert len(load.acknowledged) > 16
        looked_at = min(left, load.recording.moments)
        assert images(load, home.parent / "left", count=looked_at, random=Random(seed), syncs_work=True) == 0, seed
        left -= looked_at
        seed += 1


def test_fault_05_the_images_are_real_for_a_disk_whose_sync_does_nothing(
    home: Path, loads: Callable[[int], Load]
) -> None:
    load = loads(0)
    assert images(load, home.parent / "left", count=80, random=Random(3), syncs_work=False) > 40
