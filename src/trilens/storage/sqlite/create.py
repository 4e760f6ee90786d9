"""Making the state of an installation: the only place where a ledger comes to be."""

import secrets
from pathlib import Path

from trilens.storage.sqlite.connect import make_store, naming_errors
from trilens.storage.sqlite.head import make_head
from trilens.storage.sqlite.lock import FolderLock
from trilens.storage.sqlite.place import ACCESS, HEAD, JOURNAL, KEYS, make_folder, sync_folder
from trilens.storage.sqlite.schema import (
    ACCESS_ID,
    ACCESS_TABLES,
    JOURNAL_ID,
    JOURNAL_TABLES,
    KEYS_ID,
    KEYS_TABLES,
)

SECRETS = ("log", "mac")
"""`log`: Ed25519 seed that signs checkpoints. `mac`: key of every keyed digest."""
SECRET_BYTES = 32


def create(home: Path) -> None:
    """Make an empty ledger with its keys in `home`, durable on return; the folder and its files are its owner's alone.

    Raises:
        StoreError: state is there already (`store/exists`), or the folder cannot be written.
    """
    make_folder(home)
    with FolderLock.take(home):
        keys = make_store(home / KEYS, KEYS_ID, KEYS_TABLES)
        with naming_errors(home / KEYS):
            for name in SECRETS:
                keys.execute(
                    "INSERT INTO secret (name, bytes) VALUES (?, ?)", (name, secrets.token_bytes(SECRET_BYTES))
                )
            keys.close()
        make_store(home / ACCESS, ACCESS_ID, ACCESS_TABLES).close()
        make_head(home / HEAD)
        # last, so that a folder with a journal is a whole one
        make_store(home / JOURNAL, JOURNAL_ID, JOURNAL_TABLES).close()
        sync_folder(home)
        sync_folder(home.parent)
