"""`trilens ledger`: verify the record, and show what somebody else needs to verify it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from trilens.cli.dispatch import application
from trilens.cli.ending import Ending
from trilens.cli.installation import State, load_system, opened, settings_of
from trilens.cli.options import JsonOption, SystemOption, print_document
from trilens.cli.shown import escape
from trilens.cli.terminal import Terminal
from trilens.errors import SettingsError
from trilens.prove.ledger.note import Signer, VerifierKey, parse_verifier_key
from trilens.prove.ledger.verify import Check, Report, Standing
from trilens.prove.ledger.verify import verify as verify_ledger

app = application("ledger")

_OWN_KEY = "that the key is the right one: it was taken from the ledger's own folder; `--key` takes one that was kept elsewhere"
_STYLES = {Standing.OK: "green", Standing.FAILED: "bold red", Standing.UNKNOWN: "yellow"}
_ENDINGS = {Standing.OK: Ending.PASS, Standing.FAILED: Ending.FAIL, Standing.UNKNOWN: Ending.UNKNOWN}


@app.command()
def verify(
    key: Annotated[str, typer.Option(metavar="KEY", help="The log's key, as kept elsewhere: NAME+ID+KEY.")] = "",
    known: Annotated[
        Path | None, typer.Option(metavar="PATH", help="A checkpoint that was kept elsewhere at an earlier time.")
    ] = None,
    system: SystemOption = None,
    as_json: JsonOption = False,
) -> int:
    """Verify the whole ledger against its signed checkpoint.

    Ends with 0 when everything was looked at and held, 1 when something does not hold, 3 when something could not be looked at.
    """
    settings = settings_of(system)
    former = _read(known) if known else None
    with opened(settings, read_only=True) as state:
        verifier = parse_verifier_key(key.strip()) if key else _own_key(state, load_system(settings).id)
        journal = state.journal
        report = verify_ledger(
            journal, verifier, checkpoint=journal.checkpoint(), known=former, payload=journal.payload
        )
    unestablished = (*report.unestablished, *(() if key else (_OWN_KEY,)))
    if as_json:
        print_document("ledger.verify", {**report.plain(), "key": str(verifier), "unestablished": list(unestablished)})
    else:
        _show(Terminal(sys.stdout), report, unestablished)
    return _ENDINGS[report.standing]


@app.command("checkpoint-key")
def checkpoint_key(system: SystemOption = None, as_json: JsonOption = False) -> int:
    """Print the key the ledger is verified with. Keep it somewhere the ledger is not."""
    settings = settings_of(system)
    name = load_system(settings).id
    with opened(settings, read_only=True) as state:
        verifier = _own_key(state, name)
    if as_json:
        print_document("ledger.checkpoint-key", {"key": str(verifier), "name": verifier.name})
    else:
        sys.stdout.write(f"{verifier}\n")
    return 0


@app.command()
def checkpoint(system: SystemOption = None, as_json: JsonOption = False) -> int:
    """Print the newest signed checkpoint, to be kept elsewhere and given to `verify --known` later."""
    with opened(settings_of(system), read_only=True) as state:
        note = state.journal.checkpoint()
    if note is None:
        raise SettingsError(
            "settings/no-checkpoint",
            "nothing was signed yet",
            help="a checkpoint is signed as soon as there are entries",
        )
    if as_json:
        print_document("ledger.checkpoint", {"note": note.decode()})
    else:
        sys.stdout.write(note.decode())
    return 0


def _own_key(state: State, name: str) -> VerifierKey:
    return Signer(name, state.keyring.secret("log")).verifier


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise SettingsError("settings/checkpoint-file", f"cannot read `{path}`: {reason}") from error


def _show(terminal: Terminal, report: Report, unestablished: tuple[str, ...]) -> None:
    noun = "entry" if report.size == 1 else "entries"
    terminal.line(f"{report.size} {noun}: {report.standing.value.upper()}", style=_STYLES[report.standing])
    for check in report.checks:
        _show_check(terminal, check)
    for notice in report.notices:
        terminal.line(escape(notice), style="yellow", indent=2)
    terminal.heading("Not shown by this")
    for item in unestablished:
        terminal.line(f"· {escape(item)}", indent=2)


def _show_check(terminal: Terminal, check: Check) -> None:
    terminal.field(
        f"{check.name}", f"{check.standing.value}: {escape(check.detail)}", indent=2, style=_STYLES[check.standing]
    )
