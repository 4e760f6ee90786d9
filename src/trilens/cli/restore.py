"""`trilens restore`: a copy put back where nothing is, once it was verified."""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from trilens.cli import installation
from trilens.cli.dispatch import application
from trilens.cli.moments import local
from trilens.cli.options import DryRunOption, JsonOption, print_document
from trilens.cli.restoring import Known, Proven, known_at, prove, record
from trilens.cli.terminal import Terminal
from trilens.cli.verifying import KnownOption, read_known
from trilens.storage.sqlite.backup import Copy, check_copy, put_back

app = application("restore")


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The copy that `trilens backup` made.")],
    into: Annotated[Path, typer.Option("--into", metavar="HOME", help="The new state folder.")],
    known: KnownOption = None,
    older: Annotated[
        bool, typer.Option("--older", help="Even when a known checkpoint covers more: what was recorded since is lost.")
    ] = False,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Verify a copy, and make it the state in a folder that holds none.

    A copy that is older than a checkpoint kept elsewhere is refused: what was recorded since would be denied by what is signed next. The
    restored ledger says that it was restored, and from how many entries. Budgets and approvals are those of the copy.
    """
    largest = known_at(into, Known.read(read_known(known)) if known else None)
    copy = check_copy(folder)
    proven: list[Proven] = []
    index: list[int] = []

    def look(restored: Path) -> None:
        found = prove(restored, largest, allows_older=older)
        proven.append(found)
        index.append(
            record(restored, size=copy.size, made_ms=copy.made_ms, missing=found.missing, now_ms=installation.now_ms())
        )

    if dry_run:
        with tempfile.TemporaryDirectory(prefix="trilens-restore-") as temporary:
            put_back(folder, Path(temporary, "restored"), prove=look)
    else:
        put_back(folder, into, prove=look)
    if as_json:
        fields = {"into": str(into), "size": copy.size, "missing": proven[0].missing, "destroyed": proven[0].destroyed}
        print_document("restore", {**fields, "entry": None if dry_run else index[0], "written": not dry_run})
    else:
        _show(copy, proven[0], into, dry_run=dry_run)
    return 0


def _show(copy: Copy, proven: Proven, into: Path, *, dry_run: bool) -> None:
    terminal = Terminal(sys.stdout)
    would = "would be " if dry_run else ""
    terminal.line(f"{copy.size} entries {would}restored into `{into}`, as of {local(copy.made_ms)}", style="green")
    for check in proven.report.checks:
        terminal.field(check.name, f"{check.standing.value}: {check.detail}", indent=2)
    terminal.field("keys", f"{proven.keys} open what they sealed, {proven.destroyed} were destroyed", indent=2)
    if proven.missing:
        terminal.line(
            f"{proven.missing} entries that a known checkpoint covers are not here: tell whoever relies on them",
            style="bold red",
            indent=2,
        )
    terminal.line(
        "what was erased after this copy was made is here again: erase it again before you serve",
        style="yellow",
        indent=2,
    )
    terminal.line("keys that were revoked after it work again: `trilens keys list`", style="yellow", indent=2)
    terminal.line(f"next: TRILENS_HOME={into} trilens ledger verify, then trilens serve", style="dim")
