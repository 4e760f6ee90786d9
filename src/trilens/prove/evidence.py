"""Ledger entries folded into facts: one pass, in any order, with memory that does not grow with the ledger.

Kept besides counters: one id for each approval a person gave, and the decisions of the window that an approval let through. Both are
as many as people decided.

INVARIANT: what cannot be read is counted and reported, and keeps whatever rests on the record from being proven; it is never skipped quietly.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

import orjson

from trilens.errors import LedgerError
from trilens.lenses.lens import Sheet
from trilens.prove.controls.catalogue import Catalogue, Mark, VerdictQuery, implementing
from trilens.prove.decision import RecordedDecision, read_decision
from trilens.prove.ledger.entry import Entry, Kind, decode
from trilens.prove.marks import Marks, lifted_guards, mark
from trilens.vocabulary.canonical import canonical, digest
from trilens.vocabulary.outcome import Lens, Ran


@dataclass(frozen=True, slots=True)
class Subject:
    """What evidence is about. A record of another subject is stale, whatever it says."""

    policy: str
    """Digest of the manifest as parsed."""
    engine: str
    """Version of Trilens and digest of the guards' sheets."""

    @property
    def digest(self) -> str:
        return digest(canonical([self.policy, self.engine]))


@dataclass(frozen=True, slots=True)
class Asked:
    """One control's question about one guard."""

    control: str
    lens: Lens
    guard: str
    """`lens/name`."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The answer: numbers of decisions."""

    operated: int = 0
    failed: int = 0
    aged: int = 0
    """It looked, longer ago than the control's evidence is fresh."""
    elsewhere: int = 0
    """It looked, under another policy or engine."""
    example: str = ""
    """Of those that failed, the decision whose id comes first."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a ledger says about all controls of one system at one moment."""

    entries: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    """Entries that were understood, by kind."""
    unread: Mapping[str, int] = field(default_factory=dict)
    """Entries that were not, by reason."""
    unread_in_window: int = 0
    """Of those, the ones that are not known to be older than every window."""
    ahead: int = 0
    """Decisions of a later moment than the gate's own: they prove nothing yet, and can fail a control."""
    tallies: Mapping[Asked, Tally] = field(default_factory=dict)


NO_FACTS = Facts()


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Everything that decides what counts."""

    queries: Mapping[Asked, VerdictQuery]
    sheets: tuple[Sheet, ...]
    subject: Subject
    now_ms: int

    @property
    def since_ms(self) -> int:
        """Start of the longest window."""
        return self.now_ms - max((query.fresh_for_ms for query in self.queries.values()), default=0)


def inquire(catalogue: Catalogue, sheets: Iterable[Sheet], *, subject: Subject, now_ms: int) -> Inquiry:
    """The questions of all controls, at every stage."""
    sheets = tuple(sheets)
    return Inquiry(dict(_queries(catalogue, sheets)), sheets, subject, now_ms)


def _queries(catalogue: Catalogue, sheets: Sequence[Sheet]) -> Iterator[tuple[Asked, VerdictQuery]]:
    for control in catalogue.controls:
        if not isinstance(control.recorded, VerdictQuery):
            continue
        for lens in control.lenses:
            of_lens = [sheet for sheet in sheets if sheet.lens is lens]
            guards = of_lens if control.recorded.of == "lens_guards" else implementing(control, sheets)
            for sheet in guards:
                yield Asked(control.id, lens, sheet.name), control.recorded


def read_evidence(leaves: Iterable[bytes], inquiry: Inquiry) -> Facts:
    """Fold the leaves of a ledger into facts. What comes before what makes no difference.

    Raises:
        StoreError: passed on from `leaves`.
    """
    fold = _Fold(inquiry)
    for leaf in leaves:
        fold.add(leaf)
    return fold.facts()


@dataclass(slots=True)
class _Count:
    operated: int = 0
    failed: int = 0
    aged: int = 0
    elsewhere: int = 0
    example: str = ""


class _Fold:
    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self._counts = [(asked, query, _Count()) for asked, query in inquiry.queries.items()]
        self._kinds: dict[str, int] = {}
        self._unread: dict[str, int] = {}
        self._entries = self._unread_in_window = self._ahead = 0
        self._approved: set[str] = set()
        self._lifted: list[tuple[RecordedDecision, int]] = []

    def add(self, leaf: bytes) -> None:
        self._entries += 1
        try:
            entry = decode(leaf)
            self._take(entry)
        except LedgerError as error:
            self._unread[error.message] = self._unread.get(error.message, 0) + 1
            if _moment(leaf, otherwise=self._inquiry.now_ms) > self._inquiry.since_ms:
                self._unread_in_window += 1
        else:
            self._kinds[entry.kind.value] = self._kinds.get(entry.kind.value, 0) + 1

    def _take(self, entry: Entry) -> None:
        match entry.kind:
            case Kind.DECISION:
                self._decision(read_decision(entry.body), entry.at_ms)
            case Kind.CASE_DECIDED:
                self._case(entry)
            case (
                Kind.SYSTEM_DECLARED
                | Kind.STARTED
                | Kind.STOPPED
                | Kind.GUARDS_RAN
                | Kind.DELIVERY
                | Kind.FAULT
                | Kind.CASE_OPENED
                | Kind.STOP_SET
                | Kind.STOP_LIFTED
                | Kind.NOTICE
                | Kind.RESTORED
                | Kind.KEY_ADDED
                | Kind.KEY_REVOKED
                | Kind.GATE
                | Kind.CONTROL_EVALUATED
                | Kind.LOG_KEY
                | Kind.RECOVERED
                | Kind.CLOCK_SET
            ):
                # understood, and no control asks for it
                return
            case _:
                assert_never(entry.kind)

    def _case(self, entry: Entry) -> None:
        match entry.body:
            case {"case": str() as case, "action": "approve" | "edit"}:
                self._approved.add(case)
            case {"case": str(), "action": "refuse"}:
                return
            case _:
                raise LedgerError("ledger/case", "not a decision about a case: a field is missing or unknown")

    def _decision(self, decision: RecordedDecision, at_ms: int) -> None:
        inquiry = self._inquiry
        is_ours = (decision.policy, decision.engine) == (inquiry.subject.policy, inquiry.subject.engine)
        if not is_ours or at_ms <= inquiry.since_ms:
            self._count_stale(decision, is_ours=is_ours)
            return
        if at_ms > inquiry.now_ms:
            self._ahead += 1
        if lifted_guards(decision):
            self._lifted.append((decision, at_ms))
            return
        self._count(decision, at_ms, mark(decision, inquiry.sheets, is_approved=False))

    def _count(self, decision: RecordedDecision, at_ms: int, marks: Marks) -> None:
        now_ms, proves = self._inquiry.now_ms, not marks.is_failure and at_ms <= self._inquiry.now_ms
        for asked, query, count in self._counts:
            found = marks.by_guard.get(asked.guard)
            if found is None:
                continue
            if at_ms <= now_ms - query.fresh_for_ms:
                count.aged += found in query.operated
            elif found in query.failed:
                count.failed += 1
                count.example = min(count.example or decision.id, decision.id)
            elif proves and found in query.operated:
                count.operated += 1

    def _count_stale(self, decision: RecordedDecision, *, is_ours: bool) -> None:
        looked = {v.guard: _LOOKED[v.ran] for v in decision.verdicts if v.ran in _LOOKED}
        for asked, query, count in self._counts:
            if looked.get(asked.guard) in query.operated:
                count.aged += is_ours
                count.elsewhere += not is_ours

    def facts(self) -> Facts:
        self._settle_lifted()
        tallies = {asked: Tally(c.operated, c.failed, c.aged, c.elsewhere, c.example) for asked, _, c in self._counts}
        return Facts(self._entries, self._kinds, self._unread, self._unread_in_window, self._ahead, tallies)

    def _settle_lifted(self) -> None:
        """An approval lifts what it was given for, once: one exchange, which has one clock reading."""
        used: dict[tuple[str, str], set[int]] = {}
        for decision, _ in self._lifted:
            used.setdefault((decision.case, decision.intent), set()).add(decision.judged_ms)
        for decision, at_ms in self._lifted:
            is_approved = decision.case in self._approved and len(used[decision.case, decision.intent]) == 1
            self._count(decision, at_ms, mark(decision, self._inquiry.sheets, is_approved=is_approved))
        self._lifted.clear()


_LOOKED = {Ran.JUDGED: Mark.JUDGED, Ran.NOT_APPLICABLE: Mark.LOOKED}


def _moment(leaf: bytes, *, otherwise: int) -> int:
    """The moment a leaf claims that cannot be read otherwise."""
    try:
        fields = orjson.loads(leaf)
    except orjson.JSONDecodeError:
        return otherwise
    at_ms = fields.get("t") if isinstance(fields, dict) else None
    return at_ms if isinstance(at_ms, int) else otherwise
