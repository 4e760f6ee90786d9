r"""The locked requirements, read: each distribution with its hashes and with what asked for it.

    aiosignal==1.4.0 ; MARKER \
        --hash=sha256:… \
        --hash=sha256:…
        # via
        #   aiohttp
        #   trilens (pyproject.toml)

Anything else is refused: an option in a lock could point elsewhere.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

RUNTIME = "trilens (pyproject.toml)"
"""What asks for the project's own dependencies."""
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"#(?: via|  )\s*(?P<who>\S.*)?")


class LockError(ValueError):
    """A line of the lock that is not of its form. Says which, by number."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One distribution of the lock."""

    name: str
    """As the lock spells it: normalised."""
    version: str
    marker: str
    """The environments it is for; empty for all."""
    hashes: tuple[str, ...]
    """SHA-256 in hex, one for each file that may be installed; at least one."""
    via: frozenset[str]
    """Names of what needs it, or `RUNTIME`, or a group of the project."""


def read_lock(path: Path) -> tuple[Locked, ...]:
    """Every distribution of a lock, in its order.

    Raises:
        LockError: a line is neither a pinned requirement nor belongs to one, or a requirement has no hash.
    """
    blocks: list[list[str]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line[:1] not in ("", " "):
            blocks.append([line])
        elif blocks and line.startswith("    "):
            blocks[-1].append(line.strip())
        else:
            raise LockError(f"line {number} of `{path.name}` belongs to no requirement")
    return tuple(_locked(block) for block in blocks)


def runtime(locked: Iterable[Locked]) -> tuple[Locked, ...]:
    """Those that `trilens` itself needs, directly or not, whatever the platform: build tools are left out."""
    by_name = {one.name: one for one in locked}
    needed: set[str] = set()
    fresh = {one.name for one in by_name.values() if RUNTIME in one.via}
    while fresh:
        needed |= fresh
        fresh = {one.name for one in by_name.values() if one.via & fresh} - needed
    return tuple(one for one in by_name.values() if one.name in needed)


def needs(locked: Iterable[Locked]) -> Mapping[str, tuple[str, ...]]:
    """By who asks, the names of what it asks for."""
    asked: dict[str, list[str]] = {}
    for one in locked:
        for who in sorted(one.via):
            asked.setdefault(who, []).append(one.name)
    return {who: tuple(names) for who, names in asked.items()}


def _locked(block: list[str]) -> Locked:
    first, rest = block[0].removesuffix("\\"), block[1:]
    try:
        requirement = Requirement(first.strip())
    except InvalidRequirement as error:
        raise LockError(f"not a requirement: `{first.strip()}`") from error
    pins = [clause for clause in requirement.specifier if clause.operator == "=="]
    hashes = tuple(found for line in rest for found in _HASH.findall(line))
    via = frozenset(found["who"] for line in rest if (found := _VIA.fullmatch(line)) and found["who"])
    if len(pins) != 1 or len(requirement.specifier) != 1 or requirement.url:
        raise LockError(f"`{requirement.name}` is not pinned to one version")
    if not hashes or not via:
        raise LockError(f"`{requirement.name}` has no hash, or nothing asks for it")
    return Locked(requirement.name, pins[0].version, str(requirement.marker or ""), hashes, via)
