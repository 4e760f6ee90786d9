"""Was it running the whole time? Runs, the guards each began with, and how often each guard ran on each surface: from the ledger alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from trilens.enforce.liveness import Counted, Pair, read_ran
from trilens.errors import LedgerError
from trilens.prove.ledger.entry import Entry, Kind, decode

TOLERATED_MS = 5_000
"""Between one run and the next that no gap is spoken of."""


@dataclass(slots=True)
class Run:
    """One process, from its start to its end."""

    start_ms: int
    guards: frozenset[str]
    """Installed when it began."""
    last_ms: int
    """The last entry of it that tells anything of guards."""
    end_ms: int | None = None
    """None when it has no end on record: it still runs, or was killed."""
    ran: dict[Pair, Counted] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which nothing ran; or in which nobody knows, where the run before it has no end on record."""

    start_ms: int
    stop_ms: int
    is_known: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """A guard that others ran with and this run did not have, although it is installed in another."""

    guard: str
    start_ms: int
    stop_ms: int


@dataclass(frozen=True, slots=True)
class Coverage:
    runs: tuple[Run, ...]
    unread: int
    """Entries that are not of their form."""

    @property
    def totals(self) -> dict[Pair, Counted]:
        """Over all runs."""
        totals: dict[Pair, Counted] = {}
        for run in self.runs:
            for pair, counted in run.ran.items():
                totals[pair] = totals.get(pair, Counted()) + counted
        return dict(sorted(totals.items()))

    @property
    def gaps(self) -> tuple[Gap, ...]:
        pairs = zip(self.runs, self.runs[1:], strict=False)
        return tuple(gap for before, after in pairs if (gap := _gap(before, after)))

    @property
    def missing(self) -> tuple[Missing, ...]:
        every = frozenset[str]().union(*(run.guards for run in self.runs))
        return tuple(
            Missing(guard, run.start_ms, run.last_ms if run.end_ms is None else run.end_ms)
            for run in self.runs
            for guard in sorted(every - run.guards)
        )

    @property
    def is_whole(self) -> bool:
        """No gap, nothing missing, nothing that failed or was skipped, nothing unread."""
        flawed = any(counted.failed for counted in self.totals.values())
        return bool(self.runs) and not (self.gaps or self.missing or flawed or self.unread)


def _gap(before: Run, after: Run) -> Gap | None:
    stop = before.last_ms if before.end_ms is None else before.end_ms
    if before.end_ms is not None and after.start_ms - stop <= TOLERATED_MS:
        return None
    return Gap(stop, after.start_ms, before.end_ms is not None)


def read_coverage(leaves: Iterable[bytes]) -> Coverage:
    """Fold the leaves of a ledger. Raises: StoreError, passed on from `leaves`."""
    runs: list[Run] = []
    unread = 0
    for leaf in leaves:
        if not _is_about_runs(leaf):
            continue
        try:
            _take(decode(leaf), runs)
        except LedgerError:
            unread += 1
    return Coverage(tuple(runs), unread)


_ABOUT_RUNS = tuple(
    f'"kind":"{kind}"'.encode() for kind in (Kind.STARTED, Kind.STOPPED, Kind.GUARDS_RAN, Kind.SYSTEM_DECLARED)
)


def _is_about_runs(leaf: bytes) -> bool:
    return any(mark in leaf for mark in _ABOUT_RUNS)


def _take(entry: Entry, runs: list[Run]) -> None:
    if entry.kind is Kind.STARTED:
        runs.append(Run(entry.at_ms, frozenset(_guards(entry)), entry.at_ms))
        return
    if not runs:
        return
    run = runs[-1]
    run.last_ms = max(run.last_ms, entry.at_ms)
    if entry.kind is Kind.STOPPED:
        run.end_ms = entry.at_ms
    if entry.kind in (Kind.GUARDS_RAN, Kind.STOPPED):
        for pair, counted in read_ran(entry.body).items():
            run.ran[pair] = run.ran.get(pair, Counted()) + counted


def _guards(entry: Entry) -> Iterator[str]:
    rows = entry.body.get("guards")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, list) and row:
            yield str(row[0])
