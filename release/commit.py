"""What is released: a commit, whole and nothing else."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
_GIT_S = 60


@dataclass(frozen=True, slots=True)
class Commit:
    """What is built, and when it was made."""

    archive: bytes
    """As a tar file."""
    epoch_s: int


def last_commit(root: Path = ROOT) -> Commit:
    """The last commit of the repository; what is not committed is in no release. Raises: CalledProcessError."""
    made = _git(root, "log", "-1", "--format=%ct").decode().strip()
    return Commit(_git(root, "archive", "--format=tar", "HEAD"), int(made))


def commit_in(root: Path = ROOT) -> str:
    """The id of the commit that the tree is; empty when the tree is none, or differs from it."""
    try:
        differs = _git(root, "status", "--porcelain", "--untracked-files=normal")
        return "" if differs else _git(root, "rev-parse", "HEAD").decode().strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(root: Path, *words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, timeout=_GIT_S).stdout
