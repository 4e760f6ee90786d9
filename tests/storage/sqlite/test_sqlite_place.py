import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from trilens.errors import StoreError
from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.journal import open_journal
from trilens.storage.sqlite.keyring import open_keyring
from trilens.storage.sqlite.keystore import open_keystore
from trilens.storage.sqlite.place import is_affected, require_sound_sqlite

FILES = ("journal.db", "journal.lock", "head", "keys.db", "access.db")
OPENERS: dict[str, Callable[[Path], object]] = {
    "journal.db": open_journal,
    "keys.db": open_keyring,
    "access.db": open_keystore,
}


def refusal(home: Path, name: str = "journal.db") -> StoreError:
    with pytest.raises(StoreError) as caught:
        OPENERS[name](home)
    return caught.value


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ("3.6.23", True),  # no WAL
        ("3.7.0", True),
        ("3.40.1", True),
        ("3.44.5", True),
        ("3.44.6", False),
        ("3.44.7", False),
        ("3.45.0", True),
        ("3.50.6", True),
        ("3.50.7", False),
        ("3.51.0", True),
        ("3.51.2", True),
        ("3.51.3", False),
        ("3.52.0", False),
        ("3.54.1", False),
        ("4.0.0", False),
        ("3.54.1.2", False),
        ("", True),
        ("3.x", True),
    ],
)
def test_a_sqlite_with_the_wal_reset_bug_is_affected(version: str, affected: bool) -> None:
    assert is_affected(version) is affected


@pytest.mark.requirement("X6")
def test_the_sqlite_that_is_linked_here_is_sound() -> None:
    require_sound_sqlite()
    assert not is_affected(apsw.sqlite_lib_version())


@pytest.mark.requirement("X6")
@pytest.mark.parametrize("name", OPENERS)
def test_an_affected_sqlite_is_refused_at_the_start(home: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.1")
    assert refusal(home, name).code == "store/sqlite"
    with pytest.raises(StoreError):
        create(home.parent / "other")


def test_only_its_owner_can_read_what_is_made(home: Path) -> None:
    journal, ring = open_journal(home), open_keyring(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
    assert found.keys() >= set(FILES)
    assert set(found.values()) == {0o600}
    ring.close()
    journal.close()


@pytest.mark.requirement("X6")
@pytest.mark.parametrize("name", ["journal.db", "head", "keys.db", "access.db"])
def test_a_ledger_is_never_made_over_another(home: Path, name: str) -> None:
    for path in home.iterdir():
        if path.name != name:
            path.unlink()
    with pytest.raises(StoreError) as caught:
        create(home)
    assert caught.value.code == "store/exists"
    assert {path.name for path in home.iterdir()} == {name}


@pytest.mark.requirement("X6")
@pytest.mark.parametrize("name", OPENERS)
def test_what_is_missing_is_an_error_and_is_not_made(home: Path, name: str) -> None:
    (home / name).unlink()
    assert refusal(home, name).code == "store/missing"
    assert not (home / name).exists()
    assert refusal(home.parent / "nowhere", name).code == "store/missing"
    assert not (home.parent / "nowhere").exists()
    (home / name).mkdir()
    assert refusal(home, name).code == "store/missing"


@pytest.mark.parametrize("name", OPENERS)
def test_a_store_of_a_newer_version_is_refused_and_left_alone(home: Path, name: str) -> None:
    connection = apsw.Connection(str(home / name))
    connection.pragma("user_version", 99)
    connection.close()
    assert refusal(home, name).code == "store/newer"
    assert apsw.Connection(str(home / name)).pragma("user_version") == 99


@pytest.mark.parametrize("name", OPENERS)
def test_a_file_of_another_program_is_refused(home: Path, name: str) -> None:
    (home / name).unlink()
    connection = apsw.Connection(str(home / name))
    connection.execute("CREATE TABLE other (x)")
    connection.close()
    assert refusal(home, name).code == "store/foreign"


@pytest.mark.parametrize("name", OPENERS)
def test_a_file_that_is_no_database_is_refused(home: Path, name: str) -> None:
    (home / name).write_bytes(b"garbage" * 1_000)
    assert refusal(home, name).code == "store/damaged"


def test_one_file_is_not_taken_for_another(home: Path) -> None:
    shutil.copy(home / "keys.db", home / "journal.db")
    assert refusal(home).code == "store/foreign"
