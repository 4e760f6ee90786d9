"""A policy as a run began with it: the manifest and the texts it names, sealed, so that what was decided under it can be judged again.

The payload of one manifest is the same bytes each time, so that it is stored once however often it is started with: its nonce is a keyed
digest of what is sealed, and no other plaintext ever has that nonce.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson

from trilens.declare.parse import GuardSheet, parse
from trilens.errors import LedgerError, ManifestError
from trilens.prove.ledger import entry, payload
from trilens.storage.ports import KeyRing, RingName, Sealed
from trilens.vocabulary.canonical import canonical
from trilens.vocabulary.system import System

RETENTION = "policy"
"""The retention class of policies: as long as a decision under them may be asked about, which no manifest can shorten."""
_FOR_EVER_MS = 253_402_300_799_000
"""The end of the year 9999."""
_PERSON = b"trilens policy"


@dataclass(frozen=True, slots=True)
class SealedPolicy:
    sealed: Sealed
    ref: entry.PayloadRef


def seal_policy(manifest: str, system: System, keyring: KeyRing) -> SealedPolicy:
    """Seal a manifest with its prompts and sources, under a key of the system's own. Raises: StoreError."""
    ring = keyring.ring(RingName(f"system:{system.id}", "", RETENTION))
    files = {prompt.path: prompt.text for prompt in system.prompts.values()}
    files |= {source.path: source.text for source in system.sources.values()}
    plaintext = canonical({"v": 1, "manifest": manifest, "files": [[path, files[path]] for path in sorted(files)]})
    sealed = payload.seal(plaintext, ring, retain_until_ms=_FOR_EVER_MS, random=_nonce_of(plaintext, ring.key))
    return SealedPolicy(sealed, entry.PayloadRef(sealed.commitment, sealed.ring, RETENTION))


def _nonce_of(plaintext: bytes, key: bytes) -> Callable[[int], bytes]:
    return lambda length: hashlib.blake2b(plaintext, key=key, person=_PERSON, digest_size=length).digest()


def read_policy(plaintext: bytes, policy: str, sheets: tuple[GuardSheet, ...]) -> System:
    """The system that was sealed.

    Args:
        policy: its digest, as the entry says.

    Raises:
        LedgerError: what was sealed is not that policy, or this version reads it otherwise; code `ledger/policy`.
    """
    match orjson.loads(plaintext):
        case {"v": 1, "manifest": str() as manifest, "files": list() as files}:
            texts = dict(files)
        case _:
            raise LedgerError("ledger/policy", "a recorded policy is not of its form")
    try:
        system = parse(manifest, sheets, environment={}, read=_reader(texts))
    except ManifestError as error:
        raise LedgerError("ledger/policy", f"this version does not read a recorded policy: {error.code}") from error
    if system.digest != policy:
        raise LedgerError("ledger/policy", "a recorded policy has another digest than its entry says")
    return system


def _reader(texts: Mapping[str, str]) -> Callable[[str], str]:
    def read(path: str) -> str:
        if path not in texts:
            raise FileNotFoundError(path)
        return texts[path]

    return read
