"""What a reviewer is given and what they say."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from trilens.declare.document import Document, Loc
from trilens.declare.parse import Manifest
from trilens.declare.secrets import masked
from trilens.errors import Place
from trilens.vocabulary.event import Scalar
from trilens.vocabulary.system import Tool


class Severity(StrEnum):
    ERROR = "error"
    """A promise of the manifest does not hold, or the system cannot work as written."""
    WARNING = "warning"
    """It works as written; somebody should look."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing a careful reviewer would say."""

    code: str
    severity: Severity
    message: str
    help: str
    place: Place


class Condition(Protocol):
    """A condition that was compiled."""

    def holds(self, values: Mapping[str, Scalar], /) -> bool:
        """Whether it holds for values by path, such as `args.amount`. Raises: ValueError where it cannot be evaluated."""
        ...


class Compile(Protocol):
    """Compiles a condition over the arguments of a tool."""

    def __call__(self, text: str, tool: Tool, /) -> Condition:
        """Raises: ManifestError for one that does not compile or has a type error."""
        ...


@dataclass(frozen=True, slots=True)
class Review:
    """What is reviewed, and what the reviewer knows besides."""

    manifest: Manifest
    today: dt.date
    environment: Mapping[str, str]
    compile_condition: Compile

    @property
    def document(self) -> Document:
        return self.manifest.document

    def error(self, code: str, message: str, hint: str, *at: str | int, key: bool = False) -> Diagnosis:
        return self._say(Severity.ERROR, code, message, hint, at, key=key)

    def warning(self, code: str, message: str, hint: str, *at: str | int, key: bool = False) -> Diagnosis:
        return self._say(Severity.WARNING, code, message, hint, at, key=key)

    def _say(self, severity: Severity, code: str, message: str, hint: str, at: Loc, *, key: bool) -> Diagnosis:
        place = self.document.place(at, key=key)
        return Diagnosis(code, severity, masked(message), masked(hint), place)
