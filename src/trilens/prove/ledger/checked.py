"""A proof from a file, checked offline with keys that were obtained out of band; the answer has the form of every verification.

A proof about one entry says nothing about the others: a report that is OK says that this entry stands there, and nothing else.
"""

from collections.abc import Iterator, Sequence

from trilens.errors import LedgerError
from trilens.prove.ledger import entry
from trilens.prove.ledger.checkpoint import Checkpoint, open_checkpoint
from trilens.prove.ledger.cosign import WitnessKey, check_cosignatures
from trilens.prove.ledger.merkle import check_inclusion, leaf_hash
from trilens.prove.ledger.note import VerifierKey
from trilens.prove.ledger.proof import (
    ConsistencyProof,
    InclusionProof,
    check_growth,
    decode_consistency,
    decode_inclusion,
    is_inclusion,
)
from trilens.prove.ledger.verify import Check, Report, Standing


def check_file(
    text: bytes,
    key: VerifierKey,
    *,
    leaf: bytes | None = None,
    known: bytes | None = None,
    witnesses: Sequence[WitnessKey] = (),
    quorum: int = 0,
) -> Report:
    """Check a proof of either kind.

    Args:
        text: of the file.
        leaf: the entry it is about; None takes the one that stands in the proof.
        known: for a proof of consistency, the checkpoint that was kept earlier.
        quorum: how many of `witnesses` must have signed; 0 for all of them.

    Raises:
        LedgerError: it is no proof; code `ledger/proof`.
    """
    proof = decode_inclusion(text) if is_inclusion(text) else decode_consistency(text)
    try:
        checkpoint = open_checkpoint(proof.note, key)
    except LedgerError as error:
        return _report([Check("checkpoint", Standing.FAILED, error.message)], 0)
    size = checkpoint.tree.size
    checks = [Check("checkpoint", Standing.OK, f"{size} entries, signed by `{key.name}`")]
    match proof:
        case InclusionProof():
            checks += _inclusion(proof, checkpoint, proof.extra if leaf is None else leaf)
        case ConsistencyProof():
            checks.append(_consistency(proof, key, known))
    if witnesses:
        checks.append(_witnesses(proof.note, witnesses, quorum or len(witnesses)))
    return _report(checks, size)


def _inclusion(proof: InclusionProof, checkpoint: Checkpoint, leaf: bytes) -> Iterator[Check]:
    if not leaf:
        yield Check("inclusion", Standing.UNKNOWN, "the entry was not given, and does not stand in the proof")
        return
    try:
        check_inclusion(leaf_hash(leaf), proof.index, proof.path, checkpoint.tree)
        yield Check("inclusion", Standing.OK, f"it is entry {proof.index} of {checkpoint.tree.size}")
    except LedgerError as error:
        yield Check("inclusion", Standing.FAILED, error.message, proof.index)
    try:
        yield Check("entry", Standing.OK, f"a `{entry.decode(leaf).kind.value}`, in its canonical form")
    except LedgerError as error:
        yield Check("entry", Standing.FAILED, error.message, proof.index)


def _consistency(proof: ConsistencyProof, key: VerifierKey, known: bytes | None) -> Check:
    if known is None:
        return Check("consistency", Standing.UNKNOWN, "the earlier checkpoint was not given")
    try:
        old = open_checkpoint(known, key).tree
        check_growth(proof, old, keys=(key,))
    except LedgerError as error:
        return Check("consistency", Standing.FAILED, error.message)
    return Check("consistency", Standing.OK, f"the ledger begins with the {old.size} entries that were known")


def _witnesses(note: bytes, keys: Sequence[WitnessKey], quorum: int) -> Check:
    try:
        found = check_cosignatures(note, keys)
    except LedgerError as error:
        return Check("witnesses", Standing.FAILED, error.message)
    standing = Standing.OK if len(found) >= quorum else Standing.UNKNOWN
    return Check("witnesses", standing, f"{len(found)} of {len(keys)} given witnesses signed, {quorum} must have")


def _report(checks: Sequence[Check], covered: int) -> Report:
    names = {check.name for check in checks}
    unestablished = ["that what an entry says was true when it was written"]
    if "witnesses" not in names:
        unestablished.append("that everybody is shown the same ledger: no witness was asked for")
    return Report(
        covered, tuple(checks), (*unestablished, "anything about entries this proof is not about"), covered=covered
    )
