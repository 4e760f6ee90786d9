"""`trilens diff`: what one manifest lets through that another does not, offline."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from trilens.cli.change_page import show_changes
from trilens.cli.dispatch import application
from trilens.cli.ending import Ending
from trilens.cli.options import JsonOption, print_document
from trilens.cli.terminal import Terminal
from trilens.declare.change import changes, loosens
from trilens.declare.load import load
from trilens.lenses.catalog import load as load_guards

app = application("diff")


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The manifest as it was.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The manifest as it would be.")],
    as_json: JsonOption = False,
) -> int:
    """Say what a change of the manifest means.

    Ends with 0 when it only tightens or changes nothing, 1 when it loosens anything, or may: what no rule knows counts as loosening.
    """
    sheets = [guard.sheet for guard in load_guards()]
    before, after = (load(path, sheets, environment=os.environ).system for path in (old, new))
    found = changes(before, after)
    # a difference that no place shows is one that nobody understood
    is_loose = loosens(found) or (not found and before.digest != after.digest)
    if as_json:
        shown = [{"path": c.path, "before": c.before, "after": c.after, "loosens": c.loosens} for c in found]
        print_document("diff", {"before": before.digest, "after": after.digest, "loosens": is_loose, "changes": shown})
    else:
        terminal = Terminal(sys.stdout)
        show_changes(terminal, found)
        words = "it loosens, or may: two owners bring it into force" if is_loose else "it loosens nothing"
        terminal.line(words, style="bold red" if is_loose else "green")
    return Ending.FAIL if is_loose else Ending.PASS
