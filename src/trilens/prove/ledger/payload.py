"""Sealed payloads: AES-256-GCM under a ring's key, and the commitment by which a leaf names one.

The commitment is SHA-256 over nonce, ciphertext and tag, so that it can be checked without the key. It is no digest of the plaintext that
anybody could guess at: the ciphertext depends on a secret key and a random nonce. Once the key is destroyed it says nothing any more, and
every proof over the leaf still verifies.
"""

import os
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trilens.errors import LedgerError
from trilens.storage.ports import Ring, Sealed
from trilens.vocabulary.canonical import digest

NONCE_BYTES = 12
TAG_BYTES = 16


def seal(plaintext: bytes, ring: Ring, *, retain_until_ms: int, random: Callable[[int], bytes] = os.urandom) -> Sealed:
    """Seal under the ring's key.

    Args:
        random: gives a nonce. It must never give one twice under one key: 96 random bits are safe for 2**32 payloads of one ring.

    Source: NIST SP 800-38D section 8.3.
    """
    nonce = random(NONCE_BYTES)
    ciphertext = nonce + AESGCM(ring.key).encrypt(nonce, plaintext, None)
    return Sealed(digest(ciphertext), ring.id, ciphertext, retain_until_ms)


def check_commitment(sealed: Sealed) -> None:
    """Raises: LedgerError `ledger/payload` when the bytes are not the committed ones."""
    if digest(sealed.ciphertext) != sealed.commitment:
        raise LedgerError("ledger/payload", "a payload is not the one its entry commits to")


def unseal(sealed: Sealed, key: bytes) -> bytes:
    """The plaintext.

    Raises:
        LedgerError: the bytes are not the committed ones (`ledger/payload`), or the key is not theirs (`ledger/payload-key`).
    """
    check_commitment(sealed)
    nonce, body = sealed.ciphertext[:NONCE_BYTES], sealed.ciphertext[NONCE_BYTES:]
    if len(body) < TAG_BYTES:
        raise LedgerError("ledger/payload", "a payload is too short to be one")
    try:
        return AESGCM(key).decrypt(nonce, body, None)
    except (InvalidTag, ValueError) as error:
        raise LedgerError("ledger/payload-key", "a payload does not open with the key of its ring") from error
