"""What the tables say, as values of the port. Every function is one or a few seeks; none scans a history."""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import apsw

from trilens.errors import StoreError
from trilens.storage.ports import CLOCK_SKEW_MS, Case, CaseState, Query, ReleasedCall, Sealed, Snapshot
from trilens.storage.sqlite import stops

_Row: TypeAlias = "tuple[apsw.SQLiteValue, ...]"  # a name of the stub alone: apsw has it only for type checkers

_END_MS = 2**63 - 1
"""No moment is later."""

_CASE = (
    "SELECT id, kind, system, opened_ms, expires_ms, request_mac, covers, by_roles, card, kept, state, decided_by, decided_ms, edit"
    " FROM cases "
)


def size(connection: apsw.Connection) -> int:
    """Entries in the file, acknowledged or not."""
    return _number(connection, "SELECT ifnull(max(idx), -1) + 1 FROM entry")


def count(connection: apsw.Connection, start: int, stop: int) -> int:
    """Entries present among `start` to `stop`."""
    return _number(connection, "SELECT count(*) FROM entry WHERE idx >= ? AND idx < ?", start, stop)


def leaves(connection: apsw.Connection, start: int, stop: int) -> list[bytes]:
    """Entries `start` to `stop`. Raises: StoreError `store/gap` when one is missing."""
    rows = connection.execute("SELECT idx, leaf FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx", (start, stop))
    found: list[bytes] = []
    for index, (held, leaf) in enumerate(rows.fetchall(), start):
        if held != index or not isinstance(leaf, bytes):
            raise gap(index)
        found.append(leaf)
    if start + len(found) < stop:
        raise gap(start + len(found))
    return found


def gap(index: int) -> StoreError:
    return StoreError(
        "store/gap",
        f"entry {index} is missing from the journal",
        help="keep the folder as it is and run `trilens ledger verify` on a restored copy",
    )


def snapshot(connection: apsw.Connection, query: Query) -> Snapshot:
    """Answer a query. The caller holds a read transaction, so that all of it is of one moment."""
    return Snapshot(
        spent={account: spent(connection, account, since) for account, since in query.accounts},
        approvals=_approvals(connection, query),
        calls=_calls(connection, query.calls),
        held=_held(connection, query.request) if query.request else None,
        stop=stops.reaching(connection, query.actor) if query.actor else None,
    )


def spent(connection: apsw.Connection, account: str, since_ms: int) -> int:
    """Micro-units reserved at or after `since_ms`: two seeks, whatever the history."""
    total = running(connection, account, _END_MS)
    return total - running(connection, account, since_ms - 1) if total else 0


def running(connection: apsw.Connection, account: str, until_ms: int) -> int:
    """Micro-units reserved up to and at `until_ms`."""
    found = _text(
        connection,
        "SELECT running FROM hold WHERE account = ? AND at_ms <= ? ORDER BY at_ms DESC, entry DESC, part DESC LIMIT 1",
        account,
        until_ms,
    )
    return int(found or 0)


def _approvals(connection: apsw.Connection, query: Query) -> Mapping[str, Case]:
    found: dict[str, Case] = {}
    for intent in query.intents:
        case_id = _text(
            connection,
            "SELECT c.id FROM intent i JOIN cases c ON c.id = i.case_id WHERE i.mac = ?1 AND i.used = 0"
            " AND c.state = 'approved' AND c.expires_ms > ?2 AND c.opened_ms <= ?2 + ?3 ORDER BY c.number DESC LIMIT 1",
            intent,
            query.now_ms,
            CLOCK_SKEW_MS,
        )
        case_found = case(connection, case_id) if case_id is not None else None
        if case_found is not None:
            found[intent] = case_found
    return found


def _calls(connection: apsw.Connection, macs: Sequence[str]) -> Mapping[str, ReleasedCall]:
    found: dict[str, ReleasedCall] = {}
    for mac in macs:
        row = _row(connection, "SELECT mac, tool, decision, at_ms, settled FROM released WHERE mac = ?", mac)
        match row:
            case (str() as name, str() as tool, str() as decision, int() as at_ms, int() as settled):
                found[mac] = ReleasedCall(name, tool, decision, at_ms, settled=bool(settled))
            case None:
                pass
            case _:
                raise _malformed("released")
    return found


def _held(connection: apsw.Connection, request: str) -> Case | None:
    row = _row(connection, _CASE + "WHERE request_mac = ? ORDER BY number DESC LIMIT 1", request)
    newest = _case(connection, row) if row else None
    return None if newest is None or newest.state is CaseState.USED else newest


def case(connection: apsw.Connection, case_id: str) -> Case | None:
    row = _row(connection, _CASE + "WHERE id = ?", case_id)
    return _case(connection, row) if row else None


def cases(connection: apsw.Connection, state: CaseState | None) -> list[Case]:
    """Newest first."""
    order = "ORDER BY number DESC"
    if state is None:
        rows = connection.execute(_CASE + order).fetchall()
    else:
        rows = connection.execute(_CASE + "WHERE state = ? " + order, (state.value,)).fetchall()
    return [_case(connection, row) for row in rows]


def _case(connection: apsw.Connection, row: "_Row") -> Case:
    match row:
        case (
            str() as case_id,
            str() as kind,
            str() as system,
            int() as opened_ms,
            int() as expires_ms,
            str() as request_mac,
            str() as covers,
            str() as by_roles,
            str() as card,
            str() as kept,
            str() as state,
            str() as decided_by,
            int() as decided_ms,
            str() as edit,
        ):
            marks = connection.execute(
                "SELECT mac, used FROM intent WHERE case_id = ? ORDER BY position", (case_id,)
            ).fetchall()
            return Case(
                id=case_id,
                kind=kind,
                system=system,
                opened_ms=opened_ms,
                expires_ms=expires_ms,
                request_mac=request_mac,
                intents=tuple(str(mac) for mac, _ in marks),
                covers=tuple(json.loads(covers)),
                by=tuple(json.loads(by_roles)),
                card=card,
                kept=kept,
                state=CaseState(state),
                decided_by=decided_by,
                decided_ms=decided_ms,
                edit=edit,
                used=frozenset(str(mac) for mac, used in marks if used),
            )
        case _:
            raise _malformed("cases")


def payload(connection: apsw.Connection, commitment: str) -> Sealed | None:
    row = _row(connection, "SELECT ring, ciphertext, retain_until_ms FROM payload WHERE commitment = ?", commitment)
    match row:
        case (str() as ring, bytes() as ciphertext, int() as retain_until_ms):
            return Sealed(commitment, ring, ciphertext, retain_until_ms)
        case None:
            return None
        case _:
            raise _malformed("payload")


def checkpoint(connection: apsw.Connection) -> bytes | None:
    return _bytes(connection, "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")


def checkpoint_size(connection: apsw.Connection) -> int:
    """Entries under the newest kept checkpoint."""
    return _number(connection, "SELECT ifnull(max(size), 0) FROM checkpoint")


def tile(connection: apsw.Connection, level: int, number: int) -> bytes | None:
    return _bytes(connection, "SELECT hashes FROM tile WHERE level = ? AND number = ?", level, number)


def _row(connection: apsw.Connection, sql: str, *values: str | int) -> "_Row | None":
    # exactly one row is asked for, and the cursor is run to its end: a statement left half-way would hold the read open
    rows = connection.execute(sql, values).fetchall()
    return rows[0] if rows else None


def _number(connection: apsw.Connection, sql: str, *values: str | int) -> int:
    row = _row(connection, sql, *values)
    if row is None or not isinstance(row[0], int):
        raise _malformed("entry")
    return row[0]


def _text(connection: apsw.Connection, sql: str, *values: str | int) -> str | None:
    row = _row(connection, sql, *values)
    if row is None:
        return None
    if not isinstance(row[0], str):
        raise _malformed("hold")
    return row[0]


def _bytes(connection: apsw.Connection, sql: str, *values: str | int) -> bytes | None:
    row = _row(connection, sql, *values)
    if row is None:
        return None
    if not isinstance(row[0], bytes):
        raise _malformed("checkpoint")
    return row[0]


def _malformed(table: str) -> StoreError:
    return StoreError(
        "store/damaged", f"a row of `{table}` in the journal is not of its form", help="restore a copy and verify it"
    )
