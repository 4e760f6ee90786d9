"""Proofs from kept tiles: they hold for their entry, their ledger and their key, and for nothing else."""

import base64
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilens.errors import LedgerError
from trilens.prove.ledger.checkpoint import sign_checkpoint
from trilens.prove.ledger.hashes import TileHashes
from trilens.prove.ledger.merkle import TreeHead, leaf_hash, root_of
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.proof import (
    InclusionProof,
    check_entry,
    check_growth,
    decode_consistency,
    decode_inclusion,
    encode_consistency,
    encode_inclusion,
    prove_entry,
    prove_growth,
)
from trilens.prove.ledger.tiles import Edge

SIGNER = Signer("shop.example/ledger", bytes(range(32)))
KEY = SIGNER.verifier
SIZE = 70_000
"""Three levels of tiles, each with a partial one."""
LEAVES = [str(number).encode() for number in range(SIZE)]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]


def tiles_of(hashes: list[bytes]) -> dict[tuple[int, int], bytes]:
    edge = Edge()
    return {(level, number): data for level, number, data in [*edge.extend(hashes), *edge.partial()]}


TILES = tiles_of(HASHES)


def tile(level: int, number: int) -> bytes | None:
    return TILES.get((level, number))


def note(size: int, signer: Signer = SIGNER) -> bytes:
    return sign_checkpoint(tree(size), signer)


def tree(size: int) -> TreeHead:
    return TreeHead(size, TileHashes(tile)(0, size) if size else root_of([]))


def refused(proof: InclusionProof, leaf: bytes) -> str:
    with pytest.raises(LedgerError) as caught:
        check_entry(proof, leaf, keys=(KEY,))
    return caught.value.code


def test_hashes_from_tiles_are_the_hashes_of_the_tree() -> None:
    for size in (1, 2, 255, 256, 257, 65_535, 65_536, 65_537, SIZE):
        assert tree(size).root == root_of(HASHES[:size])


SIZES = st.integers(1, SIZE) | st.sampled_from([1, 2, 255, 256, 257, 65_535, 65_536, 65_537, SIZE])


@pytest.mark.requirement("X6")
@given(SIZES, st.data())
@settings(deadline=None, max_examples=80)
def test_a_proof_holds_for_its_entry_alone(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = prove_entry(index, LEAVES[index], note=note(size), tiles=tile)
    assert check_entry(proof, LEAVES[index], keys=(KEY,)).tree == tree(size)
    assert decode_inclusion(encode_inclusion(proof)) == proof
    assert refused(proof, LEAVES[index] + b"x") == "ledger/inclusion"
    other = data.draw(st.integers(0, SIZE - 1).filter(lambda n: n != index))
    # the proof of one entry never carries another, in its place or with its words
    assert refused(InclusionProof(other, proof.path, proof.note), LEAVES[index]) == "ledger/inclusion"
    assert refused(proof, LEAVES[other]) == "ledger/inclusion"
    for place, (left, right) in enumerate(pairwise(proof.path)):
        swapped = (*proof.path[:place], right, left, *proof.path[place + 2 :])
        assert left == right or refused(InclusionProof(index, swapped, proof.note), LEAVES[index]) == "ledger/inclusion"


@pytest.mark.requirement("X6")
@given(SIZES, st.data())
@settings(deadline=None, max_examples=60)
def test_a_proof_holds_under_its_own_checkpoint_alone(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = prove_entry(index, LEAVES[index], note=note(size), tiles=tile)
    later = data.draw(SIZES.filter(lambda n: n != size and tree(n).root != tree(size).root))
    moved = InclusionProof(index, proof.path, note(later))
    assert refused(moved, LEAVES[index]) == "ledger/inclusion"
    forged = InclusionProof(index, proof.path, note(size, Signer(KEY.name, b"f" * 32)))
    assert refused(forged, LEAVES[index]) == "ledger/unsigned"


@pytest.mark.requirement("X6")
@given(st.data())
@settings(deadline=None, max_examples=60)
def test_no_changed_byte_of_a_proof_goes_unnoticed(data: st.DataObject) -> None:
    index = data.draw(st.integers(0, 999))
    text = encode_inclusion(prove_entry(index, LEAVES[index], note=note(1_000), tiles=tile))
    place = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != text[place]))
    changed = text[:place] + bytes([byte]) + text[place + 1 :]
    with pytest.raises(LedgerError):
        check_whole(changed)


def check_whole(text: bytes) -> None:
    proof = decode_inclusion(text)
    check_entry(proof, proof.extra, keys=(KEY,))


@pytest.mark.requirement("X6")
@given(SIZES, st.data())
@settings(deadline=None, max_examples=60)
def test_growth_is_proven_from_what_was_known_and_from_nothing_else(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, size))
    proof = prove_growth(old, note=note(size), tiles=tile)
    assert check_growth(proof, tree(old), keys=(KEY,)).tree == tree(size)
    assert decode_consistency(encode_consistency(proof)) == proof
    other = data.draw(st.integers(0, SIZE).filter(lambda n: n != old))
    for known in (tree(other), TreeHead(old, bytes(32))):
        with pytest.raises(LedgerError) as caught:
            check_growth(proof, known, keys=(KEY,))
        assert caught.value.code == "ledger/consistency"


@pytest.mark.requirement("X6")
def test_a_ledger_hashed_anew_cannot_be_proven_to_go_on_from_the_old_one() -> None:
    forged = [*HASHES[:7], leaf_hash(b"forged"), *HASHES[8:1_000]]
    kept = tiles_of(forged)
    newer = sign_checkpoint(TreeHead(1_000, root_of(forged)), SIGNER)
    proof = prove_growth(500, note=newer, tiles=lambda level, number: kept.get((level, number)))
    with pytest.raises(LedgerError) as caught:
        check_growth(proof, TreeHead(500, root_of(HASHES[:500])), keys=(KEY,))
    assert caught.value.code == "ledger/consistency"


@pytest.mark.parametrize("index", [-1, 1_000, 10**6])
def test_what_the_checkpoint_does_not_cover_is_not_proven(index: int) -> None:
    with pytest.raises(LedgerError) as caught:
        prove_entry(index, b"", note=note(1_000), tiles=tile)
    assert caught.value.code == "ledger/not-covered"
    with pytest.raises(LedgerError) as caught:
        prove_growth(1_001, note=note(1_000), tiles=tile)
    assert caught.value.code == "ledger/not-covered"


def test_no_proof_is_given_away_that_does_not_hold() -> None:
    with pytest.raises(LedgerError) as caught:
        prove_entry(5, b"another", note=note(1_000), tiles=tile)
    assert caught.value.code == "ledger/inclusion"


@pytest.mark.parametrize("missing", [(0, 0), (1, 0), (0, SIZE // 256), (1, SIZE // 65_536)])
def test_a_tile_that_is_missing_or_cut_is_named_and_nothing_is_proven_without_it(missing: tuple[int, int]) -> None:
    last = len(TILES[missing]) - 32
    for left in (b"", TILES[missing][:last], TILES[missing][:-1], TILES[missing] * 300):
        kept = {**TILES, missing: left}
        with pytest.raises(LedgerError) as caught:
            prove_entry(5, LEAVES[5], note=note(SIZE), tiles=lambda level, number, kept=kept: kept.get((level, number)))  # type: ignore[misc]
        assert caught.value.code == "ledger/tile"


def test_a_proof_is_written_as_the_format_shows_it() -> None:
    text = encode_inclusion(prove_entry(2, b"2", note=note(3), tiles=tile)).decode()
    sibling = base64.b64encode(root_of(HASHES[:2])).decode()
    assert text == f"c2sp.org/tlog-proof@v1\nextra Mg==\nindex 2\n{sibling}\n\n{note(3).decode()}"
    body = encode_consistency(prove_growth(2, note=note(3), tiles=tile)).decode()
    assert body == f"old 2\n{base64.b64encode(HASHES[2]).decode()}\n\n{note(3).decode()}"


INCLUSION = encode_inclusion(prove_entry(2, b"2", note=note(3), tiles=tile))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(INCLUSION.replace(b"@v1", b"@v2"), id="another version"),
        pytest.param(INCLUSION.replace(b"index 2", b"index 02"), id="leading zero"),
        pytest.param(INCLUSION.replace(b"index 2", b"index +2"), id="sign"),
        pytest.param(INCLUSION.replace(b"index 2", b"index " + str(2**63).encode()), id="beyond 63 bits"),
        pytest.param(INCLUSION.replace(b"index 2", b"index " + b"9" * 5_000), id="thousands of digits"),
        pytest.param(INCLUSION.replace(b"index 2\n", b""), id="no index"),
        pytest.param(INCLUSION.replace(b"extra Mg==", b"extra Mh=="), id="second spelling of base64"),
        pytest.param(INCLUSION.replace(b"extra Mg==", b"extra "), id="empty extra"),
        pytest.param(INCLUSION.replace(b"index 2\n", b"index 2\nAAAA\n"), id="a short hash"),
        pytest.param(INCLUSION.replace(b"index 2\n", b"index 2\n" + b"A" * 43 + b"=\n"), id="one more hash"),
        pytest.param(INCLUSION.replace(b"\n\nshop", b"\nshop"), id="no empty line"),
        pytest.param(INCLUSION.replace(b"\n", b"\r\n"), id="other line ends"),
        pytest.param(
            b"c2sp.org/tlog-proof@v1\nindex 2\n" + (b"A" * 43 + b"=\n") * 64 + b"\n" + note(3), id="64 hashes"
        ),
        pytest.param(b"c2sp.org/tlog-proof@v1\nindex 2\n\n" + note(3) + b"x" * 300_000, id="too large"),
        pytest.param("c2sp.org/tlog-proof@v1\nindex ٢\n\n".encode() + note(3), id="other digits"),
    ],
)
def test_what_is_no_proof_is_refused(text: bytes) -> None:
    with pytest.raises(LedgerError) as caught:
        check_entry(decode_inclusion(text), b"2", keys=(KEY,))
    assert caught.value.code in ("ledger/proof", "ledger/inclusion")


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda rest: b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + rest))
@settings(deadline=None)
def test_arbitrary_bytes_are_no_proof(text: bytes) -> None:
    for decode in (decode_inclusion, decode_consistency):
        try:
            proof = decode(text)
        except LedgerError:
            continue
        with pytest.raises(LedgerError):
            check_entry(InclusionProof(0, proof.path, proof.note), b"", keys=(KEY,))
