"""Ask whether what is locked has known vulnerabilities: `pip-audit`, and a loud word where it could not ask.

`pip-audit` says "no known vulnerabilities" and ends with 0 when the index it asks knows none of the names, as a mirror or a machine without
network does. Here that is UNKNOWN: a distribution that nobody was asked about was not audited.

    python -m release.audit FILE …

It ends with 0 when every distribution was asked about and none is known to be vulnerable, 1 when one is, 3 when one could not be asked about.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from packaging.markers import Marker
from pydantic import BaseModel, Field, ValidationError

from release.lock import read_lock

_AUDIT_S = 900


class _Vulnerability(BaseModel):
    id: str


class _Audited(BaseModel):
    name: str
    version: str = ""
    vulns: tuple[_Vulnerability, ...] | None = None
    """Absent when it was not asked about."""


class _Answer(BaseModel):
    dependencies: Annotated[tuple[_Audited, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Audit:
    """What is known of the distributions of some locks."""

    clean: tuple[str, ...]
    vulnerable: tuple[str, ...]
    """`NAME VERSION: ID, ID`."""
    unasked: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """1 for any vulnerability, else 3 when anything was not asked about, or when there was nothing to ask about."""
        if self.vulnerable:
            return 1
        return 3 if self.unasked or not self.clean else 0


def read_answer(text: str, expected: Sequence[str]) -> Audit:
    """What `pip-audit --format json` found. What it does not mention, or mentions without a finding, was not asked about.

    Args:
        expected: names of everything that is locked.
    """
    try:
        found = {one.name: one for one in _Answer.model_validate(json.loads(text)).dependencies}
    except (json.JSONDecodeError, ValidationError):
        found = {}
    asked = {name: vulns for name, one in found.items() if (vulns := one.vulns) is not None}
    return Audit(
        clean=tuple(name for name in expected if name in asked and not asked[name]),
        vulnerable=tuple(
            f"{name} {found[name].version}: {', '.join(one.id for one in vulns)}"
            for name, vulns in asked.items()
            if vulns
        ),
        unasked=tuple(name for name in expected if name not in asked),
    )


def audit(locks: Sequence[Path]) -> Audit:
    """Ask about everything in the locks. Needs the network; without it, everything is unasked."""
    given = [word for lock in locks for word in ("--requirement", str(lock))]
    options = ["--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    command = [sys.executable, "-m", "pip_audit", *options, *given]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_AUDIT_S)
        answer = done.stdout
    except subprocess.TimeoutExpired:
        answer = ""
    expected = dict.fromkeys(one.name for lock in locks for one in read_lock(lock) if _is_for_here(one.marker))
    return read_answer(answer, tuple(expected))


def page(found: Audit) -> str:
    """What a person is told; the worst last, where it is seen."""
    lines = [f"asked about {len(found.clean) + len(found.vulnerable)}, not known to be vulnerable: {len(found.clean)}"]
    if found.unasked:
        lines += [
            "",
            f"UNKNOWN: {len(found.unasked)} locked distributions could NOT be asked about, so this is no audit of them:",
            f"  {', '.join(found.unasked)}",
            "  run it again where the package index and its advisories can be reached, before anything is released",
        ]
    lines += [f"VULNERABLE: {line}" for line in found.vulnerable]
    return "".join(f"{line}\n" for line in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Audit some locks, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m release.audit", allow_abbrev=False)
    parser.add_argument("locks", type=Path, nargs="+", metavar="FILE")
    found = audit(parser.parse_args(arguments).locks)
    sys.stdout.write(page(found))
    return found.exit_code


def _is_for_here(marker: str) -> bool:
    return not marker or Marker(marker).evaluate()


if __name__ == "__main__":
    sys.exit(main())
