import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilens.errors import LedgerError
from trilens.prove.ledger.merkle import (
    EMPTY_ROOT,
    TreeHead,
    check_consistency,
    check_inclusion,
    leaf_hash,
    node_hash,
    prove_consistency,
    prove_inclusion,
    range_hash,
    root_of,
)

VECTORS = json.loads(Path(__file__).with_name("vectors").joinpath("merkle.json").read_text())
LEAVES = [leaf_hash(bytes.fromhex(leaf)) for leaf in VECTORS["leaves"]]
ROOTS = [bytes.fromhex(root) for root in VECTORS["roots"]]
MANY = [leaf_hash(str(number).encode()) for number in range(300)]


def tree(size: int) -> TreeHead:
    return TreeHead(size, root_of(MANY[:size]))


def flipped(digest: bytes, bit: int) -> bytes:
    return (int.from_bytes(digest, "big") ^ (1 << bit)).to_bytes(32, "big")


def refuses_inclusion(leaf: bytes, index: int, proof: tuple[bytes, ...], head: TreeHead) -> None:
    with pytest.raises(LedgerError) as caught:
        check_inclusion(leaf, index, proof, head)
    assert caught.value.code == "ledger/inclusion"


def refuses_consistency(proof: tuple[bytes, ...], old: TreeHead, new: TreeHead) -> None:
    with pytest.raises(LedgerError) as caught:
        check_consistency(proof, old, new)
    assert caught.value.code == "ledger/consistency"


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    assert root_of(LEAVES[:size]) == ROOTS[size]


@pytest.mark.parametrize("vector", VECTORS["inclusion"], ids=lambda v: f"{v['index']} in {v['size']}")
def test_inclusion_proofs_are_those_of_certificate_transparency(vector: dict[str, object]) -> None:
    index, size, proof = int(str(vector["index"])), int(str(vector["size"])), _digests(vector["proof"])
    assert prove_inclusion(index, size, range_hash(LEAVES)) == proof
    check_inclusion(LEAVES[index], index, proof, TreeHead(size, ROOTS[size]))


@pytest.mark.parametrize("vector", VECTORS["consistency"], ids=lambda v: f"{v['old']} to {v['new']}")
def test_consistency_proofs_are_those_of_certificate_transparency(vector: dict[str, object]) -> None:
    old, new, proof = int(str(vector["old"])), int(str(vector["new"])), _digests(vector["proof"])
    assert prove_consistency(old, new, range_hash(LEAVES)) == proof
    check_consistency(proof, TreeHead(old, ROOTS[old]), TreeHead(new, ROOTS[new]))


def _digests(items: object) -> tuple[bytes, ...]:
    assert isinstance(items, list)
    return tuple(bytes.fromhex(item) for item in items)


def test_a_leaf_is_never_taken_for_a_node() -> None:
    left, right = LEAVES[:2]
    assert leaf_hash(left + right) != node_hash(left, right)


@pytest.mark.requirement("X6")
def test_every_entry_of_every_small_tree_is_proven_to_be_in_it() -> None:
    for size in range(1, 40):
        for index in range(size):
            check_inclusion(MANY[index], index, prove_inclusion(index, size, range_hash(MANY)), tree(size))


@pytest.mark.requirement("X6")
def test_any_two_small_trees_are_proven_consistent() -> None:
    for new in range(1, 40):
        for old in range(1, new + 1):
            check_consistency(prove_consistency(old, new, range_hash(MANY)), tree(old), tree(new))


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_a_proof_of_inclusion_holds_for_its_entry_and_tree_alone(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, len(MANY)))
    index = data.draw(st.integers(0, size - 1))
    proof = prove_inclusion(index, size, range_hash(MANY))
    check_inclusion(MANY[index], index, proof, tree(size))
    assert len(proof) <= (size - 1).bit_length()
    bit = data.draw(st.integers(0, 255))
    refuses_inclusion(flipped(MANY[index], bit), index, proof, tree(size))
    refuses_inclusion(MANY[index], index, proof, TreeHead(size, flipped(root_of(MANY[:size]), bit)))
    refuses_inclusion(MANY[index], index, proof[:-1], tree(size))
    refuses_inclusion(MANY[index], index, (*proof, EMPTY_ROOT), tree(size))
    for place in range(len(proof)):
        refuses_inclusion(
            MANY[index], index, (*proof[:place], flipped(proof[place], bit), *proof[place + 1 :]), tree(size)
        )
    other = data.draw(st.integers(-1, size).filter(lambda n: n != index))
    refuses_inclusion(MANY[index], other, proof, tree(size))


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_a_proof_of_consistency_holds_for_its_two_trees_alone(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, len(MANY)))
    old = data.draw(st.integers(1, new - 1))
    proof = prove_consistency(old, new, range_hash(MANY))
    check_consistency(proof, tree(old), tree(new))
    bit = data.draw(st.integers(0, 255))
    refuses_consistency(proof, TreeHead(old, flipped(tree(old).root, bit)), tree(new))
    refuses_consistency(proof, tree(old), TreeHead(new, flipped(tree(new).root, bit)))
    refuses_consistency((*proof, EMPTY_ROOT), tree(old), tree(new))
    refuses_consistency(proof[:-1], tree(old), tree(new))
    for place in range(len(proof)):
        refuses_consistency((*proof[:place], flipped(proof[place], bit), *proof[place + 1 :]), tree(old), tree(new))
    refuses_consistency(proof, tree(new), tree(old))


@given(st.integers(1, len(MANY) - 1), st.integers(0, len(MANY) - 1), st.integers(0, 255))
@settings(deadline=None, max_examples=60)
def test_no_proof_joins_a_ledger_whose_past_was_changed(old: int, changed: int, bit: int) -> None:
    new = len(MANY)
    forged = [*MANY[:changed], flipped(MANY[changed], bit), *MANY[changed + 1 :]]
    head = TreeHead(new, root_of(forged))
    proof = prove_consistency(old, new, range_hash(forged))
    if changed < old:
        refuses_consistency(proof, tree(old), head)
    else:
        check_consistency(proof, tree(old), head)


def test_a_proof_of_a_smaller_tree_shows_nothing_about_a_larger_one_that_claims_its_root() -> None:
    proof = prove_inclusion(0, 2, range_hash(MANY))
    refuses_inclusion(MANY[0], 0, proof, TreeHead(4, tree(2).root))
    refuses_consistency(prove_consistency(1, 2, range_hash(MANY)), tree(1), TreeHead(4, tree(2).root))


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 4), (4, 4)])
def test_what_is_not_in_the_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no such entry"):
        prove_inclusion(index, size, range_hash(MANY))
    refuses_inclusion(MANY[0], index, (), TreeHead(size, root_of(MANY[:size])))


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 4), (5, 4), (-1, 4)])
def test_nothing_is_shown_to_follow_from_an_empty_or_a_larger_tree(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no proof"):
        prove_consistency(old, new, range_hash(MANY))
    refuses_consistency((), TreeHead(old, EMPTY_ROOT), tree(new))


def test_a_hash_of_another_length_is_no_part_of_a_proof() -> None:
    proof = prove_inclusion(0, 2, range_hash(MANY))
    refuses_inclusion(MANY[0], 0, (proof[0] + b"\0",), tree(2))
    refuses_consistency((proof[0][:-1],), tree(1), tree(2))
