"""The writer when it is stuck, full, or broken from within."""

from concurrent.futures import Future
from pathlib import Path
from threading import Event

import apsw
import pytest

from trilens.errors import StoreError
from trilens.storage.ports import Batch, Committed, Hold
from trilens.storage.sqlite import writer as writer_module
from trilens.storage.sqlite.journal import SqliteJournal, open_journal
from trilens.storage.sqlite.writer import Errand
from trilens.vocabulary.verdict import Reservation


class Stuck:
    """Holds the writer inside a commit until `let_go`."""

    def __init__(self, journal: SqliteJournal) -> None:
        assert journal._writer is not None
        self._inside, self._free = Event(), Event()
        self.future: Future[None] = Future()
        journal._writer.submit(Errand(self._wait, self.future))
        assert self._inside.wait(60)

    def _wait(self, connection: apsw.Connection) -> None:
        self._inside.set()
        assert self._free.wait(60)

    def free(self) -> None:
        self._free.set()

    def let_go(self) -> None:
        self.free()
        self.future.result(60)


def code_of(journal: SqliteJournal) -> str:
    error = journal.commit(Batch((b"{}",))).exception(60)
    assert isinstance(error, StoreError)
    return error.code


def test_a_full_queue_refuses_at_once_and_recovers(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "_CAPACITY", 3)
    journal = open_journal(home)
    stuck = Stuck(journal)
    accepted = [journal.commit(Batch((b"{}",))) for _ in range(3)]
    assert code_of(journal) == "store/busy"
    stuck.let_go()
    assert [future.result(60) for future in accepted] == [Committed(n, n + 1) for n in range(3)]
    assert journal.commit(Batch((b"{}",))).result(60) == Committed(3, 4)
    journal.close()


def test_a_stuck_disk_refuses_what_comes_meanwhile(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "_DEADLINE_S", 0.0)
    journal = open_journal(home)
    stuck = Stuck(journal)
    assert code_of(journal) == "store/stalled"
    stuck.let_go()
    monkeypatch.setattr(writer_module, "_DEADLINE_S", 60.0)
    assert journal.commit(Batch((b"{}",))).result(60) == Committed(0, 1)
    journal.close()


def test_a_batch_cancelled_while_it_waits_is_not_written(home: Path) -> None:
    journal = open_journal(home)
    stuck = Stuck(journal)
    kept, dropped = (journal.commit(Batch((b'{"n":%d}' % n,))) for n in range(2))
    assert dropped.cancel()
    stuck.let_go()
    assert kept.result(60) == Committed(0, 1)
    assert list(journal.leaves(0, journal.size())) == [b'{"n":0}']
    journal.close()


def test_a_fault_within_the_writer_ends_it_and_leaves_nobody_waiting(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal(home)
    journal.commit(Batch((b"{}",))).result(60)

    def broken(*_: object) -> None:
        raise RuntimeError("a secret that must not be told")

    monkeypatch.setattr(writer_module, "apply", broken)
    hold = Hold("call", Reservation("a", 1, 9, 0), 1)
    stuck = Stuck(journal)
    waiting = [journal.commit(Batch((b"{}",), holds=(hold,))) for _ in range(5)]
    stuck.let_go()
    for future in waiting:
        error = future.exception(60)
        assert isinstance(error, StoreError)
        assert "secret" not in str(error)
    assert code_of(journal) == "store/failed"
    assert journal.size() == 1
    assert list(journal.leaves(0, 1)) == [b"{}"]
    journal.close()
    journal = open_journal(home)
    assert journal.size() == 1
    journal.close()


def test_a_failed_answer_is_an_error_of_its_own_for_each_that_waits(home: Path) -> None:
    journal = open_journal(home)
    stuck = Stuck(journal)
    futures = [journal.commit(Batch((b"{}",))) for _ in range(3)]
    (home / "journal.db").rename(home / "elsewhere.db")
    stuck.free()
    errors = [future.exception(60) for future in futures]
    assert len({id(error) for error in errors}) == 3
    assert {error.code for error in errors if isinstance(error, StoreError)} == {"store/replaced"}
    journal.close()
