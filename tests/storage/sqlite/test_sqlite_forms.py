"""A ledger outlives the version that wrote it: every form there was is opened, verified and gone on with; a newer one is refused."""

import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from trilens.errors import StoreError
from trilens.prove.ledger import entry
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.logkey import log_signer
from trilens.prove.ledger.note import parse_verifier_key
from trilens.prove.ledger.verify import Standing, verify
from trilens.storage.ports import Actor, Batch, CaseState, Query
from trilens.storage.sqlite.journal import open_journal
from trilens.storage.sqlite.keyring import open_keyring
from trilens.storage.sqlite.keystore import open_keystore
from trilens.storage.sqlite.schema import ACCESS_TABLES, JOURNAL_TABLES, KEYS_TABLES
from trilens.testing.batches import read, written

FORMS = Path(__file__).parent / "forms"
KEYS = dict(re.findall(r"(?m)^\| (\d+) \|.*\| `([^`]+)` \|$", (FORMS / "README.md").read_text(encoding="utf-8")))
STORES = {"journal.db": JOURNAL_TABLES, "keys.db": KEYS_TABLES, "access.db": ACCESS_TABLES}


@pytest.fixture(params=sorted(KEYS))
def form(request: pytest.FixtureRequest, tmp_path: Path) -> "tuple[str, Path]":
    home = tmp_path / "state"
    home.mkdir(mode=0o700)
    with tarfile.open(FORMS / f"form-{request.param}.tar.gz") as archive:
        archive.extractall(home, filter="data")
    return str(request.param), home


def test_every_form_before_the_newest_is_kept() -> None:
    assert {int(number) for number in KEYS} >= set(range(1, len(JOURNAL_TABLES)))


@pytest.mark.requirement("X6", "C13")
def test_an_old_ledger_is_read_as_it_is_and_verifies_with_the_key_that_was_kept(form: "tuple[str, Path]") -> None:
    number, home = form
    journal = open_journal(home, read_only=True)
    known = (FORMS / f"form-{number}.checkpoint").read_bytes()
    key = parse_verifier_key(KEYS[number])
    report = verify(journal, key, checkpoint=journal.checkpoint(), known=known, payload=journal.payload)
    assert report.standing is Standing.OK, report
    assert report.size == 30
    # what it does not have yet is empty, and not an error
    assert list(journal.stops()) == []
    assert list(journal.notices()) == []
    journal.close()


@pytest.mark.requirement("X6")
def test_it_is_opened_gone_on_with_and_verifies_still(form: "tuple[str, Path]") -> None:
    number, home = form
    keyring, journal = open_keyring(home), open_journal(home)
    assert [case.state for case in journal.cases()] == [CaseState.OPEN] * len(journal.cases())
    assert read(journal, Query(1, actor=Actor("support"))).stop is None
    written(journal, Batch((entry.encode(entry.Kind.FAULT, 1, {"what": "none"}),), unless_stopped=Actor("support")))
    Checkpointer(journal, log_signer("corner-shop", keyring.secret("log"), home)).advance()
    known = (FORMS / f"form-{number}.checkpoint").read_bytes()
    report = verify(journal, parse_verifier_key(KEYS[number]), checkpoint=journal.checkpoint(), known=known)
    assert report.standing is Standing.OK, report
    assert report.size == 31
    journal.close()
    keyring.close()
    assert apsw.Connection(str(home / "journal.db")).pragma("user_version") == len(JOURNAL_TABLES)
    keys = open_keystore(home)
    assert {bool(key.agent) for key in keys.list()} == {True, False}
    keys.close()


@pytest.mark.parametrize("name", STORES)
def test_a_form_that_is_newer_than_this_version_is_refused_and_left_alone(form: "tuple[str, Path]", name: str) -> None:
    _, home = form
    connection = apsw.Connection(str(home / name))
    connection.pragma("user_version", len(STORES[name]) + 1)
    connection.close()
    before = (home / name).read_bytes()
    openings: dict[str, Callable[[Path], object]] = {"keys.db": open_keyring, "access.db": open_keystore}
    opening = openings.get(name, open_journal)
    with pytest.raises(StoreError) as refused:
        opening(home)
    assert refused.value.code == "store/newer"
    assert (home / name).read_bytes() == before
