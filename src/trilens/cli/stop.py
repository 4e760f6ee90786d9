"""`trilens stop`: let nothing more of a session, an agent or the whole system through, and resume it."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from trilens.cli import installation, running
from trilens.cli.dispatch import application
from trilens.cli.installation import settings_of
from trilens.cli.moments import local
from trilens.cli.operator_key import operator_key
from trilens.cli.options import DryRunOption, JsonOption, KeyFileOption, SystemOption, print_document
from trilens.cli.shown import escape
from trilens.cli.terminal import Terminal
from trilens.cli.writing import written
from trilens.errors import WireError
from trilens.operators.address import Address
from trilens.people.operators import operator_of
from trilens.people.stops.desk import ShownStop, StopDesk, stopped_of
from trilens.settings import Settings
from trilens.storage.ports import Stopped, StopScope
from trilens.storage.sqlite.keystore import open_keystore
from trilens.vocabulary.written import write_moment

app = application("stop")

ReasonOption: TypeAlias = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why, for those who find it; kept sealed.")
]


@app.command()
def session(
    name: Annotated[str, typer.Argument(metavar="ID", help="The session, as entries of the ledger name it.")],
    reason: ReasonOption,
    key_file: KeyFileOption = None,
    system: SystemOption = None,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Stop one session."""
    return _carry_out(_Order(stopped_of("session", name), reason, key_file, system, as_json, dry_run))


@app.command()
def agent(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The agent, as the manifest names it.")],
    reason: ReasonOption,
    key_file: KeyFileOption = None,
    system: SystemOption = None,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Stop one agent in all its sessions."""
    return _carry_out(_Order(stopped_of("agent", name), reason, key_file, system, as_json, dry_run))


@app.command("system")
def whole_system(
    reason: ReasonOption,
    key_file: KeyFileOption = None,
    system: SystemOption = None,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Stop everything: all agents, all sessions."""
    return _carry_out(_Order(stopped_of("system", ""), reason, key_file, system, as_json, dry_run))


@app.command()
def resume(
    scope: Annotated[str, typer.Argument(metavar="SCOPE", help="`session`, `agent` or `system`.")],
    reason: ReasonOption,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which session or agent.")] = "",
    key_file: KeyFileOption = None,
    system: SystemOption = None,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Let it go on: exactly what was stopped, by the owner of a lens."""
    return _carry_out(_Order(stopped_of(scope, name), reason, key_file, system, as_json, dry_run, resumes=True))


@app.command("list")
def list_stops(system: SystemOption = None, as_json: JsonOption = False) -> int:
    """Show what is stopped, by whom and why."""
    settings = settings_of(system)
    declared = installation.load_system(settings)
    with installation.opened(settings, read_only=True) as state:
        stops = StopDesk(declared, state.journal, state.keyring, installation.now_ms).stops()
    if as_json:
        print_document("stop.list", {"stops": [_document(found) for found in stops]})
        return 0
    terminal = Terminal(sys.stdout)
    for found in stops:
        _show(terminal, found)
    if not stops:
        terminal.line("nothing is stopped")
    return 0


@dataclass(frozen=True, slots=True)
class _Order:
    what: Stopped
    reason: str
    key_file: Path | None
    system: Path | None
    as_json: bool
    dry_run: bool
    resumes: bool = False


@dataclass(frozen=True, slots=True)
class _Done:
    by: str
    entry: int | None
    """None of a dry run."""
    was_seen: bool


def _carry_out(order: _Order) -> int:
    settings = settings_of(order.system)
    key = operator_key(order.key_file)
    done = written(settings, lambda server: _through(server, order, key), lambda: _directly(settings, order, key))
    verb = "resume" if order.resumes else "stop"
    if order.as_json:
        fields = {"scope": order.what.scope.value, "subject": order.what.subject, "by": done.by, "entry": done.entry}
        print_document(f"stop.{verb}", {**fields, "was_seen": done.was_seen, "written": not order.dry_run})
        return 0
    terminal = Terminal(sys.stdout)
    would = "would be " if order.dry_run else ""
    past = "resumed" if order.resumes else "stopped"
    terminal.line(f"{_named(order.what)}: {would}{past} by {escape(done.by)}", style="bold")
    if done.entry is not None:
        terminal.field("recorded", f"entry {done.entry}", indent=2)
    if not done.was_seen:
        terminal.line("no recent entry names this session: is it the right one?", style="yellow", indent=2)
    if not order.resumes and not order.dry_run:
        words = f"trilens stop resume {order.what.scope.value} {order.what.subject}".rstrip()
        terminal.line(f"next: {words} --reason TEXT, by the owner of a lens", style="dim")
    return 0


def _through(server: Address, order: _Order, key: str) -> _Done:
    body: dict[str, object] = {
        "scope": order.what.scope.value,
        "subject": order.what.subject,
        "reason": order.reason,
        "dry_run": order.dry_run,
    }
    path = "/operator/stops/lift" if order.resumes else "/operator/stops"
    match running.ask(server, path, body, key=key):
        case {"by": str() as by, "entry": int() | None as entry, "was_seen": bool() as was_seen}:
            return _Done(by, entry, was_seen)
        case _:
            raise WireError(
                "wire/operator-answer", f"the server at {server.url} answered something else than was asked"
            )


def _directly(settings: Settings, order: _Order, key: str) -> _Done:
    declared = installation.load_system(settings)
    keystore = open_keystore(settings.home)
    try:
        by = operator_of(key, keystore)
    finally:
        keystore.close()
    with installation.opened(settings, read_only=order.dry_run) as state:
        desk = StopDesk(declared, state.journal, state.keyring, installation.now_ms)
        if order.dry_run:
            require = desk.require_resume if order.resumes else desk.require_stop
            require(order.what, order.reason, by=by)
            return _Done(by.name, None, was_seen=True)
        done = (desk.resume if order.resumes else desk.stop)(order.what, order.reason, by=by)
        installation.sign_checkpoint(state, declared)
    return _Done(by.name, done.index, done.was_seen)


def _named(what: Stopped) -> str:
    return "the whole system" if what.scope is StopScope.SYSTEM else f"{what.scope.value} {escape(what.subject)}"


def _show(terminal: Terminal, found: ShownStop) -> None:
    terminal.line(_named(found.stop.what), style="bold red")
    terminal.field("by", escape(found.stop.by), indent=2)
    terminal.field("since", local(found.stop.at_ms), indent=2)
    if found.reason is None:
        terminal.line("its reason was erased", indent=2)
    else:
        terminal.said(found.reason, indent=2)


def _document(found: ShownStop) -> dict[str, object]:
    stop = found.stop
    what = {"scope": stop.what.scope.value, "subject": stop.what.subject}
    return {**what, "by": stop.by, "at": write_moment(stop.at_ms), "reason": found.reason}
