"""What cases were ever opened for, and whether anything is stopped, so that a question about anything else needs no look at the file.

INVARIANT: the one writer notes a batch before its future is resolved; what is missing here is in no case that anybody was told of.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Self

import apsw

from trilens.storage.ports import Batch, Query
from trilens.storage.sqlite import stops


class KnownCases:
    """Requests and intents of all cases. The writer's thread adds, any thread asks."""

    __slots__ = ("_intents", "_requests", "has_stops")

    def __init__(self, requests: Iterable[str], intents: Iterable[str], *, has_stops: bool = False) -> None:
        self._requests = set(requests)
        self._intents = set(intents)
        self.has_stops = has_stops
        """Something was stopped since the file was opened, or is."""

    @classmethod
    def read(cls, connection: apsw.Connection) -> Self:
        requests = connection.execute("SELECT DISTINCT request_mac FROM cases").fetchall()
        intents = connection.execute("SELECT DISTINCT mac FROM intent").fetchall()
        has_stops = bool(stops.in_force(connection))
        return cls((str(mac) for (mac,) in requests), (str(mac) for (mac,) in intents), has_stops=has_stops)

    def note(self, batch: Batch) -> None:
        """Remember what a batch opened, and what it added to a case."""
        for case in batch.opened:
            self._requests.add(case.request_mac)
            self._intents.update(case.intents)
        for move in batch.moved:
            self._intents.update(move.adds_intents)

    def relevant(self, query: Query) -> Query:
        """The query without what no case can answer."""
        request = query.request if query.request in self._requests else ""
        intents = tuple(intent for intent in query.intents if intent in self._intents)
        return replace(query, request=request, intents=intents, actor=query.actor if self.has_stops else None)
