from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trilens.storage.ports import Journal, KeyRing, KeyStore
from trilens.storage.sqlite.journal import open_journal
from trilens.storage.sqlite.keyring import open_keyring
from trilens.storage.sqlite.keystore import open_keystore
from trilens.testing.journal_contract import JournalContract
from trilens.testing.keyring_contract import KeyRingContract
from trilens.testing.keystore_contract import KeyStoreContract


class TestSqliteJournal(JournalContract):
    @pytest.fixture
    def journal(self, home: Path) -> Iterator[Journal]:
        opened = open_journal(home)
        yield opened
        opened.close()


class TestSqliteKeyRing(KeyRingContract):
    @pytest.fixture
    def keyring(self, home: Path) -> Iterator[KeyRing]:
        opened = open_keyring(home)
        yield opened
        opened.close()

    @pytest.fixture
    def reopen(self, home: Path) -> Callable[[], KeyRing]:
        return lambda: open_keyring(home)


class TestSqliteKeyStore(KeyStoreContract):
    @pytest.fixture
    def keystore(self, home: Path) -> Iterator[KeyStore]:
        opened = open_keystore(home)
        yield opened
        opened.close()

    @pytest.fixture
    def reopen(self, home: Path) -> Callable[[], KeyStore]:
        return lambda: open_keystore(home)
