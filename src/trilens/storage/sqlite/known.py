"""What cases were ever opened for, so that a question about anything else needs no look at the file.

INVARIANT: the one writer notes a batch before its future is resolved; what is missing here is in no case that anybody was told of.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Self

import apsw

from trilens.storage.ports import Batch, Query


class KnownCases:
    """Requests and intents of all cases. The writer's thread adds, any thread asks."""

    __slots__ = ("_intents", "_requests")

    def __init__(self, requests: Iterable[str], intents: Iterable[str]) -> None:
        self._requests = set(requests)
        self._intents = set(intents)

    @classmethod
    def read(cls, connection: apsw.Connection) -> Self:
        requests = connection.execute("SELECT DISTINCT request_mac FROM cases").fetchall()
        intents = connection.execute("SELECT DISTINCT mac FROM intent").fetchall()
        return cls((str(mac) for (mac,) in requests), (str(mac) for (mac,) in intents))

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
        return replace(query, request=request, intents=intents)
