"""The manifests that runs began with, by their digests."""

from collections.abc import Sequence

from trilens.enforce.policy import read_policy
from trilens.errors import LedgerError
from trilens.evaluate.replay.ledger import Record
from trilens.evaluate.replay.lost import LostError, Reason
from trilens.lenses.lens import Guard
from trilens.prove.ledger.entry import Entry, PayloadRef
from trilens.vocabulary.system import System


class Policies:
    """Read from the entries of starts, as they are met."""

    def __init__(self, record: Record, guards: Sequence[Guard]) -> None:
        self._record = record
        self._sheets = tuple(guard.sheet for guard in guards)
        self._refs: dict[str, PayloadRef] = {}
        self._known: dict[str, System | LostError] = {}

    def note(self, entry: Entry) -> None:
        """Take the entry of a start, or of a manifest that came into force."""
        policy = entry.body.get("policy")
        if isinstance(policy, str) and entry.payload:
            self._refs[policy] = entry.payload[0]

    def know(self, system: System) -> None:
        """Take a manifest that is at hand: its digest says which decisions were made under it."""
        self._known[system.digest] = system

    def system(self, policy: str) -> System:
        """Raises: LostError, StoreError."""
        if policy not in self._known and policy not in self._refs:
            raise LostError(Reason.POLICY, "the manifest it was judged under is not on record")
        found = self._known.get(policy) or self._read(policy)
        self._known[policy] = found
        if isinstance(found, LostError):
            raise found
        return found

    def _read(self, policy: str) -> System | LostError:
        try:
            return read_policy(self._record.open(self._refs[policy]), policy, self._sheets)
        except LedgerError as error:
            return LostError(Reason.POLICY, error.message)
        except LostError as error:
            return LostError(Reason.POLICY, f"of the manifest it was judged under: {error.why}")
