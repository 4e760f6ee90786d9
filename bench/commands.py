"""The command line as others use it: a process of its own, its exit code and what it printed."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_TIMEOUT_S = 60
_NOWHERE = "http://127.0.0.1:9/v1"
MODELS = {"UPSTREAM_URL": _NOWHERE, "UPSTREAM_KEY": "unused", "SPARE_URL": _NOWHERE, "SPARE_KEY": "unused"}
"""The variables that the example's manifest names; nothing listens there."""


@dataclass(frozen=True)
class Ended:
    code: int
    out: str


def trilens(*words: str, folder: Path, home: Path | None = None) -> Ended:
    """Run `trilens` in `folder`, with its state in `home`. Raises: subprocess.TimeoutExpired."""
    done = subprocess.run(
        [*COMMAND, *words],
        cwd=folder,
        env=environment(home),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=_TIMEOUT_S,
        check=False,
    )
    return Ended(done.returncode, done.stdout)


COMMAND = (sys.executable, "-m", "trilens.cli.main")


def environment(home: Path | None, models: Mapping[str, str] = MODELS) -> dict[str, str]:
    """This process's variables without anybody's own settings of Trilens."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("TRILENS_")}
    state = {"TRILENS_HOME": str(home)} if home else {}
    return {**bare, **models, **state}
