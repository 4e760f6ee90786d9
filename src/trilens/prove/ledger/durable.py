"""Files that are there whole or not at all, after a power cut too: written beside, synced, and renamed over the former one."""

import os
from pathlib import Path

from trilens.errors import StoreError

_MODE = 0o600


def write_durably(path: Path, data: bytes) -> None:
    """Replace the file, for its owner alone; durable on return. Raises: StoreError `store/read-only`, and then the former one stands."""
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.unlink(missing_ok=True)
        handle = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        rename_durably(beside, path)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise StoreError("store/read-only", f"cannot write `{path}`: {reason}") from error


def rename_durably(path: Path, to: Path) -> None:
    """Raises: OSError."""
    path.replace(to)
    handle = os.open(to.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
