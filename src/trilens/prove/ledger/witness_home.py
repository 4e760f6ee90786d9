"""The folder of a witness, made once by `make_witness` and afterwards only opened.

    witness.key    its name and its seed, for its owner alone
    logs           the keys of the logs it signs for, one a line; lines that begin with `#` are for people
    state/         the newest checkpoint of each

It belongs on another machine than the ledgers, and into other hands.
"""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path

from trilens.errors import SettingsError, StoreError
from trilens.prove.ledger.cosign import Cosigner
from trilens.prove.ledger.durable import write_durably
from trilens.prove.ledger.note import VerifierKey, decode_base64, parse_verifier_key
from trilens.prove.ledger.witness import Witness, WitnessLogs

_KEY, _LOGS, _STATE = "witness.key", "logs", "state"
_TITLE = "trilens witness key"
SEED_BYTES = 32
_FOLDER_MODE = 0o700


def make_witness(folder: Path, name: str, *, logs: Sequence[VerifierKey], random: Callable[[int], bytes]) -> Cosigner:
    """Make the folder with a new key, durable on return.

    Raises:
        SettingsError: no key can have the name; code `settings/key-name`.
        StoreError: a witness is there already (`store/exists`), or the folder cannot be written.
    """
    seed = random(SEED_BYTES)
    cosigner = Cosigner(name, seed)
    if (folder / _KEY).exists() or (folder / _STATE).exists():
        raise StoreError("store/exists", f"`{folder}` already holds a witness", help="serve it, or name another folder")
    try:
        folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        folder.chmod(_FOLDER_MODE)
        (folder / _STATE).mkdir(mode=_FOLDER_MODE)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise StoreError("store/read-only", f"cannot write `{folder}`: {reason}") from error
    write_durably(folder / _LOGS, "".join(f"{key}\n" for key in logs).encode())
    write_durably(folder / _KEY, f"{_TITLE}\n{name}\n{base64.b64encode(seed).decode()}\n".encode())
    return cosigner


def open_witness(folder: Path, *, clock: Callable[[], int]) -> Witness:
    """The witness of a folder.

    Raises:
        SettingsError: there is none (`settings/no-witness`), or a file is not of its form (`settings/witness-file`).
        StoreError: what it remembers is gone; code `store/missing`.
    """
    cosigner = read_cosigner(folder)
    logs: dict[str, list[VerifierKey]] = {}
    for key in read_logs(folder):
        logs.setdefault(key.name, []).append(key)
    return Witness(cosigner, logs, WitnessLogs(folder / _STATE), clock=clock)


def read_cosigner(folder: Path) -> Cosigner:
    """Raises: SettingsError, as `open_witness`."""
    lines = _text(folder, _KEY).split("\n")
    seed = decode_base64(lines[2]) if len(lines) == 4 else None
    if lines[0] != _TITLE or seed is None or len(seed) != SEED_BYTES or lines[3]:
        raise _unreadable(folder / _KEY)
    return Cosigner(lines[1], seed)


def read_logs(folder: Path) -> tuple[VerifierKey, ...]:
    """Raises: SettingsError, as `open_witness`; of a line that is no key `settings/verifier-key`."""
    lines = (line.strip() for line in _text(folder, _LOGS).split("\n"))
    return tuple(parse_verifier_key(line) for line in lines if line and not line.startswith("#"))


def _text(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SettingsError(
            "settings/no-witness", f"there is no witness in `{folder}`", help="`trilens witness init` makes one"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(folder / name) from error


def _unreadable(path: Path) -> SettingsError:
    return SettingsError("settings/witness-file", f"`{path}` is not a file of a witness", help="restore it from a copy")
