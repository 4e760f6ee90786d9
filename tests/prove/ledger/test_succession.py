"""One key after another: whoever was given one of them follows to the others, and a replaced key signs nothing more."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from trilens.errors import LedgerError, SettingsError, StoreError
from trilens.prove.ledger import logkey
from trilens.prove.ledger.checkpoint import open_checkpoint, sign_checkpoint
from trilens.prove.ledger.entry import Kind, encode
from trilens.prove.ledger.export import ExportedLog, export
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.logkey import log_signer, log_verifier, rotate
from trilens.prove.ledger.merkle import TreeHead, leaf_hash, root_of
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.succession import Succession, announce, follow, read_succession
from trilens.prove.ledger.verify import Report, Standing, verify
from trilens.storage.ports import Batch
from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.journal import SqliteJournal, open_journal

NAME = "shop.example/ledger"
FIRST = bytes(range(32))
OLD, NEW, NEXT = (Signer(NAME, seed) for seed in (FIRST, b"n" * 32, b"x" * 32))


def add(journal: SqliteJournal, count: int) -> None:
    leaves = tuple(encode("decision", 1, {"n": n}) for n in range(count))
    journal.commit(Batch(leaves)).result()


def rotated(journal: SqliteJournal, home: Path, seed: bytes) -> Signer:
    signer = rotate(journal, NAME, first=FIRST, home=home, now_ms=1, random=lambda _: seed)
    Checkpointer(journal, signer).advance()
    return signer


@pytest.fixture
def twice(journal: SqliteJournal, home: Path) -> SqliteJournal:
    """Four entries under the first key, then a rotation and four more, twice: announced in entries 4 and 9."""
    add(journal, 4)
    Checkpointer(journal, OLD).advance()
    for seed in (b"n" * 32, b"x" * 32):
        signer = rotated(journal, home, seed)
        add(journal, 4)
        Checkpointer(journal, signer).advance()
    return journal


def report(journal: SqliteJournal, key: Signer, *, note: bytes | None = None, known: bytes | None = None) -> Report:
    return verify(journal, key.verifier, checkpoint=note or journal.checkpoint(), known=known)


def failed(found: Report) -> set[str]:
    return {check.name for check in found.checks if check.standing is Standing.FAILED}


def signed_by(journal: SqliteJournal, signer: Signer, size: int) -> bytes:
    return sign_checkpoint(TreeHead(size, root_of([leaf_hash(leaf) for leaf in journal.leaves(0, size)])), signer)


@pytest.mark.requirement("X6")
@pytest.mark.parametrize("given", [OLD, NEW, NEXT], ids=["first", "second", "third"])
def test_whoever_holds_any_of_the_keys_verifies_the_whole(twice: SqliteJournal, given: Signer) -> None:
    found = report(twice, given, known=signed_by(twice, OLD, 3))
    assert found.standing is Standing.OK
    assert [check.name for check in found.checks] == ["checkpoint", "known", "keys", "entries", "root"]
    assert any("right hands" in line for line in found.unestablished)


@pytest.mark.requirement("X6")
def test_a_key_signs_nothing_after_it_was_replaced_and_nothing_before_it_came(twice: SqliteJournal) -> None:
    for signer, size, is_good in (
        (OLD, 3, True),
        (OLD, 4, True),
        (OLD, 5, False),
        (OLD, 14, False),
        (NEW, 4, False),
        (NEW, 5, True),
        (NEW, 9, True),
        (NEW, 10, False),
        (NEXT, 9, False),
        (NEXT, 10, True),
        (NEXT, 14, True),
    ):
        found = report(twice, OLD, note=signed_by(twice, signer, size))
        assert (found.standing is Standing.OK) == is_good, (signer.verifier.id, size)
        assert ("checkpoint" in failed(found)) == (not is_good)


@pytest.mark.requirement("X6")
def test_a_stranger_s_key_is_followed_by_nobody(twice: SqliteJournal) -> None:
    found = report(twice, Signer(NAME, b"s" * 32))
    assert failed(found) == {"checkpoint", "keys"}


@pytest.mark.requirement("X6")
def test_a_succession_that_the_key_before_did_not_sign_fails(journal: SqliteJournal) -> None:
    add(journal, 2)
    thief = Signer(NAME, b"t" * 32)
    journal.commit(Batch((encode(Kind.LOG_KEY, 1, announce(thief, NEW)),))).result()
    Checkpointer(journal, NEW).advance()
    assert failed(report(journal, OLD)) == {"checkpoint", "keys"}
    # to whoever was given the thief's key it is the thief's ledger
    assert report(journal, thief).standing is Standing.OK


@pytest.mark.requirement("X6")
def test_a_succession_from_a_key_that_was_not_in_force_fails(journal: SqliteJournal) -> None:
    for body in (announce(OLD, NEW), announce(OLD, NEXT)):
        journal.commit(Batch((encode(Kind.LOG_KEY, 1, body),))).result()
    Checkpointer(journal, NEXT).advance()
    assert "keys" in failed(report(journal, OLD))


def spoilt() -> list[dict[str, object]]:
    good = str(announce(OLD, NEW)["note"])
    text, _, lines = good.rpartition("\n\n")
    first, second = lines.rstrip("\n").split("\n")
    return [
        {},
        {"note": 1},
        {"note": good, "more": 1},
        {"note": f"{text}\n\n{first}\n"},
        {"note": f"{text}\n\n{second}\n"},
        {"note": good.replace("trilens log key", "trilens log keys")},
        {"note": good.replace(str(NEW.verifier), str(NEXT.verifier))},
        {"note": good.replace(str(NEW.verifier), str(OLD.verifier))},
        {"note": good.replace(str(NEW.verifier), "no key")},
        {"note": good.replace(f"{NEW.verifier}\n", f"{NEW.verifier}\nmore\n")},
        {"note": "\ud800"},
    ]


@pytest.mark.parametrize("body", spoilt(), ids=range(len(spoilt())))
def test_what_is_no_succession_is_refused_and_fails_a_verification(
    body: dict[str, object], journal: SqliteJournal
) -> None:
    with pytest.raises(LedgerError):
        read_succession(body, 0)  # type: ignore[arg-type]
    try:
        leaf = encode(Kind.LOG_KEY, 1, body)  # type: ignore[arg-type]
    except LedgerError:
        return
    journal.commit(Batch((leaf,))).result()
    Checkpointer(journal, OLD).advance()
    assert failed(report(journal, OLD)) == {"keys"}


def test_a_succession_is_between_two_keys_of_one_log() -> None:
    for old, new in ((OLD, OLD), (OLD, Signer("bank.example/ledger", b"b" * 32))):
        with pytest.raises(LedgerError):
            announce(old, new)
    assert follow(OLD.verifier, []).at(10**9) == OLD.verifier
    assert read_succession(announce(OLD, NEW), 7) == Succession(OLD.verifier, NEW.verifier, 7)


@pytest.mark.requirement("X6")
def test_an_export_goes_on_verifying_across_keys(twice: SqliteJournal, home: Path, tmp_path: Path) -> None:
    signer = log_signer(NAME, FIRST, home)
    assert (signer.verifier, signer.former) == (NEXT.verifier, (OLD.verifier, NEW.verifier))
    assert export(twice, tmp_path / "x", key=signer.verifier, former=signer.former) == 14
    log = ExportedLog(tmp_path / "x")
    assert verify(log, OLD.verifier, checkpoint=log.checkpoint()).standing is Standing.OK


@pytest.mark.requirement("X6")
@pytest.mark.parametrize("step", ["write_durably", "_is_announced", "announce", "rename_durably"])
def test_a_rotation_that_was_cut_short_signs_nothing_until_it_is_finished(
    journal: SqliteJournal, home: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    class KilledError(BaseException):
        pass

    def die(*_: object) -> None:
        raise KilledError

    add(journal, 4)
    Checkpointer(journal, OLD).advance()
    with monkeypatch.context() as patch:
        patch.setattr(logkey, step, die)
        with pytest.raises(KilledError):
            rotate(journal, NAME, first=FIRST, home=home, now_ms=1, random=os.urandom)
    if step == "write_durably":
        assert log_signer(NAME, FIRST, home).verifier == OLD.verifier
    else:
        with pytest.raises(SettingsError) as caught:
            log_signer(NAME, FIRST, home)
        assert caught.value.code == "settings/log-key"
    assert log_verifier(NAME, FIRST, home) == OLD.verifier
    # entries are still recorded meanwhile; none of them is signed
    add(journal, 3)
    assert report(journal, OLD).standing is Standing.OK
    signer = rotate(journal, NAME, first=FIRST, home=home, now_ms=2, random=os.urandom)
    Checkpointer(journal, signer).advance()
    assert log_signer(NAME, FIRST, home).verifier == signer.verifier
    found = report(journal, OLD)
    assert (found.standing, found.covered) == (Standing.OK, 8)


def test_a_key_file_is_its_owner_s_and_no_other_form_is_read(journal: SqliteJournal, home: Path) -> None:
    add(journal, 1)
    Checkpointer(journal, OLD).advance()
    rotated(journal, home, b"n" * 32)
    path = home / logkey.FILE
    assert path.stat().st_mode & 0o077 == 0
    good = path.read_bytes()
    for bad in (
        b"",
        good[:-1],
        good + b"\n",
        good.replace(b"seed ", b"seed"),
        good.replace(b"key\n", b"keys\n"),
        b"\xff",
        good[:40],
    ):
        path.write_bytes(bad)
        with pytest.raises(SettingsError) as caught:
            log_signer(NAME, FIRST, home)
        assert caught.value.code == "settings/log-key-file"


def test_a_folder_that_cannot_be_written_changes_no_key(
    journal: SqliteJournal, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    add(journal, 1)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError):
            rotate(journal, NAME, first=FIRST, home=home, now_ms=1, random=os.urandom)
    assert log_signer(NAME, FIRST, home).verifier == OLD.verifier


def test_what_the_log_signs_on_from_was_signed_by_a_key_it_had(journal: SqliteJournal, home: Path) -> None:
    add(journal, 1)
    Checkpointer(journal, NEXT).advance()
    with pytest.raises(LedgerError) as caught:
        rotated(journal, home, b"n" * 32)
    assert caught.value.code == "ledger/unsigned"
    assert open_checkpoint(journal.checkpoint() or b"", NEXT.verifier).tree.size == 1


@pytest.mark.requirement("X6")
def test_the_thief_of_a_retired_key_shows_nothing_new_to_whoever_holds_a_later_one(
    twice: SqliteJournal, tmp_path: Path
) -> None:
    """The genuine announcement, copied behind a forged history, makes nobody believe what the old key signs."""
    announcement = next(leaf for leaf in twice.leaves(0, twice.size()) if b"log.key" in leaf)
    create(tmp_path / "forged")
    with closing(open_journal(tmp_path / "forged")) as forged:
        add(forged, 50)
        forged.commit(Batch((announcement,))).result()
        found = report(forged, NEW, note=signed_by(forged, OLD, 50))
    assert found.standing is Standing.FAILED
    assert failed(found) == {"checkpoint"}
