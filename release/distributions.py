"""Wheel and sdist of the last commit: built twice, in different folders and from files of different ages, and the same to the byte.

    1 the commit is laid out twice; the second copy's files are years older and differ in their permissions
    2 both are built with the commit's own time
    3 a third wheel is built from the sdist, as a packager would
    4 all are compared, and their files with the list; only then do they go to the folder asked for

    python -m release.distributions DIR

It ends with 0 when they were written, 1 when they differ or hold what they should not.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from release.commit import Commit, last_commit
from release.contents import BESIDE, differences, files_of_sdist, files_of_wheel, sources_of

_LONG_AGO = 1_000_000_000
_BUILD_S = 120


@dataclass(frozen=True, slots=True)
class Built:
    """What one build made."""

    wheel: Path
    sdist: Path

    def digests(self) -> tuple[str, str]:
        """SHA-256 in hex of wheel and sdist."""
        return digest_of(self.wheel), digest_of(self.sdist)


def build(tree: Path, out: Path, *, epoch_s: int) -> Built:
    """Build both distributions of a tree into a folder.

    Args:
        epoch_s: the moment that every file in them carries. Source: SOURCE_DATE_EPOCH, reproducible-builds.org.
    """
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "TMPDIR") if name in os.environ}
    environment = kept | {"SOURCE_DATE_EPOCH": str(epoch_s), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(out)]
    subprocess.run(command, cwd=tree, env=environment, check=True, capture_output=True, timeout=_BUILD_S)
    return Built(_only(out, "*.whl"), _only(out, "*.tar.gz"))


def age(tree: Path) -> None:
    """Make a tree look as if it had been laid out years ago by somebody with other habits."""
    for path in tree.rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            os.utime(path, (_LONG_AGO, _LONG_AGO))


def problems(first: Built, second: Built, from_sdist: Built) -> tuple[str, ...]:
    """Why these may not be released; none when they may."""
    found = [
        f"two builds of the {kind} differ"
        for kind, one, other in zip(("wheel", "sdist"), first.digests(), second.digests(), strict=True)
        if one != other
    ]
    if from_sdist.digests()[0] != first.digests()[0]:
        found.append("the wheel that is built from the sdist differs")
    found += differences(first.wheel)
    expected = sources_of(files_of_wheel(first.wheel)) | BESIDE
    found += [
        f"the sdist and the wheel disagree on `{name}`" for name in sorted(files_of_sdist(first.sdist) ^ expected)
    ]
    return tuple(found)


def release(commit: Commit, out: Path) -> tuple[str, ...]:
    """Build, compare, and write what was built into a folder; answers why nothing was written, if so."""
    with tempfile.TemporaryDirectory() as temporary:
        here = Path(temporary)
        # (1): two copies
        trees = here / "first", here / "else" / "where" / "second"
        for tree in trees:
            with tarfile.open(fileobj=BytesIO(commit.archive)) as archive:
                archive.extractall(tree, filter="data")
        age(trees[1])
        # (2) and (3): three builds
        first, second = (build(tree, tree / "out", epoch_s=commit.epoch_s) for tree in trees)
        from_sdist = build(unpack(first.sdist, here / "sdist"), here / "third", epoch_s=commit.epoch_s)
        # (4): only what is the same, and nothing else
        found = problems(first, second, from_sdist)
        if not found:
            out.mkdir(parents=True, exist_ok=True)
            for made in (first.wheel, first.sdist):
                (out / made.name).write_bytes(made.read_bytes())
        return found


def unpack(sdist: Path, folder: Path) -> Path:
    """The tree in an sdist."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return _only(folder, "*")


def digest_of(path: Path) -> str:
    """SHA-256 of a file in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    """Release the last commit into a folder; 1 when it may not be released."""
    parser = argparse.ArgumentParser(prog="python -m release.distributions", allow_abbrev=False)
    parser.add_argument("out", type=Path, metavar="DIR")
    out: Path = parser.parse_args(arguments).out
    found = release(last_commit(), out)
    sys.stderr.writelines(f"not released: {line}\n" for line in found)
    if found:
        sys.stderr.write("after a change of files on purpose: make files\n")
        return 1
    names = sorted(path for path in out.iterdir() if path.name.endswith((".whl", ".tar.gz")))
    sys.stdout.writelines(f"{digest_of(path)}  {path.name}\n" for path in names)
    return 0


def _only(folder: Path, pattern: str) -> Path:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise FileNotFoundError(f"expected one `{pattern}`, got {len(found)}")
    return found[0]


if __name__ == "__main__":
    sys.exit(main())
