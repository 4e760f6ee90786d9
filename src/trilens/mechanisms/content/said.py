"""The person's own words as evidence, as far as they go: what they report about themselves, and what an answer only repeats.

A period or a share that a person names sets no rule: nobody gets ninety days by asking for them.
"""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from trilens.mechanisms.content.claim import Claim, ClaimKind, Reading, given_by
from trilens.mechanisms.content.claims import read_text
from trilens.mechanisms.content.echo import Echo, echo_of
from trilens.mechanisms.content.numbers import numbers_in

_SET_BY_RULES = (ClaimKind.DEADLINE, ClaimKind.PERCENTAGE)


@dataclass(frozen=True, slots=True)
class _Heard:
    values: tuple[Reading, ...]
    given: frozenset[Reading]
    """The values, and what they give."""
    numbers: frozenset[Decimal]
    """Numbers without a unit, in digits and in words: people leave the currency out, and count."""


def is_said(claim: Claim, sentence: str, said: Sequence[str], rules: Iterable[Claim]) -> bool:
    """Whether the claim only repeats what the person said.

    Args:
        sentence: the claim's sentence, folded.
        said: the person's own words, oldest first.
        rules: what the nearest sentences of the documents say; a reported period yields to them.
    """
    if not any(_says(text, claim) for text in reversed(said)):
        return False
    if claim.kind not in _SET_BY_RULES or claim.negated:
        return True
    match echo_of(sentence):
        case Echo.ASKED:
            return True
        case Echo.REPORTED:
            return not any(rule.base is claim.base for rule in rules)
        case Echo.NONE:
            return False


def values_said(said: Sequence[str]) -> tuple[Reading, ...]:
    """The values of the person's own words, newest first, to compute with: the day somebody received something starts a period."""
    return tuple(value for text in reversed(said) for value in _heard(text).values)


def numbers_said(said: Sequence[str]) -> frozenset[Decimal]:
    """The numbers without a unit of the person's own words: what somebody counts."""
    return frozenset[Decimal]().union(*(_heard(text).numbers for text in said))


def _says(text: str, claim: Claim) -> bool:
    heard = _heard(text)
    if not heard.given.isdisjoint(claim.readings):
        return True
    return claim.base is ClaimKind.AMOUNT and any(reading.number in heard.numbers for reading in claim.readings)


@functools.lru_cache(maxsize=1024)
def _heard(text: str) -> _Heard:
    read = read_text(text)
    values = tuple(reading for placed in read.placed for reading in placed.claim.readings)
    given = frozenset(one for value in values for one in given_by(value))
    return _Heard(tuple(dict.fromkeys(values)), given, frozenset(numbers_in(read.wording)))
