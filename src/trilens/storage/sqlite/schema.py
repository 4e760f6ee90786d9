"""The tables, as numbered migrations: `PRAGMA user_version` is how many of them a file has seen.

A migration is never edited once released; a new one is appended. A file that has seen more than we know is refused.
Amounts are decimal text: a sum of money is exact whatever its size, and SQLite's integers end at 2**63.
"""

from typing import Final

import apsw

from trilens.errors import StoreError

JOURNAL_ID: Final = 0x54524A4C
"""`PRAGMA application_id` of the journal: `TRJL`."""
KEYS_ID: Final = 0x54524B52
"""Of the key ring: `TRKR`."""
ACCESS_ID: Final = 0x54524143
"""Of the API keys: `TRAC`."""

FORM_WITH_STOPS: Final = 2
"""Of the journal: the first with stops and notices. Whoever only reads may meet an older one."""

JOURNAL_TABLES: Final = (
    """
    CREATE TABLE entry (idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL) STRICT;

    CREATE TABLE payload (
        number INTEGER PRIMARY KEY,
        commitment TEXT NOT NULL UNIQUE,
        ring TEXT NOT NULL,
        ciphertext BLOB NOT NULL,
        retain_until_ms INTEGER NOT NULL
    ) STRICT;

    -- `running` is the sum of the account's amounts up to this row in the order of the key, so that any window is two seeks
    CREATE TABLE hold (
        account TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        entry INTEGER NOT NULL,
        part INTEGER NOT NULL,
        amount TEXT NOT NULL,
        running TEXT NOT NULL,
        call TEXT NOT NULL,
        PRIMARY KEY (account, at_ms, entry, part)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE released (
        mac TEXT PRIMARY KEY,
        tool TEXT NOT NULL,
        decision TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        settled INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE cases (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        system TEXT NOT NULL,
        opened_ms INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL,
        request_mac TEXT NOT NULL,
        covers TEXT NOT NULL,
        by_roles TEXT NOT NULL,
        card TEXT NOT NULL,
        kept TEXT NOT NULL,
        state TEXT NOT NULL,
        decided_by TEXT NOT NULL,
        decided_ms INTEGER NOT NULL,
        edit TEXT NOT NULL
    ) STRICT;
    CREATE INDEX case_by_request ON cases (request_mac, opened_ms);
    CREATE INDEX case_by_state ON cases (state, opened_ms);

    CREATE TABLE intent (
        case_id TEXT NOT NULL,
        position INTEGER NOT NULL,
        mac TEXT NOT NULL,
        used INTEGER NOT NULL,
        PRIMARY KEY (case_id, mac)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX intent_by_mac ON intent (mac);

    CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT;

    CREATE TABLE tile (
        level INTEGER NOT NULL,
        number INTEGER NOT NULL,
        hashes BLOB NOT NULL,
        PRIMARY KEY (level, number)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE stop (
        scope TEXT NOT NULL,
        subject TEXT NOT NULL,
        by_operator TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (scope, subject)
    ) STRICT, WITHOUT ROWID;

    -- what waits to be told; the number of a notice that was told is not given again
    CREATE TABLE notice (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        failed INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX notice_by_state ON notice (failed, number);
    """,
)

KEYS_TABLES: Final = (
    """
    CREATE TABLE secret (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID;

    CREATE TABLE ring (
        id TEXT PRIMARY KEY,
        holder TEXT NOT NULL,
        purpose TEXT NOT NULL,
        retention TEXT NOT NULL,
        key BLOB NOT NULL,
        UNIQUE (holder, purpose, retention)
    ) STRICT, WITHOUT ROWID;
    """,
)

ACCESS_TABLES: Final = (
    """
    CREATE TABLE api_key (
        id TEXT PRIMARY KEY,
        digest BLOB NOT NULL,
        agent TEXT NOT NULL,
        operator TEXT NOT NULL,
        may_assert INTEGER NOT NULL,
        created_ms INTEGER NOT NULL,
        revoked_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
)


def migrate(connection: apsw.Connection, tables: tuple[str, ...]) -> None:
    """Bring a file to the newest form, in one transaction.

    Raises:
        StoreError: it is newer than this version of Trilens; code `store/newer`.
    """
    seen = version_of(connection)
    require_known(seen, tables)
    if seen == len(tables):
        return
    with connection:
        for statements in tables[seen:]:
            connection.execute(statements)
        connection.pragma("user_version", len(tables))


def version_of(connection: apsw.Connection) -> int:
    return int(connection.pragma("user_version"))


def require_known(seen: int, tables: tuple[str, ...]) -> None:
    if seen > len(tables):
        raise StoreError(
            "store/newer",
            f"the store has form {seen}, this version of trilens knows {len(tables)}",
            help="use the version of trilens that wrote it, or a newer one",
        )
