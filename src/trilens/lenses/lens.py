"""What a guard is asked, what it may answer, and how it describes itself.

A guard is a folder `lenses/<lens>/guards/<name>/` with `guard.yaml` (its sheet), `guard.py` with one function
`judge(event, context) -> Answer`, and `vectors.yaml`. The function is pure: no I/O, no clock, no randomness; it may raise, and then its
sheet's `on_error` is the outcome. It cannot misname its lens or itself, since the catalogue makes the Verdict of its Answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from trilens.mechanisms.flow.flow import Flow
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind, Lens, Outcome
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import Agent, System
from trilens.vocabulary.verdict import Edit, Finding, Reservation


@dataclass(frozen=True, slots=True)
class Context:
    """All a guard may know besides the event."""

    system: System
    agent: Agent
    principal: Principal
    flow: Flow
    """The conversation so far, labelled."""
    spent: Mapping[str, int]
    """Micro-units by account, with what earlier events of the same exchange reserve."""
    mac: Mac
    now_ms: int
    facts: Mapping[str, object]
    """What the gateway alone knows: `is_first_output` (bool), `language` (BCP 47)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A guard's answer. Use the four makers; they keep outcome and evidence together."""

    outcome: Outcome | None
    """None: not applicable."""
    findings: tuple[Finding, ...] = ()
    edits: tuple[Edit, ...] = ()
    reserve: tuple[Reservation, ...] = ()


NOT_APPLICABLE = Answer(None)
"""It looked, and the event is none of its business. Differs from ALLOW, which says: looked, and found nothing wrong."""

ALLOW = Answer(Outcome.ALLOW)


def allow(*findings: Finding, reserve: tuple[Reservation, ...] = ()) -> Answer:
    return Answer(Outcome.ALLOW, findings, (), reserve)


def modify(*edits: Edit, findings: tuple[Finding, ...]) -> Answer:
    return Answer(Outcome.MODIFY, findings, edits)


def hold(*findings: Finding, reserve: tuple[Reservation, ...] = ()) -> Answer:
    return Answer(Outcome.HOLD, findings, (), reserve)


def deny(*findings: Finding) -> Answer:
    return Answer(Outcome.DENY, findings)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a guard says of itself. Console lists, reference pages and the coverage matrix are made from it."""

    id: str
    """Its folder's name; it reads as "allow X": `untrusted_sink`."""
    lens: Lens
    question: str
    why: str
    watches: frozenset[EventKind]
    """Events of other kinds are never put to it."""
    concerns: tuple[str, ...]
    """PRODUCT rows or kinds of hazard, threat and obligation it is about."""
    controls: tuple[str, ...]
    """Ids of the shared catalogue (prove/controls) it implements."""
    outcomes: frozenset[Outcome]
    on_error: Outcome
    """What a failure counts as; never looser than HOLD."""
    cost: str
    limits: tuple[str, ...]
    """What it does not see. Printed wherever its verdicts are."""
    sources: tuple[str, ...]
    digest: str
    """`sha256:` over sheet and code."""

    @property
    def name(self) -> str:
        return f"{self.lens}/{self.id}"


class Guard(Protocol):
    @property
    def sheet(self) -> Sheet: ...

    def judge(self, event: Event, context: Context) -> Answer: ...
