from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trilens.prove.ledger.checkpoint import sign_checkpoint
from trilens.prove.ledger.entry import PayloadRef, encode
from trilens.prove.ledger.export import ExportedLog, export
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.merkle import TreeHead, leaf_hash, root_of
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.payload import seal
from trilens.prove.ledger.tiles import Edge, bundles_of, encode_bundle, path_of
from trilens.prove.ledger.verify import Report, Standing, verify
from trilens.storage.ports import Batch, Ring
from trilens.storage.sqlite.journal import SqliteJournal, open_journal

RING = Ring("ring", bytes(32))
SIZE = 300


def leaf(number: int) -> bytes:
    return encode("decision", 1, {"n": number})


@pytest.fixture
def ledger(home: Path, signer: Signer) -> Path:
    """300 entries, the last with a payload; signed at 100 and at 300. The older note is kept beside the folder."""
    journal = open_journal(home)
    log = Checkpointer(journal, signer)
    journal.commit(Batch(tuple(leaf(number) for number in range(100)))).result()
    log.advance()
    (home.parent / "note-100").write_bytes(journal.checkpoint() or b"")
    journal.commit(Batch(tuple(leaf(number) for number in range(100, SIZE - 1)))).result()
    sealed = seal(b"words", RING, retain_until_ms=9)
    ref = PayloadRef(sealed.commitment, sealed.ring, "conversation")
    journal.commit(Batch((encode("decision", 1, {"n": SIZE - 1}, payload=(ref,)),), payloads=(sealed,))).result()
    log.advance()
    journal.close()
    return home


def report(home: Path, signer: Signer, *, known: bytes | None = None) -> Report:
    journal = open_journal(home, read_only=True)
    found = verify(journal, signer.verifier, checkpoint=journal.checkpoint(), known=known, payload=journal.payload)
    journal.close()
    return found


def failures(found: Report) -> dict[str, int | None]:
    return {check.name: check.entry for check in found.checks if check.standing is Standing.FAILED}


def change(home: Path, sql: str, *values: str | int | bytes) -> None:
    connection = apsw.Connection(str(home / "journal.db"))
    connection.execute(sql, values)
    connection.close()


@pytest.mark.requirement("X6")
def test_a_whole_ledger_is_ok_and_says_what_that_does_not_show(ledger: Path, signer: Signer) -> None:
    known = (ledger.parent / "note-100").read_bytes()
    found = report(ledger, signer, known=known)
    assert found.standing is Standing.OK
    assert [check.name for check in found.checks] == ["checkpoint", "known", "entries", "root", "payloads"]
    assert found.size == SIZE
    assert any("true when it was written" in line for line in found.unestablished)
    assert any("witness" in line for line in found.unestablished)
    assert not any("set back" in line for line in found.unestablished)
    assert any("set back" in line for line in report(ledger, signer).unestablished)


@pytest.mark.requirement("X6")
def test_an_empty_ledger_is_never_ok(home: Path, signer: Signer) -> None:
    found = report(home, signer)
    assert found.standing is Standing.UNKNOWN
    assert {check.name: check.standing for check in found.checks if check.name != "payloads"} == {
        "checkpoint": Standing.UNKNOWN,
        "entries": Standing.UNKNOWN,
        "root": Standing.UNKNOWN,
    }
    journal = open_journal(home, read_only=True)
    for size in (0, 3):
        note = sign_checkpoint(TreeHead(size, root_of([])), signer)
        found = verify(journal, signer.verifier, checkpoint=note)
        assert found.standing is (Standing.FAILED if size else Standing.UNKNOWN)
    journal.close()


@pytest.mark.requirement("X6")
def test_a_ledger_without_a_checkpoint_is_never_ok(journal: SqliteJournal, signer: Signer) -> None:
    journal.commit(Batch((leaf(0),))).result()
    found = verify(journal, signer.verifier, checkpoint=None)
    assert found.standing is Standing.UNKNOWN
    assert any("entries 0 to 0" in line for line in found.unestablished)


@pytest.mark.requirement("X6")
@given(st.integers(0, SIZE - 1), st.data())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changed_byte_is_found_and_its_entry_named(
    ledger: Path, signer: Signer, index: int, data: st.DataObject
) -> None:
    before = leaf(index) if index < SIZE - 1 else _read(ledger, index)
    place = data.draw(st.integers(0, len(before) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != before[place]))
    after = before[:place] + bytes([byte]) + before[place + 1 :]
    change(ledger, "UPDATE entry SET leaf = ? WHERE idx = ?", after, index)
    try:
        # read past the start, which already refuses a changed last entry
        found = report(ledger, signer)
        assert found.standing is Standing.FAILED
        assert failures(found)["root"] == index
    finally:
        change(ledger, "UPDATE entry SET leaf = ? WHERE idx = ?", before, index)
    assert report(ledger, signer).standing is Standing.OK


def _read(home: Path, index: int) -> bytes:
    journal = open_journal(home, read_only=True)
    found = next(iter(journal.leaves(index, index + 1)))
    journal.close()
    return found


def test_an_entry_in_another_spelling_of_the_same_json_is_found(ledger: Path, signer: Signer) -> None:
    change(ledger, "UPDATE entry SET leaf = ? WHERE idx = 7", leaf(7).replace(b":", b": "))
    assert failures(report(ledger, signer)) == {"entries": 7, "root": 7}


@pytest.mark.requirement("X6")
@pytest.mark.parametrize("left", [0, 1, 100, SIZE - 1])
def test_a_cut_tail_is_found(ledger: Path, signer: Signer, left: int) -> None:
    export_folder = _exported(ledger, signer)
    change(ledger, "DELETE FROM entry WHERE idx >= ?", left)
    # the head file says so at once; with both cut, the checkpoint does
    assert failures(report(ledger, signer)).keys() >= {"entries", "root"}
    _cut_export(export_folder, left)
    log = ExportedLog(export_folder)
    found = verify(log, signer.verifier, checkpoint=log.checkpoint())
    assert failures(found)["entries"] == left


def _exported(home: Path, signer: Signer) -> Path:
    journal = open_journal(home, read_only=True)
    folder = home.parent / "export"
    assert export(journal, folder, key=signer.verifier) == SIZE
    journal.close()
    return folder


def _cut_export(folder: Path, left: int) -> None:
    log = ExportedLog(folder)
    leaves = list(log.leaves(0, left))
    for path in sorted((folder / "tile" / "entries").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    for bundle in bundles_of(left):
        path = folder / path_of(bundle)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_bundle(leaves[bundle.number * 256 :][: bundle.width]))


@pytest.mark.requirement("X6")
def test_an_entry_that_is_missing_in_the_middle_is_found(ledger: Path, signer: Signer) -> None:
    change(ledger, "DELETE FROM entry WHERE idx = 7")
    assert failures(report(ledger, signer))["entries"] == 0
    assert "entry 7" in str(report(ledger, signer).checks)


@pytest.mark.requirement("X6")
@pytest.mark.parametrize("keep_name", [True, False])
def test_a_rehashed_ledger_is_found_by_its_key(ledger: Path, signer: Signer, keep_name: bool) -> None:
    forger = Signer(signer.verifier.name if keep_name else "forger.example/ledger", b"f" * 32)
    _rehash(ledger, forger)
    found = report(ledger, signer)
    assert found.standing is Standing.FAILED
    assert failures(found) == {"checkpoint": None}
    # the forged ledger is whole in itself: only the key, from elsewhere, tells
    assert report(ledger, forger).standing is Standing.OK


@pytest.mark.requirement("X6")
def test_a_ledger_rehashed_with_the_stolen_key_is_found_by_a_checkpoint_kept_elsewhere(
    ledger: Path, signer: Signer
) -> None:
    _rehash(ledger, signer)
    assert report(ledger, signer).standing is Standing.OK
    found = report(ledger, signer, known=(ledger.parent / "note-100").read_bytes())
    assert failures(found) == {"known": None}


def _rehash(home: Path, signer: Signer) -> None:
    change(home, "UPDATE entry SET leaf = ? WHERE idx = 7", leaf(70_000))
    journal = open_journal(home, read_only=True)
    edge = Edge()
    tiles = [*edge.extend([leaf_hash(item) for item in journal.leaves(0, SIZE)]), *edge.partial()]
    journal.close()
    change(
        home,
        "UPDATE checkpoint SET note = ? WHERE size = ?",
        sign_checkpoint(TreeHead(SIZE, edge.root()), signer),
        SIZE,
    )
    for level, number, hashes in tiles:
        change(home, "UPDATE tile SET hashes = ? WHERE level = ? AND number = ?", hashes, level, number)


@pytest.mark.requirement("X6")
def test_a_ledger_set_back_to_an_earlier_state_is_found_by_a_checkpoint_kept_elsewhere(
    ledger: Path, signer: Signer, tmp_path: Path
) -> None:
    journal = open_journal(ledger, read_only=True)
    newest = journal.checkpoint() or b""
    older = (tmp_path / "note-100").read_bytes()
    journal.close()
    folder = _exported(ledger, signer)
    _cut_export(folder, 100)
    (folder / "checkpoint").write_bytes(older)
    log = ExportedLog(folder)
    assert verify(log, signer.verifier, checkpoint=older).standing is Standing.OK
    found = verify(log, signer.verifier, checkpoint=older, known=newest)
    assert failures(found) == {"known": 100}


@pytest.mark.requirement("X6")
@pytest.mark.parametrize(
    ("spoil", "standing"),
    [
        ("UPDATE payload SET ciphertext = zeroblob(40)", Standing.FAILED),
        ("UPDATE payload SET ring = 'other'", Standing.FAILED),
        ("DELETE FROM payload", Standing.UNKNOWN),
    ],
)
def test_a_payload_is_the_committed_one_or_the_report_says_so(
    ledger: Path, signer: Signer, spoil: str, standing: Standing
) -> None:
    change(ledger, spoil)
    found = report(ledger, signer)
    assert found.standing is standing
    assert [check.standing for check in found.checks if check.name == "payloads"] == [standing]


def test_entries_after_the_checkpoint_are_named_as_unsigned_and_looked_at(ledger: Path, signer: Signer) -> None:
    journal = open_journal(ledger)
    journal.commit(Batch((leaf(300), b"no entry"))).result()
    journal.close()
    found = report(ledger, signer)
    assert failures(found) == {"entries": 301}
    assert any("entries 300 to 301" in line for line in found.unestablished)


def test_a_recovery_is_a_notice(ledger: Path, signer: Signer) -> None:
    journal = open_journal(ledger)
    journal.commit(Batch((encode("recovered", 1, {"from": 298, "to": 299}),))).result()
    journal.close()
    found = report(ledger, signer)
    assert found.standing is Standing.OK
    assert found.notices == ("entry 300: entries 298 to 299 were found at a start without their acknowledgement",)


@pytest.mark.parametrize("note", [b"", b"\xff", b"no note", b"a\n\n"])
def test_a_checkpoint_that_is_none_fails(ledger: Path, signer: Signer, note: bytes) -> None:
    journal = open_journal(ledger, read_only=True)
    for run in (
        verify(journal, signer.verifier, checkpoint=note),
        verify(journal, signer.verifier, checkpoint=journal.checkpoint(), known=note),
    ):
        assert run.standing is Standing.FAILED
    journal.close()


def test_an_export_verifies_without_the_journal(ledger: Path, signer: Signer) -> None:
    folder = _exported(ledger, signer)
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == {
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    }
    log = ExportedLog(folder)
    found = verify(log, signer.verifier, checkpoint=log.checkpoint(), known=(ledger.parent / "note-100").read_bytes())
    assert found.standing is Standing.OK
    assert any("payloads" in line for line in found.unestablished)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda data: data[:-1], id="cut"),
        pytest.param(lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:], id="flipped bit"),
        pytest.param(lambda data: b"", id="emptied"),
    ],
)
def test_a_spoilt_export_is_found(ledger: Path, signer: Signer, spoil: Callable[[bytes], bytes]) -> None:
    folder = _exported(ledger, signer)
    for name in ("checkpoint", "tile/entries/000", "tile/entries/001.p/44"):
        path = folder / name
        data = path.read_bytes()
        path.write_bytes(spoil(data))
        log = ExportedLog(folder)
        assert verify(log, signer.verifier, checkpoint=log.checkpoint()).standing is Standing.FAILED
        path.write_bytes(data)


def test_a_report_is_plain_data(ledger: Path, signer: Signer) -> None:
    found = report(ledger, signer).plain()
    assert found["standing"] == "ok"
    assert found.keys() == {"standing", "size", "checks", "unestablished", "notices"}
