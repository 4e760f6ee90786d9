"""Whatever bytes come, parsers answer or refuse in their own words: nothing crashes, and nothing that was made up is believed."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilens.errors import LedgerError, SettingsError, TrilensError
from trilens.prove.ledger.checked import check_file
from trilens.prove.ledger.checkpoint import sign_checkpoint
from trilens.prove.ledger.cosign import Cosigner, check_cosignatures, parse_witness_key
from trilens.prove.ledger.counts import read_counts
from trilens.prove.ledger.merkle import TreeHead, leaf_hash
from trilens.prove.ledger.note import Signer, parse_verifier_key
from trilens.prove.ledger.submit import Reply, cosigned_by
from trilens.prove.ledger.succession import read_succession
from trilens.prove.ledger.verify import Standing
from trilens.prove.ledger.witness import Witness, WitnessLogs

LOG = Signer("shop.example/ledger", bytes(range(32)))
AUDITOR = Cosigner("auditor.example/w1", b"a" * 32)
NOTE = sign_checkpoint(TreeHead(1, leaf_hash(b"x")), LOG)
PIECES = st.sampled_from(
    [
        b"old 0\n",
        b"old 1\n",
        b"c2sp.org/tlog-proof@v1\n",
        b"extra eA==\n",
        b"index 0\n",
        b"\n",
        b"A" * 43 + b"=\n",
        NOTE,
        NOTE.partition(b"\n\n")[0],
        "— auditor.example/w1 AAAAAAAA\n".encode(),
        str(AUDITOR.cosign("x\n", 1)).encode(),
        b"9" * 30,
    ]
)
BYTES = st.binary(max_size=120) | st.lists(PIECES | st.binary(max_size=4), max_size=8).map(b"".join)


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Witness:
    logs = {LOG.verifier.name: [LOG.verifier]}
    return Witness(AUDITOR, logs, WitnessLogs(Path(tmp_path_factory.mktemp("w"))), clock=lambda: 1)


@given(BYTES | st.sampled_from([b"old 0\n\n" + NOTE, b"old 1\n\n" + NOTE]))
@settings(deadline=None, max_examples=200)
def test_a_witness_answers_whatever_it_is_sent(witness: Witness, body: bytes) -> None:
    answer = witness.add_checkpoint(body)
    assert answer.status in (200, 400, 403, 404, 409, 422)
    if answer.status == 200:
        assert NOTE in body
        assert len(check_cosignatures(NOTE + answer.body, [AUDITOR.key])) == 1


@given(BYTES)
@settings(deadline=None, max_examples=200)
def test_a_proof_is_checked_or_refused(text: bytes) -> None:
    try:
        found = check_file(text, LOG.verifier, known=NOTE, witnesses=[AUDITOR.key])
    except LedgerError:
        return
    # nobody cosigned anything here
    assert found.standing is not Standing.OK


@given(st.integers(0, 599), BYTES)
@settings(deadline=None, max_examples=200)
def test_a_witness_s_reply_is_believed_by_its_signature_alone(status: int, body: bytes) -> None:
    with pytest.raises(TrilensError) as caught:
        cosigned_by(AUDITOR.key, NOTE, post=lambda _: Reply(status, body), tiles=lambda _, __: leaf_hash(b"x"))
    assert caught.value.code.partition("/")[0] == "ledger"


@given(BYTES | st.sampled_from([str(LOG.verifier).encode(), str(AUDITOR.key).encode()]))
@settings(deadline=None, max_examples=100)
def test_files_and_keys_are_read_or_refused(text: bytes) -> None:
    for read in (
        read_counts,
        lambda data: parse_verifier_key(data.decode("latin-1")),
        lambda data: parse_witness_key(data.decode("latin-1")),
    ):
        try:
            read(text)
        except SettingsError:
            continue


@given(BYTES)
@settings(deadline=None, max_examples=100)
def test_no_made_up_succession_is_read(text: bytes) -> None:
    with pytest.raises(LedgerError):
        read_succession({"note": text.decode("latin-1")}, 0)
