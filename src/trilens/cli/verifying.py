"""What all verifications at the command line share: what they are told, how their reports read, and what they end with."""

import sys
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from trilens.cli.cosigned import newest_cosigned, newest_note
from trilens.cli.ending import Ending
from trilens.cli.installation import State
from trilens.cli.options import print_document
from trilens.cli.shown import escape
from trilens.cli.terminal import Terminal
from trilens.errors import SettingsError
from trilens.prove.ledger.note import VerifierKey
from trilens.prove.ledger.verify import Check, Report, Standing

KeyOption: TypeAlias = Annotated[
    str, typer.Option("--key", metavar="KEY", help="The log's key, as kept elsewhere: NAME+ID+KEY.")
]
KnownOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--known", metavar="PATH", help="A checkpoint that was kept elsewhere at an earlier time."),
]
WitnessKeysOption: TypeAlias = Annotated[
    list[str], typer.Option("--witness-key", metavar="KEY", help="A witness that must have signed; again for another.")
]
QuorumOption: TypeAlias = Annotated[
    int, typer.Option("--quorum", metavar="N", min=0, help="How many of them; default all.")
]
CosignedOption: TypeAlias = Annotated[
    bool, typer.Option("--cosigned", help="Use the newest checkpoint that a witness signed, not the newest of all.")
]


_OWN_KEY = "that the key is the right one: it was taken from the ledger's own folder; `--key` takes one that was kept elsewhere"
_ENDINGS = {Standing.OK: Ending.PASS, Standing.FAILED: Ending.FAIL, Standing.UNKNOWN: Ending.UNKNOWN}
_STYLES = {Standing.OK: "green", Standing.FAILED: "bold red", Standing.UNKNOWN: "yellow"}


def show(terminal: Terminal, report: Report, unestablished: tuple[str, ...], *, about: str = "") -> None:
    """What held, what did not, and what nothing of it shows.

    Args:
        about: what was verified; empty for the entries of a whole ledger.
    """
    noun = "entry" if report.size == 1 else "entries"
    subject = about or f"{report.size} {noun}"
    terminal.line(f"{subject}: {report.standing.value.upper()}", style=_STYLES[report.standing])
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


def conclude(report: Report, key: VerifierKey, *, as_json: bool, is_own: bool, kind: str) -> int:
    """Show a report, and answer what the command ends with.

    Args:
        is_own: whether the key was taken from the ledger's own folder, which the report then says.
        kind: of the document under `--json`.
    """
    unestablished = (*report.unestablished, *((_OWN_KEY,) if is_own else ()))
    if as_json:
        print_document(kind, {**report.plain(), "key": str(key), "unestablished": list(unestablished)})
    else:
        show(Terminal(sys.stdout), report, unestablished, about="the proof" if kind == "ledger.check" else "")
    return _ENDINGS[report.standing]


def chosen_note(state: State, *, cosigned: bool) -> bytes:
    """The newest checkpoint, or the newest that a witness signed. Raises: SettingsError `settings/no-checkpoint`."""
    note = newest_cosigned(state.home) if cosigned else newest_note(state)
    if note is None:
        raise SettingsError(
            "settings/no-checkpoint",
            "no witness has signed a checkpoint yet" if cosigned else "nothing was signed yet",
            help="a checkpoint is signed as soon as there are entries; `trilens ledger checkpoint --witness URL` asks a witness",
        )
    return note


def required(key: str) -> str:
    """A key that no ledger at hand could stand in for. Raises: SettingsError `cli/usage`."""
    if not key:
        raise SettingsError("cli/usage", "expected `--key KEY`", help="the key that was kept elsewhere, NAME+ID+KEY")
    return key.strip()


def read_file(path: Path, *, code: str = "settings/proof-file") -> bytes:
    """Raises: SettingsError with the code when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise SettingsError(code, f"cannot read `{path}`: {reason}") from error


def read_known(path: Path) -> bytes:
    """A checkpoint that was kept elsewhere. Raises: SettingsError `settings/checkpoint-file`."""
    return read_file(path, code="settings/checkpoint-file")
