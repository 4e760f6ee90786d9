"""Every recorded decision, made again in the order of the ledger.

INVARIANT: no clock, no randomness and no budget of today is read: the same ledger gives the same answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from trilens.errors import LedgerError
from trilens.evaluate.replay.again import Engine, Setting, judge_again
from trilens.evaluate.replay.compare import Change, changes
from trilens.evaluate.replay.conversation import Conversations
from trilens.evaluate.replay.ledger import Record, Recorded, RecordedExchange, place_of
from trilens.evaluate.replay.lost import LostError, Reason
from trilens.evaluate.replay.policies import Policies
from trilens.prove.ledger.entry import Entry, Kind, decode
from trilens.storage.ports import Journal, KeyRing
from trilens.vocabulary.system import System

_ENTRIES_PER_STEP = 512
_POLICY_KINDS = (Kind.STARTED, Kind.SYSTEM_DECLARED)


class Standing(StrEnum):
    """How a decision compares with what was recorded."""

    SAME = "same"
    DIFFERENT = "different"
    CANNOT = "cannot"
    """It cannot be made again."""


@dataclass(frozen=True, slots=True)
class Replayed:
    decision: str
    """Its id; empty when its entry cannot be read."""
    index: int
    """Of its entry."""
    at_ms: int
    standing: Standing
    changes: tuple[Change, ...] = ()
    reason: Reason | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which decisions are made again; by default all."""

    since_ms: int = 0
    session: str = ""
    decision: str = ""

    def __contains__(self, entry: Entry) -> bool:
        body = entry.body
        return (
            entry.at_ms >= self.since_ms
            and (not self.session or body.get("session") == self.session)
            and (not self.decision or body.get("id") == self.decision)
        )


EVERY_ONE = Chosen()


@dataclass(frozen=True, slots=True)
class _Again:
    """An exchange that was made again, or cannot be: its decisions come one after the other."""

    first: int
    found: tuple[tuple[Change, ...], ...] | LostError


@dataclass(slots=True)
class Replay:
    """One pass over a ledger. Give it the manifests that are at hand with `policies.know`."""

    journal: Journal
    keyring: KeyRing
    engine: Engine
    tried: System | None = None
    """Another manifest to judge under; None for the one of each decision."""
    policies: Policies = field(init=False)
    _record: Record = field(init=False)
    _conversations: dict[str, Conversations] = field(init=False, default_factory=dict)
    _latest: "_Again | None" = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._record = Record(self.journal, self.keyring)
        self.policies = Policies(self._record, self.engine.guards)

    def run(self, chosen: Chosen = EVERY_ONE) -> Iterator[Replayed]:
        """Raises: StoreError."""
        size = self.journal.size()
        for start in range(0, size, _ENTRIES_PER_STEP):
            stop = min(size, start + _ENTRIES_PER_STEP)
            for index, leaf in enumerate(list(self.journal.leaves(start, stop)), start):
                yield from self._entry(index, leaf, chosen)

    def _entry(self, index: int, leaf: bytes, chosen: Chosen) -> Iterator[Replayed]:
        try:
            entry = decode(leaf)
        except LedgerError as error:
            if chosen == EVERY_ONE:
                yield Replayed("", index, 0, Standing.CANNOT, reason=Reason.CHANGED, why=error.message)
            return
        if entry.kind in _POLICY_KINDS:
            self.policies.note(entry)
        elif entry.kind is Kind.DECISION and entry in chosen:
            yield self._decision(index, entry)

    def _decision(self, index: int, entry: Entry) -> Replayed:
        name = str(entry.body.get("id", ""))
        try:
            at, _ = place_of(entry)
            found = self._found(index - at)[at]
        except LostError as lost:
            return Replayed(name, index, entry.at_ms, Standing.CANNOT, reason=lost.reason, why=lost.why)
        standing = Standing.DIFFERENT if found else Standing.SAME
        return Replayed(name, index, entry.at_ms, standing, found)

    def _found(self, first: int) -> tuple[tuple[Change, ...], ...]:
        if self._latest is None or self._latest.first != first:
            try:
                self._latest = _Again(first, self._again(self._record.exchange(first)))
            except LostError as lost:
                self._latest = _Again(first, lost)
        if isinstance(self._latest.found, LostError):
            raise self._latest.found
        return self._latest.found

    def _again(self, exchange: RecordedExchange) -> tuple[tuple[Change, ...], ...]:
        """The differences of each decision of an exchange."""
        first = exchange.decisions[0]
        self._require_one_basis(exchange)
        recorded_under = self.policies.system(first.decision.policy)
        if self.tried is None and first.decision.engine != self.engine.name:
            raise LostError(Reason.ENGINE, "it was judged by other guards or another version")
        bench = self.engine.bench(self.tried or recorded_under)
        conversation = self._conversations_of(bench.system).of(exchange)
        plan = judge_again(Setting(exchange, conversation, recorded_under, bench))
        pairs = zip(exchange.decisions, plan.draft.entries, strict=True)
        return tuple(changes(one, again, whole=self.tried is None) for one, again in pairs)

    def _conversations_of(self, system: System) -> Conversations:
        known = self._conversations.get(system.digest)
        if known is None:
            known = self._conversations[system.digest] = Conversations(self._record, system, self.policies.system)
        return known

    def _require_one_basis(self, exchange: RecordedExchange) -> None:
        def basis(one: Recorded) -> object:
            return one.entry.body.get("basis")

        if any(basis(one) != basis(exchange.decisions[0]) for one in exchange.decisions):
            raise LostError(Reason.CHANGED, "the decisions of one exchange do not share their basis")
