"""Writes and syncs that fail at every place, power cuts, a full disk: refused is refused, and what was acknowledged is there."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import apsw
import pytest

from trilens.errors import StoreError, TrilensError
from trilens.prove.ledger.entry import encode
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.verify import Standing, verify
from trilens.storage.ports import Batch, Committed, Hold, Query
from trilens.storage.sqlite.journal import SqliteJournal, open_journal
from trilens.testing.faulty_disk import FaultyDisk
from trilens.vocabulary.verdict import Reservation

SIGNER = Signer("shop.example/ledger", bytes(32))
COMMITS = 6


def batch(number: int) -> Batch:
    """Two entries and two reservations: half of it would show."""
    leaves = tuple(encode("decision", 1, {"n": number, "part": part}) for part in "ab")
    holds = tuple(Hold("call", Reservation(account, 1, 10**9, 0), 1_000) for account in ("x", "y"))
    return Batch(leaves, holds=holds)


def work(home: Path) -> list[int]:
    """Start, commit, sign, close; answers the numbers of the batches that were acknowledged. Stops at the first refusal."""
    acknowledged: list[int] = []
    try:
        journal = open_journal(home, now_ms=lambda: 5)
    except StoreError:
        return acknowledged
    for number in range(COMMITS):
        refusal = _commit(journal, number)
        if refusal is not None:
            # the disk may be well again by now: the handle is not
            again = _commit(journal, 99)
            assert again is not None
            assert (again.code, journal.failure is not None) == (refusal.code, True)
            break
        acknowledged.append(number)
        if number == COMMITS // 2:
            try:
                Checkpointer(journal, SIGNER).advance()
            except StoreError:
                break
    with suppress(StoreError):
        journal.close()
    return acknowledged


def _commit(journal: SqliteJournal, number: int) -> StoreError | None:
    error = journal.commit(batch(number)).exception(60)
    assert error is None or isinstance(error, StoreError)
    return error


def require_whole(home: Path, acknowledged: list[int]) -> None:
    """The next start holds everything acknowledged, nothing in halves, and verifies."""
    journal = open_journal(home, now_ms=lambda: 6)
    leaves = list(journal.leaves(0, journal.size()))
    recovered = [leaf for leaf in leaves if b'"recovered"' in leaf]
    batches = [leaf for leaf in leaves if b'"decision"' in leaf]
    numbers = [int(str(leaf.split(b'"n":')[1].split(b",")[0], "ascii")) for leaf in batches]
    assert len(recovered) + len(batches) == len(leaves)
    assert numbers == sorted(numbers)
    assert all(numbers.count(number) == 2 for number in numbers)
    assert set(acknowledged) <= set(numbers)
    # what is there beyond that was refused, and is named
    assert bool(recovered) == (len(set(numbers)) > len(acknowledged))
    spent = journal.snapshot(Query(1, accounts=(("x", 0), ("y", 0)))).result().spent
    assert spent == {"x": len(set(numbers)), "y": len(set(numbers))}
    Checkpointer(journal, SIGNER).advance()
    if leaves:
        found = verify(journal, SIGNER.verifier, checkpoint=journal.checkpoint())
        assert found.standing is Standing.OK, found
    journal.close()


@pytest.fixture
def fresh(home: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder that is put back to its first state by every `copy`."""
    yield home
    shutil.rmtree(tmp_path, ignore_errors=True)


def copy(home: Path, name: str) -> Path:
    target = home.parent / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(home, target)
    return target


@pytest.mark.requirement("X6")
@pytest.mark.parametrize("times", [1, 10**9], ids=["once", "from then on"])
@pytest.mark.parametrize("error", [apsw.IOError, apsw.FullError], ids=["EIO", "ENOSPC"])
def test_whichever_write_or_sync_fails_nothing_acknowledged_is_lost_nor_written_in_halves(
    fresh: Path, error: type[apsw.Error], times: int
) -> None:
    refusals = 0
    for call in range(1, 10_000):
        home = copy(fresh, "copy")
        with FaultyDisk() as disk:
            disk.fail_at(call, error, times=times)
            acknowledged = work(home)
            is_past_the_end = disk.calls < call
        require_whole(home, acknowledged)
        refusals += len(acknowledged) < COMMITS
        if is_past_the_end:
            break
    assert call > 20
    assert refusals > call // 2


def power_cuts(home: Path, *, count: int, seed: int, loses: bool) -> int:
    """Cut the power after a random call, many times; answers how often something acknowledged was gone."""
    random = Random(seed)
    lost = 0
    for _ in range(count):
        running = copy(home, "running")
        left = copy(home, "left")
        with FaultyDisk() as disk:
            disk.lies = loses
            disk.fail_at(random.randrange(1, 60), apsw.IOError, times=10**9)
            acknowledged = work(running)
            disk.image(left, random)
        # the head was written and not synced: any of its states since the last sync may be what is left
        if random.random() < 0.5 and not loses:
            shutil.copy(running / "head", left / "head")
        try:
            require_whole_after_cut(left, acknowledged)
        except (AssertionError, TrilensError):
            lost += 1
    return lost


def require_whole_after_cut(home: Path, acknowledged: list[int]) -> None:
    journal = open_journal(home, now_ms=lambda: 6)
    leaves = b"".join(journal.leaves(0, journal.size()))
    assert all(leaves.count(f'"n":{number},'.encode()) == 2 for number in acknowledged)
    journal.close()


@pytest.mark.requirement("X6")
def test_a_power_cut_at_any_moment_loses_nothing_acknowledged(fresh: Path) -> None:
    assert power_cuts(fresh, count=100, seed=1, loses=False) == 0


def test_the_power_cut_is_real_for_a_disk_whose_sync_does_nothing(fresh: Path) -> None:
    assert power_cuts(fresh, count=40, seed=2, loses=True) > 20


@pytest.mark.requirement("X6")
def test_a_head_that_cannot_be_written_is_not_acknowledged(home: Path) -> None:
    journal = open_journal(home)
    assert _commit(journal, 0) is None
    os.close(journal._writer._head._handle)  # type: ignore[union-attr]
    refusal = _commit(journal, 1)
    assert refusal is not None
    assert refusal.code == "store/failed"
    assert journal.size() == 2
    journal._writer._head._handle = -1  # type: ignore[union-attr]
    journal.close()
    require_whole(home, [0])


_FILL = """
import sys, resource
from pathlib import Path
from trilens.storage.ports import Batch, Committed
from trilens.storage.sqlite.journal import open_journal
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
journal = open_journal(Path(sys.argv[1]))
number = 0
while True:
    future = journal.commit(Batch((b'{"kind":"decision","n":%d,"t":1,"v":1,"x":"%s"}' % (number, b"y" * 3000),)))
    error = future.exception(60)
    if error is not None:
        break
    number += 1
print(number, error.code, journal.commit(Batch((b"{}",))).exception(60).code)
journal.close()
"""


def fill(home: Path, limit: int = 2**62) -> list[str]:
    def ignore_the_signal() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    done = subprocess.run(
        [sys.executable, "-c", _FILL, str(home), str(limit)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        preexec_fn=ignore_the_signal,
    )
    return done.stdout.split()


@pytest.mark.requirement("X6")
def test_a_file_that_may_not_grow_refuses_and_the_next_start_goes_on(home: Path) -> None:
    number, *codes = fill(home, 400_000)
    assert int(number) > 20
    assert codes[0] == codes[1]
    assert codes[0] in ("store/full", "store/failed")
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    require_filled(home, int(number))


@pytest.mark.requirement("X6")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk_refuses_and_the_next_start_goes_on_when_there_is_space(home: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], capture_output=True, check=False
    ).returncode:
        pytest.skip("this machine does not let root mount")
    try:
        shutil.copytree(home, small / "home")
        number, *codes = fill(small / "home")
        assert int(number) > 20
        assert codes == ["store/full", "store/full"]
        subprocess.run(["mount", "-o", "remount,size=8m", str(small)], check=True)
        require_filled(small / "home", int(number))
    finally:
        subprocess.run(["umount", str(small)], check=True)


def require_filled(home: Path, acknowledged: int) -> None:
    journal = open_journal(home)
    for number, leaf in enumerate(journal.leaves(0, acknowledged)):
        assert leaf.startswith(b'{"kind":"decision","n":%d,' % number)
    assert isinstance(journal.commit(Batch((b"{}",))).result(60), Committed)
    journal.close()
