"""`trilens catalog coverage`: which guards ran when, and on which surface."""

import sys

from trilens.cli.ending import Ending
from trilens.cli.installation import opened, settings_of
from trilens.cli.moments import local
from trilens.cli.options import JsonOption, SystemOption, print_document
from trilens.cli.shown import escape
from trilens.cli.terminal import Terminal
from trilens.enforce.liveness import Counted
from trilens.evaluate.coverage import Coverage, Run, read_coverage
from trilens.vocabulary.written import write_moment


def coverage(system: SystemOption = None, as_json: JsonOption = False) -> int:
    """Say from the ledger which guards ran, on which surface and how often, and when nothing ran.

    Ends with 0 when every guard ran in every run without a failure, 1 when one failed, was missing or there was a gap, 3 when the ledger
    holds no run.
    """
    with opened(settings_of(system), read_only=True) as state:
        found = read_coverage(state.journal.leaves(0, state.journal.size()))
    if as_json:
        print_document("catalog.coverage", _document(found))
    else:
        _show(Terminal(sys.stdout), found)
    if not found.runs:
        return Ending.UNKNOWN
    return Ending.PASS if found.is_whole else Ending.FAIL


def _show(terminal: Terminal, found: Coverage) -> None:
    plural = "run" if len(found.runs) == 1 else "runs"
    terminal.line(f"{len(found.runs)} {plural} on record", style="bold")
    for (guard, surface), counted in found.totals.items():
        terminal.line(f"{escape(guard)} on {escape(surface) or 'no named surface'}", indent=2)
        terminal.line(_counts(counted), indent=4, style="bold red" if counted.failed else "")
    idle = sorted({guard for run in found.runs for guard in run.guards} - {guard for guard, _ in found.totals})
    for guard in idle:
        terminal.line(f"{escape(guard)}: installed, and nothing was put to it", indent=2, style="yellow")
    _show_runs(terminal, found)
    if found.unread:
        terminal.line(f"{found.unread} entries could not be read", style="bold red")


def _show_runs(terminal: Terminal, found: Coverage) -> None:
    if found.gaps or found.missing:
        terminal.heading("Not the whole time")
    for gap in found.gaps:
        why = "nothing ran" if gap.is_known else "not known: the run before has no end on record"
        terminal.line(f"{local(gap.start_ms)} to {local(gap.stop_ms)}: {why}", indent=2, style="yellow")
    for one in found.missing:
        times = f"{local(one.start_ms)} to {local(one.stop_ms)}"
        terminal.line(f"{escape(one.guard)} was not installed from {times}", indent=2, style="yellow")


def _counts(counted: Counted) -> str:
    return (
        f"judged {counted.judged}, nothing to judge {counted.not_applicable}, "
        f"failed {counted.failed}, not run {counted.not_run}"
    )


def _document(found: Coverage) -> dict[str, object]:
    return {
        "whole": found.is_whole,
        "runs": [_run(run) for run in found.runs],
        "ran": [
            {"guard": guard, "surface": surface, **_fields(counted)}
            for (guard, surface), counted in found.totals.items()
        ],
        "gaps": [
            {"from": write_moment(gap.start_ms), "to": write_moment(gap.stop_ms), "known": gap.is_known}
            for gap in found.gaps
        ],
        "missing": [
            {"guard": one.guard, "from": write_moment(one.start_ms), "to": write_moment(one.stop_ms)}
            for one in found.missing
        ],
        "unread": found.unread,
    }


def _run(run: Run) -> dict[str, object]:
    end = None if run.end_ms is None else write_moment(run.end_ms)
    return {"from": write_moment(run.start_ms), "to": end, "guards": sorted(run.guards)}


def _fields(counted: Counted) -> dict[str, int]:
    return {
        "judged": counted.judged,
        "not_applicable": counted.not_applicable,
        "failed": counted.failed,
        "not_run": counted.not_run,
    }
