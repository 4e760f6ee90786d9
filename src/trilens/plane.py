"""The composition root: every part of one installation, wired once. Only here does a storage backend have a name."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from trilens.clock import TOLERATED_MS, ClockStep, SteadyClock
from trilens.declare.files import reader
from trilens.declare.parse import parse
from trilens.enforce.drive import AsyncDriver, Driver
from trilens.enforce.pipeline import Bench
from trilens.entropy import EntropyPool
from trilens.errors import SettingsError, StoreError, TrilensError
from trilens.lenses.catalog import engine_name, load, prepare
from trilens.lenses.lens import Guard
from trilens.prove.controls.catalogue import check_links, load_catalogue
from trilens.prove.ledger import entry
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.logkey import log_signer
from trilens.settings import Settings
from trilens.storage.ports import Batch, Journal, KeyRing, KeyStore
from trilens.storage.sqlite.journal import open_journal
from trilens.storage.sqlite.keyring import open_keyring
from trilens.storage.sqlite.keystore import open_keystore
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.system import System

CHECKPOINT_EVERY_S = 1.0
_DEADLINE_S = 10.0
_LAST_ENTRIES = 16
"""What is looked at to see whether the clock stands before what was recorded last."""


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
                _record(self.journal, _run_entry(entry.Kind.STOPPED, self.bench, self.clock()))
                self.checkpointer.advance()
        finally:
            self.journal.close()
            self.keyring.close()


class Heartbeat:
    """Signs a checkpoint about once a second while the ledger grows, in a thread of its own, and records when the wall clock was set.

    What it reads back and finds changed ends the run: the journal is closed, so that nothing more can be recorded or released.
    """

    def __init__(self, checkpointer: Checkpointer, journal: Journal, steady: SteadyClock | None) -> None:
        self.failure: TrilensError | None = None
        self._stop = threading.Event()
        self._checkpointer = checkpointer
        self._journal = journal
        self._steady = steady
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
                self.look()
            except TrilensError as error:
                self.failure = error
                structlog.get_logger().error("checkpoint_failed", code=error.code, reason=error.message)
                self._journal.close()
                return

    def look(self) -> None:
        """What one beat does. Raises: StoreError, LedgerError."""
        step = self._steady.step() if self._steady else None
        if self._steady and step:
            _record(self._journal, _clock_entry(step, self._steady()))
        self._checkpointer.advance()


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


def open_plane(settings: Settings, environment: Mapping[str, str], *, clock: Callable[[], int] | None = None) -> Plane:
    """Wire the parts of one installation and record that it runs.

    Args:
        clock: milliseconds since 1970 UTC; by default one that goes on when the system's is set back.

    Raises:
        ManifestError, SettingsError, ExtensionError, StoreError: it cannot run safely; nothing is served.
    """
    guards = load()
    prepare(guards)
    check_links(load_catalogue(), (guard.sheet for guard in guards))
    system = load_system(settings, environment, guards)
    keyring = open_keyring(settings.home)
    journal = open_journal(settings.home)
    try:
        return _started(settings, environment, system, guards, keyring, journal, clock or SteadyClock())
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
    checkpointer = Checkpointer(journal, log_signer(system.id, keyring.secret("log"), settings.home))
    keystore = open_keystore(settings.home)
    # with a key that is not the log's, not even the start is recorded
    checkpointer.advance()
    now_ms = clock()
    _record(journal, *_set_back(journal, now_ms), _run_entry(entry.Kind.STARTED, bench, now_ms))
    checkpointer.advance()
    beat = Heartbeat(checkpointer, journal, clock if isinstance(clock, SteadyClock) else None)
    beat.start()
    return Plane(
        settings=settings,
        environment=environment,
        bench=bench,
        journal=journal,
        keyring=keyring,
        keystore=keystore,
        driver=AsyncDriver(bench, journal=journal, keyring=keyring, clock=clock, random=entropy.draw),
        sync_driver=Driver(bench, journal=journal, keyring=keyring, clock=clock, random=entropy.draw),
        checkpointer=checkpointer,
        clock=clock,
        beat=beat,
    )


def _record(journal: Journal, *leaves: bytes) -> None:
    """Raises: StoreError, and then the entries are not there, or named as recovered."""
    future = journal.commit(Batch(leaves))
    try:
        future.result(_DEADLINE_S)
    except TimeoutError as error:
        future.cancel()
        raise StoreError(
            "store/deadline", f"the journal did not answer within {_DEADLINE_S:g} s", help="look at the disk"
        ) from error


def _run_entry(kind: entry.Kind, bench: Bench, now_ms: int) -> bytes:
    guards = [[g.sheet.name, g.sheet.digest] for g in bench.guards]
    body = {"policy": bench.system.digest, "engine": bench.engine, "guards": guards}
    return entry.encode(kind, now_ms, body)


def _set_back(journal: Journal, now_ms: int) -> tuple[bytes, ...]:
    """An entry when the clock stands before the last entries; none otherwise."""
    size = journal.size()
    last_ms = max((entry.decode(leaf).at_ms for leaf in journal.leaves(max(0, size - _LAST_ENTRIES), size)), default=0)
    return (_clock_entry(ClockStep(last_ms, now_ms), now_ms),) if last_ms - now_ms > TOLERATED_MS else ()


def _clock_entry(step: ClockStep, now_ms: int) -> bytes:
    return entry.encode(entry.Kind.CLOCK_SET, now_ms, {"expected": step.expected_ms, "shown": step.shown_ms})
