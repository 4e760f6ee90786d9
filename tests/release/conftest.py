"""The release tools stand beside the package, in no installed one; and git, as nobody in particular."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

_NOBODY = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.com", "-c", "commit.gpgsign=false")


@pytest.fixture
def git() -> Callable[..., str]:
    """Run git in a folder; answers what it printed."""

    def run(folder: Path, *words: str) -> str:
        command = ["git", *_NOBODY, *words]
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=60)
        return done.stdout.strip()

    return run
