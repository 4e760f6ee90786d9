"""Fields of records as evidence: a value with a name. A bare number takes its unit from the name or from its record."""

import functools
from collections import defaultdict
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
    """The values that many fields hold, found at once."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._fields = fields
        self._given: set[Reading] = set()
        self._bare: defaultdict[Decimal, list[tuple[Field, _Read]]] = defaultdict(list)
        for field in fields:
            read = _read(field.name, field.text)
            self._given.update(given for value in read.values for given in given_by(value))
            if read.bare is not None:
                self._bare[read.bare].append((field, read))

    def gives(self, claim: Claim) -> bool:
        """Whether a field holds the value of the claim; which side of it the claim is on is not a field's to say."""
        if any(reading in self._given for reading in claim.readings):
            return True
        return any(
            _fits(field, read, reading, claim.base) for reading in claim.readings for field, read in self._at(reading)
        )

    def _at(self, reading: Reading) -> Sequence[tuple[Field, _Read]]:
        return self._bare.get(reading.number, ())

    def values(self) -> Iterator[Reading]:
        """Values to compute with."""
        for field in self._fields:
            yield from values_of(field)

    def named(self, words: Collection[str], claim: Claim) -> int | None:
        """Index of the newest field that a text with these stems names and that holds another value of the claim's scale."""
        scales = {reading.scale for reading in claim.readings}
        for index, field in enumerate(self._fields):
            if scales & {value.scale for value in values_of(field)} and _is_named(field, words):
                return index
        return None


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
