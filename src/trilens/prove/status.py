"""The status algebra: pure functions from evidence to the status of an item, a control and a lens. Nobody types a status.

    item      a guard, a hazard, a tool, the record          status_of(kind, evidence)
    control   its items, or not applicable                   the worst of its items; none is insufficient
    lens      its controls                                   FAIL over UNKNOWN over WAIVED over PASS

INVARIANT: a failing record is never outweighed, and what is missing is never counted as good (tests/prove/test_status_laws.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from trilens.prove.controls.catalogue import ControlKind


class Status(StrEnum):
    """What the evidence says of a control or of one of its items."""

    PROVEN = "proven"
    FAILING = "failing"
    STALE = "stale"
    """There is evidence, and it is too old or about another policy or engine."""
    INSUFFICIENT = "insufficient"
    """There is none, not enough, or none that can be relied on."""
    ATTESTED = "attested"
    """A named person says so."""
    EXCEPTED = "excepted"
    """It does not hold, and a named person answers for that."""
    NOT_APPLICABLE = "not_applicable"
    SOFTWARE_CANNOT_SHOW = "software_cannot_show"
    """Only a person's statement could answer, and there is none."""


WORST_FIRST = (
    Status.FAILING,
    Status.INSUFFICIENT,
    Status.SOFTWARE_CANNOT_SHOW,
    Status.STALE,
    Status.EXCEPTED,
    Status.ATTESTED,
    Status.PROVEN,
    Status.NOT_APPLICABLE,
)
"""The order in which the worst is named; it refines the order of `Word`."""


class Word(StrEnum):
    """A lens' verdict."""

    PASS = "PASS"  # noqa: S105 - a verdict
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"
    WAIVED = "WAIVED"
    NOT_APPLICABLE = "NOT APPLICABLE"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found about one thing a control is about. Counts are of records or of declarations, never of both."""

    name: str
    """The guard (`lens/name`), hazard, tool, source or duty; `record` for the ledger."""
    population: int = 0
    """What shows that it operated: fresh, and about this policy and engine."""
    failing: int = 0
    """What shows that it did not, fresh and about this policy and engine."""
    stale: int = 0
    """What would count, were it fresh and about this policy and engine."""
    lacking: str = ""
    """Why the rest does not suffice; empty when it does."""
    waived: str = ""
    """By whom and why; empty when nobody answers for an exception."""
    failure: str = ""
    """How it fails, for people; empty when nothing does."""
    example: str = ""
    """Id of one failing decision; empty when none has one."""


def status_of(kind: ControlKind, evidence: Evidence) -> Status:
    """The status of one item. The order of the questions is the argument: see docs/design/status.md."""
    if evidence.failing:
        return Status.FAILING
    if evidence.waived:
        return Status.EXCEPTED
    if evidence.lacking:
        return Status.SOFTWARE_CANNOT_SHOW if kind is ControlKind.ATTEST else Status.INSUFFICIENT
    if not evidence.population:
        if evidence.stale:
            return Status.STALE
        return Status.SOFTWARE_CANNOT_SHOW if kind is ControlKind.ATTEST else Status.INSUFFICIENT
    return Status.ATTESTED if kind is ControlKind.ATTEST else Status.PROVEN


def worst(statuses: Iterable[Status]) -> Status:
    """The worst status; nothing at all is insufficient."""
    return min(statuses, key=WORST_FIRST.index, default=Status.INSUFFICIENT)


@dataclass(frozen=True, slots=True)
class ItemStatus:
    evidence: Evidence
    status: Status


@dataclass(frozen=True, slots=True)
class Applicability:
    """Whether a control is about this system at all."""

    applies: bool
    why: str = ""
    """Of one that does not apply: the fact of the manifest that says so."""


APPLIES = Applicability(applies=True)


@dataclass(frozen=True, slots=True)
class Rating:
    """The status of one control with all it was computed from."""

    status: Status
    items: tuple[ItemStatus, ...]
    """Worst first; equally bad ones by name."""
    why: str = ""
    """Of one that is not applicable: the fact of the manifest that says so."""

    @property
    def population(self) -> int:
        return sum(item.evidence.population for item in self.items)

    @property
    def failing(self) -> int:
        return sum(item.evidence.failing for item in self.items)


def rate(kind: ControlKind, evidence: Iterable[Evidence], applicability: Applicability = APPLIES) -> Rating:
    """The status of a control. A record that shows it failing counts even where it should not apply."""
    items = [ItemStatus(found, status_of(kind, found)) for found in evidence]
    items.sort(key=lambda item: (WORST_FIRST.index(item.status), item.evidence.name))
    reached = worst(item.status for item in items)
    if not applicability.applies and reached is not Status.FAILING:
        return Rating(Status.NOT_APPLICABLE, tuple(items), applicability.why)
    return Rating(reached, tuple(items))


def word_of(kind: ControlKind, status: Status) -> Word:
    """What one control's status means for its lens."""
    match status:
        case Status.FAILING:
            return Word.FAIL
        case Status.INSUFFICIENT | Status.STALE | Status.SOFTWARE_CANNOT_SHOW:
            return Word.UNKNOWN
        case Status.ATTESTED:
            # a statement answers only a question that asks for one
            return Word.PASS if kind is ControlKind.ATTEST else Word.UNKNOWN
        case Status.EXCEPTED:
            return Word.WAIVED
        case Status.PROVEN:
            return Word.PASS
        case Status.NOT_APPLICABLE:
            return Word.NOT_APPLICABLE


_LENS_ORDER = (Word.FAIL, Word.UNKNOWN, Word.WAIVED, Word.PASS, Word.NOT_APPLICABLE)


def word_of_lens(words: Iterable[Word]) -> Word:
    """The verdict of a lens: its worst control. No control at all is UNKNOWN."""
    return min(words, key=_LENS_ORDER.index, default=Word.UNKNOWN)
