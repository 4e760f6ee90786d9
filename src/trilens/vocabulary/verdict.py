"""What guards answer and what is decided: span, origin, finding, edit, reservation, verdict, decision."""

from dataclasses import dataclass

from trilens.vocabulary.label import Label
from trilens.vocabulary.outcome import Lens, Outcome, Ran


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `stop` (exclusive) of one value's text."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value, or the nearest thing to it, was read."""

    source: str
    """For people: `lookup_order result, field note`, `your words`, `refund-policy`."""
    path: str
    """Exact place: `messages[4].note`, `sources.refund-policy`."""
    label: Label
    excerpt: str = ""
    """A short piece of the text around it, at most 200 characters."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What an event means under one guard's question."""

    code: str
    """Stable, `guard/what`: `untrusted_sink/third_party_destination`."""
    message: str
    """One lower-case line for people; it may quote values and is stored encrypted, never in a leaf."""
    path: str = ""
    """The value it is about."""
    span: Span | None = None
    origins: tuple[Origin, ...] = ()
    """The path of the value that decided, nearest first."""
    rule: str = ""
    """The rule of the ladder, or the manifest's clause, that held."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A change to one value: spans taken out, a literal of the manifest put in front, or a person's approved value."""

    path: str
    removed: tuple[Span, ...] = ()
    prepended: str = ""
    set_to: str | None = None
    """JSON text of an approved edit. INVARIANT: only a recorded approval sets this."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A claim on a budget, checked again inside the commit."""

    account: str
    """Keyed digest of (limit, holder); see mechanisms/budget."""
    amount: int
    """Micro-units (millionths of the unit; a count of one is 1_000_000), >= 0."""
    ceiling: int
    """Micro-units that all live reservations of the window may reach, this one included."""
    since_ms: int
    """Start of the window, milliseconds since 1970 UTC, inclusive; 0 counts everything."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One guard's answer about one event."""

    guard: str
    """`lens/name`."""
    lens: Lens
    ran: Ran
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    edits: tuple[Edit, ...] = ()
    reserve: tuple[Reservation, ...] = ()
    why: str = ""
    """Of one that failed or was not run: the reason, without data of the event."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What it takes to judge the same event again."""

    policy: str
    """Digest of the manifest as parsed."""
    engine: str
    """Version of Trilens and digest of the guards' sheets."""
    prefix: str
    """Keyed digest of the turns the event was judged after."""
    now_ms: int
    spent: tuple[tuple[str, int], ...] = ()
    """(account, micro-units) as read in the snapshot, sorted."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The combined, enforced answer to one event."""

    id: str
    event: str
    outcome: Outcome
    verdicts: tuple[Verdict, ...]
    basis: Basis
    intent_mac: str = ""
    """Keyed digest of (tool, typed arguments, person, policy), without the call's id; empty where nothing can be approved."""
    case: str = ""
    """The approval that is open for it, or that let it through."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(f for v in self.verdicts for f in v.findings)

    @property
    def edits(self) -> tuple[Edit, ...]:
        return tuple(e for v in self.verdicts for e in v.edits)
