"""Where the running server is: `server.json` in the state folder, for its owner alone.

The file proves nothing by itself, since a killed server leaves it behind. A reader sends a key there only when the process it names
is the one that holds the journal's lock.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from trilens.errors import SettingsError, StoreError

FILE = "server.json"


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int
    pid: int
    policy: str
    """Digest of the manifest the server judges by."""

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@contextmanager
def published(home: Path, address: Address) -> Iterator[None]:
    """Name the server in `home` for as long as the block runs. Raises: StoreError `store/read-only`."""
    publish(home, address)
    try:
        yield
    finally:
        (home / FILE).unlink(missing_ok=True)


def publish(home: Path, address: Address) -> None:
    """Name the server in `home`, in place of what was named before. Raises: StoreError `store/read-only`."""
    path = home / FILE
    try:
        _write(path, address)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise StoreError("store/read-only", f"cannot write `{path}`: {reason}") from error


def read_address(home: Path) -> Address | None:
    """The address of the server that runs, or once ran, on `home`; None when there is none.

    Raises:
        SettingsError: the file is not one that `published` writes; code `settings/server-file`.
    """
    path = home / FILE
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _unreadable(path) from error
    match fields:
        case {"host": str() as host, "port": int() as port, "pid": int() as pid, "policy": str() as policy}:
            return Address(host, port, pid, policy)
        case _:
            raise _unreadable(path)


def _write(path: Path, address: Address) -> None:
    fresh = path.with_name(f".{FILE}.{address.pid}")
    handle = os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(address), file)
    fresh.replace(path)


def _unreadable(path: Path) -> SettingsError:
    return SettingsError(
        "settings/server-file", f"`{path}` does not name a server", help="remove it when no server runs on this folder"
    )
