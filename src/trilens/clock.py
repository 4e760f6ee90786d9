"""The clock of a process: wall time that never goes back and never stands still, and the steps it was set by.

A wall clock may be set while a process runs. Set back by an hour, it would give every approval an hour more; so time goes on as fast as the
monotonic clock, whatever the wall clock says. Set forward, it is believed: approvals expire by whichever of the two is earlier.

INVARIANT: of two readings, the later is not smaller, and is at least as much larger as the monotonic clock advanced.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

TOLERATED_MS = 2_000
"""What slewing and a busy machine may add between two looks; anything beyond it is a clock that was set."""


def wall_clock_ms() -> int:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class ClockStep:
    """A wall clock that was set."""

    expected_ms: int
    """What it would have shown."""
    shown_ms: int


class SteadyClock:
    """Milliseconds since 1970 UTC. Safe for use from several threads."""

    def __init__(self, wall: Callable[[], int] = wall_clock_ms, monotonic: Callable[[], int] = _monotonic_ms) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._lock = Lock()
        self._read_at, self._now_ms = monotonic(), wall()
        self._offset = self._now_ms - self._read_at

    def __call__(self) -> int:
        with self._lock:
            at = self._monotonic()
            self._now_ms = max(self._wall(), self._now_ms + at - self._read_at)
            self._read_at = at
            return self._now_ms

    def step(self) -> ClockStep | None:
        """How the wall clock was set since this was last asked; None when it was not."""
        with self._lock:
            at, shown = self._monotonic(), self._wall()
            expected, self._offset = at + self._offset, shown - at
            return ClockStep(expected, shown) if abs(shown - expected) > TOLERATED_MS else None
