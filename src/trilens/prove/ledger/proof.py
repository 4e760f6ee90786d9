"""Proofs that fit in a file: that an entry is in the ledger, and that a later ledger begins with an earlier one.

    c2sp.org/tlog-proof@v1          old SIZE
    extra BASE64 (the entry)        BASE64 of a hash, any number
    index N
    BASE64 of a hash, any number    the later checkpoint, signatures and all

    the checkpoint, signatures and all

On the left a `tlog-proof`; the entry stands in its `extra` line, so that the file is all a stranger needs beside the key. On the right what
`tlog-witness` calls the body of `add-checkpoint`, which is the one written form there is of a proof of consistency.

Source: C2SP tlog-proof and tlog-witness (read 2026-11-25).
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trilens.errors import LedgerError
from trilens.prove.ledger.checkpoint import Checkpoint, decode, open_checkpoint
from trilens.prove.ledger.hashes import TileHashes
from trilens.prove.ledger.merkle import (
    EMPTY_ROOT,
    Digest,
    TreeHead,
    check_consistency,
    check_inclusion,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
)
from trilens.prove.ledger.note import VerifierKey, decode_base64, split_note

_INCLUSION = "c2sp.org/tlog-proof@v1"
_EXTRA, _INDEX, _OLD = "extra ", "index ", "old "
_MOST_HASHES = 63
_LARGEST_NUMBER = 2**63
LARGEST = 262_144
"""Bytes of a proof that is read: an entry, 63 hashes, and a note with 64 signatures of the largest kind fit."""

Tiles = Callable[[int, int], bytes | None]
"""The kept hashes of a tile, by level and number."""


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That a leaf is entry `index` of the ledger under a checkpoint."""

    index: int
    path: tuple[Digest, ...]
    note: bytes
    """The signed checkpoint."""
    extra: bytes = b""
    """Said to be the entry; nothing vouches for it but the check."""


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That the ledger under a checkpoint begins with the `old` entries it once was."""

    old: int
    path: tuple[Digest, ...]
    note: bytes
    """The later signed checkpoint."""


def prove_entry(index: int, leaf: bytes, *, note: bytes, tiles: Tiles) -> InclusionProof:
    """A proof for an entry, made from the kept tiles and looked at before it is given away.

    Raises:
        LedgerError: the checkpoint does not cover the entry (`ledger/not-covered`), the tiles do not lead to it (`ledger/tile`,
            `ledger/inclusion`), or the note is none.
    """
    tree = tree_of(note)
    if not 0 <= index < tree.size:
        raise _not_covered(f"entry {index}", tree)
    path = prove_inclusion(index, tree.size, TileHashes(tiles))
    check_inclusion(leaf_hash(leaf), index, path, tree)
    return InclusionProof(index, path, note, leaf)


def prove_growth(old: int, *, note: bytes, tiles: Tiles) -> ConsistencyProof:
    """A proof that the ledger begins with its first `old` entries; whether those led to the root one kept, only that root tells.

    Raises:
        LedgerError: the checkpoint covers fewer entries (`ledger/not-covered`), the tiles do not lead to it (`ledger/tile`,
            `ledger/consistency`), or the note is none.
    """
    tree = tree_of(note)
    if not 0 <= old <= tree.size:
        raise _not_covered(f"a ledger of {old} entries", tree)
    if old == 0:
        return ConsistencyProof(0, (), note)
    hashes = TileHashes(tiles)
    path = prove_consistency(old, tree.size, hashes)
    check_consistency(path, TreeHead(old, hashes(0, old)), tree)
    return ConsistencyProof(old, path, note)


def encode_inclusion(proof: InclusionProof) -> bytes:
    extra = [_EXTRA + base64.b64encode(proof.extra).decode()] if proof.extra else []
    return _encode([_INCLUSION, *extra, f"{_INDEX}{proof.index}"], proof.path, proof.note)


def decode_inclusion(text: bytes) -> InclusionProof:
    """Read a proof. It means nothing before `check_entry`. Raises: LedgerError `ledger/proof` when it is none."""
    parts = _split(text)
    header, *lines = parts.lines
    if header != _INCLUSION or not lines:
        raise _malformed(f"expected `{_INCLUSION}` and an index")
    extra = b""
    if lines[0].startswith(_EXTRA):
        extra = decode_base64(lines.pop(0).removeprefix(_EXTRA)) or b""
    if not lines or not lines[0].startswith(_INDEX):
        raise _malformed("no index")
    proof = InclusionProof(_number(lines[0].removeprefix(_INDEX)), _hashes(lines[1:]), parts.note, extra)
    if encode_inclusion(proof) != text:
        raise _malformed("not in its one spelling")
    return proof


def encode_consistency(proof: ConsistencyProof) -> bytes:
    return _encode([f"{_OLD}{proof.old}"], proof.path, proof.note)


def decode_consistency(text: bytes) -> ConsistencyProof:
    """Read a proof. It means nothing before `check_growth`. Raises: LedgerError `ledger/proof` when it is none."""
    parts = _split(text)
    if not parts.lines[0].startswith(_OLD):
        raise _malformed("no old size")
    return ConsistencyProof(_number(parts.lines[0].removeprefix(_OLD)), _hashes(parts.lines[1:]), parts.note)


def is_inclusion(text: bytes) -> bool:
    """Whether it claims to be a `tlog-proof`."""
    return text.startswith(_INCLUSION.encode())


def check_entry(proof: InclusionProof, leaf: bytes, *, keys: Sequence[VerifierKey]) -> Checkpoint:
    """The signed checkpoint whose ledger holds `leaf` at `proof.index`.

    Raises:
        LedgerError: as `open_checkpoint`, or the proof does not lead to its root (`ledger/inclusion`).
    """
    checkpoint = open_checkpoint(proof.note, *keys)
    check_inclusion(leaf_hash(leaf), proof.index, proof.path, checkpoint.tree)
    return checkpoint


def check_growth(proof: ConsistencyProof, known: TreeHead, *, keys: Sequence[VerifierKey]) -> Checkpoint:
    """The signed checkpoint whose ledger begins with that of `known`.

    Raises:
        LedgerError: as `open_checkpoint`, or the proof does not join the two (`ledger/consistency`).
    """
    checkpoint = open_checkpoint(proof.note, *keys)
    if known.size != proof.old:
        text = f"the proof is about a ledger of {proof.old} entries, the known checkpoint covers {known.size}"
        raise LedgerError("ledger/consistency", text)
    check_tree_growth(proof.path, known, checkpoint.tree)
    return checkpoint


def check_tree_growth(path: Sequence[Digest], old: TreeHead, new: TreeHead) -> None:
    """As `check_consistency`; every ledger begins with the empty one, and that takes no proof."""
    if old.size == 0:
        if path or old.root != EMPTY_ROOT:
            raise LedgerError("ledger/consistency", "nothing has to be shown about an empty ledger, and something was")
        return
    check_consistency(path, old, new)


def tree_of(note: bytes) -> TreeHead:
    """What a note says its tree is, unverified. Raises: LedgerError `ledger/note`, `ledger/checkpoint`."""
    return decode(split_note(note).text).tree


@dataclass(frozen=True, slots=True)
class _Parts:
    lines: list[str]
    note: bytes


def _split(text: bytes) -> _Parts:
    head, blank, note = text.partition(b"\n\n")
    if len(text) > LARGEST or not blank:
        raise _malformed("no checkpoint after an empty line")
    try:
        return _Parts(head.decode("ascii").split("\n"), note)
    except UnicodeDecodeError as error:
        raise _malformed("a line has characters that belong in none") from error


def _encode(head: Sequence[str], path: Sequence[Digest], note: bytes) -> bytes:
    lines = [*head, *(base64.b64encode(item).decode() for item in path), "", ""]
    return "\n".join(lines).encode() + note


def _hashes(lines: Sequence[str]) -> tuple[Digest, ...]:
    hashes = tuple(decode_base64(line) or b"" for line in lines)
    if len(hashes) > _MOST_HASHES or any(len(item) != len(EMPTY_ROOT) for item in hashes):
        raise _malformed("a line is no hash, or there are too many")
    return hashes


def _number(text: str) -> int:
    if (
        not (text.isascii() and text.isdecimal())
        or len(text) > 19
        or str(int(text)) != text
        or int(text) >= _LARGEST_NUMBER
    ):
        raise _malformed("a number is none, or not in its one spelling")
    return int(text)


def _not_covered(what: str, tree: TreeHead) -> LedgerError:
    return LedgerError("ledger/not-covered", f"the checkpoint covers {tree.size} entries, and not {what}")


def _malformed(reason: str) -> LedgerError:
    return LedgerError("ledger/proof", f"not a proof: {reason}")
