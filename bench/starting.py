"""P11: processor time of a command from nothing, beside `python -c pass`."""

import resource
import subprocess
import sys
from collections.abc import Callable, Sequence

from bench.commands import COMMAND, environment
from bench.served import SHOP
from bench.table import Row, interleaved

_TIMES = 3


def run() -> list[Row]:
    """Two rows."""
    nothing = _cpu_s([sys.executable, "-c", "pass"])
    rows = (("trilens --help", ["--help"], 8.0), ("trilens check, the example's manifest", ["check"], 25.0))
    return [
        Row("P11", what, "python -c pass", interleaved(_cpu_s([*COMMAND, *words]), nothing), target)
        for what, words, target in rows
    ]


def _cpu_s(command: Sequence[str]) -> Callable[[], float]:
    def seconds() -> float:
        before = _children_s()
        for _ in range(_TIMES):
            subprocess.run(command, cwd=SHOP, env=environment(None), stdout=subprocess.DEVNULL, check=False)
        return _children_s() - before

    return seconds


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
