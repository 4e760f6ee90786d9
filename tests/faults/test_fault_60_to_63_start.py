"""An unsound SQLite, another installation's key, a newer form, a misspelt name: the start is refused, and says what to do."""

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from trilens.cli.ending import Ending
from trilens.errors import LedgerError, StoreError
from trilens.storage.ports import Batch
from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.journal import open_journal
from trilens.storage.sqlite.place import is_affected

if TYPE_CHECKING:
    from tests.faults.conftest import Installed

pytestmark = pytest.mark.requirement("X6")


@pytest.mark.parametrize("version", ["3.40.1", "3.51.1", "3.50.6"])
def test_fault_60_a_start_on_an_affected_sqlite_ends_with_4(
    installed: "Installed", monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: version)
    typed = installed.type("serve", "--port", "0")
    assert (typed.returncode, "error[store/sqlite]" in typed.stderr) == (Ending.FAULT, True)


_MEDDLE = """
import sqlite3, sys
print("begins", flush=True)
while True:
    outside = sqlite3.connect(sys.argv[1], timeout=1)
    try:
        outside.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error:
        pass
    finally:
        outside.close()
"""


def test_fault_60_checkpoints_from_outside_lose_nothing_that_is_not_noticed(home: Path) -> None:
    """Another program checkpoints our log, with the SQLite of the Python that runs this, affected or not."""
    journal = open_journal(home)
    with subprocess.Popen(
        [sys.executable, "-c", _MEDDLE, str(home / "journal.db")], stdout=subprocess.PIPE, text=True
    ) as meddler:
        assert meddler.stdout is not None
        assert meddler.stdout.readline() == "begins\n"
        acknowledged = 0
        for number in range(400):
            if journal.commit(Batch((leaf(number),))).exception(60) is not None:
                break
            acknowledged += 1
        meddler.kill()
    assert acknowledged == 400 or journal.failure is not None
    journal.close()
    try:
        after = open_journal(home)
    except (StoreError, LedgerError):
        # what the bug may do to an affected library outside; it is noticed
        assert is_affected(sqlite3.sqlite_version)
        return
    assert list(after.leaves(0, acknowledged)) == [leaf(number) for number in range(acknowledged)]
    after.close()


def leaf(number: int) -> bytes:
    return b'{"n":%d}' % number


def test_fault_61_the_keys_of_another_installation_are_refused(installed: "Installed", tmp_path: Path) -> None:
    assert installed.type("keys", "create", "--agent", "support").returncode == 0
    other = tmp_path / "other"
    create(other)
    for name in ("keys.db-wal", "keys.db-shm"):
        (installed.home / name).unlink(missing_ok=True)
    shutil.copy(other / "keys.db", installed.home / "keys.db")
    size = entries(installed.home)
    typed = installed.type("serve", "--port", "0")
    assert typed.returncode in (Ending.USAGE, Ending.FAULT), typed.stdout
    assert "error[ledger/" in typed.stderr
    assert entries(installed.home) == size
    assert installed.type("ledger", "verify").returncode == Ending.FAIL


def entries(home: Path) -> int:
    reader = open_journal(home, read_only=True)
    try:
        return reader.size()
    finally:
        reader.close()


@pytest.mark.parametrize("name", ["journal.db", "keys.db", "access.db"])
def test_fault_62_a_newer_form_is_refused_with_2_and_left_alone(installed: "Installed", name: str) -> None:
    connection = apsw.Connection(str(installed.home / name))
    connection.pragma("user_version", 99)
    connection.close()
    typed = installed.type("serve", "--port", "0")
    assert (typed.returncode, "error[store/newer]" in typed.stderr) == (Ending.USAGE, True), typed.stderr
    assert apsw.Connection(str(installed.home / name)).pragma("user_version") == 99


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("TRILENS_HOM", "TRILENS_HOME"),
        ("TRILENS_SYSTM", "TRILENS_SYSTEM"),
        ("TRILENS_OPERATORKEY", "TRILENS_OPERATOR_KEY"),
    ],
)
def test_fault_63_a_misspelt_variable_is_refused_with_2_and_what_was_meant(
    installed: "Installed", tmp_path: Path, variable: str, meant: str
) -> None:
    typed = installed.type("check", **{variable: str(tmp_path)})
    assert (typed.returncode, "error[settings/unknown-variable]" in typed.stderr) == (Ending.USAGE, True)
    assert f"did you mean `{meant}`?" in typed.stderr


def test_fault_63_a_misspelt_key_of_the_manifest_is_refused_with_2_and_what_was_meant(installed: "Installed") -> None:
    manifest = installed.folder / "system.yaml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("owners:", "ovners:"), encoding="utf-8")
    typed = installed.type("serve", "--port", "0")
    assert typed.returncode == Ending.USAGE
    assert "did you mean `owners`?" in typed.stderr
