"""One row a measure: what, beside which peer, the ratio, its spread over the rounds, and the target of DESIGN section 12; one row a story step."""

import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

ROUNDS = 5
_PACKAGES = (
    "trilens",
    "uvicorn",
    "uvloop",
    "httptools",
    "aiohttp",
    "orjson",
    "apsw",
    "cryptography",
    "cel-expr-python",
)


@dataclass(frozen=True)
class Row:
    id: str
    """`P1`."""
    what: str
    peer: str
    ratios: tuple[float, ...]
    """One a round, ours divided by the peer's (or the peer's by ours where more is better; `what` says which)."""
    target: float
    is_at_most: bool = True
    """Whether the target is a ceiling; otherwise a floor."""
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.ratios)

    @property
    def is_met(self) -> bool:
        return self.median <= self.target if self.is_at_most else self.median >= self.target


MARKS = (
    "✔ as it should be   ◐ only in part: for another reason, at somebody's cost, or with help from elsewhere"
    "   ✖ goes through or breaks   ∅ not tried"
)


@dataclass(frozen=True)
class StepRow:
    """A step of the story, and what became of it."""

    step: str
    mark: str
    """One of those that `MARKS` explains."""
    what: str
    """As observed, on one line."""


def interleaved(ours: Callable[[], float], peer: Callable[[], float], *, rounds: int = ROUNDS) -> tuple[float, ...]:
    """Ratios of ours to the peer's, measured in turns so that a busy moment meets both; one warm-up round is not counted."""
    ours(), peer()
    return tuple(ours() / peer() for _ in range(rounds))


def lines(rows: Sequence[Row | StepRow]) -> list[str]:
    """The tables as plain lines: ratios, then steps; of either nothing when there is none."""
    ratios = [row for row in rows if isinstance(row, Row)]
    steps = [row for row in rows if isinstance(row, StepRow)]
    between = [""] if ratios and steps else []
    return [*(_ratios(ratios) if ratios else ()), *between, *(_steps(steps) if steps else ())]


def _ratios(rows: Sequence[Row]) -> list[str]:
    head = f"{'':4} {'measure':58} {'beside':34} {'median':>8} {'range':>15} {'target':>8}"
    out = [head, "-" * len(head)]
    for row in rows:
        sign = "≤" if row.is_at_most else "≥"
        spread = f"{min(row.ratios):.2f}–{max(row.ratios):.2f}"
        mark = "" if row.is_met else "  missed"
        out.append(
            f"{row.id:4} {row.what:58.58} {row.peer:34.34} {row.median:8.2f} {spread:>15} {sign}{row.target:>7.2f}{mark}"
        )
        if row.note:
            out.append(f"     {row.note}")
    return out


def _steps(rows: Sequence[StepRow]) -> list[str]:
    head = f"{'step':34}   what happened"
    return [head, "-" * len(MARKS), *(f"{row.step:34} {row.mark} {row.what}" for row in rows), "", MARKS]


def machine() -> str:
    """What the figures were made on: they compare rows of one run and nothing else."""
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    load = " ".join(f"{x:.2f}" for x in os.getloadavg())
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load}\n"
        + ", ".join(found)
    )
