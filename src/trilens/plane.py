"""The composition root: every part of one installation, wired once. Only here does a storage backend have a name."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from trilens.declare.files import reader
from trilens.declare.parse import parse
from trilens.enforce.drive import AsyncDriver, Driver
from trilens.enforce.pipeline import Bench
from trilens.entropy import EntropyPool
from trilens.errors import SettingsError, TrilensError
from trilens.lenses.catalog import engine_name, load
from trilens.lenses.lens import Guard
from trilens.prove.controls.catalogue import check_links, load_catalogue
from trilens.prove.ledger import entry
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.note import Signer
from trilens.settings import Settings
from trilens.storage.ports import Batch, Journal, KeyRing, KeyStore
from trilens.storage.sqlite.journal import open_journal
from trilens.storage.sqlite.keyring import open_keyring
from trilens.storage.sqlite.keystore import open_keystore
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.system import System

CHECKPOINT_EVERY_S = 1.0


def wall_clock_ms() -> int:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Plane:
    """The parts. Nothing in it decides; everything that decides is given it."""

    settings: Settings
    environment: Mapping[str, str]
    bench: Bench
    journal: Journal
    keyring: KeyRing
    keystore: KeyStore
    driver: AsyncDriver
    sync_driver: Driver
    checkpointer: Checkpointer
    clock: Callable[[], int]
    beat: "Heartbeat"

    @property
    def system(self) -> System:
        return self.bench.system

    @property
    def guards(self) -> tuple[Guard, ...]:
        return tuple(self.bench.guards)

    def close(self) -> None:
        """Record the end of the run, sign the last checkpoint, let go of the ledger. Raises: StoreError, LedgerError."""
        self.beat.stop()
        try:
            if self.beat.failure is None:
                self.journal.commit(Batch((_run_entry(entry.Kind.STOPPED, self.bench, self.clock()),))).result(10)
                self.checkpointer.advance()
        finally:
            self.journal.close()
            self.keyring.close()


class Heartbeat:
    """Signs a checkpoint about once a second while the ledger grows, in a thread of its own.

    What it reads back and finds changed ends the run: the journal is closed, so that nothing more can be recorded or released.
    """

    def __init__(self, checkpointer: Checkpointer, journal: Journal) -> None:
        self.failure: TrilensError | None = None
        self._stop = threading.Event()
        self._checkpointer = checkpointer
        self._journal = journal
        self._thread = threading.Thread(target=self._run, name="trilens-checkpoints", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Return once no checkpoint is being written."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def _run(self) -> None:
        while not self._stop.wait(CHECKPOINT_EVERY_S):
            try:
                self._checkpointer.advance()
            except TrilensError as error:
                self.failure = error
                structlog.get_logger().error("checkpoint_failed", code=error.code, reason=error.message)
                self._journal.close()
                return


def load_system(settings: Settings, environment: Mapping[str, str], guards: tuple[Guard, ...]) -> System:
    """Read the manifest.

    Raises:
        ManifestError: all its problems at once.
        SettingsError: there is no manifest; code `settings/no-manifest`.
    """
    try:
        text = settings.system.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SettingsError(
            "settings/no-manifest", f"no manifest at `{settings.system}`", help="`trilens init` writes one"
        ) from error
    return parse(
        text,
        [guard.sheet for guard in guards],
        file=str(settings.system),
        environment=environment,
        read=reader(settings.system.resolve().parent),
    )


def open_plane(
    settings: Settings, environment: Mapping[str, str], *, clock: Callable[[], int] = wall_clock_ms
) -> Plane:
    """Wire the parts of one installation and record that it runs.

    Raises:
        ManifestError, SettingsError, ExtensionError, StoreError: it cannot run safely; nothing is served.
    """
    guards = load()
    check_links(load_catalogue(), (guard.sheet for guard in guards))
    system = load_system(settings, environment, guards)
    keyring = open_keyring(settings.home)
    journal = open_journal(settings.home)
    try:
        return _started(settings, environment, system, guards, keyring, journal, clock)
    except BaseException:
        # a run that did not begin leaves no lock behind
        journal.close()
        keyring.close()
        raise


def _started(
    settings: Settings,
    environment: Mapping[str, str],
    system: System,
    guards: tuple[Guard, ...],
    keyring: KeyRing,
    journal: Journal,
    clock: Callable[[], int],
) -> Plane:
    entropy = EntropyPool()
    bench = Bench(
        system=system,
        guards=guards,
        engine=engine_name(guards),
        mac=Mac(keyring.secret("mac")),
        new_id=lambda: entropy.draw(10).hex(),
    )
    checkpointer = Checkpointer(journal, Signer(system.id, keyring.secret("log")))
    journal.commit(Batch((_run_entry(entry.Kind.STARTED, bench, clock()),))).result(10)
    checkpointer.advance()
    beat = Heartbeat(checkpointer, journal)
    beat.start()
    return Plane(
        settings=settings,
        environment=environment,
        bench=bench,
        journal=journal,
        keyring=keyring,
        keystore=open_keystore(settings.home),
        driver=AsyncDriver(bench, journal=journal, keyring=keyring, clock=clock, random=entropy.draw),
        sync_driver=Driver(bench, journal=journal, keyring=keyring, clock=clock, random=entropy.draw),
        checkpointer=checkpointer,
        clock=clock,
        beat=beat,
    )


def _run_entry(kind: entry.Kind, bench: Bench, now_ms: int) -> bytes:
    guards = [[g.sheet.name, g.sheet.digest] for g in bench.guards]
    body = {"policy": bench.system.digest, "engine": bench.engine, "guards": guards}
    return entry.encode(kind, now_ms, body)
