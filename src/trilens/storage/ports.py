"""What a backend must do. One contract suite per port (`trilens.testing`) is run by every backend.

The journal answers with futures, so that one port serves the synchronous and the asynchronous driver alike, and so that a
backend may gather many batches into one durable write. A future fails with `StoreError` and with nothing else.

INVARIANT: a batch is all or nothing, and its future is resolved only after it is durable.
INVARIANT: conditions of a batch (ceilings, states of cases) are checked again inside the write that applies it.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from trilens.vocabulary.verdict import Reservation

CLOCK_SKEW_MS = 5_000
"""How far apart the clocks of two processes may be before a case that was opened later than now counts as expired."""


class CaseState(StrEnum):
    """Open to approved, edited or refused; approved to used. Expiry is read off `expires_ms`, never written."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    USED = "used"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A payload as stored: the ledger leaf names it by `commitment` and never holds it."""

    commitment: str
    """`sha256:` over nonce, ciphertext and tag."""
    ring: str
    """Random id of the key it is sealed with; meaningless once that key is destroyed."""
    ciphertext: bytes
    """Nonce (12 bytes), ciphertext, tag (16 bytes)."""
    retain_until_ms: int


@dataclass(frozen=True, slots=True)
class Case:
    """Something only a person may decide. Everything personal is in the sealed card."""

    id: str
    kind: str
    """`approval`."""
    system: str
    opened_ms: int
    expires_ms: int
    request_mac: str
    intents: tuple[str, ...]
    """Keyed digests of what is asked for. Each can be used once."""
    covers: tuple[str, ...]
    """Guards (`lens/name`) whose HOLD stands on the card; an approval lifts no other."""
    by: tuple[str, ...]
    """Names of the operators who may decide."""
    card: str
    """Commitment of the sealed card (arguments, findings, origins, for the approver)."""
    kept: str = ""
    """Commitment of the sealed response that is kept for the same request; empty when there is none."""
    state: CaseState = CaseState.OPEN
    decided_by: str = ""
    decided_ms: int = 0
    edit: str = ""
    """Commitment of the sealed edit, when approved with one."""
    used: frozenset[str] = frozenset()
    """Intents that were used."""

    def is_live(self, now_ms: int) -> bool:
        """Whether `now_ms` lies between opening and expiry: before it, the clock was set back, and nobody knows how long it has been open."""
        return self.opened_ms - CLOCK_SKEW_MS <= now_ms < self.expires_ms


@dataclass(frozen=True, slots=True)
class CaseMove:
    """A person's decision on a case, applied only when the case still is in `before` and not past `at_ms` expiry."""

    case: str
    before: CaseState
    after: CaseState
    by: str
    at_ms: int
    edit: str = ""
    adds_intents: tuple[str, ...] = ()
    """Intents of the edited action, usable like those of the original."""
    drops_intents: tuple[str, ...] = ()
    """Intents of what was edited away: no longer part of the case, since nobody approved them."""


@dataclass(frozen=True, slots=True)
class Consumption:
    """The use of one approved intent. Refused when it was used before, or the case is not approved, or is past expiry."""

    case: str
    intent: str
    at_ms: int
    whole: bool = False
    """The kept response is being released: refused also when any intent of the case was used, and uses all of them."""


@dataclass(frozen=True, slots=True)
class ReleasedCall:
    """A tool call that left Trilens: its result will be recognised, and settles what it reserved."""

    mac: str
    """Keyed digest of (holder, call id, tool, arguments)."""
    tool: str
    decision: str
    at_ms: int
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """A reservation with the call it was made for."""

    call: str
    """`ReleasedCall.mac`."""
    reservation: Reservation
    at_ms: int


class StopScope(StrEnum):
    """How much a stop stops."""

    SESSION = "session"
    AGENT = "agent"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Stopped:
    """What may do nothing until a person resumes it."""

    scope: StopScope
    subject: str
    """Of a session its digest as the ledger names it, of an agent its name; empty for the whole system."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop that is in force."""

    what: Stopped
    by: str
    """The operator."""
    at_ms: int
    reason: str
    """Commitment of the sealed reason."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as far as a stop may reach them."""

    agent: str
    session: str = ""
    """Empty when there is none."""

    @property
    def reached_by(self) -> tuple[Stopped, ...]:
        """The stops that would reach them, widest first."""
        session = (Stopped(StopScope.SESSION, self.session),) if self.session else ()
        return (Stopped(StopScope.SYSTEM, ""), Stopped(StopScope.AGENT, self.agent), *session)


@dataclass(frozen=True, slots=True)
class Resumption:
    """The end of a stop."""

    what: Stopped
    at_ms: int


class NoticeKind(StrEnum):
    """What people outside are told of."""

    CASE_OPENED = "case.opened"
    STOPPED = "system.stopped"
    RESUMED = "system.resumed"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell, made in the commit that opens a case, stops or resumes; it waits until somebody settles it."""

    number: int
    """One after the other, never used twice."""
    kind: NoticeKind
    subject: str
    """Id of the case, or scope and subject of the stop with a colon between."""
    at_ms: int
    has_failed: bool = False
    """It was given up."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A notice that waits no longer. Settling one that is not there changes nothing."""

    number: int
    has_failed: bool = False
    """It could not be told: it is kept, to be seen."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one exchange, or one decision of a person, writes: in one commit or not at all."""

    leaves: tuple[bytes, ...]
    """Canonical JSON, one ledger entry each, in order; at least one."""
    payloads: tuple[Sealed, ...] = ()
    holds: tuple[Hold, ...] = ()
    released: tuple[ReleasedCall, ...] = ()
    settled: tuple[str, ...] = ()
    """Macs of released calls whose outcome was seen. Settling twice, or an unknown one, changes nothing."""
    consumed: tuple[Consumption, ...] = ()
    opened: tuple[Case, ...] = ()
    """Refused when another open, unexpired case has the same `request_mac` and shares an intent with it."""
    moved: tuple[CaseMove, ...] = ()
    stops: tuple[Stop, ...] = ()
    """Refused when the same is stopped already."""
    resumes: tuple[Resumption, ...] = ()
    """Refused when it is not stopped."""
    unless_stopped: Actor | None = None
    """Who acts, when something leaves with this batch: refused when a stop reaches them."""
    settles: tuple[Settled, ...] = ()


@dataclass(frozen=True, slots=True)
class Committed:
    first: int
    """Zero-based index of the batch's first entry."""
    size: int
    """Entries in the ledger after the batch; durable."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A condition no longer held; nothing was written. Judge again on a fresh snapshot."""

    what: str
    """`budget`, `approval`, `case` or `stop`."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a judgement needs to know."""

    now_ms: int
    accounts: tuple[tuple[str, int], ...] = ()
    """(account, start of its window in milliseconds)."""
    intents: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    request: str = ""
    actor: Actor | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.accounts or self.intents or self.calls or self.request or self.actor)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The journal at one moment."""

    spent: Mapping[str, int] = field(default_factory=dict)
    """Micro-units of live reservations by account; every account asked for is present."""
    approvals: Mapping[str, Case] = field(default_factory=dict)
    """By intent: the case that is approved, unexpired and has this intent unused."""
    calls: Mapping[str, ReleasedCall] = field(default_factory=dict)
    held: Case | None = None
    """The newest case opened by the same request, whatever its state, unless it was used."""
    stop: Stop | None = None
    """The widest stop that reaches the actor."""


class Journal(Protocol):
    """Entries, budgets, approvals and cases of one system, under one sequencer."""

    def snapshot(self, query: Query) -> Future[Snapshot]: ...

    def commit(self, batch: Batch) -> Future[Committed | Conflict]: ...

    def size(self) -> int:
        """Acknowledged entries."""
        ...

    def leaves(self, start: int, stop: int) -> Iterator[bytes]:
        """Read entries back from the store, not from memory. Raises: StoreError."""
        ...

    def payload(self, commitment: str) -> Sealed | None: ...

    def case(self, case_id: str) -> Case | None: ...

    def cases(self, *, state: CaseState | None = None) -> Sequence[Case]:
        """Newest first."""
        ...

    def stops(self) -> Sequence[Stop]:
        """Those in force, newest first."""
        ...

    def notices(self, *, failed: bool = False) -> Sequence[Notice]:
        """Those that wait, or those that were given up, oldest first; at most a thousand."""
        ...

    def put_checkpoint(self, size: int, note: bytes, hashes: Sequence[tuple[int, int, bytes]]) -> None:
        """Keep a signed checkpoint and the tiles (level, number, bytes) that grew up to it; durable on return.

        A tile only grows, at its end, until it has 256 hashes. Raises: StoreError when anything contradicts what is kept.
        """
        ...

    def checkpoint(self) -> bytes | None:
        """The newest kept checkpoint note."""
        ...

    def tile(self, level: int, number: int) -> bytes | None:
        """Hashes of a tile as far as the newest checkpoint knew them."""
        ...

    def close(self) -> None:
        """Finish what was accepted, then let go of the store. Later calls fail with StoreError."""
        ...


@dataclass(frozen=True, slots=True)
class RingName:
    """Whose key: one per person, purpose and retention class, so that each can be destroyed alone."""

    holder: str
    purpose: str
    retention: str


@dataclass(frozen=True, slots=True)
class Ring:
    id: str
    key: bytes
    """256 bits."""


class KeyRing(Protocol):
    """Keys, kept apart from what they open. Never in the journal's file, never in PostgreSQL."""

    def ring(self, name: RingName) -> Ring:
        """The key of `name`, made (and durable) on first use. Raises: StoreError."""
        ...

    def key(self, ring_id: str) -> bytes | None:
        """None once destroyed, or never made."""
        ...

    def destroy(self, ring_id: str) -> bool:
        """Make what is sealed with it unreadable for ever; False when there was no such key. Raises: StoreError, and then it may still be there."""
        ...

    def secret(self, name: str) -> bytes:
        """A 32-byte secret of the installation (`mac`, `log`), made by `init`. Raises: StoreError when it is missing."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An agent's or operator's key as stored: its hash, never itself."""

    id: str
    """The visible prefix, such as `tlk_7fQ2x9`."""
    digest: bytes
    """SHA-256 of the whole key, which has at least 256 bits of entropy."""
    agent: str
    """The one agent it speaks for; empty for an operator key."""
    operator: str
    """The operator it signs as; empty for an agent key."""
    may_assert: bool
    """Whether it may name the person it acts for."""
    created_ms: int
    revoked_ms: int = 0


class KeyStore(Protocol):
    def add(self, key: ApiKey) -> None: ...

    def find(self, key_id: str) -> ApiKey | None: ...

    def list(self) -> Sequence[ApiKey]: ...

    def revoke(self, key_id: str, at_ms: int) -> bool: ...
