"""The key ring on SQLite: a file of its own, so that a key can be destroyed while the ledger stays whole.

Deleted keys are overwritten (`secure_delete`) and the write-ahead log is cut to nothing before `destroy` returns. What the file system or
the disk keeps beneath the file is out of its reach: put the folder on an encrypted disk, and out of long-lived backups.
"""

import secrets
from pathlib import Path
from typing import Final

import apsw

from trilens.errors import StoreError
from trilens.storage.ports import Ring, RingName
from trilens.storage.sqlite.place import KEYS
from trilens.storage.sqlite.schema import KEYS_ID, KEYS_TABLES
from trilens.storage.sqlite.shared import SharedStore, Version
from trilens.vocabulary.canonical import Mac

KEY_BYTES: Final = 32
_REMEMBERED: Final = 4_096


def open_keyring(home: Path) -> "SqliteKeyRing":
    """Open the key ring that `create` made. Several processes may. Raises: StoreError."""
    return SqliteKeyRing(SharedStore(home / KEYS, KEYS_ID, KEYS_TABLES))


class SqliteKeyRing:
    """The port `KeyRing`. Holders are kept as keyed digests: the file names no person."""

    def __init__(self, store: SharedStore) -> None:
        self._store = store
        self._rings: dict[RingName, tuple[Version, Ring]] = {}
        self._mac = Mac(self.secret("mac"))

    def ring(self, name: RingName) -> Ring:
        version = self._store.version()
        known = self._rings.get(name)
        if known is not None and known[0] == version:
            return known[1]
        made = Ring(secrets.token_hex(16), secrets.token_bytes(KEY_BYTES))
        key = (self._mac.of("ring holder", name.holder), name.purpose, name.retention)
        ring = self._store.ask(lambda connection: _find(connection, key))
        if ring is None:
            return self._store.write(lambda connection: _make(connection, key, made))
        if len(self._rings) >= _REMEMBERED:
            self._rings.clear()
        self._rings[name] = (version, ring)
        return ring

    def key(self, ring_id: str) -> bytes | None:
        rows = self._store.ask(lambda c: c.execute("SELECT key FROM ring WHERE id = ?", (ring_id,)).fetchall())
        return bytes(rows[0][0]) if rows and isinstance(rows[0][0], bytes) else None

    def destroy(self, ring_id: str) -> bool:
        """False when there was no such key.

        Raises:
            StoreError: the key is gone from the table, but another reader kept its bytes in the log; code `store/residue`. Call it again.
        """
        was_there = self._store.write(lambda connection: _delete(connection, ring_id))
        self._rings.clear()
        self._store.ask(_cut_log)
        return was_there

    def secret(self, name: str) -> bytes:
        rows = self._store.ask(lambda c: c.execute("SELECT bytes FROM secret WHERE name = ?", (name,)).fetchall())
        if not rows or not isinstance(rows[0][0], bytes):
            raise StoreError(
                "store/secret",
                f"the key ring has no secret `{name}`",
                help="restore `keys.db`: secrets are made once, by `init`",
            )
        return rows[0][0]

    def close(self) -> None:
        self._store.close()


def _find(connection: apsw.Connection, name: tuple[str, str, str]) -> Ring | None:
    rows = connection.execute(
        "SELECT id, key FROM ring WHERE holder = ? AND purpose = ? AND retention = ?", name
    ).fetchall()
    match rows:
        case []:
            return None
        case [(str() as ring_id, bytes() as key)]:
            return Ring(ring_id, key)
        case _:
            raise StoreError("store/damaged", "a row of the key ring is not of its form", help="restore `keys.db`")


def _make(connection: apsw.Connection, name: tuple[str, str, str], made: Ring) -> Ring:
    connection.execute(
        "INSERT INTO ring (id, holder, purpose, retention, key) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (made.id, *name, made.key),
    )
    # another process may have been first: what the file says holds
    found = _find(connection, name)
    if found is None:
        raise StoreError("store/busy", "the key ring changed under us", help="try again")
    return found


def _delete(connection: apsw.Connection, ring_id: str) -> bool:
    connection.execute("DELETE FROM ring WHERE id = ?", (ring_id,))
    return connection.changes() == 1


def _cut_log(connection: apsw.Connection) -> None:
    is_busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0][0]
    if is_busy:
        raise StoreError(
            "store/residue",
            "another reader keeps the destroyed key in the log of `keys.db`",
            help="try again in a moment",
        )
