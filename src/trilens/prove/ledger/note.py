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
        return key_id(self.name, _ED25519 + self.public)

    def __str__(self) -> str:
        return write_key(self.name, _ED25519 + self.public)


def parse_verifier_key(text: str) -> VerifierKey:
    """Read a verifier key.

    Raises:
        SettingsError: it is none, or not an Ed25519 one; code `settings/verifier-key`.
    """
    found = read_key(text, _ED25519)
    return VerifierKey(found.name, found.public)


def key_id(name: str, key: bytes) -> bytes:
    """What names a key beside its name; `key` begins with the byte of its kind."""
    return sha256(name.encode() + b"\n" + key).digest()[:_ID_BYTES]


def write_key(name: str, key: bytes) -> str:
    """`NAME+ID+KEY`."""
    return f"{name}+{key_id(name, key).hex()}+{base64.b64encode(key).decode()}"


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A public key of any kind as it is written, with the name that stands before it."""

    name: str
    public: bytes


def read_key(text: str, kind: bytes) -> NamedKey:
    """An Ed25519 key of the kind.

    Raises:
        SettingsError: it is none; code `settings/verifier-key`.
    """
    name, _, rest = text.partition("+")
    written_id, _, encoded = rest.partition("+")
    key = decode_base64(encoded)
    is_whole = key is not None and is_name(name) and len(key) == 1 + _KEY_BYTES and key[:1] == kind
    if key is not None and is_whole and key_id(name, key).hex() == written_id:
        return NamedKey(name, key[1:])
    raise SettingsError(
        "settings/verifier-key",
        "not a verifier key: expected `NAME+ID+KEY`, whole and unchanged",
        help="take it from whoever runs the ledger, by another way than the ledger itself",
    )


class Signer:
    """A private key with the name it signs under. Never printed."""

    __slots__ = ("_key", "former", "verifier")

    def __init__(self, name: str, seed: bytes, *, former: tuple[VerifierKey, ...] = ()) -> None:
        """
        Args:
            seed: 32 bytes of a secret.
            former: keys this one has followed, the oldest first; what they signed is still believed.

        Raises:
            SettingsError: the name has a space or a plus, or is empty; code `settings/key-name`.
        """
        if not is_name(name):
            raise SettingsError("settings/key-name", "a key's name has neither spaces nor `+`, and is not empty")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.former = former
        self.verifier = VerifierKey(name, self._key.public_key().public_bytes_raw())

    def sign(self, text: str) -> bytes:
        """The note of a text. Raises: LedgerError `ledger/note` when the text cannot be one."""
        _require_text(text)
        return f"{text}\n{Signature(self.verifier.name, self.verifier.id, self.sign_bytes(text))}".encode()

    def sign_bytes(self, text: str) -> bytes:
        """The bare signature."""
        return self._key.sign(text.encode())


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
    unverified = split_note(note)
    known = {(key.name, key.id): key for key in keys}
    signed_by: list[VerifierKey] = []
    for signature in unverified.signatures:
        key = known.get((signature.name, signature.key))
        if key is not None:
            check_signature(key.name, key.public, signature.data, unverified.text)
            signed_by.append(key)
    if not signed_by:
        raise LedgerError("ledger/unsigned", "the note is signed by none of the given keys")
    return OpenedNote(unverified.text, tuple(dict.fromkeys(signed_by)))


@dataclass(frozen=True, slots=True)
class Signature:
    """One line after a note's text."""

    name: str
    key: bytes
    """Id of the key, 4 bytes."""
    data: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {base64.b64encode(self.key + self.data).decode()}\n"


@dataclass(frozen=True, slots=True)
class UnverifiedNote:
    """A note of which no signature was checked: it means nothing yet."""

    text: str
    signatures: tuple[Signature, ...]


def split_note(note: bytes) -> UnverifiedNote:
    """Take a note apart. Raises: LedgerError `ledger/note` when it is none."""
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise _malformed("not UTF-8") from error
    text, blank, lines = whole.rpartition("\n\n")
    text += "\n"
    if not blank:
        raise _malformed("no signature")
    _require_text(text)
    return UnverifiedNote(text, read_signatures(lines))


def read_signatures(lines: str) -> tuple[Signature, ...]:
    """Raises: LedgerError `ledger/note` when these are not one to 64 whole lines of signatures."""
    if not lines.endswith("\n"):
        raise _malformed("no signature")
    written = lines[:-1].split("\n")
    if len(written) > _MOST_SIGNATURES:
        raise _malformed("too many signatures")
    return tuple(_signature(line) for line in written)


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    data = decode_base64(encoded)
    if not line.startswith(_DASH) or not is_name(name) or data is None or len(data) <= _ID_BYTES:
        raise _malformed("a line after the text is no signature")
    return Signature(name, data[:_ID_BYTES], data[_ID_BYTES:])


def check_signature(name: str, public: bytes, signature: bytes, text: str) -> None:
    """Raises: LedgerError `ledger/signature` when it is not the signature of this text by this key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text.encode())
    except InvalidSignature as error:
        raise LedgerError("ledger/signature", f"the signature of `{name}` does not hold") from error


def _require_text(text: str) -> None:
    if not text.endswith("\n") or any(letter < " " and letter != "\n" for letter in text):
        raise _malformed("the text has control characters, or no final line feed")
    if any(map(_is_lone, text)):
        raise _malformed("the text is not valid Unicode")


def _is_lone(letter: str) -> bool:
    """Whether it is half a character, which no bytes of UTF-8 stand for."""
    return "\ud800" <= letter <= "\udfff"


def is_name(name: str) -> bool:
    """Whether a key can be called so."""
    return (
        bool(name)
        and "+" not in name
        and not any(letter.isspace() or letter < " " or _is_lone(letter) for letter in name)
    )


def decode_base64(encoded: str) -> bytes | None:
    """Bytes of standard base64; None unless it is the one spelling of them."""
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == encoded else None


def _malformed(reason: str) -> LedgerError:
    return LedgerError("ledger/note", f"not a signed note: {reason}")
