"""One row a measure: what, beside which peer, the ratio, its spread over the rounds, and the target of DESIGN section 12."""

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


def interleaved(ours: Callable[[], float], peer: Callable[[], float], *, rounds: int = ROUNDS) -> tuple[float, ...]:
    """Ratios of ours to the peer's, measured in turns so that a busy moment meets both; one warm-up round is not counted."""
    ours(), peer()
    return tuple(ours() / peer() for _ in range(rounds))


def lines(rows: Sequence[Row]) -> list[str]:
    """The table as plain lines."""
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
