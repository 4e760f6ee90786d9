"""`trilens check`: everything that is wrong with the manifest, and what a careful reviewer would say."""

import datetime as dt
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trilens.cli.dispatch import application
from trilens.cli.ending import Ending
from trilens.cli.failure import place_document
from trilens.cli.installation import settings_of
from trilens.cli.options import JsonOption, SystemOption, print_document
from trilens.cli.terminal import Terminal
from trilens.declare.diagnose import diagnose
from trilens.declare.diagnosis import Diagnosis, Severity
from trilens.declare.frames import Problem
from trilens.declare.load import load
from trilens.declare.scaffold import GUESS
from trilens.errors import ManifestError
from trilens.lenses.catalog import load as load_guards
from trilens.mechanisms.policy.condition import compile_condition

app = application("check")

_CANNOT_START = frozenset({"manifest/missing-file", "manifest/unreadable-file", "manifest/not-text"})


@dataclass(frozen=True, slots=True)
class _Found:
    problem: Problem
    severity: str


@app.command()
def check(system: SystemOption = None, as_json: JsonOption = False) -> int:
    """Say what a careful reviewer of the manifest would.

    Ends with 0 when there is no error (warnings may be left), 1 when there is one, 2 when the file cannot be read.
    """
    path = settings_of(system).system
    found = _review(path)
    guesses = path.read_text(encoding="utf-8").count(f"  {GUESS} ")
    errors = sum(item.severity == Severity.ERROR for item in found)
    if as_json:
        print_document("check", _document(path, found, guesses))
    else:
        _show(Terminal(sys.stdout), path, found, guesses)
    return Ending.FAIL if errors else Ending.PASS


def _review(path: Path) -> list[_Found]:
    guards = load_guards()
    try:
        manifest = load(path, [guard.sheet for guard in guards], environment=os.environ)
    except ManifestError as error:
        if error.code in _CANNOT_START:
            raise
        return [_Found(problem, Severity.ERROR) for problem in error.problems]
    said: Sequence[Diagnosis] = diagnose(
        manifest,
        today=dt.datetime.now().astimezone().date(),
        environment=os.environ,
        compile_condition=compile_condition,
    )
    return [_Found(diagnosis, diagnosis.severity) for diagnosis in said]


def _document(path: Path, found: Sequence[_Found], guesses: int) -> dict[str, object]:
    return {
        "file": str(path),
        "errors": sum(item.severity == Severity.ERROR for item in found),
        "warnings": sum(item.severity == Severity.WARNING for item in found),
        "guesses": guesses,
        "problems": [
            {
                "severity": str(item.severity),
                "code": item.problem.code,
                "message": item.problem.message,
                "help": item.problem.help,
                "place": place_document(item.problem.place),
            }
            for item in found
        ],
    }


def _show(terminal: Terminal, path: Path, found: Sequence[_Found], guesses: int) -> None:
    for item in found:
        terminal.problem(item.problem, severity=item.severity)
        terminal.line()
    errors = sum(item.severity == Severity.ERROR for item in found)
    warnings = len(found) - errors
    if not found:
        terminal.line(f"{path}: nothing to say", style="green")
    else:
        terminal.line(f"{path}: {_count(errors, 'error')}, {_count(warnings, 'warning')}")
    if guesses:
        terminal.line(f"{_count(guesses, 'line')} still marked `{GUESS}`: correct each, and delete its mark")
    terminal.line("next: correct it, and check again" if errors else "next: trilens serve", style="dim")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
