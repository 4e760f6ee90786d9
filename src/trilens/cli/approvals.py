"""`trilens approvals`: what waits for a person, in full view, and the decision. Nothing here decides by itself."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from trilens.cli import installation
from trilens.cli.case_page import show_case, show_in_list
from trilens.cli.deciding import Decided, Decision, decide
from trilens.cli.dispatch import application
from trilens.cli.edits import edit_of
from trilens.cli.operator_key import operator_key
from trilens.cli.options import DryRunOption, JsonOption, KeyFileOption, SystemOption, print_document
from trilens.cli.shown import escape
from trilens.cli.terminal import Terminal
from trilens.errors import PeopleError
from trilens.people.approvals.document import case_document
from trilens.people.approvals.edit import Edit, write_edit
from trilens.people.approvals.shelf import OpenedCase, Shelf
from trilens.people.workflow import Action
from trilens.settings import Settings

app = application("approvals")

CaseArgument: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="The case, such as apr_….")]


@app.command("list")
def list_cases(
    everything: Annotated[bool, typer.Option("--all", help="Decided, used and expired ones too.")] = False,
    system: SystemOption = None,
    as_json: JsonOption = False,
) -> int:
    """List what waits for a person, newest first."""
    with _shelf(installation.settings_of(system)) as shelf:
        found = shelf.cases(everything=everything)
        untold = len(shelf.journal.notices(failed=True))
    if as_json:
        print_document("approvals.list", {"cases": [case_document(opened) for opened in found], "untold": untold})
        return 0
    terminal = Terminal(sys.stdout)
    if untold:
        terminal.line(
            f"{untold} webhooks were never heard, and were given up: look at what receives them", style="bold red"
        )
    for opened in found:
        show_in_list(terminal, opened)
        terminal.line()
    if found:
        terminal.line("next: trilens approvals show ID", style="dim")
    else:
        terminal.line(f"no approvals {'were ever asked for' if everything else 'are waiting'}")
        terminal.line("They appear when a guard holds what an agent is about to do, while `trilens serve` runs.")
        if not everything:
            terminal.line("next: trilens approvals list --all", style="dim")
    return 0


@app.command()
def show(
    case_id: CaseArgument,
    full: Annotated[bool, typer.Option("--full", help="Show values whole, however long.")] = False,
    system: SystemOption = None,
    as_json: JsonOption = False,
) -> int:
    """Show a case: the exact action, who asked in which words, why it waits, and what each answer does."""
    with _shelf(installation.settings_of(system)) as shelf:
        opened = shelf.case(case_id)
    if as_json:
        print_document("approvals.show", {"case": case_document(opened)})
    else:
        show_case(Terminal(sys.stdout), opened, everything=full)
    return 0


@app.command()
def approve(
    case_id: CaseArgument,
    key_file: KeyFileOption = None,
    system: SystemOption = None,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Approve exactly what was asked, once, until the case expires."""
    return _decide(_Order(case_id, Action.APPROVE, key_file, system, as_json, dry_run))


@app.command()
def edit(
    case_id: CaseArgument,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A new value of an argument; may be repeated."),
    ] = None,
    call: Annotated[int, typer.Option(metavar="N", help="Which call of the answer `--set` is about, from 0.")] = 0,
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="New words of the answer.")] = None,
    from_file: Annotated[
        Path | None, typer.Option("--from", metavar="PATH", help='A whole edit: {"calls": {"0": {…}}, "text": "…"}.')
    ] = None,
    key_file: KeyFileOption = None,
    system: SystemOption = None,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Approve something else than was asked: other arguments, or other words.

    What was asked first is then not approved. The edited action is judged again when it is released.
    """
    settings = installation.settings_of(system)
    with _shelf(settings) as shelf:
        opened = shelf.case(case_id)
    if opened.card is None:
        raise PeopleError("people/card-erased", "what was asked has been erased", help="refuse it")
    wanted = edit_of(opened.card, sets=sets or [], call=call, text=text, file=from_file)
    return _decide(_Order(case_id, Action.EDIT, key_file, system, as_json, dry_run), wanted)


@app.command()
def reject(
    case_id: CaseArgument,
    key_file: KeyFileOption = None,
    system: SystemOption = None,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Refuse what was asked."""
    return _decide(_Order(case_id, Action.REFUSE, key_file, system, as_json, dry_run))


@dataclass(frozen=True, slots=True)
class _Order:
    """What all three ways to decide are given."""

    case_id: str
    action: Action
    key_file: Path | None
    system: Path | None
    as_json: bool
    dry_run: bool


def _decide(order: _Order, edit: Edit | None = None) -> int:
    settings = installation.settings_of(order.system)
    decision = Decision(order.case_id, order.action, operator_key(order.key_file), edit, is_dry_run=order.dry_run)
    decided = decide(settings, decision)
    with _shelf(settings) as shelf:
        opened = shelf.case(order.case_id)
    if order.as_json:
        edited = write_edit(edit).decode() if edit else None
        fields = {"action": order.action.value, "by": decided.by, "entry": decided.entry, "written": not order.dry_run}
        print_document(f"approvals.{order.action.value}", {**fields, "edit": edited, "case": case_document(opened)})
    else:
        _show_decided(Terminal(sys.stdout), order, decided, opened, edit)
    return 0


_DONE = {Action.APPROVE: "approved", Action.EDIT: "approved with an edit", Action.REFUSE: "refused", Action.USE: "used"}


def _show_decided(terminal: Terminal, order: _Order, decided: Decided, opened: OpenedCase, edit: Edit | None) -> None:
    would = "would be " if order.dry_run else ""
    style = "bold red" if order.action is Action.REFUSE else "bold green"
    terminal.line(f"{escape(order.case_id)}: {would}{_DONE[order.action]} by {escape(decided.by)}", style=style)
    for position, arguments in sorted(edit.calls.items()) if edit else ():
        terminal.line(f"call {position} becomes", style="dim", indent=2)
        terminal.said(arguments, indent=2)
    if edit is not None and edit.text is not None:
        terminal.line("the words become", style="dim", indent=2)
        terminal.said(edit.text, indent=2)
    if decided.entry is None:
        return
    terminal.field("recorded", f"entry {decided.entry}", indent=2)
    if order.action is Action.REFUSE:
        terminal.line("the agent is told no when it sends the same request again", indent=2)
    elif opened.case.kept:
        terminal.line("the kept answer is released, once, when the agent sends the same request again", indent=2)
    else:
        terminal.line("the agent may do exactly this, once", indent=2)


@contextmanager
def _shelf(settings: Settings) -> Iterator[Shelf]:
    with installation.opened(settings, read_only=True) as state:
        policy = installation.policy_in_force(settings)
        yield Shelf(state.journal, state.keyring, installation.now_ms, policy)
