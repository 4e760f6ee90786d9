"""Proofs in files: what decodes has one spelling, and what checks is about the very entry and tree that were proved."""

from fuzzing.target import Refusals, Target, law
from fuzzing.targets.ledger import SIGNER, WITNESS

from trilens.errors import LedgerError, SettingsError
from trilens.prove.ledger import proof
from trilens.prove.ledger.checked import check_file
from trilens.prove.ledger.checkpoint import sign_checkpoint
from trilens.prove.ledger.merkle import TreeHead, leaf_hash, prove_consistency, prove_inclusion, range_hash, root_of
from trilens.prove.ledger.verify import Standing

_LEAVES = [b"entry %d" % number for number in range(13)]
_HASHES = [leaf_hash(leaf) for leaf in _LEAVES]
_RANGE = range_hash(_HASHES)
_OLD = TreeHead(6, root_of(_HASHES[:6]))
_NOTE = sign_checkpoint(TreeHead(13, root_of(_HASHES)), SIGNER)
_INCLUSIONS = tuple(
    proof.encode_inclusion(
        proof.InclusionProof(at, prove_inclusion(at, 13, _RANGE), _NOTE, _LEAVES[at] if at % 2 else b"")
    )
    for at in (0, 5, 12)
)
_GROWTH = proof.encode_consistency(proof.ConsistencyProof(6, prove_consistency(6, 13, _RANGE), _NOTE))
_KEYS = (SIGNER.verifier,)
_WORDS = (
    b"\n\n",
    b"index 5",
    b"index 00",
    b"old 6",
    b"old 0",
    b"extra ",
    b"A" * 43 + b"=",
    b"c2sp.org/tlog-proof@v1\n",
    "— ".encode(),
)


def _inclusion(data: bytes) -> None:
    with Refusals((LedgerError,)):
        read = proof.decode_inclusion(data)
        law(proof.encode_inclusion(read) == data, "one proof, one spelling")
        for at, leaf in enumerate(_LEAVES):
            with Refusals((LedgerError,)):
                proof.check_entry(read, leaf, keys=_KEYS)
                law(read.index == at, "an entry is proved at its place alone")
        with Refusals((LedgerError,)):
            proof.check_entry(read, read.extra, keys=_KEYS)
            law(read.extra == _LEAVES[read.index], "what was never an entry is none")


def _growth(data: bytes) -> None:
    with Refusals((LedgerError,)):
        read = proof.decode_consistency(data)
        law(proof.encode_consistency(read) == data, "one proof, one spelling")
        with Refusals((LedgerError,)):
            proof.check_growth(read, _OLD, keys=_KEYS)
            law(read.old == _OLD.size, "growth is proved from the known size alone")
        with Refusals((LedgerError,)):
            proof.check_growth(read, TreeHead(6, _HASHES[0]), keys=_KEYS)
            law(False, "the ledger never began with another tree")


def _file(data: bytes) -> None:
    with Refusals((LedgerError, SettingsError)):
        report = check_file(
            data, SIGNER.verifier, known=_NOTE, leaf=b"never an entry", witnesses=(WITNESS.key,), quorum=1
        )
        law(report.standing is not Standing.OK, "nothing was cosigned, and that was no entry")


TARGETS = (
    Target("proof-inclusion", _inclusion, _INCLUSIONS, _WORDS, cost=8),
    Target("proof-growth", _growth, (_GROWTH,), _WORDS, cost=4),
    Target("proof-file", _file, (*_INCLUSIONS, _GROWTH), _WORDS, cost=4),
)
