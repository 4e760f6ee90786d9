"""Labels: how far a value may be trusted and who may read it.

A label follows from where a value came from, never from what it says. Joining two labels keeps the lower trust and the
smaller audience, so a join only tightens: it is associative, commutative, idempotent and monotone (tests/vocabulary/test_label.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Integrity(IntEnum):
    """Who could have chosen the value, from least to most trusted."""

    THIRD_PARTY = 0
    INTERNAL = 1
    USER = 2

    @property
    def word(self) -> str:
        return self.name.lower()


PUBLIC = "public"
"""The reader that stands for everybody."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Who may read a value. `names` is ignored when `everyone`; no names and not everyone means nobody."""

    everyone: bool
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, names: Iterable[str]) -> "Readers":
        """The readers of a declaration; `public` among the names means everybody."""
        known = frozenset(names)
        return EVERYONE if PUBLIC in known else cls(everyone=False, names=known)

    def __and__(self, other: "Readers") -> "Readers":
        if self.everyone:
            return other
        if other.everyone:
            return self
        return Readers(everyone=False, names=self.names & other.names)

    def __contains__(self, reader: str) -> bool:
        return self.everyone or reader in self.names


EVERYONE = Readers(everyone=True)
NOBODY = Readers(everyone=False)


@dataclass(frozen=True, slots=True)
class Label:
    integrity: Integrity
    readers: Readers = EVERYONE

    def join(self, other: "Label") -> "Label":
        """The label of anything made from both."""
        return Label(min(self.integrity, other.integrity), self.readers & other.readers)


UNKNOWN_LABEL = Label(Integrity.THIRD_PARTY, NOBODY)
"""What a value without a label counts as: least trusted, most confidential."""
