from pathlib import Path

import apsw
import pytest

from trilens.errors import LedgerError, StoreError
from trilens.prove.ledger.checkpoint import open_checkpoint, sign_checkpoint
from trilens.prove.ledger.entry import encode
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.merkle import TreeHead, leaf_hash, root_of
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.tiles import tiles_of
from trilens.storage.ports import Batch
from trilens.storage.sqlite.journal import SqliteJournal, open_journal


def append(journal: SqliteJournal, count: int) -> None:
    start = journal.size()
    leaves = tuple(encode("decision", 1, {"n": start + number}) for number in range(count))
    journal.commit(Batch(leaves)).result()


def signed(journal: SqliteJournal, signer: Signer) -> TreeHead:
    note = journal.checkpoint()
    assert note is not None
    return open_checkpoint(note, signer.verifier).tree


def change(home: Path, sql: str, *values: str | int | bytes) -> None:
    connection = apsw.Connection(str(home / "journal.db"))
    connection.execute(sql, values)
    connection.close()


def test_an_empty_ledger_is_not_signed(journal: SqliteJournal, signer: Signer) -> None:
    assert Checkpointer(journal, signer).advance() is None
    assert journal.checkpoint() is None


@pytest.mark.requirement("X6")
def test_what_is_signed_is_the_root_over_what_the_store_holds(journal: SqliteJournal, signer: Signer) -> None:
    log = Checkpointer(journal, signer)
    for step in (1, 2, 252, 1, 1, 300, 5_000):
        append(journal, step)
        checkpoint = log.advance()
        assert checkpoint is not None
        hashes = [leaf_hash(leaf) for leaf in journal.leaves(0, journal.size())]
        assert checkpoint.tree == signed(journal, signer) == TreeHead(len(hashes), root_of(hashes))
        assert log.advance() is None
    kept = {(t.level, t.number): len(journal.tile(t.level, t.number) or b"") for t in tiles_of(journal.size())}
    assert kept == {(t.level, t.number): 32 * t.width for t in tiles_of(journal.size())}


def test_signing_goes_on_after_a_restart_where_it_was(home: Path, signer: Signer) -> None:
    for total in (3, 256, 259, 700):
        journal = open_journal(home)
        append(journal, total - journal.size())
        Checkpointer(journal, signer).advance()
        hashes = [leaf_hash(leaf) for leaf in journal.leaves(0, total)]
        assert signed(journal, signer) == TreeHead(total, root_of(hashes))
        journal.close()


def refusal(home: Path, signer: Signer) -> LedgerError:
    """What a log says that starts on a changed store, has new entries, and must sign nothing."""
    journal = open_journal(home)
    before = journal.checkpoint()
    append(journal, 1)
    with pytest.raises(LedgerError) as caught:
        Checkpointer(journal, signer).advance()
    assert journal.checkpoint() == before
    journal.close()
    return caught.value


@pytest.fixture
def signed_home(home: Path, signer: Signer) -> Path:
    """300 entries, signed at 300."""
    journal = open_journal(home)
    append(journal, 300)
    Checkpointer(journal, signer).advance()
    journal.close()
    return home


@pytest.mark.requirement("X6")
def test_a_changed_tile_is_not_signed_over(signed_home: Path, signer: Signer) -> None:
    change(signed_home, "UPDATE tile SET hashes = zeroblob(44 * 32) WHERE level = 0 AND number = 1")
    assert refusal(signed_home, signer).code == "ledger/contradiction"


@pytest.mark.requirement("X6")
def test_a_lost_tile_is_not_signed_over(signed_home: Path, signer: Signer) -> None:
    change(signed_home, "DELETE FROM tile WHERE level = 1")
    assert refusal(signed_home, signer).code == "ledger/tile"


@pytest.mark.requirement("X6")
def test_a_checkpoint_by_another_key_is_not_signed_over(signed_home: Path, signer: Signer) -> None:
    assert refusal(signed_home, Signer("shop.example/ledger", bytes(32))).code == "ledger/unsigned"


@pytest.mark.requirement("X6")
def test_a_checkpoint_that_was_set_back_is_not_signed_over(signed_home: Path, signer: Signer) -> None:
    older = sign_checkpoint(TreeHead(200, bytes(32)), signer)
    change(signed_home, "UPDATE checkpoint SET size = 200, note = ?", older)
    assert refusal(signed_home, signer).code == "ledger/contradiction"


@pytest.mark.requirement("X6")
def test_an_entry_that_lost_its_form_in_the_store_is_not_signed(home: Path, signer: Signer) -> None:
    journal = open_journal(home)
    append(journal, 5)
    journal.close()
    change(home, "UPDATE entry SET leaf = cast('{\"n\":3}' AS BLOB) WHERE idx = 3")
    error = refusal(home, signer)
    assert (error.code, error.message[:8]) == ("ledger/entry", "entry 3:")


@pytest.mark.requirement("X6")
def test_an_entry_that_is_read_back_otherwise_than_it_was_written_is_not_signed(home: Path, signer: Signer) -> None:
    journal = open_journal(home)
    append(journal, 5)
    log = Checkpointer(journal, signer)
    log.advance()
    append(journal, 5)
    # still an entry in its form: only who wrote it can tell
    change(home, "UPDATE entry SET leaf = ? WHERE idx = 7", encode("decision", 1, {"n": 6}))
    with pytest.raises(StoreError, match="entry 7") as caught:
        log.advance()
    assert caught.value.code == "store/changed"
    assert signed(journal, signer).size == 5
    journal.close()


def test_a_log_that_was_refused_tries_again_from_what_is_kept(journal: SqliteJournal, signer: Signer) -> None:
    append(journal, 3)
    log = Checkpointer(journal, signer)
    log.advance()
    journal.commit(Batch((b"no entry",))).result()
    for _ in range(2):
        with pytest.raises(LedgerError, match="entry 3"):
            log.advance()
    assert signed(journal, signer).size == 3


def test_a_closed_journal_is_not_signed(journal: SqliteJournal, signer: Signer) -> None:
    append(journal, 3)
    log = Checkpointer(journal, signer)
    journal.close()
    with pytest.raises(StoreError):
        log.advance()
