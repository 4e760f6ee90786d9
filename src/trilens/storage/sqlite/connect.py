"""Opening SQLite files the one way that keeps what was acknowledged, and naming their errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from trilens.errors import StoreError
from trilens.storage.sqlite import schema
from trilens.storage.sqlite.place import Identity, identify, make_file, require_file, require_sound_sqlite

_WAIT_MS = 5_000
"""How long a statement waits for a lock of another process."""
_PAGES_PER_CHECKPOINT = 4_000
"""16 MB of WAL: one checkpoint is amortised over some thousand commits."""


def make_store(path: Path, application_id: int, tables: tuple[str, ...]) -> apsw.Connection:
    """Make a new store and open it for writing. Raises: StoreError."""
    require_sound_sqlite()
    make_file(path)
    with naming_errors(path):
        connection = _connect(path, apsw.SQLITE_OPEN_READWRITE)
        connection.pragma("application_id", application_id)
        _make_durable(connection)
        schema.migrate(connection, tables)
    return connection


def open_store(path: Path, application_id: int, tables: tuple[str, ...]) -> apsw.Connection:
    """Open an existing store for writing: WAL, `synchronous=FULL`, deleted bytes overwritten, newest form.

    Raises:
        StoreError: `store/missing`, `store/foreign`, `store/newer`, `store/replaced`, `store/sqlite`, `store/damaged`.
    """
    require_sound_sqlite()
    before = require_file(path)
    with naming_errors(path):
        connection = _connect(path, apsw.SQLITE_OPEN_READWRITE)
        try:
            _require_ours(connection, path, application_id)
            _make_durable(connection)
            schema.migrate(connection, tables)
            _require_same(path, before)
        except BaseException:
            # INVARIANT: what could not be opened is left as it was found, its WAL included
            keep_wal(connection)
            connection.close()
            raise
    return connection


def open_reader(path: Path, application_id: int, tables: tuple[str, ...]) -> apsw.Connection:
    """Open an existing store for reading alone. Raises: StoreError as `open_store`."""
    require_sound_sqlite()
    require_file(path)
    with naming_errors(path):
        connection = _connect(path, apsw.SQLITE_OPEN_READONLY)
        try:
            _require_ours(connection, path, application_id)
            schema.require_known(schema.version_of(connection), tables)
        except BaseException:
            connection.close()
            raise
    return connection


def keep_wal(connection: apsw.Connection) -> None:
    """Closing this connection leaves the WAL where it is, as evidence and for the next start."""
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)


@contextmanager
def naming_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into a StoreError about `path`."""
    try:
        yield
    except apsw.Error as error:
        raise named(path, error) from error


def named(path: Path, error: apsw.Error) -> StoreError:
    """A StoreError for an error of SQLite. Its text is SQLite's own and holds no data: every value is bound, none is spelled."""
    name = path.name
    match error:
        case apsw.FullError():
            return StoreError("store/full", f"no space left for `{name}`", help="free disk space, then start again")
        case apsw.ReadOnlyError() | apsw.CantOpenError() | apsw.PermissionsError() | apsw.AuthError():
            return StoreError(
                "store/read-only",
                f"cannot write `{name}`: {error}",
                help="give the user that runs trilens a writable folder, or set `TRILENS_HOME`",
            )
        case apsw.CorruptError() | apsw.NotADBError() | apsw.FormatError():
            return StoreError(
                "store/damaged",
                f"`{name}` cannot be read: {error}",
                help="keep the folder as it is, restore a copy elsewhere, and run `trilens ledger verify` on both",
            )
        case apsw.BusyError() | apsw.LockedError():
            return StoreError(
                "store/busy", f"another program holds `{name}`", help="find it and stop it; nothing was written"
            )
        case _:
            return StoreError("store/failed", f"`{name}` failed: {error}", help="look at the disk and the system's log")


def replaced(path: Path) -> StoreError:
    return StoreError(
        "store/replaced",
        f"`{path.name}` was removed or replaced while it was open",
        help="stop, keep both files, and restore the one that holds the last acknowledged entry",
    )


def _connect(path: Path, flags: int) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=flags)
    connection.set_busy_timeout(_WAIT_MS)
    return connection


def _require_same(path: Path, before: Identity) -> None:
    if identify(path) != before:
        raise replaced(path)


def _require_ours(connection: apsw.Connection, path: Path, application_id: int) -> None:
    if connection.pragma("application_id") != application_id:
        raise StoreError(
            "store/foreign", f"`{path.name}` was not made by trilens", help="check the folder and `TRILENS_HOME`"
        )


def _make_durable(connection: apsw.Connection) -> None:
    connection.pragma("secure_delete", 1)
    mode = connection.pragma("journal_mode", "wal")
    if mode != "wal":
        raise StoreError(
            "store/no-wal", "the folder's file system cannot hold a write-ahead log", help="use a local disk"
        )
    connection.pragma("synchronous", 2)
    connection.pragma("wal_autocheckpoint", _PAGES_PER_CHECKPOINT)
