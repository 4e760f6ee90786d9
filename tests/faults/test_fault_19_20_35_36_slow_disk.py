"""A disk that is slow, drips or hangs (and 35, 36 of the journal): deadlines instead of hangs, a bounded queue, and nothing released that nobody knows of."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trilens.errors import StoreError
from trilens.prove.ledger.entry import Kind, decode
from trilens.storage.ports import Batch, Committed, Conflict
from trilens.storage.sqlite import writer
from trilens.storage.sqlite.journal import SqliteJournal, open_journal
from trilens.testing.faulty_disk import FaultyDisk

if TYPE_CHECKING:
    from tests.faults.conftest import Shop

pytestmark = pytest.mark.requirement("S13", "X6")

LEAF = b'{"kind":"started","t":1,"v":1}'


@contextmanager
def hung(home: Path) -> "Iterator[tuple[FaultyDisk, SqliteJournal, Future[Committed | Conflict]]]":
    """A journal with one commit in a disk that hangs."""
    with FaultyDisk() as disk:
        journal = open_journal(home, now_ms=lambda: 7)
        journal.commit(Batch((LEAF,))).result(60)
        disk.hang()
        stuck = journal.commit(Batch((LEAF,)))
        assert disk.hanging.wait(60)
        assert not stuck.done()
        try:
            yield disk, journal, stuck
        finally:
            disk.let_go()
            journal.close()


def test_fault_19_a_disk_that_takes_200_ms_for_each_sync_carries_many_in_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultyDisk() as disk:
        journal = open_journal(home)
        disk.sync_delay_s = 0.2
        before = disk.calls
        futures = [journal.commit(Batch((LEAF,))) for _ in range(200)]
        done, late = wait(futures, timeout=2.0)
        assert (len(done), len(late)) == (200, 0)
        assert disk.calls - before < 100
        disk.sync_delay_s = 0.0
        journal.close()


def test_fault_19_a_shop_on_a_slow_disk_answers_late_and_records_all(open_shop: "Callable[[], Shop]") -> None:
    with FaultyDisk() as disk:
        shop = open_shop()
        disk.sync_delay_s = 0.2
        shop.require_allowed()
        assert shop.took_s[-1] < 5
        disk.sync_delay_s = 0.0
        assert shop.ran == shop.recorded() == 1
        shop.end()


def test_fault_20_a_hung_disk_denies_at_the_deadline_and_then_at_once(
    open_shop: "Callable[[], Shop]", monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultyDisk() as disk:
        shop = open_shop()
        shop.require_allowed()
        shop.here.driver.deadline_s = 0.3
        monkeypatch.setattr(writer, "_DEADLINE_S", 0.3)
        disk.hang()
        asked = shop.here.model.count
        shop.require_denied("store_deadline")
        # by now it is known to be stuck: nobody waits any more, and health says so
        for _ in range(3):
            shop.require_denied("store_stalled")
        assert shop.here.post(b"", method="GET", path="/readyz", key="").status == 503
        assert shop.here.model.count == asked
        disk.let_go()
        monkeypatch.undo()
        shop.here.driver.deadline_s = 10.0
        settle(shop.here.journal)
        shop.require_allowed()
        shop.require_every_effect_recorded()
        # what was written after its deadline says so
        assert [e.body for e in shop.here.entries() if e.kind is Kind.RECOVERED] != []
        shop.end()


def test_fault_20_the_queue_before_a_hung_disk_is_bounded_and_what_was_given_up_in_it_is_not_written(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_CAPACITY", 16)
    with hung(home) as (disk, journal, stuck):
        waiting = [journal.commit(Batch((LEAF,))) for _ in range(20)]
        refused = [future.exception(0) for future in waiting[16:]]
        assert [e.code for e in refused if isinstance(e, StoreError)] == ["store/busy"] * 4
        assert all(future.cancel() for future in waiting[:16])
        disk.let_go()
        stuck.result(60)
        wait(waiting)
        settle(journal)
        assert journal.size() == 3


def test_fault_20_a_batch_that_hung_beyond_its_deadline_and_was_written_is_named(home: Path) -> None:
    with hung(home) as (disk, journal, _):

        async def ask() -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await asyncio.wrap_future(late)

        # one that waits behind the stuck one, taken into the next group before it is given up
        late = journal.commit(Batch((LEAF,)))
        disk.hanging.clear()
        disk.let_go()
        disk.hang()
        assert disk.hanging.wait(60)
        asyncio.run(ask())
        disk.let_go()
        assert late.result(60) == Committed(2, 3)
        settle(journal)
        found = [decode(leaf) for leaf in journal.leaves(0, journal.size())]
        assert [(e.kind, e.body) for e in found[3:4]] == [(Kind.RECOVERED, {"from": 2, "to": 2})]


def test_fault_20_a_close_on_a_hung_disk_ends_at_its_deadline_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hung(home) as (disk, journal, stuck):
        monkeypatch.setattr(writer, "_DEADLINE_S", 0.1)
        with pytest.raises(StoreError) as caught:
            journal.close()
        assert caught.value.code == "store/stalled"
        # it is still being written: nobody else may write, too
        with pytest.raises(StoreError, match="writes the journal"):
            open_journal(home)
        disk.let_go()
        assert isinstance(stuck.result(60), Committed)
        journal._writer.finish()  # type: ignore[union-attr]
    open_journal(home).close()


def settle(journal: SqliteJournal) -> None:
    """Return once everything before this is written."""
    journal.commit(Batch((LEAF,))).result(60)
