"""A small store that several processes write, each through one connection under SQLite's own locks."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TypeVar

import apsw

from trilens.errors import StoreError
from trilens.storage.sqlite.connect import named, open_store

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Version:
    """What a store has seen: commits of others, as SQLite counts them, and writes of our own."""

    data: int
    writes: int


class SharedStore:
    """One connection, used by one thread at a time. Every write is durable when its call returns."""

    __slots__ = ("_connection", "_lock", "_path", "_writes")

    def __init__(self, path: Path, application_id: int, tables: tuple[str, ...]) -> None:
        """Raises: StoreError."""
        self._path = path
        self._lock = Lock()
        self._connection: apsw.Connection | None = open_store(path, application_id, tables)
        self._writes = 0

    def ask(self, question: Callable[[apsw.Connection], T]) -> T:
        """Raises: StoreError."""
        with self._lock:
            return self._run(question)

    def write(self, act: Callable[[apsw.Connection], T]) -> T:
        """Raises: StoreError."""
        with self._lock:
            try:
                return self._run(act)
            finally:
                self._writes += 1

    def version(self) -> Version:
        """Changes with every commit, of whichever process.

        INVARIANT: what was read after a version was taken may be remembered under it, and is true as long as the version is the same.
        """
        with self._lock:
            return Version(self._run(lambda connection: int(connection.pragma("data_version"))), self._writes)

    def _run(self, question: Callable[[apsw.Connection], T]) -> T:
        if self._connection is None:
            raise StoreError("store/closed", f"`{self._path.name}` is closed", help="open it again")
        try:
            return question(self._connection)
        except apsw.Error as error:
            raise named(self._path, error) from error
        except (TypeError, OverflowError, UnicodeError) as error:
            raise StoreError("store/value", f"a value cannot be stored in `{self._path.name}`") from error

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
