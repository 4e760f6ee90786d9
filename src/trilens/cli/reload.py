"""`trilens reload`: bring the manifest on disk into force while the server runs."""

import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from trilens.cli import installation, running
from trilens.cli.change_page import show_changes
from trilens.cli.dispatch import application
from trilens.cli.installation import opened, require_state, running_server, settings_of
from trilens.cli.operator_key import operator_key
from trilens.cli.options import DryRunOption, JsonOption, KeyFileOption, SystemOption, print_document
from trilens.cli.shown import escape
from trilens.cli.terminal import Terminal
from trilens.declare.change import Change
from trilens.errors import SettingsError, WireError
from trilens.operators.changes import changes_document
from trilens.people.changes.case import waiting_changes
from trilens.settings import Settings

app = application("reload")


@app.command()
def reload(
    confirm: Annotated[
        str, typer.Option("--confirm", metavar="ID", help="Approve a change another owner asked for.")
    ] = "",
    refuse: Annotated[str, typer.Option("--refuse", metavar="ID", help="Refuse one.")] = "",
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Show the changes that wait for an owner, and do nothing.")
    ] = False,
    key_file: KeyFileOption = None,
    system: SystemOption = None,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Read and review the manifest again; what only tightens is in force at once, by any owner.

    What loosens, or may, opens a case that another owner confirms within a day, with the same manifest still on disk. What is under way ends
    under the manifest it began with. Without a running server there is nothing to reload: the next start reads the manifest.
    """
    if bool(confirm) + bool(refuse) + waiting > 1:
        raise SettingsError("cli/usage", "expected one of `--confirm`, `--refuse` and `--waiting`")
    settings = settings_of(system)
    require_state(settings)
    if waiting:
        return _list(settings, as_json=as_json)
    server = running_server(settings)
    if server is None:
        raise SettingsError(
            "settings/no-server",
            "no server runs on this state folder",
            help="`trilens serve` reads the manifest when it starts",
        )
    key = operator_key(key_file)
    case = confirm or refuse
    if case:
        body: dict[str, object] = {"action": "approve" if confirm else "refuse", "dry_run": dry_run}
        answer = running.ask(server, f"/operator/changes/{case}/decide", body, key=key)
    else:
        answer = running.ask(server, "/operator/reload", {"dry_run": dry_run}, key=key)
    if as_json:
        print_document(
            "reload", {**{name: value for name, value in answer.items() if name != "v"}, "written": not dry_run}
        )
    elif case:
        would = "would be " if dry_run else ""
        Terminal(sys.stdout).line(
            f"{escape(case)}: {would}{'confirmed, and in force' if confirm else 'refused'}", style="bold"
        )
    else:
        _show(Terminal(sys.stdout), answer, dry_run=dry_run)
    return 0


def _list(settings: Settings, *, as_json: bool) -> int:
    with opened(settings, read_only=True) as state:
        found = waiting_changes(state.journal, state.keyring, installation.now_ms())
    if as_json:
        shown = [
            {"id": one.case.id, "by": list(one.case.by), "changes": changes_document(one.changes)} for one in found
        ]
        print_document("reload.waiting", {"changes": shown})
        return 0
    terminal = Terminal(sys.stdout)
    for one in found:
        terminal.line(f"{one.case.id}: {' or '.join(map(escape, one.case.by))} may confirm it", style="bold")
        show_changes(terminal, one.changes)
    if not found:
        terminal.line("no change waits for an owner")
    return 0


def _show(terminal: Terminal, answer: Mapping[str, object], *, dry_run: bool) -> None:
    match answer:
        case {
            "changes": list() as changes,
            "before": str() as before,
            "after": str() as after,
            "case": str() | None as case,
            "by": list() as by,
        }:
            pass
        case _:
            raise WireError("wire/operator-answer", "the server answered something else than was asked")
    if before == after:
        terminal.line("the manifest on disk is in force already")
        return
    found = [_change(change) for change in changes]
    show_changes(terminal, found)
    needs_two = case is not None or (dry_run and (not found or any(change.loosens for change in found)))
    if not needs_two:
        terminal.line("it would be in force" if dry_run else "it is in force", style="green")
        return
    terminal.line("it loosens, or may, and is not in force", style="bold red")
    if case is not None:
        terminal.line(f"next: trilens reload --confirm {case}, by {' or '.join(map(str, by))}", style="dim")


def _change(fields: object) -> Change:
    match fields:
        case {"path": str() as path, "before": str() as before, "after": str() as after, "loosens": bool() as loosens}:
            return Change(path, before, after, loosens)
        case _:
            raise WireError("wire/operator-answer", "the server answered something else than was asked")
