"""Writes and syncs that fail, each in its turn: the first error ends the handle, refused is refused, and what was acknowledged is there."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from trilens.errors import StoreError
from trilens.prove.ledger.entry import encode
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.verify import Standing, verify
from trilens.storage.ports import Batch, Hold, Query
from trilens.storage.sqlite.journal import SqliteJournal, open_journal
from trilens.testing.faulty_disk import FaultyDisk
from trilens.vocabulary.verdict import Reservation

if TYPE_CHECKING:
    from tests.faults.conftest import Shop

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


@pytest.mark.requirement("S13", "X6")
@pytest.mark.parametrize("error", [apsw.IOError, apsw.FullError, apsw.ReadOnlyError], ids=["EIO", "ENOSPC", "EROFS"])
def test_a_disk_that_fails_denies_within_a_second_turns_health_red_and_a_new_start_resumes(
    open_shop: "Callable[[], Shop]", tmp_path: Path, error: type[apsw.Error]
) -> None:
    codes = {apsw.IOError: "store_failed", apsw.FullError: "store_full", apsw.ReadOnlyError: "store_read_only"}
    with FaultyDisk() as disk:
        shop = open_shop()
        shop.require_allowed()
        assert ready(shop) == 200
        disk.fail_at(1, error, times=10**9)
        shop.require_denied(codes[error])
        models_asked = shop.here.model.count
        disk.heal()
        # the disk is well again, and the handle is not: nobody knows what of the failed group is in the file
        shop.require_denied(codes[error])
        assert ready(shop) == 503
        assert shop.here.model.count == models_asked
        shop.end()
        after = open_journal(tmp_path / "shop")
        assert after.commit(Batch((encode("started", 1, {}),))).exception(60) is None
        assert shop.ran <= after.size()
        after.close()


def ready(shop: "Shop") -> int:
    return shop.here.post(b"", method="GET", path="/readyz", key="").status
