"""Bringing another manifest into force: read and reviewed, recorded, and only then in force; by two people when it loosens.

    what the change does     who asked    what happens
    nothing                  anybody      nothing
    tightens alone           an owner     it is in force
    tightens alone           a signal     it is in force
    loosens, or may          an owner     a case opens; it is in force once another owner approves it
    loosens, or may          a signal     it is refused: nobody stands behind it

INVARIANT: a manifest is on record before it is in force; what is refused leaves the one in force as it was.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock

from trilens.declare.change import Change, changes, loosens
from trilens.errors import PeopleError, StoreError
from trilens.people.approvals.decide import require_named
from trilens.people.changes.case import (
    KIND,
    Opening,
    Replacement,
    WaitingChange,
    open_change,
    replacement_of,
    waiting_changes,
)
from trilens.people.operators import Operator
from trilens.people.workflow import Action, Stage, next_stage, stage_of
from trilens.prove.ledger import entry
from trilens.storage.ports import (
    Batch,
    Case,
    CaseMove,
    CaseState,
    Committed,
    Conflict,
    Consumption,
    Journal,
    KeyRing,
    Sealed,
)
from trilens.vocabulary.canonical import Json
from trilens.vocabulary.system import System

_DEADLINE_S = 10.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """A manifest that was read and reviewed, with everything it takes to run under it. Nothing of it is in force."""

    system: System
    body: Mapping[str, Json]
    """What its entry says besides: engine and guards."""
    policy: Sealed
    """The manifest itself, sealed."""
    ref: entry.PayloadRef
    adopt: Callable[[], None]
    """Bring it into force; cannot fail."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking for the manifest on disk."""

    before: str
    after: str
    """Digests."""
    changes: tuple[Change, ...]
    index: int | None = None
    """The ledger entry of what is in force now; None when nothing is, or the same."""
    case: Case | None = None
    """What another owner must decide first."""


@dataclass(frozen=True, slots=True)
class Decided:
    stage: Stage
    index: int


@dataclass(frozen=True, slots=True)
class ChangeDesk:
    """All that a surface needs to change the manifest in force. May be used from any thread; one change at a time."""

    in_force: Callable[[], System]
    propose: Callable[[], Proposal]
    """Raises: ManifestError, with the errors that `trilens check` shows."""
    journal: Journal
    keyring: KeyRing
    clock: Callable[[], int]
    new_id: Callable[[], str]
    _lock: Lock = field(default_factory=Lock)

    def ask(self, by: Operator | None, *, is_dry_run: bool = False) -> Asked:
        """Bring the manifest on disk into force, or open the case that it takes.

        Args:
            by: None when a signal asked.

        Raises:
            ManifestError: it does not hold together.
            PeopleError: they own no lens (`people/not-changer`); it loosens and nobody else could confirm it (`people/no-second`), or a signal
                asked (`people/loosens`); it was asked for already (`people/already-asked`).
            StoreError: it could not be recorded; then it is not in force.
        """
        with self._lock:
            old = self.in_force()
            _require_owner(old, by)
            proposal = self.propose()
            found = changes(old, proposal.system)
            asked = Asked(old.digest, proposal.system.digest, found)
            if old.digest == proposal.system.digest:
                return asked
            if not loosens(found) and found:
                return asked if is_dry_run else self._adopt(asked, old, proposal, by)
            opening = self._opening(asked, old, by)
            return asked if is_dry_run else self._open(asked, opening)

    def decide(self, case_id: str, action: Action, *, by: Operator, is_dry_run: bool = False) -> Decided:
        """Approve or refuse a change that another owner asked for.

        Raises:
            PeopleError: it is not theirs to decide or not open, or the manifest on disk or the one in force is another by now
                (`people/changed-since`).
            ManifestError, StoreError: as `ask`.
        """
        with self._lock:
            case, now_ms = self._open_case(case_id), self.clock()
            require_named(case, by)
            stage = next_stage(stage_of(case, now_ms), action)
            if action is Action.REFUSE:
                return Decided(stage, -1 if is_dry_run else self._refuse(case, by, now_ms))
            _require_owner(self.in_force(), by)
            proposal = self.propose()
            if replacement_of(case) != Replacement(self.in_force().digest, proposal.system.digest):
                raise PeopleError(
                    "people/changed-since",
                    "the manifest on disk, or the one in force, is not the one this case is about",
                    help="refuse it, and ask again with `trilens reload`",
                )
            return Decided(stage, -1 if is_dry_run else self._confirm(case, proposal, by, now_ms))

    def waiting(self) -> tuple[WaitingChange, ...]:
        """Changes that wait for a decision, newest first. Raises: StoreError, LedgerError."""
        return waiting_changes(self.journal, self.keyring, self.clock())

    def _adopt(self, asked: Asked, old: System, proposal: Proposal, by: Operator | None) -> Asked:
        leaf = _declared(proposal, old, self.clock(), by=by.name if by else "", case="")
        index = self._commit(Batch((leaf,), payloads=self._unkept(proposal)))
        proposal.adopt()
        return replace(asked, index=index)

    def _confirm(self, case: Case, proposal: Proposal, by: Operator, now_ms: int) -> int:
        move = CaseMove(case.id, CaseState.OPEN, CaseState.APPROVED, by.name, now_ms)
        decided = _decided(case, Action.APPROVE, by, now_ms)
        declared = _declared(proposal, self.in_force(), now_ms, by=by.name, case=case.id)
        index = self._commit(
            Batch(
                (decided, declared),
                payloads=self._unkept(proposal),
                moved=(move,),
                consumed=(Consumption(case.id, "", now_ms, whole=True),),
            )
        )
        proposal.adopt()
        return index

    def _refuse(self, case: Case, by: Operator, now_ms: int) -> int:
        move = CaseMove(case.id, CaseState.OPEN, CaseState.REFUSED, by.name, now_ms)
        return self._commit(Batch((_decided(case, Action.REFUSE, by, now_ms),), moved=(move,)))

    def _opening(self, asked: Asked, old: System, by: Operator | None) -> Opening:
        if by is None:
            raise PeopleError(
                "people/loosens",
                "the change loosens what is in force, and a signal names nobody who asks for it",
                help="ask with `trilens reload` and an owner's key; another owner confirms it",
            )
        others = tuple(sorted(set(old.owners.values()) - {by.name}))
        if not others:
            raise PeopleError(
                "people/no-second",
                "the change loosens what is in force, and no other owner could confirm it",
                help="name another owner of a lens in the manifest first",
            )
        return open_change(
            Replacement(asked.before, asked.after),
            asked.changes,
            case_id="chg_" + self.new_id(),
            system=old.id,
            by=by,
            others=others,
            keyring=self.keyring,
            now_ms=self.clock(),
        )

    def _open(self, asked: Asked, opening: Opening) -> Asked:
        try:
            self._commit(Batch((opening.leaf,), payloads=(opening.card,), opened=(opening.case,)))
        except StoreError as error:
            if error.code != "store/contended":
                raise
            raise PeopleError(
                "people/already-asked",
                "this change waits for a decision already",
                help="another owner confirms it, or it expires within a day",
            ) from error
        return replace(asked, case=opening.case)

    def _open_case(self, case_id: str) -> Case:
        case = self.journal.case(case_id)
        if case is None or case.kind != KIND:
            raise PeopleError(
                "people/unknown-case", "there is no such change", help="`trilens reload` names the case it opens"
            )
        return case

    def _unkept(self, proposal: Proposal) -> tuple[Sealed, ...]:
        return () if self.journal.payload(proposal.policy.commitment) else (proposal.policy,)

    def _commit(self, batch: Batch) -> int:
        try:
            done = self.journal.commit(batch).result(_DEADLINE_S)
        except TimeoutError as error:
            raise StoreError("store/deadline", f"the journal did not answer within {_DEADLINE_S:g} s") from error
        match done:
            case Committed(first):
                return first + len(batch.leaves) - 1
            case Conflict():
                raise StoreError(
                    "store/contended", "the case changed while it was being decided", help="look at it again"
                )


def _require_owner(system: System, by: Operator | None) -> None:
    owners = sorted(set(system.owners.values()))
    if by is not None and by.name not in owners:
        raise PeopleError(
            "people/not-changer",
            f"`{by.name}` may not change what is in force",
            help="the owners of the lenses may: " + ", ".join(f"`{name}`" for name in owners),
        )


def _declared(proposal: Proposal, old: System, now_ms: int, *, by: str, case: str) -> bytes:
    body = {**proposal.body, "policy": proposal.system.digest, "replaces": old.digest, "by": by, "case": case}
    return entry.encode(entry.Kind.SYSTEM_DECLARED, now_ms, body, payload=(proposal.ref,))


def _decided(case: Case, action: Action, by: Operator, now_ms: int) -> bytes:
    body = {
        "case": case.id,
        "action": action.value,
        "by": by.name,
        "key": by.key,
        "open_ms": now_ms - case.opened_ms,
        "edited": False,
    }
    return entry.encode(entry.Kind.CASE_DECIDED, now_ms, body)
