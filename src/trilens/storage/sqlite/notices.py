"""What waits to be told, in the journal's file: made in the commit it tells of, so that none is lost and none tells of what never was."""

from collections.abc import Iterator, Sequence

import apsw

from trilens.errors import StoreError
from trilens.storage.ports import Batch, Notice, NoticeKind
from trilens.storage.sqlite import schema

_MOST = 1_000


def apply(connection: apsw.Connection, batch: Batch) -> None:
    """Make the notices of what a batch opened, stopped and resumed; let go of those it settles."""
    for settled in batch.settles:
        done = (
            "UPDATE notice SET failed = 1 WHERE number = ?"
            if settled.has_failed
            else "DELETE FROM notice WHERE number = ?"
        )
        connection.execute(done, (settled.number,))
    for kind, subject, at_ms in _made(batch):
        connection.execute(
            "INSERT INTO notice (kind, subject, at_ms, failed) VALUES (?, ?, ?, 0)", (kind.value, subject, at_ms)
        )


def _made(batch: Batch) -> Iterator[tuple[NoticeKind, str, int]]:
    for case in batch.opened:
        yield NoticeKind.CASE_OPENED, case.id, case.opened_ms
    for stop in batch.stops:
        yield NoticeKind.STOPPED, f"{stop.what.scope.value}:{stop.what.subject}", stop.at_ms
    for resumed in batch.resumes:
        yield NoticeKind.RESUMED, f"{resumed.what.scope.value}:{resumed.what.subject}", resumed.at_ms


def waiting(connection: apsw.Connection, *, failed: bool) -> Sequence[Notice]:
    """Oldest first; none in a file that was not brought to this form yet."""
    if schema.version_of(connection) < schema.FORM_WITH_STOPS:
        return []
    rows = connection.execute(
        "SELECT number, kind, subject, at_ms FROM notice WHERE failed = ? ORDER BY number LIMIT ?", (int(failed), _MOST)
    )
    return [_notice(row, failed=failed) for row in rows.fetchall()]


def _notice(row: "tuple[apsw.SQLiteValue, ...]", *, failed: bool) -> Notice:
    match row:
        case (int() as number, str() as kind, str() as subject, int() as at_ms) if kind in _KINDS:
            return Notice(number, NoticeKind(kind), subject, at_ms, has_failed=failed)
        case _:
            raise StoreError("store/damaged", "a row of the notices is not of its form", help="restore `journal.db`")


_KINDS = frozenset(kind.value for kind in NoticeKind)
