"""Cosignatures: what a witness says about a checkpoint after it saw that the log only ever grew.

    — NAME base64(key id (4 bytes) || seconds since 1970 (8 bytes) || Ed25519 signature)

The signed text is `cosignature/v1`, a line with the time, and the text of the checkpoint. A witness's key is spelled like a log's, with 0x04 for its
kind, so that one is never taken for the other.

Source: C2SP tlog-cosignature (read 2026-11-25). ML-DSA-44 cosignatures (0x06) are left alone, like any other signature of an unknown key.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trilens.errors import LedgerError
from trilens.prove.ledger.note import (
    Signature,
    Signer,
    check_signature,
    key_id,
    read_key,
    split_note,
    write_key,
)

_COSIGNATURE = b"\x04"
_TIME_BYTES = 8
_LATEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """A witness's public key with its name. Obtained from the witness, or it shows nothing."""

    name: str
    public: bytes
    """32 bytes."""

    @property
    def id(self) -> bytes:
        return key_id(self.name, _COSIGNATURE + self.public)

    def __str__(self) -> str:
        return write_key(self.name, _COSIGNATURE + self.public)


def parse_witness_key(text: str) -> WitnessKey:
    """Raises: SettingsError `settings/verifier-key` when it is not one of an Ed25519 witness."""
    found = read_key(text, _COSIGNATURE)
    return WitnessKey(found.name, found.public)


class Cosigner:
    """A witness's private key. Never printed."""

    __slots__ = ("_signer", "key")

    def __init__(self, name: str, seed: bytes) -> None:
        """Raises: SettingsError `settings/key-name`."""
        self._signer = Signer(name, seed)
        self.key = WitnessKey(name, self._signer.verifier.public)

    def cosign(self, text: str, at_s: int) -> Signature:
        """The cosignature of a checkpoint's text at a moment in seconds since 1970."""
        signed = self._signer.sign_bytes(_message(text, at_s))
        return Signature(self.key.name, self.key.id, at_s.to_bytes(_TIME_BYTES, "big") + signed)


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A cosignature that was checked."""

    by: WitnessKey
    at_s: int
    """Seconds since 1970, by the witness's clock."""


def check_cosignature(signature: Signature, key: WitnessKey, text: str) -> Cosignature:
    """Raises: LedgerError `ledger/signature` when it is not this witness's cosignature of this text."""
    time, signed = signature.data[:_TIME_BYTES], signature.data[_TIME_BYTES:]
    at_s = int.from_bytes(time, "big")
    if (signature.name, signature.key) != (key.name, key.id) or at_s > _LATEST:
        raise LedgerError("ledger/signature", f"the cosignature of `{key.name}` is not of its form")
    check_signature(key.name, key.public, signed, _message(text, at_s))
    return Cosignature(key, at_s)


def check_cosignatures(note: bytes, keys: Sequence[WitnessKey]) -> tuple[Cosignature, ...]:
    """Every cosignature of the given witnesses, one a witness, its newest. Whether the log signed the note is not looked at.

    Raises:
        LedgerError: it is no note (`ledger/note`), or a cosignature of a given key does not hold (`ledger/signature`).
    """
    unverified = split_note(note)
    known = {(key.name, key.id): key for key in keys}
    found: dict[WitnessKey, Cosignature] = {}
    for signature in unverified.signatures:
        key = known.get((signature.name, signature.key))
        if key is not None:
            checked = check_cosignature(signature, key, unverified.text)
            if key not in found or found[key].at_s < checked.at_s:
                found[key] = checked
    return tuple(found.values())


def with_signatures(note: bytes, more: Sequence[Signature]) -> bytes:
    """The note with more signatures under it; one that stands there already is not repeated."""
    there = set(split_note(note).signatures)
    return note + "".join(str(one) for one in dict.fromkeys(more) if one not in there).encode()


def _message(text: str, at_s: int) -> str:
    return f"cosignature/v1\ntime {at_s}\n{text}"
