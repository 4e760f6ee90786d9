"""One target, many inputs, and what came of them."""

import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from fuzzing.mutate import make_input
from fuzzing.target import Target
from fuzzing.targets import by_name

DEADLINE_S = 1.0
"""Of one input, by the processor time of this process: a busy machine is no hang."""


class HangError(AssertionError):
    """An input took longer than the deadline."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that a parser does not stand."""

    target: str
    seed: int
    number: int
    data: bytes
    why: str

    def __str__(self) -> str:
        again = f"make fuzz TARGET={self.target} SEED={self.seed} INPUT={self.number}"
        return f"{self.target}: input {self.number} of seed {self.seed}\n  {self.data[:400]!r}\n{self.why}\n  again: {again}"


@dataclass(frozen=True, slots=True)
class Run:
    target: str
    inputs: int
    seconds: float
    slowest_s: float
    failures: tuple[Failure, ...]

    @property
    def per_second(self) -> float:
        return self.inputs / self.seconds if self.seconds else 0.0


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raises HangError in the code under it when that takes longer. Only in the main thread, and where there are interval timers."""

    def ring(_: int, __: FrameType | None) -> None:
        raise HangError(f"took more than {seconds:g} s")

    former = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, former)


def try_input(target: Target, data: bytes) -> str:
    """Why the target does not stand the input; empty when it does."""
    try:
        with deadline(DEADLINE_S):
            target.run(data)
    except Exception:  # noqa: BLE001 - whatever comes out is the finding
        return traceback.format_exc(limit=-6)
    return ""


def run(target: Target, *, seed: int, first: int = 0, inputs: int, most_failures: int = 5) -> Run:
    """Run inputs `first` and following. Stops early after `most_failures`."""
    # what is read and compiled once is not the first input's to answer for
    target.run(target.seeds[0])
    failures: list[Failure] = []
    slowest = 0.0
    begun = time.perf_counter()
    number = first
    for number in range(first, first + inputs):
        data = make_input(target, seed, number)
        before = time.process_time()
        why = try_input(target, data)
        slowest = max(slowest, time.process_time() - before)
        if why:
            failures.append(Failure(target.name, seed, number, data, why))
            if len(failures) == most_failures:
                break
    return Run(target.name, number + 1 - first, time.perf_counter() - begun, slowest, tuple(failures))


def run_named(name: str, *, seed: int, first: int, inputs: int) -> Run:
    """As `run`, for a process of its own."""
    return run(by_name()[name], seed=seed, first=first, inputs=inputs)
