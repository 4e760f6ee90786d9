"""What a restored ledger must show before it is used, and what its restoration leaves in it."""

from dataclasses import dataclass
from pathlib import Path

from trilens.cli.cosigned import newest_cosigned
from trilens.errors import LedgerError, SettingsError
from trilens.prove.ledger import entry, payload
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.logkey import log_signer, log_verifier
from trilens.prove.ledger.note import split_note
from trilens.prove.ledger.proof import tree_of
from trilens.prove.ledger.verify import Report, Standing, verify
from trilens.storage.ports import Batch, Journal, KeyRing
from trilens.storage.sqlite.journal import open_journal
from trilens.storage.sqlite.keyring import open_keyring

_DEADLINE_S = 10.0


@dataclass(frozen=True, slots=True)
class Known:
    """A checkpoint that was kept elsewhere."""

    note: bytes
    size: int

    @classmethod
    def read(cls, note: bytes) -> "Known":
        """Raises: LedgerError when it is none."""
        return cls(note, tree_of(note).size)


@dataclass(frozen=True, slots=True)
class Proven:
    """What was looked at in a restored ledger, and held."""

    report: Report
    keys: int
    """Keys of payloads that were tried on one payload each, and opened it."""
    destroyed: int
    """Keys that entries name and the key ring no longer has."""
    missing: int
    """Entries that a checkpoint kept elsewhere covers and this ledger does not have."""


def known_at(home: Path, given: Known | None) -> Known | None:
    """The largest checkpoint that is known: the one that was given, or what a lost ledger left where this one is to stand."""
    left = newest_cosigned(home) if home.is_dir() else None
    found = [known for known in (given, Known.read(left) if left else None) if known is not None]
    return max(found, key=lambda known: known.size, default=None)


def prove(folder: Path, known: Known | None, *, allows_older: bool) -> Proven:
    """Verify the whole ledger in `folder` with its own key, and against what is known of it elsewhere.

    Raises:
        LedgerError: it does not verify (`ledger/restore`), or is older than what is known (`ledger/older`).
        StoreError: it cannot be read.
    """
    keyring = open_keyring(folder)
    journal = open_journal(folder, read_only=True)
    try:
        missing = max(0, known.size - journal.size()) if known else 0
        if missing and not allows_older:
            raise LedgerError(
                "ledger/older",
                f"the copy holds {journal.size()} entries, and a checkpoint is known that covers {known.size if known else 0}",
                help="find a newer copy; `--older` restores this one all the same, and witnesses will refuse what it signs",
            )
        report = _verified(journal, keyring, folder, None if missing else known)
        return Proven(report, *_try_keys(journal, keyring), missing)
    finally:
        journal.close()
        keyring.close()


def _verified(journal: Journal, keyring: KeyRing, folder: Path, known: Known | None) -> Report:
    note = journal.checkpoint()
    if note is None:
        raise LedgerError(
            "ledger/restore", "nothing of the copy was ever signed", help="use a copy of a ledger that was in use"
        )
    key = log_verifier(_origin(note), keyring.secret("log"), folder)
    report = verify(journal, key, checkpoint=note, known=known.note if known else None, payload=journal.payload)
    if report.standing is not Standing.OK:
        failed = next(check for check in report.checks if check.standing is not Standing.OK)
        raise LedgerError(
            "ledger/restore", f"the copy does not verify: {failed.name}: {failed.detail}", help="use another copy"
        )
    return report


def _try_keys(journal: Journal, keyring: KeyRing) -> tuple[int, int]:
    """How many keys open what they sealed, and how many are gone. Raises: LedgerError when one does not."""
    seen: dict[str, str] = {}
    for leaf in journal.leaves(0, journal.size()):
        for ref in entry.decode(leaf).payload:
            seen.setdefault(ref.ring, ref.commitment)
    opened = 0
    for ring, commitment in seen.items():
        key, sealed = keyring.key(ring), journal.payload(commitment)
        if key is not None and sealed is not None:
            payload.unseal(sealed, key)
            opened += 1
    return opened, len(seen) - opened


def record(folder: Path, *, size: int, made_ms: int, missing: int, now_ms: int) -> int:
    """Say in the restored ledger that it was restored, and sign that. The index of the entry. Raises: StoreError, LedgerError, SettingsError."""
    keyring = open_keyring(folder)
    journal = open_journal(folder)
    try:
        body = {"size": size, "made": made_ms, "missing": missing}
        leaf = entry.encode(entry.Kind.RESTORED, now_ms, body)
        index = journal.size()
        journal.commit(Batch((leaf,))).result(_DEADLINE_S)
        note = journal.checkpoint()
        if note is None:
            raise SettingsError("settings/no-checkpoint", "nothing was signed yet")
        Checkpointer(journal, log_signer(_origin(note), keyring.secret("log"), folder)).advance()
        return index
    finally:
        journal.close()
        keyring.close()


def _origin(note: bytes) -> str:
    """The name of the log, as its own checkpoint says."""
    return split_note(note).text.partition("\n")[0]
