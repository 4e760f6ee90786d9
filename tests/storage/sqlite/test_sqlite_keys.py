from pathlib import Path

import apsw
import pytest

from trilens.errors import StoreError
from trilens.storage.ports import RingName
from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.keyring import open_keyring

ANNA = RingName("customer:anna.smith@mail.example", "support", "conversation")


def residue(home: Path, needle: bytes) -> list[str]:
    return [path.name for path in home.iterdir() if needle in path.read_bytes()]


@pytest.mark.requirement("C6")
def test_a_destroyed_key_is_in_no_file_any_more(home: Path) -> None:
    keyring = open_keyring(home)
    rings = [keyring.ring(RingName(f"customer:{n}", "support", "conversation")) for n in range(50)]
    # once in the log alone, once in the file itself
    for checkpoint_first in (False, True):
        ring = rings.pop(20)
        if checkpoint_first:
            connection = apsw.Connection(str(home / "keys.db"))
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            connection.close()
        assert residue(home, ring.key)
        assert keyring.destroy(ring.id)
        assert residue(home, ring.key) == []
    assert all(keyring.key(ring.id) == ring.key for ring in rings)
    keyring.close()
    assert all(residue(home, ring.key) for ring in rings)


@pytest.mark.requirement("C6")
def test_a_destruction_that_a_reader_holds_up_says_so_and_can_be_done_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trilens.storage.sqlite.connect._WAIT_MS", 1)
    keyring = open_keyring(home)
    ring = keyring.ring(ANNA)
    reader = apsw.Connection(str(home / "keys.db"))
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM ring").fetchall()
    with pytest.raises(StoreError) as caught:
        keyring.destroy(ring.id)
    assert caught.value.code == "store/residue"
    assert keyring.key(ring.id) is None
    reader.execute("COMMIT")
    reader.close()
    assert not keyring.destroy(ring.id)
    assert residue(home, ring.key) == []
    keyring.close()


@pytest.mark.requirement("X6")
def test_the_key_ring_names_no_person(home: Path) -> None:
    keyring = open_keyring(home)
    keyring.ring(ANNA)
    assert residue(home, b"anna") == []
    keyring.close()
    assert residue(home, b"anna") == []


@pytest.mark.requirement("X6")
def test_two_installations_share_no_secret(home: Path, tmp_path: Path) -> None:
    create(tmp_path / "other")
    first, second = open_keyring(home), open_keyring(tmp_path / "other")
    secrets = {ring.secret(name) for ring in (first, second) for name in ("log", "mac")}
    assert len(secrets) == 4
    assert first.ring(ANNA).key != second.ring(ANNA).key
    first.close()
    second.close()
