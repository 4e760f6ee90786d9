"""Signed notes: text that one or more keys have signed, readable by people and by machines.

    text, ending in a line feed
    (empty line)
    — NAME base64(key id (4 bytes) || signature)

A verifier key is `NAME+ID+base64(0x01 || public key)`, with the id in eight hex digits: SHA-256 of name, line feed, 0x01 and public key, of which
the first four bytes are taken. Only Ed25519 (0x01) is read and written; other signatures are left alone, as the format wants it.

Source: C2SP signed-note; Go x/mod sumdb/note for the key's spelling (read 2026-11-24).
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from trilens.errors import LedgerError, SettingsError

_ED25519 = b"\x01"
_ID_BYTES = 4
_KEY_BYTES = 32
_DASH = "— "
_MOST_SIGNATURES = 64
"""More than this is refused: a note is checked before it is trusted. The format asks for at least 16."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name it signs under. Obtained out of band, or it shows nothing."""

    name: str
    public: bytes
    """32 bytes."""

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"


def parse_verifier_key(text: str) -> VerifierKey:
    """Read a verifier key.

    Raises:
        SettingsError: it is none, or not an Ed25519 one; code `settings/verifier-key`.
    """
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    data = _decode(encoded)
    if data is not None and _is_name(name) and len(data) == 1 + _KEY_BYTES and data[:1] == _ED25519:
        key = VerifierKey(name, data[1:])
        if key.id.hex() == key_id:
            return key
    raise SettingsError(
        "settings/verifier-key",
        "not a verifier key: expected `NAME+ID+KEY`, whole and unchanged",
        help="take it from whoever runs the ledger, by another way than the ledger itself",
    )


class Signer:
    """A private key with the name it signs under. Never printed."""

    __slots__ = ("_key", "verifier")

    def __init__(self, name: str, seed: bytes) -> None:
        """
        Args:
            seed: 32 bytes of a secret.

        Raises:
            SettingsError: the name has a space or a plus, or is empty; code `settings/key-name`.
        """
        if not _is_name(name):
            raise SettingsError("settings/key-name", "a key's name has neither spaces nor `+`, and is not empty")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey(name, self._key.public_key().public_bytes_raw())

    def sign(self, text: str) -> bytes:
        """The note of a text. Raises: LedgerError `ledger/note` when the text cannot be one."""
        _require_text(text)
        signature = base64.b64encode(self.verifier.id + self._key.sign(text.encode())).decode()
        return f"{text}\n{_DASH}{self.verifier.name} {signature}\n".encode()


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A text of which at least one signature was checked."""

    text: str
    signed_by: tuple[VerifierKey, ...]


def open_note(note: bytes, keys: Sequence[VerifierKey]) -> OpenedNote:
    """The text, once a signature of one of `keys` holds.

    Raises:
        LedgerError: it is no note (`ledger/note`), none of the keys signed it (`ledger/unsigned`), or a signature of one of them does not
            hold (`ledger/signature`).
    """
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise _malformed("not UTF-8") from error
    text, blank, lines = whole.rpartition("\n\n")
    text += "\n"
    if not blank or not lines.endswith("\n"):
        raise _malformed("no signature")
    _require_text(text)
    signatures = [_signature(line) for line in lines[:-1].split("\n")]
    if len(signatures) > _MOST_SIGNATURES:
        raise _malformed("too many signatures")
    known = {(key.name, key.id): key for key in keys}
    signed_by: list[VerifierKey] = []
    for signature in signatures:
        key = known.get((signature.name, signature.data[:_ID_BYTES]))
        if key is not None:
            _check(key, text, signature.data[_ID_BYTES:])
            signed_by.append(key)
    if not signed_by:
        raise LedgerError("ledger/unsigned", "the note is signed by none of the given keys")
    return OpenedNote(text, tuple(dict.fromkeys(signed_by)))


@dataclass(frozen=True, slots=True)
class _Signature:
    name: str
    data: bytes


def _signature(line: str) -> _Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    data = _decode(encoded)
    if not line.startswith(_DASH) or not _is_name(name) or data is None or len(data) <= _ID_BYTES:
        raise _malformed("a line after the text is no signature")
    return _Signature(name, data)


def _check(key: VerifierKey, text: str, signature: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
    except InvalidSignature as error:
        raise LedgerError("ledger/signature", f"the signature of `{key.name}` does not hold") from error


def _require_text(text: str) -> None:
    if not text.endswith("\n") or any(letter < " " and letter != "\n" for letter in text):
        raise _malformed("the text has control characters, or no final line feed")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _malformed("the text is not valid Unicode")


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(letter.isspace() or letter < " " for letter in name)


def _decode(encoded: str) -> bytes | None:
    """Bytes of standard base64; None unless it is the one spelling of them."""
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == encoded else None


def _malformed(reason: str) -> LedgerError:
    return LedgerError("ledger/note", f"not a signed note: {reason}")
