"""A read connection that several threads may use, one at a time, each question in a transaction of its own."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TypeVar

import apsw

from trilens.errors import StoreError
from trilens.storage.sqlite.connect import named, open_reader
from trilens.storage.sqlite.schema import JOURNAL_ID, JOURNAL_TABLES

T = TypeVar("T")


class Reader:
    """Sees every commit whose future was resolved before the question was asked."""

    __slots__ = ("_connection", "_lock", "_path")

    def __init__(self, path: Path) -> None:
        """Raises: StoreError."""
        self._path = path
        self._lock = Lock()
        self._connection: apsw.Connection | None = open_reader(path, JOURNAL_ID, JOURNAL_TABLES)

    def ask(self, question: Callable[[apsw.Connection], T]) -> T:
        """The answer as of one moment. Raises: StoreError."""
        with self._lock:
            connection = self._connection
            if connection is None:
                raise closed()
            try:
                connection.execute("BEGIN")
                try:
                    return question(connection)
                finally:
                    connection.execute("COMMIT")
            except apsw.Error as error:
                raise named(self._path, error) from error
            except ValueError as error:
                raise StoreError("store/damaged", f"a row of `{self._path.name}` is not of its form") from error

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def closed() -> StoreError:
    return StoreError("store/closed", "the journal is closed", help="open it again")
