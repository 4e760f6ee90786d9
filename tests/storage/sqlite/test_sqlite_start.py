"""What a start looks at: cut, swapped, damaged and unacknowledged entries."""

from pathlib import Path

import apsw
import pytest

from trilens.errors import LedgerError, StoreError
from trilens.prove.ledger.entry import Kind, decode
from trilens.storage.ports import Batch, Committed
from trilens.storage.sqlite.head import EMPTY, Head, head_of, read_head
from trilens.storage.sqlite.head import decode as decode_head
from trilens.storage.sqlite.head import encode as encode_head
from trilens.storage.sqlite.journal import SqliteJournal, open_journal


def append(journal: SqliteJournal, count: int) -> None:
    for _ in range(count):
        journal.commit(Batch((b'{"n":%d}' % journal.size(),))).result(60)


@pytest.fixture
def ten(home: Path) -> Path:
    """A closed journal of ten entries."""
    journal = open_journal(home)
    append(journal, 10)
    journal.close()
    return home


def change(home: Path, sql: str) -> None:
    connection = apsw.Connection(str(home / "journal.db"))
    connection.execute(sql)
    connection.close()


def refusal(home: Path) -> LedgerError:
    """What a writer is told; a reader is told the same."""
    reader = open_journal(home, read_only=True)
    with pytest.raises(LedgerError) as told:
        reader.size()
    reader.close()
    with pytest.raises(LedgerError) as caught:
        open_journal(home)
    assert told.value.code == caught.value.code
    return caught.value


@pytest.mark.requirement("X6")
def test_a_cut_tail_is_refused(ten: Path) -> None:
    change(ten, "DELETE FROM entry WHERE idx >= 9")
    error = refusal(ten)
    assert error.code == "ledger/short"
    assert error.message == "the journal holds 9 entries, 10 were acknowledged"


@pytest.mark.requirement("X6")
def test_another_journal_of_the_same_size_is_refused(ten: Path) -> None:
    change(ten, "UPDATE entry SET leaf = cast('{\"n\":0}' AS BLOB) WHERE idx = 9")
    with pytest.raises(LedgerError) as caught:
        open_journal(ten)
    assert caught.value.code == "ledger/rewritten"


@pytest.mark.requirement("X6")
def test_a_gap_is_refused(ten: Path) -> None:
    change(ten, "DELETE FROM entry WHERE idx = 4")
    with pytest.raises(LedgerError) as caught:
        open_journal(ten)
    assert caught.value.code == "ledger/gap"
    reader = open_journal(ten, read_only=True)
    with pytest.raises(StoreError, match="entry 4 is missing"):
        list(reader.leaves(0, 10))
    reader.close()


@pytest.mark.requirement("X6")
def test_entries_beyond_what_was_acknowledged_are_named_as_recovered_once(ten: Path) -> None:
    head = (ten / "head").read_bytes()
    journal = open_journal(ten)
    append(journal, 3)
    journal.close()
    (ten / "head").write_bytes(head)
    for _ in range(2):
        journal = open_journal(ten, now_ms=lambda: 77)
        assert journal.size() == 14
        entry = decode(next(iter(journal.leaves(13, 14))))
        assert (entry.kind, entry.at_ms, entry.body) == (Kind.RECOVERED, 77, {"from": 10, "to": 12})
        journal.close()


@pytest.mark.requirement("X6")
def test_a_damaged_file_is_an_error_and_never_an_empty_ledger(ten: Path) -> None:
    data = (ten / "journal.db").read_bytes()
    (ten / "journal.db").write_bytes(data[:4096] + bytes(len(data) - 4096))
    with pytest.raises((StoreError, LedgerError)):
        open_journal(ten)
    (ten / "journal.db").write_bytes(data[: len(data) // 2])
    with pytest.raises((StoreError, LedgerError)):
        open_journal(ten)
    (ten / "journal.db").write_bytes(b"")
    with pytest.raises((StoreError, LedgerError)):
        open_journal(ten)


@pytest.mark.requirement("X6")
def test_a_missing_head_is_refused(ten: Path) -> None:
    (ten / "head").unlink()
    for read_only in (False, True):
        with pytest.raises(StoreError, match="no `head`"):
            open_journal(ten, read_only=read_only).size()


def test_one_torn_slot_of_the_head_is_made_up_for_by_the_other(ten: Path) -> None:
    whole = (ten / "head").read_bytes()
    assert read_head(ten / "head").size == 10
    for slot in (0, 4096):
        torn = bytearray(whole)
        torn[slot + 20 : slot + 40] = bytes(20)
        (ten / "head").write_bytes(torn)
        assert read_head(ten / "head").size in (9, 10)
        journal = open_journal(ten)
        assert journal.size() >= 10
        journal.close()
        (ten / "head").write_bytes(whole)
    torn = bytearray(whole)
    torn[20:40] = torn[4116:4136] = bytes(20)
    (ten / "head").write_bytes(torn)
    with pytest.raises(LedgerError, match="cannot be read"):
        open_journal(ten)


def test_a_head_is_read_back_as_it_was_written() -> None:
    for head in (EMPTY, head_of(1, b"{}"), head_of(10**12, b"x" * 60_000)):
        assert decode_head(encode_head(head)) == head
        assert decode_head(encode_head(head).ljust(4096, b"\0")) == head


@pytest.mark.parametrize(
    "slot",
    [
        b"",
        b"\0" * 4096,
        encode_head(Head(1, "ab"))[:-3],
        encode_head(Head(1, "ab")).replace(b" 1 ", b" 2 "),
        encode_head(Head(1, "ab")).replace(b"head-1", b"head-2"),
        b"\xff" * 100,
    ],
)
def test_anything_else_is_no_head(slot: bytes) -> None:
    assert decode_head(slot) is None


def test_an_idle_start_changes_nothing(ten: Path) -> None:
    before = (ten / "journal.db").read_bytes()
    for _ in range(3):
        journal = open_journal(ten)
        assert journal.size() == 10
        journal.close()
    assert (ten / "journal.db").read_bytes() == before
    journal = open_journal(ten)
    assert journal.commit(Batch((b"{}",))).result(60) == Committed(10, 11)
    journal.close()
