"""`trilens keys`: who may speak for an agent, and who may decide."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer

from trilens.cli import installation, running
from trilens.cli.dispatch import application
from trilens.cli.moments import local
from trilens.cli.operator_key import operator_key
from trilens.cli.options import DryRunOption, JsonOption, KeyFileOption, SystemOption, print_document
from trilens.cli.terminal import Terminal
from trilens.errors import SettingsError
from trilens.people.access import KeyDesk, require_active, require_agent, require_operator
from trilens.people.operators import operator_of
from trilens.settings import Settings
from trilens.storage.ports import ApiKey, KeyStore
from trilens.storage.sqlite.keystore import SqliteKeyStore, open_keystore
from trilens.vocabulary.written import write_moment

app = application("keys")


@dataclass(frozen=True, slots=True)
class _Shown:
    """A key at the moment it is shown."""

    id: str
    text: str


@app.command()
def create(
    agent: Annotated[str, typer.Option(metavar="NAME", help="The agent it speaks for.")] = "",
    operator: Annotated[str, typer.Option(metavar="NAME", help="The operator it signs as.")] = "",
    may_assert: Annotated[
        bool, typer.Option("--may-assert", help="Of an agent's key: it may name the person it acts for.")
    ] = False,
    key_file: KeyFileOption = None,
    system: SystemOption = None,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Make a key and show it, this once.

    The key alone goes to the standard output, everything else to the standard error. While a server runs, it makes keys for agents, asked
    with the key of the operator who owns the security lens; keys for operators are made while none runs.
    """
    if bool(agent) == bool(operator):
        raise SettingsError(
            "cli/usage", "expected `--agent NAME` or `--operator NAME`", help="one key, one agent or operator"
        )
    if operator and may_assert:
        raise SettingsError("cli/usage", "`--may-assert` is for keys of agents")
    settings = installation.settings_of(system)
    installation.require_state(settings)
    if dry_run:
        made = None
        declared = installation.load_system(settings)
        require_agent(declared, agent) if agent else require_operator(declared, operator)
    else:
        made = _make(settings, agent, operator, may_assert=may_assert, key=operator_key(key_file))
    if as_json:
        kind = {"agent": agent, "operator": operator, "may_assert": may_assert}
        print_document("keys.create", {"id": made.id if made else None, "key": made.text if made else None, **kind})
    else:
        _show_made(made, agent or operator)
    return 0


def _make(settings: Settings, agent: str, operator: str, *, may_assert: bool, key: str) -> _Shown:
    server = installation.running_server(settings)
    if server is not None:
        if operator:
            raise SettingsError(
                "settings/server-runs",
                "an operator's key is made while no server runs",
                help=f"stop process {server.pid}, make the key, and start it again",
            )
        answer = running.ask(server, "/operator/keys", {"agent": agent, "may_assert": may_assert}, key=key)
        return _Shown(str(answer["id"]), str(answer["key"]))
    with _key_desk(settings) as desk:
        by = operator_of(key, desk.keystore).name if key else ""
        if agent:
            made = desk.give_to_agent(agent, may_assert=may_assert, by=by)
        else:
            made = desk.give_to_operator(operator, by=by)
    return _Shown(made.record.id, made.text)


def _show_made(made: _Shown | None, name: str) -> None:
    notes = Terminal(sys.stderr)
    if made is None:
        notes.line(f"would make a key for `{name}`")
        return
    sys.stdout.write(made.text + "\n")
    sys.stdout.flush()
    notes.line(f"`{made.id}` for `{name}`: this is the only time its key is shown", style="yellow")
    notes.line(f"next: keep it where secrets are kept; `trilens keys revoke {made.id}` takes it back", style="dim")


@app.command("list")
def list_keys(system: SystemOption = None, as_json: JsonOption = False) -> int:
    """Show which keys there are. The keys themselves are not kept."""
    settings = installation.settings_of(system)
    installation.require_state(settings)
    with _keystore(settings) as store:
        keys = store.list()
    if as_json:
        print_document("keys.list", {"keys": [_document(key) for key in keys]})
        return 0
    terminal = Terminal(sys.stdout)
    for key in keys:
        _show_key(terminal, key)
    if not keys:
        terminal.line("there are no keys yet, and nothing is served without one")
        terminal.line("next: trilens keys create --agent NAME", style="dim")
    return 0


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The visible part of the key, such as tlk_7fQ2x9Ab.")],
    key_file: KeyFileOption = None,
    system: SystemOption = None,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Take a key back, at once and for ever. While a server runs, with the key of the operator who owns the security lens."""
    settings = installation.settings_of(system)
    installation.require_state(settings)
    if dry_run:
        with _keystore(settings) as store:
            require_active(store, key_id)
    else:
        _revoke(settings, key_id, key=operator_key(key_file))
    if as_json:
        print_document("keys.revoke", {"id": key_id, "revoked": not dry_run})
    else:
        Terminal(sys.stdout).line(f"{'would revoke' if dry_run else 'revoked'} `{key_id}`")
    return 0


def _revoke(settings: Settings, key_id: str, *, key: str) -> None:
    with _keystore(settings) as store:
        require_active(store, key_id)
    server = installation.running_server(settings)
    if server is not None:
        running.ask(server, f"/operator/keys/{key_id}/revoke", {}, key=key)
        return
    with _key_desk(settings) as desk:
        desk.take_back(key_id, by=operator_of(key, desk.keystore).name if key else "")


@contextmanager
def _key_desk(settings: Settings) -> Iterator[KeyDesk]:
    """Keys are given and taken directly, while nothing else holds the journal."""
    declared = installation.load_system(settings)
    with installation.opened(settings, read_only=False) as state, _keystore(settings) as store:
        yield KeyDesk(declared, state.journal, store, installation.now_ms, os.urandom)
        installation.sign_checkpoint(state, declared)


@contextmanager
def _keystore(settings: Settings) -> Iterator[KeyStore]:
    store: SqliteKeyStore = open_keystore(settings.home)
    try:
        yield store
    finally:
        store.close()


def _show_key(terminal: Terminal, key: ApiKey) -> None:
    terminal.line(key.id, style="dim" if key.revoked_ms else "bold")
    terminal.field("for", f"operator {key.operator}" if key.operator else f"agent {key.agent}", indent=2)
    if key.may_assert:
        terminal.field("may", "name the person it acts for", indent=2)
    terminal.field("made", local(key.created_ms), indent=2)
    if key.revoked_ms:
        terminal.field("revoked", local(key.revoked_ms), indent=2, style="red")


def _document(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "agent": key.agent or None,
        "operator": key.operator or None,
        "may_assert": key.may_assert,
        "created": write_moment(key.created_ms),
        "revoked": write_moment(key.revoked_ms) if key.revoked_ms else None,
    }
