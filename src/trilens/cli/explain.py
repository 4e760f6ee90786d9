"""`trilens explain`: what a code means, offline; or what was decided about one event or case, and why."""

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from trilens.cli.dispatch import application
from trilens.cli.options import JsonOption, SystemOption, print_document
from trilens.cli.terminal import Terminal
from trilens.declare.suggest import did_you_mean
from trilens.errors import SettingsError
from trilens.explanations import Explanation, areas, of_area
from trilens.explanations import explain as explanation_of

app = application("explain")

_RECORDED = re.compile(r"(?:dec|apr)_.*|[0-9a-f]{20}")
"""Ids of decisions, of cases and of events."""


@app.command()
def explain(
    what: Annotated[
        str,
        typer.Argument(
            metavar="CODE|ID", help="manifest/unknown-key, or the id of a decision, an event or a case: dec_…, apr_…."
        ),
    ],
    system: SystemOption = None,
    as_json: JsonOption = False,
) -> int:
    """Say what a code means, or what was decided about one event, and why."""
    if _RECORDED.fullmatch(what):
        return _decision(what, system, as_json=as_json)
    explanation = explanation_of(what)
    if explanation is None:
        raise _unknown(what)
    if as_json:
        fields = {"code": explanation.code, "what": explanation.what, "why": explanation.why, "fix": explanation.fix}
        print_document("explain.code", fields)
    else:
        _show(Terminal(sys.stdout), explanation)
    return 0


def _decision(decision_id: str, system: Path | None, *, as_json: bool) -> int:
    # the record is opened only for decisions: codes are explained anywhere
    from trilens.cli import decision_page, installation

    with installation.opened(installation.settings_of(system), read_only=True) as state:
        found = decision_page.find_decision(state, decision_id)
    if as_json:
        print_document("explain.decision", decision_page.document(found))
    else:
        decision_page.show(Terminal(sys.stdout), found)
    return 0


def _unknown(code: str) -> SettingsError:
    area = code.partition("/")[0]
    known = [known for one in areas() if area in ("", one) for known in of_area(one)]
    help_text = did_you_mean(code, known or areas(), otherwise=f"areas: {', '.join(areas())}")
    return SettingsError("cli/unknown-code", f"there is no code `{code}`", help=help_text)


def _show(terminal: Terminal, explanation: Explanation) -> None:
    terminal.line(explanation.code, style="bold")
    terminal.line()
    for name, text in (("what", explanation.what), ("why", explanation.why), ("fix", explanation.fix)):
        terminal.field(name, text)
