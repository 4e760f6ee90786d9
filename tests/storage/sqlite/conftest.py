from collections.abc import Iterator
from pathlib import Path

import pytest

from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.journal import SqliteJournal, open_journal


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder that `create` has made."""
    folder = tmp_path / "home"
    create(folder)
    return folder


@pytest.fixture
def journal(home: Path) -> Iterator[SqliteJournal]:
    opened = open_journal(home)
    yield opened
    opened.close()
