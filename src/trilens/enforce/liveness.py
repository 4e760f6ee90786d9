"""Which guards ran on which surface: counted as decisions are recorded, and told to the ledger about once a minute.

The decisions themselves say it too, one by one. These entries say it in a few lines, so that "was it running the whole time?" can be asked
of years, and a guard that was not installed, failed or was skipped shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TypeAlias

from trilens.enforce.plan import Plan
from trilens.vocabulary.canonical import Json
from trilens.vocabulary.outcome import Ran

EVERY_MS = 60_000
_RAN = (Ran.JUDGED, Ran.NOT_APPLICABLE, Ran.FAILED, Ran.NOT_RUN)

Pair: TypeAlias = tuple[str, str]
"""Guard (`lens/name`) and surface."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Of one guard on one surface: how often."""

    judged: int = 0
    not_applicable: int = 0
    failed: int = 0
    not_run: int = 0

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(
            self.judged + other.judged,
            self.not_applicable + other.not_applicable,
            self.failed + other.failed,
            self.not_run + other.not_run,
        )


class Liveness:
    """Counts of one installation since they were last told; the end of a run tells the rest. Safe for use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._since_ms: int | None = None
        self._counts: dict[Pair, list[int]] = {}

    def add(self, surface: str, plan: Plan, now_ms: int) -> None:
        """Count what a committed plan says of its guards."""
        with self._lock:
            if self._since_ms is None:
                self._since_ms = now_ms
            for ruling in plan.rulings:
                for verdict in ruling.decision.verdicts:
                    row = self._counts.setdefault((verdict.guard, surface), [0, 0, 0, 0])
                    row[_RAN.index(verdict.ran)] += 1

    def take(self, now_ms: int, *, at_once: bool = False) -> dict[str, Json] | None:
        """What was counted, as a body tells it; counting begins anew. None when it is not time, or nothing was counted."""
        with self._lock:
            since_ms = self._since_ms
            if since_ms is None or (not at_once and now_ms - since_ms < EVERY_MS):
                return None
            rows: list[Json] = [[*pair, *counts] for pair, counts in sorted(self._counts.items())]
            self._since_ms, self._counts = None, {}
        return {"from": since_ms, "to": now_ms, "ran": rows}


def read_ran(body: Mapping[str, Json]) -> dict[Pair, Counted]:
    """What an entry of kind `guards.ran`, or the end of a run, tells; rows that are not of its form are left out."""
    rows = body.get("ran")
    found: dict[Pair, Counted] = {}
    for row in rows if isinstance(rows, list) else ():
        match row:
            case [str(guard), str(surface), int(judged), int(passed_by), int(failed), int(not_run)]:
                found[guard, surface] = Counted(judged, passed_by, failed, not_run)
            case _:
                continue
    return found
