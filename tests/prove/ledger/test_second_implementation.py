"""Proofs and roots beside `scitt-cose`, which was written by others from RFC 9162 and shares nothing with ours (Apache-2.0, a test dependency)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scitt_cose import merkle as theirs

from trilens.errors import LedgerError
from trilens.prove.ledger.checkpoint import sign_checkpoint
from trilens.prove.ledger.merkle import TreeHead, check_consistency, check_inclusion, leaf_hash, root_of
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.proof import prove_entry, prove_growth
from trilens.prove.ledger.tiles import Edge

LEAVES = st.lists(st.binary(max_size=40), min_size=1, max_size=300)
SIGNER = Signer("shop.example/ledger", bytes(range(32)))


class Log:
    """A signed log over some leaves, as an export holds it."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.hashes = [leaf_hash(leaf) for leaf in leaves]
        edge = Edge()
        self._tiles = {(level, number): data for level, number, data in [*edge.extend(self.hashes), *edge.partial()]}
        self.root = edge.root()
        self.note = sign_checkpoint(TreeHead(len(leaves), self.root), SIGNER)

    def tile(self, level: int, number: int) -> bytes | None:
        return self._tiles.get((level, number))


def hexed(items: list[bytes] | tuple[bytes, ...]) -> list[str]:
    return [item.hex() for item in items]


@pytest.mark.requirement("X6", "C13")
@given(LEAVES, st.data())
@settings(deadline=None, max_examples=40)
def test_they_accept_our_proofs_and_make_the_same(leaves: list[bytes], data: st.DataObject) -> None:
    log, size = Log(leaves), len(leaves)
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    assert theirs.merkle_root(hexed(leaves)) == log.root.hex()
    inclusion = prove_entry(index, leaves[index], note=log.note, tiles=log.tile).path
    assert theirs.inclusion_proof(hexed(leaves), index) == hexed(inclusion)
    assert theirs.verify_inclusion(leaves[index].hex(), index, size, hexed(inclusion), log.root.hex())
    growth = prove_growth(old, note=log.note, tiles=log.tile).path
    assert theirs.consistency_proof(hexed(leaves), old, size) == hexed(growth)
    assert theirs.verify_consistency(root_of(log.hashes[:old]).hex(), log.root.hex(), old, size, hexed(growth))


@pytest.mark.requirement("X6", "C13")
@given(LEAVES, st.data())
@settings(deadline=None, max_examples=60)
def test_they_and_we_agree_about_proofs_that_were_tampered_with(leaves: list[bytes], data: st.DataObject) -> None:
    log, size = Log(leaves), len(leaves)
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    inclusion = tampered(data, list(prove_entry(index, leaves[index], note=log.note, tiles=log.tile).path))
    growth = tampered(data, list(prove_growth(old, note=log.note, tiles=log.tile).path))
    claimed = data.draw(st.integers(-1, size))
    ours = holds(lambda: check_inclusion(log.hashes[index], claimed, inclusion, TreeHead(size, log.root)))
    assert ours == says(
        lambda: theirs.verify_inclusion(leaves[index].hex(), claimed, size, hexed(inclusion), log.root.hex())
    )
    before = root_of(log.hashes[:old])
    ours = holds(lambda: check_consistency(growth, TreeHead(old, before), TreeHead(size, log.root)))
    assert ours == says(lambda: theirs.verify_consistency(before.hex(), log.root.hex(), old, size, hexed(growth)))


def tampered(data: st.DataObject, path: list[bytes]) -> list[bytes]:
    """A proof with one thing about it changed, or left as it was."""
    place = data.draw(st.integers(0, max(0, len(path) - 1)))
    match data.draw(st.sampled_from(["as it was", "flip", "cut", "double", "swap", "more"])):
        case "flip" if path:
            path[place] = bytes([path[place][0] ^ 1]) + path[place][1:]
        case "cut" if path:
            path.pop(place)
        case "double" if path:
            path.insert(place, path[place])
        case "swap" if len(path) > 1:
            path[place], path[place - 1] = path[place - 1], path[place]
        case "more":
            path.append(bytes(32))
        case _:
            pass
    return path


def holds(check: object) -> bool:
    try:
        check()  # type: ignore[operator]
    except LedgerError:
        return False
    return True


def says(ask: object) -> bool:
    try:
        return bool(ask())  # type: ignore[operator]
    except ValueError:
        return False
