"""Changes between two manifests as people read them: loosening ones first, and marked."""

from collections.abc import Sequence

from trilens.cli.shown import escape
from trilens.cli.terminal import Terminal
from trilens.declare.change import Change


def show_changes(terminal: Terminal, changes: Sequence[Change]) -> None:
    for change in changes:
        mark, style = ("loosens", "bold red") if change.loosens else ("tightens", "green")
        terminal.field(mark, escape(change.path), indent=2, style=style)
        terminal.line(f"{escape(change.before)} -> {escape(change.after)}", indent=4)
