"""A disk that lied, bits that flipped, files that were cut or lost: the start stops, or the verifier names what does not hold."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import apsw
import pytest

from trilens.cli.ending import Ending
from trilens.errors import LedgerError, TrilensError
from trilens.prove.ledger.entry import encode
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.verify import Standing, verify
from trilens.storage.ports import Batch, Committed, Hold, Query
from trilens.storage.sqlite.head import read_head
from trilens.storage.sqlite.journal import SqliteJournal, open_journal
from trilens.testing.faulty_disk import FaultyDisk
from trilens.vocabulary.verdict import Reservation

if TYPE_CHECKING:
    from tests.faults.conftest import Installed

pytestmark = pytest.mark.requirement("X6")

SIGNER = Signer("shop.example/ledger", bytes(32))
ENTRIES = 40


def leaf(number: int) -> bytes:
    return encode("decision", 1, {"n": number, "fill": "x" * 50})


def append(journal: SqliteJournal, count: int) -> None:
    for _ in range(count):
        hold = Hold("call", Reservation("account", 1, 10**9, 0), 1_000)
        assert isinstance(journal.commit(Batch((leaf(journal.size()),), holds=(hold,))).result(60), Committed)


@pytest.fixture
def signed(home: Path) -> Path:
    """A closed journal of forty entries under a checkpoint."""
    journal = open_journal(home)
    append(journal, ENTRIES)
    Checkpointer(journal, SIGNER).advance()
    journal.close()
    return home


@pytest.fixture
def running(home: Path, tmp_path: Path) -> Path:
    """What a killed process leaves: forty entries, most of them in the write-ahead log alone."""
    journal = open_journal(home)
    append(journal, ENTRIES)
    left = tmp_path / "left"
    shutil.copytree(home, left)
    journal.close()
    (left / "journal.db-shm").unlink()
    return left


@dataclass(frozen=True)
class Looked:
    """What a start and a verification say of a folder."""

    refused: str = ""
    standing: Standing = Standing.UNKNOWN
    is_whole: bool = False
    """It holds the forty entries, and the sum that goes with them."""
    named: tuple[int | None, ...] = ()


def look_at(home: Path) -> Looked:
    """Everything a writer and a verifier read. Whatever it is, it is an error of ours or none."""
    try:
        journal = open_journal(home)
    except TrilensError as error:
        return Looked(refused=error.code)
    try:
        report = verify(journal, SIGNER.verifier, checkpoint=journal.checkpoint())
        named = tuple(check.entry for check in report.checks if check.standing is Standing.FAILED)
        leaves = list(journal.leaves(0, ENTRIES)) if report.standing is Standing.OK else []
        spent = journal.snapshot(Query(1, accounts=(("account", 0),))).result(60).spent["account"]
        journal.cases()
        is_whole = leaves == [leaf(number) for number in range(ENTRIES)] and spent == ENTRIES
        return Looked("", report.standing, is_whole, named)
    except TrilensError as error:
        return Looked(refused=error.code)
    finally:
        journal._writer._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)  # type: ignore[union-attr]
        journal.close()


LOST = ("ledger/short", "ledger/gap", "ledger/rewritten", "store/damaged")


def start(home: Path) -> tuple[str, int]:
    """The code of the refusal, or how many entries there are."""
    try:
        opened = open_journal(home)
    except TrilensError as error:
        return error.code, -1
    size = opened.size()
    opened.close()
    return "", size


def test_fault_23_when_a_disk_lied_about_its_syncs_the_head_tells(home: Path) -> None:
    """The head of these images was kept by another disk, which is what a witness is."""
    stopped = 0
    random = Random(23)
    for _ in range(40):
        running, left = home.parent / "running", home.parent / "left"
        for copy in (running, left):
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(home, copy)
        with FaultyDisk() as disk:
            disk.lies = True
            journal = open_journal(running)
            append(journal, random.randrange(1, 8))
            acknowledged = journal.size()
            disk.image(left, random)
            shutil.copy(running / "head", left / "head")
            journal.close()
        refused, size = start(left)
        assert size == acknowledged or refused in LOST
        stopped += refused in LOST
    assert stopped > 20


def test_fault_24_a_flipped_bit_in_the_file_is_refused_or_named_or_changes_nothing(signed: Path) -> None:
    data = (signed / "journal.db").read_bytes()
    random, found = Random(24), []
    for _ in range(300):
        place = random.randrange(len(data))
        spoilt = bytearray(data)
        spoilt[place] ^= 1 << random.randrange(8)
        for name in ("journal.db-wal", "journal.db-shm"):
            (signed / name).unlink(missing_ok=True)
        (signed / "journal.db").write_bytes(spoilt)
        found.append(look_at(signed))
    silent = [looked for looked in found if looked.standing is Standing.OK and not looked.is_whole]
    assert silent == []
    assert sum(looked.standing is Standing.FAILED and None not in looked.named for looked in found) > 10
    assert sum(bool(looked.refused) for looked in found) > 5


def test_fault_24_a_changed_entry_ends_the_verification_with_1_and_its_index(installed: "Installed") -> None:
    assert installed.type("keys", "create", "--agent", "support").returncode == 0
    assert installed.type("ledger", "verify").returncode == Ending.PASS
    journal = open_journal(installed.home)
    last = journal.size() - 1
    changed = next(iter(journal.leaves(last, last + 1)))
    journal.close()
    connection = apsw.Connection(str(installed.home / "journal.db"))
    connection.execute(
        "UPDATE entry SET leaf = ? WHERE idx = ?", (bytes([changed[0], changed[1] ^ 1, *changed[2:]]), last)
    )
    connection.close()
    typed = installed.type("ledger", "verify")
    assert typed.returncode == Ending.FAIL, typed.stderr
    assert f"entry {last}" in typed.stdout


def test_fault_25_a_flipped_bit_in_the_log_never_passes_as_a_shorter_ledger(running: Path) -> None:
    log = (running / "journal.db-wal").read_bytes()
    random, refusals = Random(7), 0
    for _ in range(60):
        place = random.randrange(len(log))
        spoilt = bytearray(log)
        spoilt[place] ^= 1 << random.randrange(8)
        (running / "journal.db-wal").write_bytes(spoilt)
        looked = look_at(running)
        # it is whole when the bit was in a part of the log that no longer counts
        assert looked.refused or looked.standing is Standing.UNKNOWN
        refusals += bool(looked.refused)
        if looked.refused:
            assert (running / "journal.db-wal").read_bytes() == spoilt, "what could not be opened was changed"
    assert refusals > 10


def test_fault_26_a_file_cut_at_any_page_is_refused_or_named(signed: Path) -> None:
    data = (signed / "journal.db").read_bytes()
    pages = len(data) // 4096
    assert pages > 10
    for kept in range(pages):
        for name in ("journal.db-wal", "journal.db-shm"):
            (signed / name).unlink(missing_ok=True)
        (signed / "journal.db").write_bytes(data[: kept * 4096])
        looked = look_at(signed)
        assert looked.refused or looked.standing is Standing.FAILED or looked.is_whole, kept


def test_fault_27_a_lost_write_ahead_log_is_refused(running: Path) -> None:
    assert read_head(running / "head").size == ENTRIES
    (running / "journal.db-wal").unlink()
    reader = open_journal(running, read_only=True)
    with pytest.raises(LedgerError, match=f"{ENTRIES} were acknowledged"):
        reader.size()
    reader.close()
    assert look_at(running).refused == "ledger/short"
