"""What commands work on: the settings, the manifest, the state folder, and the server that may be running on it.

The store is imported where it is opened, so that commands that open none start faster.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trilens.errors import ManifestError, SettingsError
from trilens.operators.address import Address, read_address
from trilens.settings import Settings, from_environment
from trilens.storage.ports import Journal, KeyRing
from trilens.vocabulary.system import System

_JOURNAL, _LOCK = "journal.db", "journal.lock"


def now_ms() -> int:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def settings_of(system: Path | None) -> Settings:
    return from_environment(os.environ, system=system)


def has_state(settings: Settings) -> bool:
    return (settings.home / _JOURNAL).exists()


def require_state(settings: Settings) -> None:
    """Raises: SettingsError `settings/no-state` when nothing was ever made there."""
    if not has_state(settings):
        raise SettingsError(
            "settings/no-state",
            f"there is no ledger in `{settings.home}`",
            help="`trilens init` makes one; `--system PATH` or `TRILENS_HOME` names another place",
        )


def load_system(settings: Settings, environment: Mapping[str, str] = os.environ) -> System:
    """The system the manifest declares. Raises: ManifestError, ExtensionError."""
    # the manifest's reader and the guards' sheets are only loaded by commands that need them
    from trilens.declare.load import load as load_manifest
    from trilens.lenses.catalog import load as load_guards

    sheets = [guard.sheet for guard in load_guards()]
    return load_manifest(settings.system, sheets, environment=environment).system


@dataclass(frozen=True, slots=True)
class State:
    """The state folder, opened."""

    journal: Journal
    keyring: KeyRing
    home: Path


@contextmanager
def opened(settings: Settings, *, read_only: bool) -> Iterator[State]:
    """Open the state folder. Reading needs no lock and works beside a running server.

    Raises:
        SettingsError: there is none.
        StoreError: it cannot be opened; `store/locked` when it should be written and another process does.
    """
    from trilens.storage.sqlite.journal import open_journal
    from trilens.storage.sqlite.keyring import open_keyring

    require_state(settings)
    keyring = open_keyring(settings.home)
    try:
        journal = open_journal(settings.home, read_only=read_only)
        try:
            yield State(journal, keyring, settings.home)
        finally:
            journal.close()
    finally:
        keyring.close()


def sign_checkpoint(state: State, system: System) -> None:
    """Bring the signed checkpoint up to what was just written. Raises: LedgerError, StoreError."""
    from trilens.prove.ledger.log import Checkpointer
    from trilens.prove.ledger.logkey import log_signer

    Checkpointer(state.journal, log_signer(system.id, state.keyring.secret("log"), state.home)).advance()


def running_server(settings: Settings) -> Address | None:
    """The server that holds the journal now; None when none does, or what holds it is no server.

    A killed server leaves its address behind, and its port may be anybody's by now: only the process that holds the lock is believed.
    """
    address = read_address(settings.home)
    return address if address is not None and address.pid == _lock_holder(settings.home) else None


def _lock_holder(home: Path) -> int | None:
    """The process that holds the lock; None when nobody does."""
    import fcntl

    try:
        handle = os.open(home / _LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
        return int(text) if text.isdecimal() else None
    finally:
        os.close(handle)
    return None


def policy_in_force(settings: Settings) -> str:
    """Digest of the manifest that decides now: the running server's, or the one on disk; empty when that cannot be read."""
    server = running_server(settings)
    if server is not None:
        return server.policy
    try:
        return load_system(settings).digest
    except ManifestError:
        return ""
