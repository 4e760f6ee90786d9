"""A copy of the state is whole or is none, is verified before it is used, and never takes the place of another ledger."""

import hashlib
import json
import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from trilens.cli.ending import Ending
from trilens.people.approvals.shelf import Shelf
from trilens.plane import open_plane
from trilens.prove.ledger.entry import Kind, decode, encode
from trilens.settings import Settings
from trilens.storage.ports import Batch
from trilens.storage.sqlite import backup
from trilens.storage.sqlite.backup import SHEET, check_copy, take_copy
from trilens.storage.sqlite.journal import open_journal
from trilens.storage.sqlite.keyring import open_keyring

if TYPE_CHECKING:
    from tests.cli.conftest import Shop

pytestmark = pytest.mark.requirement("C13")


def size_of(home: Path) -> int:
    journal = open_journal(home, read_only=True)
    try:
        return journal.size()
    finally:
        journal.close()


def moved_away(shop: "Shop") -> Path:
    """The state is lost; what was left is returned."""
    lost = shop.folder / "lost"
    shop.home.rename(lost)
    return lost


def test_a_copy_is_restored_verified_and_gone_on_with(shop: "Shop") -> None:
    case = shop.held()
    assert shop.type("backup", "copy").ending == 0
    size = size_of(shop.home)
    moved_away(shop)

    restored = shop.type("restore", "copy", "--into", ".trilens")

    assert restored.ending == 0, restored.err
    assert f"{size} entries restored" in restored.out
    assert "erase it again" in restored.out
    assert shop.type("ledger", "verify").ending == 0
    journal, keyring = open_journal(shop.home, read_only=True), open_keyring(shop.home)
    last = decode(next(journal.leaves(size, size + 1)))
    assert (last.kind, last.body["size"], last.body["missing"]) == (Kind.RESTORED, size, 0)
    assert Shelf(journal, keyring, lambda: shop.now_ms, "").case(case).card is not None
    journal.close()
    keyring.close()
    assert shop.key("lead").startswith("tlo_")
    shop.held('{"order_id": "A-1002", "amount": 90, "reason": "broken"}')
    assert shop.type("ledger", "verify").ending == 0


def test_a_copy_beside_a_running_writer_is_of_one_moment_and_the_writer_goes_on(shop: "Shop") -> None:
    plane = open_plane(Settings(shop.folder / "system.yaml", shop.home), os.environ, clock=lambda: shop.now_ms)
    stop, written = threading.Event(), [0]

    def write() -> None:
        while not stop.is_set():
            plane.journal.commit(Batch((encode(Kind.FAULT, 1, {"n": written[0]}),))).result(20)
            written[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    copies = [take_copy(shop.home, shop.folder / f"copy-{n}", now_ms=1) for n in range(5)]
    stop.set()
    writer.join(20)
    plane.close()
    assert written[0] > 0
    assert [copy.size for copy in copies] == sorted(copy.size for copy in copies)
    for number, copy in enumerate(copies):
        assert check_copy(shop.folder / f"copy-{number}") == copy
        assert shop.type("restore", f"copy-{number}", "--into", f"home-{number}").ending == 0
    assert shop.type("ledger", "verify").ending == 0


@pytest.mark.parametrize("name", ["journal.db", "keys.db", "access.db", "head", SHEET])
@pytest.mark.parametrize("how", ["gone", "changed"])
def test_a_copy_that_is_not_whole_restores_nothing(shop: "Shop", name: str, how: str) -> None:
    shop.held()
    assert shop.type("backup", "copy").ending == 0
    path = shop.folder / "copy" / name
    if how == "gone":
        path.unlink()
    else:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    refused = shop.type("restore", "copy", "--into", "other")
    assert refused.ending != 0
    assert "error[store/copy]" in refused.err
    assert sorted(p.name for p in shop.folder.iterdir() if "other" in p.name) == []


def test_a_copy_whose_entries_were_changed_with_its_sheet_does_not_verify(shop: "Shop") -> None:
    """Whoever can write the copy can write its sheet; they cannot sign."""
    shop.held()
    copy = shop.folder / "copy"
    assert shop.type("backup", "copy").ending == 0
    connection = apsw.Connection(str(copy / "journal.db"))
    connection.execute("UPDATE entry SET leaf = CAST(leaf || ' ' AS BLOB) WHERE idx = 1")
    connection.close()
    sheet = json.loads((copy / SHEET).read_text(encoding="utf-8"))
    sheet["files"]["journal.db"] = hashlib.sha256((copy / "journal.db").read_bytes()).hexdigest()
    (copy / SHEET).write_text(json.dumps(sheet), encoding="utf-8")
    refused = shop.type("restore", "copy", "--into", "other")
    assert refused.ending != Ending.PASS
    assert "error[ledger/restore]" in refused.err
    assert not (shop.folder / "other" / "journal.db").exists()


def test_no_ledger_is_written_over_and_no_copy(shop: "Shop") -> None:
    assert shop.type("keys", "create", "--agent", "support").ending == 0
    assert shop.type("backup", "copy").ending == 0
    assert "error[store/exists]" in shop.type("backup", "copy").err
    before = shop.bytes_on_disk()
    assert "error[store/exists]" in shop.type("restore", "copy", "--into", ".trilens").err
    assert shop.bytes_on_disk() == before


def test_a_copy_older_than_a_known_checkpoint_is_refused_unless_told(shop: "Shop") -> None:
    shop.held()
    assert shop.type("backup", "copy").ending == 0
    shop.held('{"order_id": "A-1002", "amount": 90, "reason": "broken"}')
    (shop.folder / "known").write_text(shop.type("ledger", "checkpoint").out, encoding="utf-8")
    missing = size_of(shop.home) - json.loads((shop.folder / "copy" / SHEET).read_text(encoding="utf-8"))["size"]
    moved_away(shop)

    refused = shop.type("restore", "copy", "--into", ".trilens", "--known", "known")

    assert "error[ledger/older]" in refused.err
    assert not shop.home.exists()
    told = shop.type("restore", "copy", "--into", ".trilens", "--known", "known", "--older", "--json")
    assert json.loads(told.out)["missing"] == missing
    journal = open_journal(shop.home, read_only=True)
    last = [decode(leaf) for leaf in journal.leaves(0, journal.size())][-1]
    journal.close()
    assert (last.kind, last.body["missing"]) == (Kind.RESTORED, missing)


def test_what_a_lost_ledger_left_in_the_folder_is_known_too(shop: "Shop") -> None:
    shop.held()
    assert shop.type("backup", "copy").ending == 0
    shop.held('{"order_id": "A-1002", "amount": 90, "reason": "broken"}')
    note = shop.type("ledger", "checkpoint").out
    shutil.rmtree(shop.home)
    shop.home.mkdir()
    (shop.home / "checkpoint.cosigned").write_text(note, encoding="utf-8")
    assert "error[ledger/older]" in shop.type("restore", "copy", "--into", ".trilens").err


def test_a_checkpoint_of_another_ledger_is_no_reason_to_trust_a_copy(shop: "Shop") -> None:
    shop.held()
    assert shop.type("backup", "copy").ending == 0
    (shop.folder / "known").write_text(
        shop.type("ledger", "checkpoint").out.replace("corner-shop\n", "other\n", 1), encoding="utf-8"
    )
    assert "error[ledger/" in shop.type("restore", "copy", "--into", "other", "--known", "known").err


def test_a_dry_restoration_proves_and_leaves_nothing(shop: "Shop") -> None:
    shop.held()
    assert shop.type("backup", "copy").ending == 0
    dry = shop.type("restore", "copy", "--into", "other", "--dry-run")
    assert dry.ending == 0, dry.err
    assert "would be restored" in dry.out
    assert not (shop.folder / "other").exists()


def test_the_drill_says_what_was_proven_and_keeps_nothing(shop: "Shop") -> None:
    shop.held()
    before = sorted(path.name for path in shop.folder.iterdir())
    size = size_of(shop.home)
    drill = shop.type("backup", "--drill")
    assert drill.ending == 0, drill.err
    assert f"{size} entries copied, restored and verified; nothing was kept" in drill.out
    assert "open what they sealed" in drill.out
    assert sorted(path.name for path in shop.folder.iterdir()) == before
    assert size_of(shop.home) == size


def test_a_key_that_was_destroyed_is_counted_and_comes_back_with_an_older_copy(shop: "Shop") -> None:
    """What a copy means for erasure: this is why it says so."""
    shop.held()
    assert shop.type("backup", "copy").ending == 0
    keyring = open_keyring(shop.home)
    connection = apsw.Connection(str(shop.home / "keys.db"))
    rings = [
        str(ring) for (ring,) in connection.execute("SELECT id FROM ring WHERE retention = 'conversation'").fetchall()
    ]
    connection.close()
    assert rings
    for ring in rings:
        assert keyring.destroy(ring)
    keyring.close()
    assert json.loads(shop.type("backup", "--drill", "--json").out)["destroyed"] == len(rings)
    assert shop.type("restore", "copy", "--into", "old").ending == 0
    old = open_keyring(shop.folder / "old")
    assert all(old.key(ring) is not None for ring in rings)
    old.close()


def test_an_interrupted_copy_leaves_nothing_under_its_name(shop: "Shop", monkeypatch: pytest.MonkeyPatch) -> None:
    shop.held()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trilens.storage.sqlite.backup._write_head", full)
    refused = shop.type("backup", "copy")
    assert "error[store/read-only]" in refused.err
    assert "no space left" in refused.err
    assert [path.name for path in shop.folder.iterdir() if "copy" in path.name] == []


def test_the_key_ring_is_copied_after_the_journal(shop: "Shop", monkeypatch: pytest.MonkeyPatch) -> None:
    """A payload that is sealed in between has its key in the copy; the other way round it could never be read again."""
    copied: list[str] = []
    really = backup._copy_store

    def copy(source: Path, *more: object) -> None:
        copied.append(source.name)
        really(source, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(backup, "_copy_store", copy)
    take_copy(shop.home, shop.folder / "copy", now_ms=1)
    assert copied[:2] == ["journal.db", "keys.db"]
