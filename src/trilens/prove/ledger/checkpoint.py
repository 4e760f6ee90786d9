"""Checkpoints: what a log signs about its whole self.

    ORIGIN          who keeps the log; also the name of its key
    SIZE            entries, decimal
    ROOT            base64 of the tree's root

The format allows further lines, which no monitor can check. This log writes none, and a checkpoint with any is refused.

Source: C2SP tlog-checkpoint (read 2026-11-24).
"""

import base64
import binascii
from dataclasses import dataclass

from trilens.errors import LedgerError
from trilens.prove.ledger.merkle import Digest, TreeHead
from trilens.prove.ledger.note import Signer, VerifierKey, open_note

_LARGEST_SIZE = 2**63


@dataclass(frozen=True, slots=True)
class Checkpoint:
    origin: str
    tree: TreeHead


def encode(checkpoint: Checkpoint) -> str:
    """The text that is signed."""
    tree = checkpoint.tree
    return f"{checkpoint.origin}\n{tree.size}\n{base64.b64encode(tree.root).decode()}\n"


def decode(text: str) -> Checkpoint:
    """Read the text of a checkpoint. It means nothing before its signature was checked: use `open_checkpoint`.

    Raises:
        LedgerError: `encode` would not have written it; code `ledger/checkpoint`.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise _malformed("expected three lines: origin, size, root")
    size, root = lines[1], _root(lines[2])
    if not (size.isascii() and size.isdecimal()) or len(size) > 19 or int(size) >= _LARGEST_SIZE:
        raise _malformed("the size is no number")
    checkpoint = Checkpoint(lines[0], TreeHead(int(size), root))
    if encode(checkpoint) != text:
        raise _malformed("not in its one spelling")
    return checkpoint


def sign_checkpoint(tree: TreeHead, signer: Signer) -> bytes:
    """The signed note of a tree, under the signer's name as origin."""
    return signer.sign(encode(Checkpoint(signer.verifier.name, tree)))


def open_checkpoint(note: bytes, *keys: VerifierKey) -> Checkpoint:
    """The checkpoint, once one of `keys` is seen to have signed it and to be its origin's.

    Args:
        keys: a log's key, and those it had before (`succession.py`); all of one name.

    Raises:
        LedgerError: as `note.open_note`, or the text is no checkpoint or of another log (`ledger/checkpoint`).
    """
    opened = open_note(note, keys)
    checkpoint = decode(opened.text)
    name = opened.signed_by[0].name
    if any(key.name != checkpoint.origin for key in opened.signed_by):
        raise _malformed(f"its origin is `{checkpoint.origin}`, expected `{name}`")
    return checkpoint


def _root(encoded: str) -> Digest:
    try:
        root = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _malformed("the root is not base64") from error
    if len(root) != 32:
        raise _malformed("the root is not 32 bytes")
    return root


def _malformed(reason: str) -> LedgerError:
    return LedgerError("ledger/checkpoint", f"not a checkpoint of this log: {reason}")
