"""Fields of records as evidence: a value with a name. A bare number takes its unit from the name or from its record."""

import functools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from trilens.mechanisms.content.claim import Claim, ClaimKind, Reading, given_by
from trilens.mechanisms.content.claims import claims_in
from trilens.mechanisms.content.scan import Pattern
from trilens.mechanisms.content.words import stems
from trilens.vocabulary.amount import plain_number

_NAME_WORD = Pattern(r"[A-Z]?[a-z]+|[A-Z]+")
_MONEY = frozenset(
    (
        "amount balance betrag charge charged cost costs credit discount due fee fees gesamt gutschrift kosten paid payment preis price rabatt "
        "refund refunded shipping subtotal sum summe total value versand wert"
    ).split()
)
_SHARE = frozenset("percent percentage pct prozent quote rate satz share".split())
_LONGEST_NUMBER = 40
_MOST_ALIKE = 16
"""Fields with the same bare number that are looked at, newest first; they differ in name and currency only."""


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a record that may be relied on."""

    name: str
    text: str
    currency: str = ""
    """ISO 4217 code of its record's amounts; empty when nothing says."""


@dataclass(frozen=True, slots=True)
class _Read:
    values: tuple[Reading, ...]
    bare: Decimal | None
    """The number, when the text is nothing else."""
    words: frozenset[str]
    """Of its name."""


_NOTHING = _Read((), None, frozenset())


class FieldIndex:
    """The values that many fields hold, found at once; it never changes, and `extended` copies no more than its tables."""

    __slots__ = ("_bare", "_given", "fields")

    def __init__(self, fields: Sequence[Field] = ()) -> None:
        """Index `fields`, oldest first."""
        self.fields: tuple[Field, ...] = ()
        self._given: dict[Reading, None] = {}
        self._bare: dict[Decimal, tuple[Field, ...]] = {}
        self._add(fields)

    def extended(self, fields: Sequence[Field]) -> "FieldIndex":
        """The same with newer fields."""
        if not fields:
            return self
        other = FieldIndex()
        other.fields, other._given, other._bare = self.fields, dict(self._given), dict(self._bare)
        other._add(fields)
        return other

    def _add(self, fields: Sequence[Field]) -> None:
        self.fields += tuple(fields)
        for field in fields:
            read = _read(field.name, field.text)
            for value in read.values:
                self._given.update(dict.fromkeys(given_by(value)))
            if read.bare is not None:
                same = self._bare.get(read.bare, ())
                if field not in same[-_MOST_ALIKE:]:
                    self._bare[read.bare] = (*same[1 - _MOST_ALIKE :], field)

    def gives(self, claim: Claim) -> bool:
        """Whether a field holds the value of the claim; which side of it the claim is on is not a field's to say."""
        if any(reading in self._given for reading in claim.readings):
            return True
        return any(
            _fits(field, _read(field.name, field.text), reading, claim.base)
            for reading in claim.readings
            for field in self._bare.get(reading.number, ())
        )

    def values(self) -> Iterator[Reading]:
        """Values to compute with, newest first."""
        for field in reversed(self.fields):
            yield from values_of(field)

    def counts(self) -> Iterator[Decimal]:
        """Numbers without a unit."""
        yield from self._bare

    def named(self, words: Collection[str], claim: Claim) -> int | None:
        """Index of the newest field that a text with these stems names and that holds another value of the claim's scale."""
        scales = {reading.scale for reading in claim.readings}
        for index in range(len(self.fields) - 1, -1, -1):
            field = self.fields[index]
            if scales & {value.scale for value in values_of(field)} and _is_named(field, words):
                return index
        return None


NO_FIELDS = FieldIndex()


def values_of(field: Field) -> tuple[Reading, ...]:
    """What a field holds by itself."""
    read = _read(field.name, field.text)
    if read.bare is not None and field.currency and read.words & _MONEY:
        return (*read.values, Reading(field.currency, read.bare))
    return read.values


def _fits(field: Field, read: _Read, reading: Reading, base: ClaimKind) -> bool:
    match base:
        case ClaimKind.AMOUNT:
            return field.currency in ("", reading.scale) and bool(read.words & _MONEY)
        case ClaimKind.PERCENTAGE:
            return bool(read.words & _SHARE)
        case _:
            return False


def _is_named(field: Field, words: Collection[str]) -> bool:
    return any(stem in words for stem in stems(field.name.replace("_", " ")))


@functools.lru_cache(maxsize=4096)
def _read(name: str, text: str) -> _Read:
    if not any(letter.isdigit() for letter in text):
        return _NOTHING
    words = [name[hit.start : hit.stop].lower() for hit in _NAME_WORD.hits(name)]
    bare = plain_number(text) if len(text) <= _LONGEST_NUMBER and text.strip()[:1].isdigit() else None
    spoken = text
    if bare is not None and words:
        # `warranty_months: 24` and `total_eur: 129.90` say their unit in the name
        spoken = f"{text.strip()} {words[-1]}"
    values = tuple(reading for claim in claims_in(spoken) for reading in claim.readings)
    return _Read(values, bare, frozenset(words))
