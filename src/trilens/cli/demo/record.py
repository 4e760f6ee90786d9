"""What Trilens recorded about a step, read back from its ledger: the demo shows the record, not what it hoped for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

from pydantic import BaseModel, ConfigDict, JsonValue

from trilens.enforce.judge import ADMIT
from trilens.enforce.record import read_values
from trilens.enforce.seal import Sealer
from trilens.prove.decision import RecordedVerdict, read_decision
from trilens.prove.ledger.entry import Entry, Kind, decode
from trilens.storage.ports import Journal
from trilens.vocabulary.canonical import Json
from trilens.vocabulary.outcome import EventKind, Lens, Outcome, Ran


class Origin(BaseModel):
    """Where the value that decided was read."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    source: str
    path: str
    integrity: str
    excerpt: str


class Found(BaseModel):
    """One finding of one guard."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    guard: str
    outcome: str
    code: str
    message: str
    path: str
    span: tuple[int, int] | None
    rule: str
    origins: tuple[Origin, ...]


class _Sealed(BaseModel):
    """What a payload says of its event; of one that holds only the turns before it, nothing."""

    model_config = ConfigDict(extra="ignore")
    component: str = ""
    values: list[list[JsonValue]] = []
    call: list[JsonValue] | None = None
    left: list[tuple[str, object]] | None = None
    findings: tuple[Found, ...] = ()

    def by_path(self) -> Mapping[str, object]:
        written = cast("Mapping[str, Json]", {"values": self.values, "call": self.call})
        return MappingProxyType(dict(read_values(written)))


@dataclass(frozen=True, slots=True)
class Judged:
    """One event as recorded."""

    kind: EventKind
    component: str
    outcome: Outcome
    lenses: Mapping[Lens, Outcome | None]
    """None: no guard of this lens had anything to say."""
    values: Mapping[str, object]
    left: Mapping[str, object] | None
    """The values as they left, when they were changed."""
    findings: tuple[Found, ...]
    case: str

    @property
    def reasons(self) -> tuple[Found, ...]:
        """The findings of those guards that did not simply allow it; where a value was found to be explained is no reason."""
        return tuple(
            found
            for found in self.findings
            if Outcome.of(found.outcome) > Outcome.ALLOW and not found.code.endswith("/explained")
        )


def judged_since(journal: Journal, sealer: Sealer, start: int) -> Iterator[Judged]:
    """The decisions in the ledger from entry `start` on, in order."""
    for leaf in journal.leaves(start, journal.size()):
        entry = decode(leaf)
        if entry.kind is Kind.DECISION:
            yield _judged(entry, _payload(entry, journal, sealer))


def _payload(entry: Entry, journal: Journal, sealer: Sealer) -> _Sealed | None:
    for ref in entry.payload:
        sealed = journal.payload(ref.commitment)
        plain = sealer.open(sealed) if sealed else None
        if plain is not None:
            return _Sealed.model_validate_json(plain)
    return None


def _judged(entry: Entry, sealed: _Sealed | None) -> Judged:
    decision = read_decision(entry.body)
    left = dict(sealed.left) if sealed and sealed.left is not None else None
    return Judged(
        kind=decision.kind,
        component=str(entry.body.get("component", "")) or (sealed.component if sealed else ""),
        outcome=decision.outcome,
        lenses=_by_lens(decision.verdicts),
        values=sealed.by_path() if sealed else MappingProxyType({}),
        left=left,
        findings=sealed.findings if sealed else (),
        case=decision.case,
    )


def _by_lens(verdicts: tuple[RecordedVerdict, ...]) -> Mapping[Lens, Outcome | None]:
    found: dict[Lens, Outcome | None] = dict.fromkeys(Lens)
    for verdict in verdicts:
        if verdict.ran in (Ran.JUDGED, Ran.FAILED):
            lens = _lens_of(verdict.guard)
            found[lens] = max(found[lens] or Outcome.ALLOW, verdict.outcome)
    return MappingProxyType(found)


def _lens_of(guard: str) -> Lens:
    # step 1 answers for security: it admits or refuses before any guard is asked
    return Lens.SECURITY if guard == ADMIT else Lens(guard.partition("/")[0])
