"""What must hold after every step, looked at from outside: what the tools did, against what the disk says."""

from dataclasses import dataclass, field

from trilens.prove.ledger.entry import Entry, Kind, decode
from trilens.storage.sqlite import read
from trilens.testing.simulator.shop import ASKS_ABOVE_EUR, CEILING_EUR, DAY_MS
from trilens.testing.simulator.store import Disk


class BrokenInvariant(AssertionError):  # noqa: N818 - what it is, is a broken invariant
    """Something happened that must not."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A tool ran."""

    decision: str
    who: str
    amount_eur: int
    judged_ms: int
    case: str
    intent: str


@dataclass(slots=True)
class Invariants:
    disk: Disk
    effects: list[Effect] = field(default_factory=list)
    _leaves: list[bytes] = field(default_factory=list)
    _decisions: dict[str, tuple[int, Entry]] = field(default_factory=dict)
    _approved: dict[str, int] = field(default_factory=dict)
    _acknowledged: int = 0
    _looked_at: int = 0

    def look(self) -> None:
        """Raises: BrokenInvariant."""
        self._read_new()
        self._sizes()
        for effect in self.effects[self._looked_at :]:
            self._recorded(effect)
            self._within_budget(effect)
            self._approved_once(effect)
        self._looked_at = len(self.effects)

    def look_at_all(self) -> None:
        """The end: nothing that was written has changed. Raises: BrokenInvariant."""
        self.look()
        _require(read.leaves(self.disk.connection, 0, len(self._leaves)) == self._leaves, "an entry was changed")

    def _read_new(self) -> None:
        start, size = len(self._leaves), self.disk.size()
        _require(size >= start, f"the disk holds {size} entries after {start}")
        for index, leaf in enumerate(read.leaves(self.disk.connection, start, size), start):
            entry = decode(leaf)
            self._leaves.append(leaf)
            if entry.kind is Kind.DECISION:
                self._decisions[str(entry.body["id"])] = (index, entry)
            elif entry.kind is Kind.CASE_DECIDED and entry.body["action"] == "approve":
                case = str(entry.body["case"])
                _require(case not in self._approved, f"case {case} was approved twice")
                self._approved[case] = index

    def _sizes(self) -> None:
        now = self.disk.acknowledged
        _require(self._acknowledged <= now <= len(self._leaves), f"{now} acknowledged after {self._acknowledged}")
        self._acknowledged = now

    def _recorded(self, effect: Effect) -> None:
        found = self._decisions.get(effect.decision)
        _require(found is not None, f"an effect without an entry: {effect.decision}")
        if found is not None:
            _require(found[1].body["left"] is True, f"an effect whose entry says it did not leave: {effect.decision}")
        twins = [other for other in self.effects if other.decision == effect.decision]
        _require(len(twins) == 1, f"one decision, {len(twins)} effects")

    def _within_budget(self, effect: Effect) -> None:
        index, _ = self._decisions[effect.decision]
        since = effect.judged_ms - DAY_MS
        before = [e for e in self.effects if e.who == effect.who and self._decisions[e.decision][0] <= index]
        spent = sum(e.amount_eur for e in before if e.judged_ms >= since)
        _require(spent <= CEILING_EUR, f"{spent} EUR went to one customer in a day")

    def _approved_once(self, effect: Effect) -> None:
        if effect.amount_eur <= ASKS_ABOVE_EUR:
            return
        index, _ = self._decisions[effect.decision]
        decided = self._approved.get(effect.case)
        _require(decided is not None and decided < index, f"{effect.amount_eur} EUR left without an approval")
        uses = [e for e in self.effects if (e.case, e.intent) == (effect.case, effect.intent)]
        _require(len(uses) == 1, f"one approval, {len(uses)} effects")


def _require(holds: bool, what: str) -> None:  # noqa: FBT001 - as `assert` reads
    if not holds:
        raise BrokenInvariant(what)
