"""Stops in the journal's file: written, lifted, and looked at again in the commit of whatever leaves."""

from collections.abc import Sequence
from typing import TypeAlias

import apsw

from trilens.errors import StoreError
from trilens.storage.ports import Actor, Batch, Stop, Stopped, StopScope
from trilens.storage.sqlite import schema

_Row: TypeAlias = "tuple[apsw.SQLiteValue, ...]"

_STOP = "SELECT scope, subject, by_operator, at_ms, reason FROM stop "


def apply(connection: apsw.Connection, batch: Batch) -> bool:
    """Write the stops and resumptions of a batch. False when one is no change, or when a stop reaches who acts."""
    for stop in batch.stops:
        connection.execute(
            "INSERT INTO stop (scope, subject, by_operator, at_ms, reason) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (stop.what.scope.value, stop.what.subject, stop.by, stop.at_ms, stop.reason),
        )
        if connection.changes() != 1:
            return False
    for resumption in batch.resumes:
        what = resumption.what
        connection.execute("DELETE FROM stop WHERE scope = ? AND subject = ?", (what.scope.value, what.subject))
        if connection.changes() != 1:
            return False
    return batch.unless_stopped is None or reaching(connection, batch.unless_stopped) is None


def reaching(connection: apsw.Connection, actor: Actor) -> Stop | None:
    """The widest stop that reaches `actor`."""
    for what in actor.reached_by:
        rows = connection.execute(
            _STOP + "WHERE scope = ? AND subject = ?", (what.scope.value, what.subject)
        ).fetchall()
        if rows:
            return _stop(rows[0])
    return None


def in_force(connection: apsw.Connection) -> Sequence[Stop]:
    """Newest first; none in a file that was not brought to this form yet."""
    if schema.version_of(connection) < schema.FORM_WITH_STOPS:
        return []
    return [_stop(row) for row in connection.execute(_STOP + "ORDER BY at_ms DESC, scope, subject").fetchall()]


def _stop(row: _Row) -> Stop:
    match row:
        case (str() as scope, str() as subject, str() as by, int() as at_ms, str() as reason) if scope in _SCOPES:
            return Stop(Stopped(StopScope(scope), subject), by, at_ms, reason)
        case _:
            # INVARIANT: a stop that cannot be read is no leave to act
            raise StoreError("store/damaged", "a row of the stops is not of its form", help="restore `journal.db`")


_SCOPES = frozenset(scope.value for scope in StopScope)
