from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilens.errors import LedgerError
from trilens.prove.ledger.payload import check_commitment, seal, unseal
from trilens.storage.ports import Ring, Sealed
from trilens.vocabulary.canonical import digest

RING = Ring("ring", bytes(range(32)))


@given(st.binary(max_size=2_000))
@settings(deadline=None)
def test_what_was_sealed_is_opened_by_its_key(plaintext: bytes) -> None:
    sealed = seal(plaintext, RING, retain_until_ms=7)
    check_commitment(sealed)
    assert unseal(sealed, RING.key) == plaintext
    assert (sealed.ring, sealed.retain_until_ms) == ("ring", 7)
    assert sealed.commitment == digest(sealed.ciphertext)


def test_a_sealed_payload_is_aes_256_gcm() -> None:
    # NIST GCM example (McGrew and Viega, test case 14): key and nonce of zeros, one block of zeros
    zeros = seal(bytes(16), Ring("r", bytes(32)), retain_until_ms=0, random=bytes)
    assert zeros.ciphertext.hex() == "00" * 12 + "cea7403d4d606b6e074ec5d3baf39d18" + "d0d1c8a799996bf0265b98b5d48ab919"


@pytest.mark.requirement("X6")
def test_equal_words_have_different_commitments() -> None:
    first, second = (seal(b"yes", RING, retain_until_ms=0) for _ in range(2))
    assert first.commitment != second.commitment
    assert digest(b"yes") not in (first.commitment, second.commitment)


@given(st.integers(0, 12 + 3 + 16 - 1), st.integers(1, 255))
@settings(deadline=None)
def test_a_changed_byte_is_found_with_and_without_the_key(place: int, change: int) -> None:
    sealed = seal(b"yes", RING, retain_until_ms=0)
    data = bytearray(sealed.ciphertext)
    data[place] ^= change
    forged = replace(sealed, ciphertext=bytes(data))
    with pytest.raises(LedgerError, match="commits"):
        check_commitment(forged)
    with pytest.raises(LedgerError) as caught:
        unseal(replace(forged, commitment=digest(bytes(data))), RING.key)
    assert caught.value.code == "ledger/payload-key"


@pytest.mark.parametrize("key", [bytes(32), b"", b"short"])
def test_another_key_opens_nothing(key: bytes) -> None:
    with pytest.raises(LedgerError) as caught:
        unseal(seal(b"yes", RING, retain_until_ms=0), key)
    assert caught.value.code == "ledger/payload-key"


@pytest.mark.parametrize("length", [0, 11, 12, 27])
def test_what_is_too_short_to_be_sealed_is_refused(length: int) -> None:
    data = bytes(length)
    with pytest.raises(LedgerError) as caught:
        unseal(Sealed(digest(data), "ring", data, 0), RING.key)
    assert caught.value.code == "ledger/payload"
