"""Whether the typed claims of an answer are supported; for each that is not, the nearest thing a source says.

A claim is supported by
  (1) a field of a record that holds its value;
  (2) today's date;
  (3) the nearest sentences of the documents, when one of them says the same;
  (4) arithmetic: a date of a record or of the person's words and a period of the nearest sentences, or an amount and a percentage;
  (5) the person's own words, as far as they go.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from trilens.mechanisms.content.claim import Claim, ClaimKind, Reading, has_value, is_supported_by
from trilens.mechanisms.content.claims import Placed, ReadText, read_text
from trilens.mechanisms.content.derived import is_derived
from trilens.mechanisms.content.fields import Field, FieldIndex
from trilens.mechanisms.content.nearest import Neighbourhood
from trilens.mechanisms.content.said import is_said, values_said

MOST_CLAIMS = 400
"""Claims of one answer that are compared. One that makes more is no answer to a person, and does not count as supported."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an answer may rely on."""

    documents: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    said: tuple[str, ...] = ()
    """The person's own words, oldest first."""
    question: str = ""
    """What the answer answers: it tells what a short answer is about, and supports nothing by itself."""
    today: date | None = None


@dataclass(frozen=True, slots=True)
class NearestSentence:
    document: int
    """Index among the documents."""
    text: str


@dataclass(frozen=True, slots=True)
class NearestField:
    field: int
    """Index among the fields."""


@dataclass(frozen=True, slots=True)
class Unsupported:
    claim: Claim
    nearest: NearestSentence | NearestField | None
    """None when nothing speaks of the same thing."""


def read_answer(text: str) -> ReadText:
    """An answer with its claims, as far as they are compared."""
    return read_text(text, most=MOST_CLAIMS)


def may_claim(read: ReadText, kinds: frozenset[ClaimKind]) -> bool:
    """Whether a text holds anything that could need support; when not, no evidence has to be gathered."""
    return not read.is_whole or any(_is_wanted(placed, kinds, is_elliptic=True) for placed in read.placed)


def unsupported_claims(
    read: ReadText, evidence: Evidence, kinds: frozenset[ClaimKind], *, most: int = MOST_CLAIMS
) -> tuple[Unsupported, ...]:
    """The first claims of `kinds` in a text that nothing supports, at most `most`, in order.

    A deadline is also a claim of the kind it is made of; and a period that answers a question in a word is a deadline. Of a text with too
    many claims, the last one that was read counts as unsupported.
    """
    around = Neighbourhood(read, evidence.documents, evidence.question)
    fields = FieldIndex(evidence.fields)
    values = (*fields.values(), *values_said(evidence.said))
    found: list[Unsupported] = []
    for placed in read.placed:
        claim = placed.claim
        if len(found) == most:
            break
        if not _is_wanted(placed, kinds, is_elliptic=around.is_elliptic(placed)):
            continue
        if fields.gives(claim) or _is_today(claim, evidence.today):  # (1), (2)
            continue
        rules = tuple(fact for near in around.near(placed) for fact in around.facts(near))
        if any(is_supported_by(claim, rule) for rule in rules) or is_derived(claim, values, rules):  # (3), (4)
            continue
        if is_said(claim, around.spoken(placed), evidence.said, rules):  # (5)
            continue
        found.append(Unsupported(claim, _nearest(placed, fields, around)))
    if not read.is_whole and not found and read.placed:
        found.append(Unsupported(read.placed[-1].claim, None))
    return tuple(found)


def _is_wanted(placed: Placed, kinds: frozenset[ClaimKind], *, is_elliptic: bool) -> bool:
    claim = placed.claim
    if claim.kind in kinds or claim.base in kinds:
        return True
    return is_elliptic and claim.kind is ClaimKind.DURATION and ClaimKind.DEADLINE in kinds


def _is_today(claim: Claim, today: date | None) -> bool:
    if today is None or claim.base is not ClaimKind.DATE:
        return False
    return has_value(claim, (Reading("date", Decimal(today.year * 10_000 + today.month * 100 + today.day)),))


def _nearest(placed: Placed, fields: FieldIndex, around: Neighbourhood) -> NearestSentence | NearestField | None:
    """A field that the sentence names, or else the closest sentence."""
    field = fields.named(around.words_of(placed), placed.claim)
    if field is not None:
        return NearestField(field)
    closest = around.closest(placed)
    return NearestSentence(closest.document, around.excerpt(closest)) if closest is not None else None
