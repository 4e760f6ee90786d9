"""The verbs of `trilens ledger` that convince strangers: prove, check and export."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from trilens.cli.installation import State, load_system, opened, settings_of
from trilens.cli.options import DryRunOption, JsonOption, SystemOption, print_document
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
from trilens.prove.ledger.checked import check_file
from trilens.prove.ledger.cosign import parse_witness_key
from trilens.prove.ledger.export import export as export_ledger
from trilens.prove.ledger.logkey import log_signer
from trilens.prove.ledger.note import parse_verifier_key
from trilens.prove.ledger.proof import encode_consistency, encode_inclusion, prove_entry, prove_growth, tree_of


def prove(
    entry: Annotated[
        str, typer.Argument(metavar="[ENTRY]", help="Number of an entry, counted from 0, or the id of a decision.")
    ] = "",
    start: Annotated[
        int | None,
        typer.Option("--from", metavar="SIZE", help="Prove that the ledger begins with its first SIZE entries."),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="PATH", help="Write it there; default to the screen.")] = None,
    cosigned: CosignedOption = False,
    system: SystemOption = None,
    as_json: JsonOption = False,
) -> int:
    """Prove to a stranger that an entry is in the ledger, or that the ledger only grew.

    The proof is a text that `trilens ledger check` and any reader of C2SP tlog-proof can check, offline.
    """
    if bool(entry) == (start is not None):
        raise SettingsError("cli/usage", "expected an entry, or `--from SIZE`", help="one proof is about one of them")
    with opened(settings_of(system), read_only=True) as state:
        note = chosen_note(state, cosigned=cosigned)
        if start is not None:
            proof = encode_consistency(prove_growth(start, note=note, tiles=state.journal.tile))
        else:
            index = _index(state, entry)
            leaf = next(iter(state.journal.leaves(index, index + 1)), b"") if index < state.journal.size() else b""
            proof = encode_inclusion(prove_entry(index, leaf, note=note, tiles=state.journal.tile))
    if out is not None:
        _write(out, proof)
    if as_json:
        print_document("ledger.prove", {"proof": proof.decode(), "path": str(out) if out else None})
    elif out is None:
        sys.stdout.write(proof.decode())
    else:
        Terminal(sys.stdout).line(f"wrote `{out}`; next: trilens ledger check {out} --key KEY")
    return 0


def _index(state: State, entry: str) -> int:
    if entry.isascii() and entry.isdecimal() and len(entry) < 19:
        return int(entry)
    from trilens.cli.decision_page import find_decision

    return find_decision(state, entry).index


def check(
    proof: Annotated[Path, typer.Argument(metavar="FILE", help="What `trilens ledger prove` wrote.")],
    key: KeyOption = "",
    leaf: Annotated[
        Path | None, typer.Option(metavar="PATH", help="The entry it is about; default the one in the proof.")
    ] = None,
    known: KnownOption = None,
    witness_key: WitnessKeysOption = [],  # noqa: B006
    quorum: QuorumOption = 0,
    as_json: JsonOption = False,
) -> int:
    """Check a proof offline, with the log's key and nothing else.

    Ends with 0 when it holds, 1 when it does not, 3 when something it needs was not given.
    """
    verifier = parse_verifier_key(required(key))
    report = check_file(
        read_file(proof),
        verifier,
        leaf=read_file(leaf) if leaf else None,
        known=read_known(known) if known else None,
        witnesses=[parse_witness_key(text.strip()) for text in witness_key],
        quorum=quorum,
    )
    return conclude(report, verifier, as_json=as_json, is_own=False, kind="ledger.check")


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")],
    cosigned: CosignedOption = False,
    system: SystemOption = None,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Write the ledger as static files that any monitor of transparency logs reads (C2SP tlog-tiles). Payloads stay behind."""
    settings = settings_of(system)
    with opened(settings, read_only=True) as state:
        note = chosen_note(state, cosigned=cosigned)
        if dry_run:
            size = tree_of(note).size
        else:
            signer = log_signer(load_system(settings).id, state.keyring.secret("log"), state.home)
            size = export_ledger(state.journal, folder, key=signer.verifier, former=signer.former, note=note)
    if as_json:
        print_document("ledger.export", {"folder": str(folder), "size": size, "written": not dry_run})
    else:
        word = "would write" if dry_run else "wrote"
        Terminal(sys.stdout).line(f"{word} {size} entries to `{folder}`")
    return 0


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise SettingsError("settings/proof-file", f"cannot write `{path}`: {reason}") from error
