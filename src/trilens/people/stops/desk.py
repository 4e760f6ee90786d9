"""Stopping and resuming, each on record with who did it and why.

Any operator the manifest names may stop: it only tightens, and nobody should have to look for an owner first. Resuming loosens, so that only
the owner of a lens may. No key of an agent does either.

INVARIANT: a stop is in force for every commit after its own (`Batch.unless_stopped`), so that what it returns has stopped.
"""

from collections.abc import Callable
from dataclasses import dataclass

from trilens.errors import PeopleError, StoreError
from trilens.people.access import operators_of
from trilens.people.operators import Operator
from trilens.prove.ledger import entry, payload
from trilens.storage.ports import (
    Batch,
    Committed,
    Conflict,
    Journal,
    KeyRing,
    Resumption,
    RingName,
    Sealed,
    Stop,
    Stopped,
    StopScope,
)
from trilens.vocabulary.system import System

RETENTION = "decision"
"""A reason is kept as long as decisions are."""
LONGEST_REASON = 1_000
"""Characters."""
_DEADLINE_S = 10.0
_LOOKED_AT = 65_536
"""Newest entries in which a session is looked for."""


@dataclass(frozen=True, slots=True)
class Done:
    index: int
    """The ledger entry."""
    was_seen: bool = True
    """Of a stopped session: whether a recent entry names it. A misspelt one stops nobody."""


@dataclass(frozen=True, slots=True)
class ShownStop:
    stop: Stop
    reason: str | None
    """None when its key was destroyed."""


@dataclass(frozen=True, slots=True)
class StopDesk:
    """All that a surface needs to stop and resume. May be used from any thread."""

    system: System
    journal: Journal
    keyring: KeyRing
    clock: Callable[[], int]

    def stop(self, what: Stopped, reason: str, *, by: Operator) -> Done:
        """Let nothing more of `what` through.

        Raises:
            PeopleError: they may not (`people/not-stopper`), it cannot be meant (`people/stop-form`, `people/unknown-agent`), or it is stopped
                already (`people/already-stopped`).
            StoreError: it could not be recorded; then nothing is stopped.
        """
        self.require_stop(what, reason, by=by)
        now_ms = self.clock()
        sealed = self._seal(reason, by, now_ms)
        stop = Stop(what, by.name, now_ms, sealed.commitment)
        batch = Batch((_leaf(entry.Kind.STOP_SET, what, by, now_ms, sealed),), payloads=(sealed,), stops=(stop,))
        index = self._commit(batch, _already_stopped)
        return Done(index, was_seen=what.scope is not StopScope.SESSION or self._is_seen(what.subject, index))

    def resume(self, what: Stopped, reason: str, *, by: Operator) -> Done:
        """Let `what` go on.

        Raises:
            PeopleError: they may not (`people/not-resumer`), it cannot be meant (`people/stop-form`), or it is not stopped (`people/not-stopped`).
            StoreError: it could not be recorded; then it is stopped still.
        """
        self.require_resume(what, reason, by=by)
        now_ms = self.clock()
        sealed = self._seal(reason, by, now_ms)
        leaf = _leaf(entry.Kind.STOP_LIFTED, what, by, now_ms, sealed)
        return Done(self._commit(Batch((leaf,), payloads=(sealed,), resumes=(Resumption(what, now_ms),)), _not_stopped))

    def stops(self) -> tuple[ShownStop, ...]:
        """Those in force, newest first. Raises: StoreError, LedgerError."""
        return tuple(ShownStop(stop, self._reason(stop)) for stop in self.journal.stops())

    def require_stop(self, what: Stopped, reason: str, *, by: Operator) -> None:
        """Every check of `stop` but the commit's own. Raises: PeopleError."""
        if by.name not in operators_of(self.system):
            raise PeopleError(
                "people/not-stopper",
                f"`{by.name}` may not stop anything",
                help="any owner and any member of a role may",
            )
        _require_form(what, reason)
        if what.scope is StopScope.AGENT and what.subject not in self.system.agents:
            raise PeopleError(
                "people/unknown-agent",
                f"no agent `{what.subject}` is declared",
                help="declared: " + ", ".join(f"`{name}`" for name in self.system.agents),
            )
        if any(stop.what == what for stop in self.journal.stops()):
            raise _already_stopped()

    def require_resume(self, what: Stopped, reason: str, *, by: Operator) -> None:
        """Every check of `resume` but the commit's own. Raises: PeopleError."""
        owners = sorted(set(self.system.owners.values()))
        if by.name not in owners:
            raise PeopleError(
                "people/not-resumer",
                f"`{by.name}` may not resume what was stopped",
                help="the owners of the lenses may: " + ", ".join(f"`{name}`" for name in owners),
            )
        _require_form(what, reason)
        if not any(stop.what == what for stop in self.journal.stops()):
            raise _not_stopped()

    def _seal(self, reason: str, by: Operator, now_ms: int) -> Sealed:
        # what a person wrote may name people, and never stands in the open entry
        ring = self.keyring.ring(RingName(f"operator:{by.name}", "oversight", RETENTION))
        until_ms = now_ms + self.system.retention.get(RETENTION, 0)
        return payload.seal(reason.encode(), ring, retain_until_ms=until_ms)

    def _reason(self, stop: Stop) -> str | None:
        sealed = self.journal.payload(stop.reason)
        key = self.keyring.key(sealed.ring) if sealed else None
        return payload.unseal(sealed, key).decode("utf-8", "replace") if sealed and key else None

    def _commit(self, batch: Batch, refused: Callable[[], PeopleError]) -> int:
        try:
            done = self.journal.commit(batch).result(_DEADLINE_S)
        except TimeoutError as error:
            raise StoreError(
                "store/deadline",
                f"the journal did not answer within {_DEADLINE_S:g} s",
                help="look with `trilens stop list` before you do it again: it may still be written",
            ) from error
        match done:
            case Committed(first):
                return first
            case Conflict():
                raise refused()

    def _is_seen(self, session: str, before: int) -> bool:
        needle = f'"session":"{session}"'.encode()
        return any(needle in leaf for leaf in self.journal.leaves(max(0, before - _LOOKED_AT), before))


def stopped_of(scope: str, subject: str) -> Stopped:
    """What two words name. Raises: PeopleError `people/stop-form`."""
    try:
        what = Stopped(StopScope(scope), subject)
    except ValueError as error:
        raise _ill_formed("expected `session`, `agent` or `system`") from error
    _require_subject(what)
    return what


def _require_form(what: Stopped, reason: str) -> None:
    _require_subject(what)
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise _ill_formed(f"a reason has 1 to {LONGEST_REASON} characters")


def _require_subject(what: Stopped) -> None:
    match what.scope:
        case StopScope.SYSTEM if what.subject:
            raise _ill_formed("the whole system has no other name")
        case StopScope.SESSION if len(what.subject) != 32 or not set(what.subject) <= set("0123456789abcdef"):
            raise _ill_formed("a session is named by the 32 hex digits that its entries name it by")
        case StopScope.AGENT if not what.subject:
            raise _ill_formed("expected the name of an agent")
        case _:
            return


def _leaf(kind: entry.Kind, what: Stopped, by: Operator, now_ms: int, reason: Sealed) -> bytes:
    refs = (entry.PayloadRef(reason.commitment, reason.ring, RETENTION),)
    body = {"scope": what.scope.value, "subject": what.subject, "by": by.name, "key": by.key}
    return entry.encode(kind, now_ms, body, payload=refs)


def _ill_formed(message: str) -> PeopleError:
    return PeopleError("people/stop-form", message, help="`trilens stop --help` shows what it takes")


def _already_stopped() -> PeopleError:
    return PeopleError("people/already-stopped", "it is stopped already", help="`trilens stop list` shows by whom")


def _not_stopped() -> PeopleError:
    return PeopleError("people/not-stopped", "it is not stopped", help="`trilens stop list` shows what is")
