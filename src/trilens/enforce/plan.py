"""What the pipeline hands to the driver: rulings, and one draft of everything to record, reserve, consume and open."""

from dataclasses import dataclass

from trilens.prove.ledger.entry import Kind
from trilens.storage.ports import Consumption, Hold, ReleasedCall
from trilens.vocabulary.canonical import Json
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import Outcome
from trilens.vocabulary.verdict import Decision


@dataclass(frozen=True, slots=True)
class Ruling:
    """The decision about one event, and the event as it may leave."""

    event: Event
    decision: Decision
    leaves: Event | None
    """Edited when the outcome is MODIFY; None when it is held or denied."""


@dataclass(frozen=True, slots=True)
class DraftEntry:
    """One ledger entry before its payload is sealed."""

    kind: Kind
    body: dict[str, Json]
    """Without personal data."""
    payload: bytes = b""
    """Canonical JSON with everything personal; sealed under the holder's key. Empty when there is none."""


@dataclass(frozen=True, slots=True)
class DraftCase:
    """An approval to ask for."""

    id: str
    intents: tuple[str, ...]
    covers: tuple[str, ...]
    by: tuple[str, ...]
    expires_ms: int
    """Moment, milliseconds since 1970 UTC."""
    card: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    entries: tuple[DraftEntry, ...]
    holds: tuple[Hold, ...] = ()
    released: tuple[ReleasedCall, ...] = ()
    settled: tuple[str, ...] = ()
    consumed: tuple[Consumption, ...] = ()
    opens: DraftCase | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The judgement of one exchange. Nothing of it has happened yet."""

    rulings: tuple[Ruling, ...]
    outcome: Outcome
    """Of the exchange: HOLD keeps all of it back; DENY refuses all of it; an answer of which some calls were denied is MODIFY."""
    case: str
    """The open approval it waits for; empty otherwise."""
    draft: Draft
