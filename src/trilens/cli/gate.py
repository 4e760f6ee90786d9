"""`trilens gate`: three verdicts side by side. There is no total and no score."""

import sys
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from trilens.cli import installation
from trilens.cli.appraisal import appraise, record, with_broken_record, with_record
from trilens.cli.dispatch import application
from trilens.cli.gate_page import show_gate
from trilens.cli.options import DryRunOption, JsonOption, SystemOption, print_document
from trilens.cli.terminal import Terminal
from trilens.declare.suggest import did_you_mean
from trilens.errors import LedgerError, SettingsError, StoreError
from trilens.prove.gate import GateReport, Inputs
from trilens.prove.gate import gate as gate_of
from trilens.prove.ledger.logkey import log_verifier
from trilens.prove.report.gate_json import to_json
from trilens.settings import Settings
from trilens.vocabulary.outcome import Lens
from trilens.vocabulary.system import System

app = application("gate")


@dataclass(frozen=True, slots=True)
class _Kept:
    """Whether the gate stands in the ledger."""

    entry: int | None
    why_not: str = ""


@app.command()
def gate(
    stage: Annotated[str, typer.Option(metavar="STAGE", help="Which moment it is about: design, operate.")] = "operate",
    lens: Annotated[str, typer.Option(metavar="LENS", help="One lens alone: safety, security, compliance.")] = "",
    full: Annotated[bool, typer.Option("--full", help="Every control, and the three questions.")] = False,
    system: SystemOption = None,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Answer for each lens: PASS, FAIL, UNKNOWN, WAIVED or NOT APPLICABLE, with what is missing.

    The verdicts are computed from the manifest and the record, and written into the record. Ends with 1 for any FAIL, else 3 for any
    UNKNOWN, else 0. No evidence is UNKNOWN.
    """
    settings = installation.settings_of(system)
    only = _lens(lens)
    inputs = _inputs(settings)
    whole = gate_of(inputs, stage)
    report = replace(whole, verdicts=tuple(v for v in whole.verdicts if only in (None, v.lens)))
    kept = _Kept(None, "a dry run") if dry_run else _keep(settings, whole, inputs.system)
    if as_json:
        print_document("gate", {**to_json(report), "entry": kept.entry, "not_recorded": kept.why_not or None})
    else:
        show_gate(Terminal(sys.stdout), report, everything=full)
        _show_kept(kept)
    return report.exit_code


def _lens(name: str) -> Lens | None:
    if not name:
        return None
    if name not in set(Lens):
        raise SettingsError("cli/usage", f"unknown lens `{name}`", help=did_you_mean(name, list(Lens)))
    return Lens(name)


def _inputs(settings: Settings) -> Inputs:
    inputs = appraise(settings, now_ms=installation.now_ms())
    if inputs.system is None or not installation.has_state(settings):
        return inputs
    try:
        with installation.opened(settings, read_only=True) as state:
            key = log_verifier(inputs.system.id, state.keyring.secret("log"), state.home)
            return with_record(inputs, state.journal, key)
    except LedgerError as error:
        return with_broken_record(inputs, error)


def _keep(settings: Settings, report: GateReport, system: System | None) -> _Kept:
    """Write the gate down where that is possible; a gate that could not be kept is still an answer."""
    if system is None or not installation.has_state(settings):
        return _Kept(None, "there is no ledger yet")
    try:
        with installation.opened(settings, read_only=False) as state:
            recorded = record(report, state.journal)
            installation.sign_checkpoint(state, system)
    except (StoreError, LedgerError) as error:
        return _Kept(None, error.message)
    return _Kept(recorded.entry)


def _show_kept(kept: _Kept) -> None:
    notes = Terminal(sys.stderr)
    if kept.entry is None:
        notes.line(f"not recorded: {kept.why_not}", style="dim")
    else:
        notes.line(f"recorded as entry {kept.entry}", style="dim")
