"""The key a log signs with, after it was replaced: `log.key` in the state folder, for its owner alone.

    log.key         the seed in force and the keys before it; without it the key ring's own is in force
    log.key.next    a key that is being introduced; while it is there, nothing is signed

    1 the new key is written to `log.key.next`
    2 the entry that announces it is committed, signed by the old key and the new one
    3 `log.key.next` becomes `log.key`, and the new key signs what covers that entry

A crash between any two of them leaves a log that refuses to sign until `rotate` has gone on from there.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trilens.errors import SettingsError, StoreError
from trilens.prove.ledger import entry
from trilens.prove.ledger.durable import rename_durably, write_durably
from trilens.prove.ledger.note import Signer, VerifierKey, decode_base64, parse_verifier_key
from trilens.prove.ledger.succession import announce
from trilens.storage.ports import Batch, Journal

FILE, NEXT = "log.key", "log.key.next"
_TITLE = "trilens log key"
_SEED, _FORMER = "seed ", "former "
SEED_BYTES = 32
_ENTRIES_PER_STEP = 4_096
_DEADLINE_S = 10.0


def log_signer(name: str, first: bytes, home: Path) -> Signer:
    """What signs the log in `home` now.

    Args:
        first: the seed the log was made with.

    Raises:
        SettingsError: a key is being replaced (`settings/log-key`), or the file is not of its form (`settings/log-key-file`).
    """
    if (home / NEXT).exists():
        raise SettingsError(
            "settings/log-key",
            "the key of the ledger is being replaced, and that was not finished",
            help="run `trilens ledger rotate` again: it goes on from where it stopped",
        )
    return _signer(name, first, home)


def log_verifier(name: str, first: bytes, home: Path) -> VerifierKey:
    """The key that verifies the log in `home` now; also while it is being replaced. Raises: SettingsError `settings/log-key-file`."""
    return _signer(name, first, home).verifier


def rotate(
    journal: Journal, name: str, *, first: bytes, home: Path, now_ms: int, random: Callable[[int], bytes]
) -> Signer:
    """Replace the key of the log, or finish what an earlier call began; answers the new one, which has signed nothing yet.

    The journal must be held for writing, so that nothing else is signed meanwhile.

    Raises:
        SettingsError: a key file is not of its form; code `settings/log-key-file`.
        StoreError: it could not be written; call it again.
    """
    old = _signer(name, first, home)
    # (1): the new key, durably
    if not (home / NEXT).exists():
        former = (*old.former, old.verifier)
        write_durably(home / NEXT, _encode(_Kept(random(SEED_BYTES), former)))
    kept = _read(home / NEXT)
    new = Signer(name, kept.seed, former=kept.former)
    # (2): said by both keys
    if not _is_announced(journal, new.verifier):
        leaf = entry.encode(entry.Kind.LOG_KEY, now_ms, announce(old, new))
        journal.commit(Batch((leaf,))).result(_DEADLINE_S)
    # (3): in force
    try:
        rename_durably(home / NEXT, home / FILE)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise StoreError("store/read-only", f"cannot write `{home / FILE}`: {reason}") from error
    return new


def _signer(name: str, first: bytes, home: Path) -> Signer:
    if not (home / FILE).exists():
        return Signer(name, first)
    kept = _read(home / FILE)
    return Signer(name, kept.seed, former=kept.former)


def _is_announced(journal: Journal, key: VerifierKey) -> bool:
    needle, size = f"{key}\\n".encode(), journal.size()
    starts = range(0, size, _ENTRIES_PER_STEP)
    return any(
        needle in leaf for start in starts for leaf in journal.leaves(start, min(start + _ENTRIES_PER_STEP, size))
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    seed: bytes
    former: tuple[VerifierKey, ...]


def _encode(kept: _Kept) -> bytes:
    former = "".join(f"{_FORMER}{key}\n" for key in kept.former)
    return f"{_TITLE}\n{_SEED}{base64.b64encode(kept.seed).decode()}\n{former}".encode()


def _read(path: Path) -> _Kept:
    try:
        title, seed, *former = path.read_text(encoding="ascii").removesuffix("\n").split("\n")
        data = decode_base64(seed.removeprefix(_SEED))
        kept = _Kept(data or b"", tuple(parse_verifier_key(line.removeprefix(_FORMER)) for line in former))
    except (OSError, ValueError, SettingsError) as error:
        raise _unreadable(path) from error
    if title != _TITLE or len(kept.seed) != SEED_BYTES or _encode(kept) != path.read_bytes():
        raise _unreadable(path)
    return kept


def _unreadable(path: Path) -> SettingsError:
    return SettingsError(
        "settings/log-key-file",
        f"`{path}` is not a key file of the ledger",
        help="restore it from the same copy as `keys.db`",
    )
