"""Files that are taken away, put back from an older copy, opened twice or copied by half: refused, and nothing acknowledged into nothing."""

import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trilens.cli.ending import Ending
from trilens.errors import LedgerError, StoreError
from trilens.storage.ports import Batch, Committed
from trilens.storage.sqlite.journal import SqliteJournal, open_journal

if TYPE_CHECKING:
    from tests.faults.conftest import Installed, Shop

pytestmark = pytest.mark.requirement("X6")

PRODUCERS = 4


def leaf(number: int) -> bytes:
    return b'{"kind":"started","n":%d,"t":1,"v":1}' % number


def append(journal: SqliteJournal, count: int) -> None:
    for _ in range(count):
        assert isinstance(journal.commit(Batch((leaf(journal.size()),))).result(60), Committed)


@pytest.fixture
def five(home: Path, tmp_path: Path) -> Path:
    """An older copy, whole, of five entries; the folder itself has ten."""
    journal = open_journal(home)
    append(journal, 5)
    journal.close()
    older = tmp_path / "older"
    shutil.copytree(home, older)
    journal = open_journal(home)
    append(journal, 5)
    journal.close()
    return older


def remove(home: Path, older: Path, name: str) -> None:
    (home / name).unlink()


def replace(home: Path, older: Path, name: str) -> None:
    """As `mv` and as a restore do it: another file of that name."""
    source = older / name if (older / name).exists() else home / name
    shutil.copy(source, home / "incoming")
    (home / "incoming").rename(home / name)


@pytest.mark.parametrize("name", ["journal.db", "journal.db-wal"])
@pytest.mark.parametrize("by", [remove, replace])
def test_fault_56_57_what_is_removed_or_replaced_while_open_acknowledges_nothing_more(
    home: Path, five: Path, name: str, by: Callable[[Path, Path, str], None]
) -> None:
    journal = open_journal(home)
    append(journal, 3)
    by(home, five, name)
    for _ in range(2):
        error = journal.commit(Batch((b"{}",))).exception(60)
        assert isinstance(error, StoreError)
        assert error.code == "store/replaced"
    assert journal.size() == 13
    assert journal.failure is not None
    journal.close()


def test_fault_56_57_under_load_nothing_is_acknowledged_after_the_file_was_changed(home: Path, five: Path) -> None:
    journal = open_journal(home)
    changed, refused = threading.Event(), threading.Event()

    def produce(producer: int) -> int:
        """How many were acknowledged although they were handed in after the change."""
        after, number = 0, producer * 10**6
        while not refused.is_set():
            handed_in_late = changed.is_set()
            if journal.commit(Batch((leaf(number),))).exception(60) is not None:
                refused.set()
            else:
                after += handed_in_late
            number += 1
        return after

    with ThreadPoolExecutor(PRODUCERS) as pool:
        running = [pool.submit(produce, producer) for producer in range(PRODUCERS)]
        while journal.size() < 60:
            threading.Event().wait(0)
        replace(home, five, "journal.db")
        changed.set()
        assert [producer.result(60) for producer in running] == [0] * PRODUCERS
    journal.close()


def test_fault_56_a_shop_whose_ledger_was_removed_denies(open_shop: "Callable[[], Shop]", tmp_path: Path) -> None:
    shop = open_shop()
    shop.require_allowed()
    (tmp_path / "shop" / "journal.db").unlink()
    for _ in range(3):
        shop.require_denied("store_replaced")


def test_fault_56_a_removed_ledger_is_not_made_anew_by_a_start(installed: "Installed") -> None:
    (installed.home / "journal.db").unlink()
    for _ in range(2):
        typed = installed.type("serve", "--port", "0")
        assert typed.returncode in (Ending.USAGE, Ending.FAULT), typed.stdout
        assert not (installed.home / "journal.db").exists()
    assert installed.type("init").returncode != 0
    assert not (installed.home / "journal.db").exists()


def test_fault_57_an_older_copy_is_refused_by_the_next_start(home: Path, five: Path) -> None:
    (home / "journal.db").write_bytes((five / "journal.db").read_bytes())
    reader = open_journal(home, read_only=True)
    with pytest.raises(LedgerError, match="holds 5 entries, 10 were acknowledged"):
        reader.size()
    reader.close()
    with pytest.raises(LedgerError) as caught:
        open_journal(home)
    assert caught.value.code == "ledger/short"


def test_fault_58_a_second_instance_is_refused_and_the_first_goes_on(installed: "Installed") -> None:
    with installed.serving():
        for _ in range(2):
            second = installed.type("serve", "--port", "0")
            assert (second.returncode, "error[store/locked]" in second.stderr) == (Ending.FAULT, True)
        assert installed.type("ledger", "verify").returncode == Ending.PASS


def test_fault_59_a_copy_of_a_running_ledger_without_its_log_is_refused(home: Path, tmp_path: Path) -> None:
    journal = open_journal(home)
    append(journal, 20)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("journal.db", "journal.lock", "head", "keys.db", "access.db"):
        shutil.copy(home / name, copy / name)
    journal.close()
    with pytest.raises((LedgerError, StoreError)) as caught:
        open_journal(copy)
    assert caught.value.code in ("ledger/short", "store/foreign", "store/damaged")
