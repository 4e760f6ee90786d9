"""The desk where a case is decided: the journal and the key ring around the pure decision.

INVARIANT: a decision that `decide` returns was committed together with its ledger entry.
"""

from dataclasses import dataclass

from trilens.errors import PeopleError, StoreError
from trilens.people.approvals.decide import decide, require_named, write_decision
from trilens.people.approvals.edit import Edit, Weighed, weigh, write_edit
from trilens.people.approvals.shelf import OpenedCase, Shelf
from trilens.people.operators import Operator
from trilens.people.workflow import Action, Stage, next_stage, stage_of
from trilens.prove.ledger import payload
from trilens.storage.ports import Batch, Case, Committed, Conflict, Ring, Sealed
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.system import System

_ATTEMPTS = 3
_DEADLINE_S = 10.0


@dataclass(frozen=True, slots=True)
class DecidedCase:
    case: Case
    stage: Stage
    index: int
    """The ledger entry of the decision."""


@dataclass(frozen=True, slots=True)
class Desk:
    """All that a surface needs to decide cases. May be used from any thread."""

    shelf: Shelf
    """Of the policy of `system`."""
    system: System
    mac: Mac

    def decide(self, case_id: str, action: Action, *, by: Operator, edit: Edit | None = None) -> DecidedCase:
        """Decide a case, once.

        Raises:
            PeopleError: it may not be decided so, by this operator, or any more.
            StoreError: it could not be recorded; then nothing has changed.
        """
        for _ in range(_ATTEMPTS):
            opened = self.shelf.case(case_id)
            case, now_ms = opened.case, opened.now_ms
            require_named(case, by)
            next_stage(opened.stage, action)
            weighed = self._weigh(opened, action, edit)
            sealed = self._seal(edit, case) if edit else None
            move = decide(case, action, by=by, now_ms=now_ms, edit=sealed, weighed=weighed)
            done = self._commit(write_decision(case, move, action=action, by=by, edit=sealed))
            if isinstance(done, Committed):
                after = self.shelf.case(case_id).case
                return DecidedCase(after, stage_of(after, now_ms), done.first)
        raise StoreError("store/contended", "the case changed while it was being decided", help="look at it again")

    def rehearse(self, case_id: str, action: Action, *, by: Operator, edit: Edit | None = None) -> Stage:
        """The stage `decide` would bring the case to, with every check but the commit's own. Raises: as `decide`."""
        opened = self.shelf.case(case_id)
        require_named(opened.case, by)
        reached = next_stage(opened.stage, action)
        self._weigh(opened, action, edit)
        return reached

    def _commit(self, batch: Batch) -> Committed | Conflict:
        try:
            return self.shelf.journal.commit(batch).result(_DEADLINE_S)
        except TimeoutError as error:
            raise StoreError(
                "store/deadline",
                f"the journal did not answer within {_DEADLINE_S:g} s",
                help="look at the case before you decide again: the decision may still be written",
            ) from error

    def _weigh(self, opened: OpenedCase, action: Action, edit: Edit | None) -> Weighed | None:
        if action is Action.REFUSE:
            return None
        if opened.card is None:
            raise _erased()
        if not opened.is_current:
            raise PeopleError(
                "people/other-policy",
                "the case was opened under another manifest, and an approval would match nothing",
                help="refuse it; the agent may ask again under the manifest in force",
            )
        if edit is None:
            return None
        return weigh(edit, opened.case, opened.card, system=self.system, mac=self.mac)

    def _seal(self, edit: Edit, case: Case) -> Sealed:
        """Beside the card: the same key, so that both are erased together, and the same end."""
        card = self.shelf.journal.payload(case.card)
        key = self.shelf.keyring.key(card.ring) if card else None
        if card is None or key is None:
            raise _erased()
        return payload.seal(write_edit(edit), Ring(card.ring, key), retain_until_ms=card.retain_until_ms)


def _erased() -> PeopleError:
    return PeopleError("people/card-erased", "what was asked has been erased", help="refuse it")
