"""`trilens ledger`: verify the record, and give others what they need to verify it without us."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from trilens.cli import installation
from trilens.cli.cosigned import Asked, ask_witnesses, newest_cosigned
from trilens.cli.dispatch import application
from trilens.cli.installation import State, load_system, opened, settings_of
from trilens.cli.options import DryRunOption, JsonOption, SystemOption, print_document
from trilens.cli.proofs import check, export, prove
from trilens.cli.terminal import Terminal
from trilens.cli.verifying import (
    CosignedOption,
    KeyOption,
    KnownOption,
    QuorumOption,
    WitnessKeysOption,
    chosen_note,
    conclude,
    read_file,
    read_known,
    required,
)
from trilens.errors import SettingsError
from trilens.prove.ledger.cosign import WitnessKey, parse_witness_key
from trilens.prove.ledger.counts import Counts, read_counts
from trilens.prove.ledger.export import ExportedLog
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.logkey import log_verifier
from trilens.prove.ledger.logkey import rotate as rotate_key
from trilens.prove.ledger.note import VerifierKey, parse_verifier_key
from trilens.prove.ledger.verify import Report, Witnesses
from trilens.prove.ledger.verify import verify as verify_ledger

app = application("ledger")


@app.command()
def verify(
    key: KeyOption = "",
    known: KnownOption = None,
    witness_key: WitnessKeysOption = [],  # noqa: B006 - Typer reads the default, nobody writes to it
    quorum: QuorumOption = 0,
    counts: Annotated[
        Path | None, typer.Option(metavar="PATH", help="What an outside observer counted, as JSON.")
    ] = None,
    exported: Annotated[
        Path | None, typer.Option("--export", metavar="DIR", help="Verify an exported ledger; needs --key.")
    ] = None,
    system: SystemOption = None,
    as_json: JsonOption = False,
) -> int:
    """Verify the whole ledger against its signed checkpoint.

    Ends with 0 when everything was looked at and held, 1 when something does not hold, 3 when something could not be looked at.
    Counts are {"model_calls": 12, "tools": {"refund": 3}}: what the model's provider and the tools saw.
    """
    former = read_known(known) if known else None
    observed = read_counts(read_file(counts)) if counts else None
    witnesses = tuple(parse_witness_key(text.strip()) for text in witness_key)
    if exported is not None:
        verifier = parse_verifier_key(required(key))
        report = _verify_export(exported, verifier, former, witnesses, quorum, observed)
    else:
        settings = settings_of(system)
        with opened(settings, read_only=True) as state:
            own = parse_verifier_key(key.strip()) if key else _own_key(state, load_system(settings).id)
            verifier = own
            report = verify_ledger(
                state.journal,
                own,
                checkpoint=state.journal.checkpoint(),
                known=former,
                payload=state.journal.payload,
                witnesses=_witnesses(witnesses, quorum, newest_cosigned(state.home)),
                counts=observed,
            )
    return conclude(report, verifier, as_json=as_json, is_own=not key, kind="ledger.verify")


for _verb in (prove, check, export):
    app.command()(_verb)


def _verify_export(
    folder: Path,
    key: VerifierKey,
    former: bytes | None,
    witnesses: tuple[WitnessKey, ...],
    quorum: int,
    observed: Counts | None,
) -> Report:
    log = ExportedLog(folder)
    note = log.checkpoint()
    asked = _witnesses(witnesses, quorum, note)
    return verify_ledger(log, key, checkpoint=note, known=former, witnesses=asked, counts=observed)


def _witnesses(keys: tuple[WitnessKey, ...], quorum: int, note: bytes | None) -> Witnesses | None:
    return Witnesses(keys, quorum or len(keys), note) if keys else None


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
def checkpoint(
    witness: Annotated[
        list[str], typer.Option("--witness", metavar="URL", help="Ask this witness to sign it; again for another.")
    ] = [],  # noqa: B006
    witness_key: Annotated[
        list[str], typer.Option("--witness-key", metavar="KEY", help="The key of that witness, in the same order.")
    ] = [],  # noqa: B006
    cosigned: CosignedOption = False,
    system: SystemOption = None,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Print the newest signed checkpoint with its cosignatures, to be kept elsewhere and given to `verify --known` later."""
    if len(witness) != len(witness_key):
        raise SettingsError(
            "cli/usage", "expected one `--witness-key` for each `--witness`", help="a witness is known by its key"
        )
    asked = [Asked(url, parse_witness_key(key.strip())) for url, key in zip(witness, witness_key, strict=True)]
    with opened(settings_of(system), read_only=True) as state:
        note = ask_witnesses(state, asked) if asked and not dry_run else chosen_note(state, cosigned=cosigned)
    if as_json:
        print_document("ledger.checkpoint", {"note": note.decode()})
    else:
        sys.stdout.write(note.decode())
    return 0


@app.command()
def rotate(system: SystemOption = None, as_json: JsonOption = False, dry_run: DryRunOption = False) -> int:
    """Replace the key that signs the ledger, or finish what an interrupted `rotate` began. Not while a server runs.

    The ledger says which key follows which, signed by both, so that whoever was given any of them can go on verifying. Witnesses and
    keepers of the old key have to be given the new one.
    """
    settings = settings_of(system)
    name = load_system(settings).id
    with opened(settings, read_only=dry_run) as state:
        first = state.keyring.secret("log")
        old = new = log_verifier(name, first, state.home)
        if not dry_run:
            signer = rotate_key(
                state.journal, name, first=first, home=state.home, now_ms=installation.now_ms(), random=os.urandom
            )
            Checkpointer(state.journal, signer).advance()
            new = signer.verifier
    if as_json:
        print_document("ledger.rotate", {"old": str(old), "key": None if dry_run else str(new), "rotated": not dry_run})
    elif dry_run:
        Terminal(sys.stdout).line(f"would replace `{old}`")
    else:
        sys.stdout.write(f"{new}\n")
        Terminal(sys.stderr).line(
            "next: give it to everybody who keeps the former one, and add it to the witnesses' `logs`", style="dim"
        )
    return 0


def _own_key(state: State, name: str) -> VerifierKey:
    return log_verifier(name, state.keyring.secret("log"), state.home)
