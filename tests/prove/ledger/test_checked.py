"""A proof from a file: OK only when everything it needs was given and held."""

import pytest

from trilens.errors import LedgerError
from trilens.prove.ledger.checked import check_file
from trilens.prove.ledger.checkpoint import sign_checkpoint
from trilens.prove.ledger.cosign import Cosigner, with_signatures
from trilens.prove.ledger.entry import encode
from trilens.prove.ledger.merkle import TreeHead, leaf_hash, root_of
from trilens.prove.ledger.note import Signer, split_note
from trilens.prove.ledger.proof import (
    InclusionProof,
    encode_consistency,
    encode_inclusion,
    prove_entry,
    prove_growth,
)
from trilens.prove.ledger.tiles import Edge
from trilens.prove.ledger.verify import Report, Standing

LOG = Signer("shop.example/ledger", bytes(range(32)))
AUDITOR, PARTNER = Cosigner("auditor.example/w1", b"a" * 32), Cosigner("partner.example/w2", b"p" * 32)
LEAVES = [encode("fault", 1, {"n": n}) for n in range(20)] + [b"no entry"]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]
EDGE = Edge()
EDGE.extend(HASHES)
TILES = {(level, number): data for level, number, data in EDGE.partial()}


def tile(level: int, number: int) -> bytes | None:
    return TILES.get((level, number))


def note(size: int, *witnesses: Cosigner) -> bytes:
    plain = sign_checkpoint(TreeHead(size, root_of(HASHES[:size])), LOG)
    return with_signatures(plain, [one.cosign(split_note(plain).text, 7) for one in witnesses])


def proof(index: int = 4, *witnesses: Cosigner) -> InclusionProof:
    return prove_entry(index, LEAVES[index], note=note(21, *witnesses), tiles=tile)


def standings(found: Report) -> dict[str, Standing]:
    return {check.name: check.standing for check in found.checks}


@pytest.mark.requirement("X6")
def test_an_entry_in_its_place_is_ok_and_no_more_is_said() -> None:
    found = check_file(encode_inclusion(proof()), LOG.verifier)
    assert standings(found) == dict.fromkeys(("checkpoint", "inclusion", "entry"), Standing.OK)
    assert (found.standing, found.covered) == (Standing.OK, 21)
    assert "anything about entries this proof is not about" in found.unestablished


@pytest.mark.requirement("X6")
def test_the_entry_that_is_given_is_the_one_that_is_checked() -> None:
    text = encode_inclusion(proof())
    assert check_file(text, LOG.verifier, leaf=LEAVES[4]).standing is Standing.OK
    for other in (LEAVES[5], LEAVES[4] + b" ", b"x"):
        assert standings(check_file(text, LOG.verifier, leaf=other))["inclusion"] is Standing.FAILED
    bare = encode_inclusion(InclusionProof(4, proof().path, note(21)))
    assert standings(check_file(bare, LOG.verifier))["inclusion"] is Standing.UNKNOWN
    assert check_file(bare, LOG.verifier).standing is Standing.UNKNOWN
    assert check_file(bare, LOG.verifier, leaf=LEAVES[4]).standing is Standing.OK


@pytest.mark.requirement("X6")
def test_what_stands_in_the_ledger_and_is_no_entry_fails() -> None:
    found = check_file(encode_inclusion(proof(20)), LOG.verifier)
    assert (standings(found)["inclusion"], standings(found)["entry"]) == (Standing.OK, Standing.FAILED)


@pytest.mark.requirement("X6")
def test_another_key_fails_and_nothing_more_is_looked_at() -> None:
    found = check_file(encode_inclusion(proof()), Signer(LOG.verifier.name, b"x" * 32).verifier)
    assert standings(found) == {"checkpoint": Standing.FAILED}
    assert found.covered == 0


@pytest.mark.requirement("X6")
@pytest.mark.parametrize(
    ("signed", "quorum", "standing"),
    [
        (2, 0, Standing.OK),
        (1, 0, Standing.UNKNOWN),
        (1, 1, Standing.OK),
        (0, 1, Standing.UNKNOWN),
        (2, 3, Standing.UNKNOWN),
    ],
)
def test_witnesses_that_are_asked_for_have_to_have_signed(signed: int, quorum: int, standing: Standing) -> None:
    text = encode_inclusion(proof(4, *(AUDITOR, PARTNER)[:signed]))
    asked = (AUDITOR.key, PARTNER.key)
    found = check_file(text, LOG.verifier, witnesses=asked, quorum=quorum)
    assert (standings(found)["witnesses"], found.standing) == (standing, standing)
    assert not any("no witness was asked" in line for line in found.unestablished)


@pytest.mark.requirement("X6")
def test_a_broken_cosignature_fails() -> None:
    text = encode_inclusion(proof(4, AUDITOR))
    head, mark, line = text.rpartition("— auditor.example/w1 ".encode())
    swapped = line.swapcase()
    with_broken = head + mark + line[:20] + swapped[20:40] + line[40:]
    found = check_file(with_broken, LOG.verifier, witnesses=[AUDITOR.key])
    assert standings(found)["witnesses"] is Standing.FAILED


@pytest.mark.requirement("X6")
def test_growth_is_checked_against_the_checkpoint_that_was_known() -> None:
    text = encode_consistency(prove_growth(7, note=note(21), tiles=tile))
    assert check_file(text, LOG.verifier, known=note(7)).standing is Standing.OK
    assert check_file(text, LOG.verifier).standing is Standing.UNKNOWN
    forked = sign_checkpoint(TreeHead(7, bytes(32)), LOG)
    stranger = sign_checkpoint(TreeHead(7, root_of(HASHES[:7])), Signer(LOG.verifier.name, b"x" * 32))
    for known in (note(8), note(6), forked, stranger, b""):
        assert check_file(text, LOG.verifier, known=known).standing is Standing.FAILED


@pytest.mark.parametrize("text", [b"", b"old\n\n", b"c2sp.org/tlog-proof@v1\n\n", b"index 0\n\nx", b"\xff"])
def test_what_is_no_proof_is_an_error_and_no_report(text: bytes) -> None:
    with pytest.raises(LedgerError) as caught:
        check_file(text, LOG.verifier)
    assert caught.value.code == "ledger/proof"


def test_a_proof_without_a_whole_checkpoint_fails() -> None:
    found = check_file(b"c2sp.org/tlog-proof@v1\nindex 0\n\nx", LOG.verifier)
    assert found.standing is Standing.FAILED
