from collections.abc import Iterator
from pathlib import Path

import pytest

from trilens.prove.ledger.note import Signer
from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.journal import SqliteJournal, open_journal


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    create(folder)
    return folder


@pytest.fixture
def journal(home: Path) -> Iterator[SqliteJournal]:
    opened = open_journal(home)
    yield opened
    opened.close()


@pytest.fixture
def signer() -> Signer:
    """The log's key: fixed, so that signatures are the same in every run."""
    return Signer("shop.example/ledger", bytes(range(32)))
