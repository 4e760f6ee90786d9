"""The form of a proof, to its bounds: how many hashes, which numbers, how large; and nothing that does not hold is given away."""

import base64

import pytest

from trilens.errors import LedgerError
from trilens.prove.ledger import proof
from trilens.prove.ledger.checkpoint import sign_checkpoint
from trilens.prove.ledger.merkle import TreeHead, leaf_hash, root_of
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.tiles import Edge

pytestmark = pytest.mark.requirement("X6")

SIGNER = Signer("shop.example/ledger", bytes(range(32)))
HASHES = [leaf_hash(b"%d" % number) for number in range(9)]
NOTE = sign_checkpoint(TreeHead(9, root_of(HASHES)), SIGNER)
HASH = base64.b64encode(HASHES[0]).decode()
INDEX = "c2sp.org/tlog-proof@v1\nindex {}"


def written(*lines: str) -> bytes:
    return "\n".join([*lines, "", ""]).encode() + NOTE


def refused(text: bytes) -> None:
    for decode in (proof.decode_inclusion, proof.decode_consistency):
        with pytest.raises(LedgerError) as caught:
            decode(text)
        assert caught.value.code == "ledger/proof"


def test_a_path_has_63_hashes_at_most() -> None:
    assert len(proof.decode_inclusion(written(INDEX.format(0), *[HASH] * 63)).path) == 63
    assert len(proof.decode_consistency(written("old 1", *[HASH] * 63)).path) == 63
    refused(written(INDEX.format(0), *[HASH] * 64))
    refused(written("old 1", *[HASH] * 64))


@pytest.mark.parametrize(
    "line", ["", "AAAA", HASH[:-1], HASH + "=", base64.b64encode(bytes(33)).decode(), "index 1", "old 1"]
)
def test_every_line_of_a_path_is_a_hash(line: str) -> None:
    for head in (INDEX.format(0), "old 1"):
        refused(written(head, HASH, line or " "))
        refused(written(head, line or " "))


@pytest.mark.parametrize("number", [0, 7, 2**63 - 1])
def test_a_number_below_two_to_the_63rd_is_read(number: int) -> None:
    assert proof.decode_inclusion(written(INDEX.format(number))).index == number
    assert proof.decode_consistency(written(f"old {number}")).old == number


@pytest.mark.parametrize(
    "number", ["", "07", "+7", "-1", " 7", "7 ", "1e3", str(2**63), "9" * 19, "1" * 20, "0" * 20, "1" * 5_000, "x"]
)
def test_no_other_spelling_of_a_number_is_read(number: str) -> None:
    refused(written(INDEX.format(number)))
    refused(written(f"old {number}"))


@pytest.mark.parametrize(
    "lines",
    [
        ("c2sp.org/tlog-proof@v1",),
        ("c2sp.org/tlog-proof@v1", HASH),
        ("c2sp.org/tlog-proof@v1", "extra AAAA"),
        ("c2sp.org/tlog-proof@v1", "extra AAAA", HASH),
        ("c2sp.org/tlog-proof@v1", "xindex 1"),
        ("old",),
        (HASH,),
        ("xold 1", HASH),
        ("12345",),
        ("index 1",),
        ("old é",),
    ],
)
def test_a_proof_says_what_it_is_about(lines: tuple[str, ...]) -> None:
    refused(written(*lines))


def test_a_proof_is_as_large_as_it_may_be_and_no_larger() -> None:
    head = written("old 1")
    room = proof.LARGEST - len(head)
    assert proof.decode_consistency(head + b"x" * room).old == 1
    refused(head + b"x" * (room + 1))


def test_no_proof_of_growth_is_given_away_that_does_not_hold() -> None:
    edge = Edge()
    tiles = {(level, number): data for level, number, data in [*edge.extend(HASHES), *edge.partial()]}
    assert proof.prove_growth(4, note=NOTE, tiles=lambda level, number: tiles.get((level, number))).old == 4
    changed = bytearray(tiles[0, 0])
    changed[-1] ^= 1
    for old in (1, 4, 8, 9):
        with pytest.raises(LedgerError):
            proof.prove_growth(old, note=NOTE, tiles=lambda *_: bytes(changed))
    for old in (-1, 10):
        with pytest.raises(LedgerError) as caught:
            proof.prove_growth(old, note=NOTE, tiles=lambda level, number: tiles.get((level, number)))
        assert caught.value.code == "ledger/not-covered"
