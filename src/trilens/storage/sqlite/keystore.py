"""API keys on SQLite: hashed, in a file of their own that commands change while a server runs."""

from collections.abc import Sequence
from pathlib import Path

import apsw

from trilens.errors import StoreError
from trilens.storage.ports import ApiKey
from trilens.storage.sqlite.place import ACCESS
from trilens.storage.sqlite.schema import ACCESS_ID, ACCESS_TABLES
from trilens.storage.sqlite.shared import SharedStore, Version

_COLUMNS = "id, digest, agent, operator, may_assert, created_ms, revoked_ms"


def open_keystore(home: Path) -> "SqliteKeyStore":
    """Open the API keys that `create` made a place for. Several processes may. Raises: StoreError."""
    return SqliteKeyStore(SharedStore(home / ACCESS, ACCESS_ID, ACCESS_TABLES))


class SqliteKeyStore:
    """The port `KeyStore`. A key added or revoked by another process is seen by the next `find`."""

    def __init__(self, store: SharedStore) -> None:
        self._store = store
        self._known: dict[str, tuple[Version, ApiKey]] = {}

    def add(self, key: ApiKey) -> None:
        """Raises: StoreError when the id is taken (`store/exists`) or not ASCII (`store/value`)."""
        if not key.id.isascii():
            raise StoreError("store/value", "the id of a key is ASCII", help="make another")
        if not self._store.write(lambda connection: _insert(connection, key)):
            raise StoreError("store/exists", f"there is a key `{key.id}` already", help="make another")

    def find(self, key_id: str) -> ApiKey | None:
        if not key_id.isascii():
            return None
        version = self._store.version()
        known = self._known.get(key_id)
        if known is not None and known[0] == version:
            return known[1]
        found = self._store.ask(lambda connection: _find(connection, key_id))
        if found is not None:
            # unknown ids are not remembered: anybody can ask for any number of them
            self._known[key_id] = (version, found)
        return found

    def list(self) -> Sequence[ApiKey]:
        """Oldest first."""
        return self._store.ask(_all)

    def revoke(self, key_id: str, at_ms: int) -> bool:
        """False when it is unknown or was revoked before; the first moment stands."""
        return self._store.write(lambda connection: _revoke(connection, key_id, at_ms))

    def close(self) -> None:
        self._store.close()


def _insert(connection: apsw.Connection, key: ApiKey) -> bool:
    connection.execute(
        f"INSERT INTO api_key ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",  # noqa: S608 - a constant
        (key.id, key.digest, key.agent, key.operator, int(key.may_assert), key.created_ms, key.revoked_ms),
    )
    return connection.changes() == 1


def _find(connection: apsw.Connection, key_id: str) -> ApiKey | None:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM api_key WHERE id = ?", (key_id,)).fetchall()  # noqa: S608 - a constant
    return _key(rows[0]) if rows else None


def _all(connection: apsw.Connection) -> list[ApiKey]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM api_key ORDER BY created_ms, id").fetchall()  # noqa: S608 - a constant
    return [_key(row) for row in rows]


def _revoke(connection: apsw.Connection, key_id: str, at_ms: int) -> bool:
    connection.execute("UPDATE api_key SET revoked_ms = ? WHERE id = ? AND revoked_ms = 0", (at_ms, key_id))
    return connection.changes() == 1


def _key(row: "tuple[apsw.SQLiteValue, ...]") -> ApiKey:
    match row:
        case (
            str() as key_id,
            bytes() as digest,
            str() as agent,
            str() as operator,
            int() as may,
            int() as created,
            int() as revoked,
        ):
            return ApiKey(key_id, digest, agent, operator, may_assert=bool(may), created_ms=created, revoked_ms=revoked)
        case _:
            raise StoreError("store/damaged", "a row of the API keys is not of its form", help="restore `access.db`")
