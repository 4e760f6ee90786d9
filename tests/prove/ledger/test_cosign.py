"""Cosignatures, read and written by the letter of the format, by code that shares nothing with ours."""

import base64
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from trilens.errors import LedgerError, SettingsError
from trilens.prove.ledger.checkpoint import open_checkpoint, sign_checkpoint
from trilens.prove.ledger.cosign import (
    Cosigner,
    check_cosignature,
    check_cosignatures,
    parse_witness_key,
    with_signatures,
)
from trilens.prove.ledger.merkle import TreeHead
from trilens.prove.ledger.note import Signer, parse_verifier_key, split_note

LOG = Signer("shop.example/ledger", bytes(range(32)))
AUDITOR = Cosigner("auditor.example/w1", b"a" * 32)
PARTNER = Cosigner("partner.example/w2", b"p" * 32)
NOTE = sign_checkpoint(TreeHead(3, b"r" * 32), LOG)
TEXT = split_note(NOTE).text
AT_S = 1_679_315_147


def by_the_letter(name: str, seed: bytes, text: str, at_s: int) -> str:
    """The line as C2SP tlog-cosignature describes it, written without ours."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key().public_bytes_raw()
    key_id = sha256(name.encode() + b"\n\x04" + public).digest()[:4]
    signed = private.sign(f"cosignature/v1\ntime {at_s}\n{text}".encode())
    return f"— {name} {base64.b64encode(key_id + at_s.to_bytes(8, 'big') + signed).decode()}\n"


@given(st.integers(0, 2**63 - 1))
@settings(deadline=None, max_examples=30)
def test_a_cosignature_is_the_one_the_format_describes(at_s: int) -> None:
    assert str(AUDITOR.cosign(TEXT, at_s)) == by_the_letter("auditor.example/w1", b"a" * 32, TEXT, at_s)


EXAMPLE = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""
"""The example of C2SP tlog-cosignature (read 2026-11-25). Its keys are not given, so that its form is all it shows."""


def test_the_format_s_example_is_taken_apart_as_it_says() -> None:
    log, witness = split_note(EXAMPLE.encode()).signatures
    assert (log.name, len(log.data)) == ("example.com/behind-the-sofa", 64)
    assert (witness.name, len(witness.data)) == ("witness.example.com/w1", 8 + 64)
    assert int.from_bytes(witness.data[:8], "big") == AT_S
    assert "".join(map(str, (log, witness))) == EXAMPLE.rpartition("\n\n")[2]


def test_a_witness_key_is_spelled_with_its_own_kind() -> None:
    name, key_id, data = str(AUDITOR.key).split("+", 2)
    raw = base64.b64decode(data)
    assert (name, raw[0], len(raw)) == ("auditor.example/w1", 4, 33)
    assert key_id == sha256(name.encode() + b"\n" + raw).hexdigest()[:8]
    assert parse_witness_key(str(AUDITOR.key)) == AUDITOR.key
    # a witness is never taken for a log, nor a log for a witness
    with pytest.raises(SettingsError):
        parse_witness_key(str(LOG.verifier))
    with pytest.raises(SettingsError):
        parse_verifier_key(str(AUDITOR.key))


@pytest.mark.requirement("X6")
def test_only_witnesses_that_are_known_count_and_each_once_by_its_newest() -> None:
    note = with_signatures(NOTE, [AUDITOR.cosign(TEXT, 5), AUDITOR.cosign(TEXT, 9), PARTNER.cosign(TEXT, 7)])
    assert open_checkpoint(note, LOG.verifier).tree.size == 3
    [one] = check_cosignatures(note, [AUDITOR.key])
    assert (one.by, one.at_s) == (AUDITOR.key, 9)
    assert {found.by for found in check_cosignatures(note, [AUDITOR.key, PARTNER.key])} == {AUDITOR.key, PARTNER.key}
    assert check_cosignatures(NOTE, [AUDITOR.key]) == ()
    assert check_cosignatures(note, [Cosigner("auditor.example/w1", b"x" * 32).key]) == ()


def test_a_signature_is_not_repeated() -> None:
    signature = AUDITOR.cosign(TEXT, 5)
    once = with_signatures(NOTE, [signature, signature])
    assert with_signatures(once, [signature]) == once
    assert once.count(b"auditor.example") == 1


@pytest.mark.requirement("X6")
@given(st.integers(0, 71), st.integers(0, 7))
@settings(deadline=None, max_examples=80)
def test_a_changed_bit_of_time_or_signature_refuses_the_note(place: int, bit: int) -> None:
    good = AUDITOR.cosign(TEXT, AT_S)
    data = bytearray(good.data)
    data[place] ^= 1 << bit
    broken = NOTE + str(type(good)(good.name, good.key, bytes(data))).encode()
    with pytest.raises(LedgerError) as caught:
        check_cosignatures(broken, [AUDITOR.key])
    assert caught.value.code == "ledger/signature"


@pytest.mark.parametrize("data", [b"", b"t" * 8, b"t" * 71, b"t" * 73], ids=len)
def test_a_cosignature_of_another_length_refuses_the_note(data: bytes) -> None:
    good = AUDITOR.cosign(TEXT, AT_S)
    with pytest.raises(LedgerError):
        check_cosignatures(NOTE + str(type(good)(good.name, good.key, data)).encode(), [AUDITOR.key])


@pytest.mark.requirement("X6")
def test_a_signature_is_never_taken_for_a_cosignature_nor_moved_to_another_checkpoint() -> None:
    plain = Signer("auditor.example/w1", b"a" * 32).sign(TEXT)
    assert check_cosignatures(plain, [AUDITOR.key]) == ()
    other = sign_checkpoint(TreeHead(4, b"r" * 32), LOG)
    with pytest.raises(LedgerError):
        check_cosignatures(with_signatures(other, [AUDITOR.cosign(TEXT, AT_S)]), [AUDITOR.key])
    # the log's own signature stays what it was, whatever stands under it
    with pytest.raises(LedgerError):
        open_checkpoint(str(AUDITOR.cosign(TEXT, AT_S)).encode(), LOG.verifier)


def test_a_time_beyond_what_the_format_allows_refuses_the_note() -> None:
    for at_s, is_good in ((2**63 - 1, True), (2**63, False), (2**64 - 1, False)):
        note = NOTE + by_the_letter("auditor.example/w1", b"a" * 32, TEXT, at_s).encode()
        try:
            assert (len(check_cosignatures(note, [AUDITOR.key])) == 1) == is_good
        except LedgerError:
            assert not is_good


def test_another_witness_s_signature_is_not_checked_as_ours() -> None:
    # the signed text does not name the witness: one private key under two names would speak for both
    same_key = Cosigner("partner.example/w2", b"a" * 32)
    for other in (PARTNER, same_key):
        with pytest.raises(LedgerError) as caught:
            check_cosignature(other.cosign(TEXT, AT_S), AUDITOR.key, TEXT)
        assert caught.value.code == "ledger/signature"


ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.requirement("X6")
def test_no_second_spelling_of_a_signature_is_accepted() -> None:
    """RFC 8032 section 5.1.7: S is below the order of the group; S + L would be another signature of the same text."""
    public = Ed25519PublicKey.from_public_bytes(AUDITOR.key.public)
    good = AUDITOR.cosign(TEXT, AT_S)
    time, r, s = good.data[:8], good.data[8:40], int.from_bytes(good.data[40:], "little")
    public.verify(r + s.to_bytes(32, "little"), f"cosignature/v1\ntime {AT_S}\n{TEXT}".encode())
    second = time + r + (s + ORDER).to_bytes(32, "little")
    with pytest.raises(LedgerError) as caught:
        check_cosignatures(NOTE + str(type(good)(good.name, good.key, second)).encode(), [AUDITOR.key])
    assert caught.value.code == "ledger/signature"
