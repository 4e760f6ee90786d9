"""`trilens catalog`: the guards that are installed, and whether they do what their vectors say."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from trilens.cli.coverage import coverage
from trilens.cli.dispatch import application
from trilens.cli.ending import Ending
from trilens.cli.options import JsonOption, print_document
from trilens.cli.shown import escape
from trilens.cli.terminal import Terminal
from trilens.declare.parse import parse
from trilens.declare.suggest import did_you_mean
from trilens.errors import SettingsError
from trilens.lenses.catalog import InstalledGuard, load
from trilens.lenses.lens import Sheet
from trilens.lenses.rehearsal import VectorResult, run_vectors
from trilens.lenses.stage import FIXTURES
from trilens.vocabulary.outcome import Lens
from trilens.vocabulary.system import System

app = application("catalog")
app.command()(coverage)


@app.command("list")
def list_guards(as_json: JsonOption = False) -> int:
    """List the guards: what each asks, what it watches, what it may answer, and what it does not see."""
    sheets = [guard.sheet for guard in load()]
    if as_json:
        print_document("catalog.list", {"guards": [_document(sheet) for sheet in sheets]})
        return 0
    terminal = Terminal(sys.stdout)
    for lens in Lens:
        terminal.heading(lens.value.capitalize())
        for sheet in (sheet for sheet in sheets if sheet.lens is lens):
            _show(terminal, sheet)
    return 0


@app.command()
def check(
    guard: Annotated[str, typer.Argument(metavar="GUARD", help="One guard, by name; default all.")] = "",
    as_json: JsonOption = False,
) -> int:
    """Put every vector to its guard. Ends with 1 when one answers otherwise than told."""
    installed = load()
    sheets = [one.sheet for one in installed]

    def read(text: str) -> System:
        return parse(text, sheets, environment={}, read=lambda path: FIXTURES.joinpath(path).read_text("utf-8"))

    results = [result for one in _chosen(installed, guard) for result in run_vectors(one, read)]
    failed = [result for result in results if not result.passed]
    if as_json:
        rows = [{"guard": r.guard, "vector": r.vector, "passed": r.passed, "problem": r.problem} for r in results]
        print_document("catalog.check", {"vectors": rows, "failed": len(failed)})
    else:
        _show_results(Terminal(sys.stdout), results, failed)
    return Ending.FAIL if failed else Ending.PASS


def _chosen(guards: Sequence[InstalledGuard], name: str) -> Sequence[InstalledGuard]:
    if not name:
        return guards
    chosen = [guard for guard in guards if name in (guard.sheet.name, guard.sheet.id)]
    if not chosen:
        known = [guard.sheet.name if "/" in name else guard.sheet.id for guard in guards]
        raise SettingsError("cli/unknown-guard", f"no guard `{name}` is installed", help=did_you_mean(name, known))
    return chosen


def _show(terminal: Terminal, sheet: Sheet) -> None:
    terminal.line(escape(sheet.name), style="bold", indent=2)
    for name, value in (
        ("asks", sheet.question),
        ("watches", ", ".join(sorted(sheet.watches))),
        ("answers", ", ".join(outcome.word for outcome in sorted(sheet.outcomes))),
        ("if it fails", sheet.on_error.word),
    ):
        terminal.field(name, escape(value), indent=4)
    for limit in sheet.limits:
        terminal.field("does not see", escape(limit), indent=4)


def _show_results(terminal: Terminal, results: Sequence[VectorResult], failed: Sequence[VectorResult]) -> None:
    for guard in dict.fromkeys(result.guard for result in results):
        mine = [result for result in results if result.guard == guard]
        passed = sum(result.passed for result in mine)
        terminal.line(f"{escape(guard)}: {passed} of {len(mine)}", style="green" if passed == len(mine) else "bold red")
        for result in mine:
            if not result.passed:
                terminal.line(escape(result.vector), indent=2)
                terminal.line(escape(result.problem), indent=4)
    terminal.line(f"{len(results)} vectors, {len(failed)} answered otherwise")


def _document(sheet: Sheet) -> dict[str, object]:
    return {
        "name": sheet.name,
        "lens": sheet.lens.value,
        "question": sheet.question,
        "why": sheet.why,
        "watches": sorted(sheet.watches),
        "concerns": list(sheet.concerns),
        "controls": list(sheet.controls),
        "outcomes": [outcome.word for outcome in sorted(sheet.outcomes)],
        "on_error": sheet.on_error.word,
        "cost": sheet.cost,
        "limits": list(sheet.limits),
        "sources": list(sheet.sources),
        "digest": sheet.digest,
    }
