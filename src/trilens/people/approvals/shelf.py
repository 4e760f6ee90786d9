"""Where cases are looked at: the journal's case, its stage by the clock, and its card with the seal taken off."""

from collections.abc import Callable
from dataclasses import dataclass

from trilens.errors import PeopleError, StoreError
from trilens.people.approvals.shown import Card, read_card
from trilens.people.workflow import Stage, stage_of
from trilens.prove.ledger import payload
from trilens.storage.ports import Case, Journal, KeyRing, Sealed

KIND = "approval"


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A case with its card, as of one moment."""

    case: Case
    stage: Stage
    now_ms: int
    card: Card | None
    """None when its key was destroyed."""
    written: bytes
    """The card as it was written; empty when its key was destroyed."""
    is_current: bool | None
    """Whether it was opened under the manifest in force, since its approval matches under no other; None when nobody can tell."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Cases for reading. May be used from any thread."""

    journal: Journal
    keyring: KeyRing
    clock: Callable[[], int]
    policy: str
    """Digest of the manifest in force; empty when it is not known."""

    def cases(self, *, everything: bool = False) -> tuple[OpenedCase, ...]:
        """Those that wait for a decision, or all, newest first. Raises: StoreError, LedgerError."""
        now_ms = self.clock()
        approvals = (case for case in self.journal.cases() if case.kind == KIND)
        return tuple(
            self._opened(case, now_ms) for case in approvals if everything or stage_of(case, now_ms) is Stage.OPEN
        )

    def case(self, case_id: str) -> OpenedCase:
        """Raises: PeopleError `people/unknown-case`; StoreError, LedgerError."""
        case = self.journal.case(case_id)
        if case is None or case.kind != KIND:
            raise PeopleError(
                "people/unknown-case", "there is no such case", help="`trilens approvals list` shows those there are"
            )
        return self._opened(case, self.clock())

    def _opened(self, case: Case, now_ms: int) -> OpenedCase:
        stage = stage_of(case, now_ms)
        written = self._unsealed(self.journal.payload(case.card))
        if written is None:
            return OpenedCase(case, stage, now_ms, None, b"", is_current=None)
        try:
            card = read_card(written)
        except ValueError as error:
            raise StoreError(
                "store/card",
                f"the card of `{case.id}` cannot be read: {error}",
                help="use the version of trilens that wrote it, or a newer one",
            ) from error
        is_current = card.policy == self.policy if self.policy else None
        return OpenedCase(case, stage, now_ms, card, written, is_current)

    def _unsealed(self, sealed: Sealed | None) -> bytes | None:
        key = self.keyring.key(sealed.ring) if sealed else None
        return payload.unseal(sealed, key) if sealed and key else None
