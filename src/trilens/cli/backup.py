"""`trilens backup`: a whole copy of the state, while the server runs, and the drill that shows it can be restored."""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from trilens.cli import installation
from trilens.cli.dispatch import application
from trilens.cli.installation import require_state, settings_of
from trilens.cli.options import DryRunOption, JsonOption, SystemOption, print_document
from trilens.cli.restoring import Proven, prove, record
from trilens.cli.terminal import Terminal
from trilens.errors import SettingsError
from trilens.storage.sqlite.backup import Copy, put_back, take_copy

app = application("backup")


@app.command()
def backup(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="A new folder for the copy.")] = None,
    drill: Annotated[
        bool, typer.Option("--drill", help="Copy, restore and verify in a temporary folder; keep nothing.")
    ] = False,
    system: SystemOption = None,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Copy the ledger, the keys and everything else of the state folder, while the server runs.

    The copy holds the keys: whoever has it can read everything, and whoever restores it has back what was erased since. Keep it as you keep
    the state folder, and no longer than erasure may wait.
    """
    if drill == (folder is not None):
        raise SettingsError("cli/usage", "expected a folder, or `--drill`", help="`trilens backup DIR`")
    settings = settings_of(system)
    require_state(settings)
    if drill:
        return _drill(settings.home, as_json=as_json)
    if folder is None:
        raise AssertionError("checked above")
    if dry_run and folder.exists():
        raise SettingsError("settings/exists", f"`{folder}` is there already", help="a copy is made into a new folder")
    copy = None if dry_run else take_copy(settings.home, folder, now_ms=installation.now_ms())
    if as_json:
        print_document("backup", {"folder": str(folder), "size": copy.size if copy else None, "written": not dry_run})
        return 0
    terminal = Terminal(sys.stdout)
    if copy is None:
        terminal.line(f"would copy `{settings.home}` into `{folder}`")
        return 0
    terminal.line(f"{copy.size} entries copied into `{folder}`", style="green")
    terminal.line("it holds the keys: keep it like the state folder itself", style="yellow", indent=2)
    terminal.line(f"next: trilens restore {folder} --into DIR, or trilens backup --drill", style="dim")
    return 0


def _drill(home: Path, *, as_json: bool) -> int:
    with tempfile.TemporaryDirectory(prefix="trilens-drill-") as temporary:
        copied, restored = Path(temporary, "copy"), Path(temporary, "restored")
        now_ms = installation.now_ms()
        copy = take_copy(home, copied, now_ms=now_ms)
        proven: list[Proven] = []

        def look(folder: Path) -> None:
            proven.append(prove(folder, None, allows_older=False))
            record(folder, size=copy.size, made_ms=copy.made_ms, missing=0, now_ms=now_ms)

        put_back(copied, restored, prove=look)
        # once more, as the next start would find it
        proven.append(prove(restored, None, allows_older=False))
    _show_drill(copy, proven[0], as_json=as_json)
    return 0


def _show_drill(copy: Copy, proven: Proven, *, as_json: bool) -> None:
    if as_json:
        fields = {"size": copy.size, "keys": proven.keys, "destroyed": proven.destroyed}
        print_document("backup.drill", {**fields, "report": proven.report.plain()})
        return
    terminal = Terminal(sys.stdout)
    terminal.line(f"{copy.size} entries copied, restored and verified; nothing was kept", style="green")
    for check in proven.report.checks:
        terminal.field(check.name, f"{check.standing.value}: {check.detail}", indent=2)
    terminal.field("keys", f"{proven.keys} open what they sealed, {proven.destroyed} were destroyed", indent=2)
    terminal.field("writing", "an entry was added to the restored ledger and signed", indent=2)
    terminal.heading("Not shown by this")
    terminal.line("· that a copy kept elsewhere is whole: `trilens restore` looks at each before it is used", indent=2)
    terminal.line(
        "· that the manifest, prompts and sources are kept: they are files of yours, and not in the copy", indent=2
    )
