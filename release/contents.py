"""Which files a release may hold: `wheel.txt` names them, and a file joins or leaves only where a reviewer sees it.

    python -m release.contents WHEEL            compare
    python -m release.contents WHEEL --write    write the list anew, to be looked at in the diff

The sdist needs no list: it holds the sources of exactly these files, and the few in `BESIDE`.
"""

import argparse
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

LIST = Path(__file__).parent / "wheel.txt"
BESIDE = frozenset({".gitignore", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"})
"""What an sdist holds besides the sources of the wheel's files."""
SOURCES = {"trilens/examples": "examples", "trilens": "src/trilens"}
"""Where a folder of the wheel comes from; the first that fits."""
_INFO = "trilens.dist-info"
_MADE = frozenset(f"{_INFO}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"))


def files_of_wheel(wheel: Path) -> tuple[str, ...]:
    """The names of its files, sorted; its metadata folder without the version."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
    version = wheel.name.split("-")[1]
    return tuple(sorted(name.replace(f"trilens-{version}.dist-info/", f"{_INFO}/", 1) for name in names))


def files_of_sdist(sdist: Path) -> frozenset[str]:
    """The names of its files, without the folder all of them are in. Raises: ValueError for what is no plain file."""
    with tarfile.open(sdist) as archive:
        members = archive.getmembers()
    odd = [member.name for member in members if not (member.isfile() or member.isdir())]
    if odd:
        raise ValueError(f"not a plain file: `{odd[0]}`")
    return frozenset(str(PurePosixPath(*PurePosixPath(m.name).parts[1:])) for m in members if m.isfile())


def sources_of(files: Iterable[str]) -> frozenset[str]:
    """Where in the repository the files of a wheel come from."""
    return frozenset(_source(name) for name in files if name not in _MADE)


def runs_at_start(files: Iterable[str]) -> tuple[str, ...]:
    """Files that Python would run by itself when it starts, or that lie outside our own package."""
    own = ("trilens/", f"{_INFO}/")
    return tuple(
        name
        for name in files
        if name.endswith((".pth", ".so", ".pyd", ".pyc", ".egg-link")) or not name.startswith(own)
    )


def differences(wheel: Path, listed: Path = LIST) -> tuple[str, ...]:
    """What joined (`+`) and what left (`-`) since the list was written, and what must never be in a wheel (`!`)."""
    found, known = files_of_wheel(wheel), listed.read_text(encoding="utf-8").splitlines()
    joined = [f"+ {name}" for name in found if name not in set(known)]
    left = [f"- {name}" for name in known if name not in set(found)]
    return (*joined, *left, *(f"! {name}" for name in runs_at_start(found)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare a wheel with the list, or write the list anew; 1 when they differ."""
    parser = argparse.ArgumentParser(prog="python -m release.contents", allow_abbrev=False)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--write", action="store_true", help="write the list anew")
    asked = parser.parse_args(arguments)
    if asked.write:
        LIST.write_text("".join(f"{name}\n" for name in files_of_wheel(asked.wheel)), encoding="utf-8")
    found = differences(asked.wheel)
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


def _source(name: str) -> str:
    inside = next((folder for folder in SOURCES if name.startswith(f"{folder}/")), "")
    return f"{SOURCES[inside]}{name.removeprefix(inside)}" if inside else name


if __name__ == "__main__":
    sys.exit(main())
