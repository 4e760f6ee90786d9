"""How a finding is shown: who says it, what, about which value, and where that value comes from."""

from trilens.cli.shown import cut, escape
from trilens.cli.terminal import Terminal
from trilens.people.approvals.shown import ShownFinding, ShownOrigin

STYLES = {"allow": "green", "modify": "cyan", "hold": "yellow", "deny": "bold red"}

_LONGEST = 400
_YOUR_WORDS = "your words"
"""As `mechanisms/flow/label.py` names what the person said."""


def show_finding(terminal: Terminal, finding: ShownFinding, *, indent: int) -> None:
    word = finding.outcome.word
    terminal.line(f"{escape(finding.guard)}: {word}", style=STYLES[word], indent=indent)
    terminal.line(cut(finding.message, _LONGEST), indent=indent + 2)
    if finding.path:
        terminal.field("about", cut(finding.path, 120), indent=indent + 2)
    if finding.rule:
        terminal.field("rule", cut(finding.rule, 120), indent=indent + 2)
    for origin in finding.origins:
        show_origin(terminal, origin, indent=indent + 2)
    terminal.command(f"trilens explain {escape(finding.code)}", indent=indent + 2)


def show_origin(terminal: Terminal, origin: ShownOrigin, *, indent: int) -> None:
    readers = ", ".join(escape(name) for name in origin.readers) or "nobody"
    # "your words" is said to the person; who reads this is somebody else
    source = "the person's own words" if origin.source == _YOUR_WORDS else cut(origin.source, 120)
    terminal.field("from", f"{source} ({cut(origin.path, 120)})", indent=indent)
    terminal.field("trust", f"{escape(origin.integrity.replace('_', ' '))}; readers: {readers}", indent=indent)
    if origin.excerpt:
        terminal.said(origin.excerpt, indent=indent + 2, most=_LONGEST)
