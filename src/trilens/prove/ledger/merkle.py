"""The tree over the entries: hashes, root, and proofs that anybody can check.

Source: RFC 6962 section 2.1 (hashes, root, proofs), RFC 9162 sections 2.1.3.2 and 2.1.4.2 (checking), read 2026-11-24.
tests/prove/ledger/test_merkle.py runs the vectors of Certificate Transparency against it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

from trilens.errors import LedgerError

Digest: TypeAlias = bytes
"""32 bytes of SHA-256."""

RangeHash: TypeAlias = Callable[[int, int], Digest]
"""The tree hash of entries `start` to `stop`."""

EMPTY_ROOT: Digest = sha256(b"").digest()


@dataclass(frozen=True, slots=True)
class TreeHead:
    """A tree, named by its size and root."""

    size: int
    root: Digest


def leaf_hash(leaf: bytes) -> Digest:
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: Digest, right: Digest) -> Digest:
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[Digest]) -> Digest:
    """The root over leaf hashes, or over the hashes of complete subtrees of one height."""
    if not hashes:
        return EMPTY_ROOT
    row = list(hashes)
    while len(row) > 1:
        # an odd last one is carried up: the same tree as the recursion of RFC 6962, which splits at the largest power of two
        odd = row[-1:] if len(row) % 2 else []
        row = [sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)] + odd
    return row[0]


def range_hash(hashes: Sequence[Digest]) -> RangeHash:
    """Tree hashes of ranges, from all leaf hashes in memory."""
    return lambda start, stop: root_of(hashes[start:stop])


def prove_inclusion(index: int, size: int, hash_of: RangeHash) -> tuple[Digest, ...]:
    """The audit path of entry `index` in the tree of `size` entries, leaf level first.

    Raises:
        ValueError: not 0 <= index < size.
    """
    if not 0 <= index < size:
        raise ValueError("no such entry in the tree")
    start, stop, path = 0, size, list[Digest]()
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(hash_of(middle, stop))
            stop = middle
        else:
            path.append(hash_of(start, middle))
            start = middle
    return tuple(reversed(path))


def check_inclusion(leaf: Digest, index: int, proof: Sequence[Digest], tree: TreeHead) -> None:
    """Check that the tree holds `leaf` at `index`.

    Args:
        leaf: hash of the leaf.
        index: zero-based entry number, 0 <= index < tree.size.
        proof: sibling hashes (32 bytes each), leaf level first; at most ceil(log2(tree.size)).

    Raises:
        LedgerError: the proof does not lead to `tree.root`; code `ledger/inclusion`.
    """
    if not 0 <= index < tree.size:
        raise _not_included()
    place, last, found = index, tree.size - 1, leaf
    for sibling in proof:
        if last == 0 or len(sibling) != len(EMPTY_ROOT):
            raise _not_included()
        if place % 2 or place == last:
            found = node_hash(sibling, found)
            while place % 2 == 0 and place != 0:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    if last != 0 or found != tree.root:
        raise _not_included()


def prove_consistency(old_size: int, new_size: int, hash_of: RangeHash) -> tuple[Digest, ...]:
    """What shows that the tree of `new_size` entries begins with that of `old_size`.

    Raises:
        ValueError: not 0 < old_size <= new_size.
    """
    if not 0 < old_size <= new_size:
        raise ValueError("no proof between these sizes")
    start, stop, proof = 0, new_size, list[Digest]()
    while stop != old_size:
        middle = start + _split(stop - start)
        if old_size <= middle:
            proof.append(hash_of(middle, stop))
            stop = middle
        else:
            proof.append(hash_of(start, middle))
            start = middle
    if start != 0:
        proof.append(hash_of(start, stop))
    return tuple(reversed(proof))


def check_consistency(proof: Sequence[Digest], old: TreeHead, new: TreeHead) -> None:
    """Check that `new` begins with everything in `old`.

    Raises:
        LedgerError: the proof does not lead to both roots; code `ledger/consistency`.
    """
    if not 0 < old.size <= new.size or any(len(item) != len(EMPTY_ROOT) for item in proof):
        raise _not_consistent()
    if old.size == new.size:
        if proof or old.root != new.root:
            raise _not_consistent()
        return
    path = iter(proof)
    # a whole old tree is itself the first hash, and is left out of the proof
    first = old.root if old.size & (old.size - 1) == 0 else _next(path)
    place, last = old.size - 1, new.size - 1
    while place % 2:
        place, last = place >> 1, last >> 1
    old_found = new_found = first
    for sibling in path:
        if last == 0:
            raise _not_consistent()
        if place % 2 or place == last:
            old_found, new_found = node_hash(sibling, old_found), node_hash(sibling, new_found)
            while place % 2 == 0 and place != 0:
                place, last = place >> 1, last >> 1
        else:
            new_found = node_hash(new_found, sibling)
        place, last = place >> 1, last >> 1
    if last != 0 or old_found != old.root or new_found != new.root:
        raise _not_consistent()


def _split(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1


def _next(path: Iterator[Digest]) -> Digest:
    found = next(path, None)
    if found is None:
        raise _not_consistent()
    return found


def _not_included() -> LedgerError:
    return LedgerError("ledger/inclusion", "the proof does not show that the ledger holds this entry")


def _not_consistent() -> LedgerError:
    return LedgerError("ledger/consistency", "the proof does not show that the newer ledger begins with the older")
