"""One tree of errors, split by whose fault it is; a denial is a Decision, never an exception.

    TrilensError
    ├── ManifestError    the author of `system.yaml`
    ├── SettingsError    the operator: environment, keys, folders
    ├── WireError        the peer that spoke to us: client or upstream
    ├── StoreError       the infrastructure: disk, database, locks
    ├── LedgerError      tampering or corruption of the record
    ├── PeopleError      a person asked for something a case does not allow
    └── ExtensionError   the author of a guard, probe or pack

A message is one lower-case line with user input in back-ticks, expected before got, and never holds a
secret, a prompt or personal data. `help` says what to do; `code` is stable and `trilens explain CODE` knows it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a text file an error stands."""

    file: str
    line: int
    """1-based."""
    column: int
    """1-based, in characters."""
    width: int = 1
    """Characters to underline, at least 1."""
    text: str = ""
    """The whole line, without its end."""


class TrilensError(Exception):
    """An error somebody can act on."""

    def __init__(self, code: str, message: str, *, help: str = "", place: Place | None = None) -> None:  # noqa: A002
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help
        self.place = place

    def __str__(self) -> str:
        where = f"{self.place.file}:{self.place.line}:{self.place.column}: " if self.place else ""
        return f"{where}{self.message} [{self.code}]"


class ManifestError(TrilensError):
    """The manifest says something that cannot be meant; `problems` holds all that were found."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        help: str = "",  # noqa: A002
        place: Place | None = None,
        problems: "tuple[ManifestError, ...]" = (),
    ) -> None:
        super().__init__(code, message, help=help, place=place)
        self.problems = problems or (self,)


class SettingsError(TrilensError):
    """An environment variable, key or folder is missing or wrong."""


class WireError(TrilensError):
    """A peer sent something we do not accept; `status` is the HTTP status that says so."""

    def __init__(self, code: str, message: str, *, help: str = "", status: int = 400) -> None:  # noqa: A002
        super().__init__(code, message, help=help)
        self.status = status


class StoreError(TrilensError):
    """The infrastructure failed; nothing that was refused has happened."""


class LedgerError(TrilensError):
    """The record does not add up: changed, cut or re-made."""


class PeopleError(TrilensError):
    """A case does not allow what was asked of it."""


class ExtensionError(TrilensError):
    """A guard, probe or pack does not keep its contract."""
