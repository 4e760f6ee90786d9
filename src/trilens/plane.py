"""The composition root: every part of one installation, wired once. Only here does a storage backend have a name."""

import datetime as dt
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import structlog

from trilens.clock import TOLERATED_MS, ClockStep, SteadyClock
from trilens.declare.diagnose import diagnose
from trilens.declare.diagnosis import Severity
from trilens.declare.files import reader
from trilens.declare.parse import parse, parse_manifest
from trilens.enforce.drive import AsyncDriver, Driver
from trilens.enforce.pipeline import Bench
from trilens.enforce.policy import SealedPolicy, seal_policy
from trilens.entropy import EntropyPool
from trilens.errors import ManifestError, SettingsError, StoreError, TrilensError
from trilens.lenses.catalog import engine_name, load, prepare
from trilens.lenses.lens import Guard
from trilens.mechanisms.policy.condition import compile_condition
from trilens.people.notify.http import read_receiver
from trilens.people.notify.message import read_secret
from trilens.people.notify.post import Postman
from trilens.prove.controls.catalogue import check_links, load_catalogue
from trilens.prove.ledger import entry
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.logkey import log_signer
from trilens.settings import Settings
from trilens.storage.ports import Batch, Journal, KeyRing, KeyStore, Sealed
from trilens.storage.sqlite.journal import open_journal
from trilens.storage.sqlite.keyring import open_keyring
from trilens.storage.sqlite.keystore import open_keystore
from trilens.vocabulary.canonical import Json, Mac
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
    postman: Postman | None
    """None when nobody is told."""

    @property
    def system(self) -> System:
        return self.bench.system

    @property
    def guards(self) -> tuple[Guard, ...]:
        return tuple(self.bench.guards)

    def close(self) -> None:
        """Record the end of the run, sign the last checkpoint, let go of the ledger. Raises: StoreError, LedgerError."""
        if self.postman is not None:
            self.postman.stop()
        self.beat.stop()
        try:
            if self.beat.failure is None:
                now_ms = self.clock()
                ran = self.bench.liveness.take(now_ms, at_once=True)
                _record(self.journal, _run_entry(entry.Kind.STOPPED, self.bench, now_ms, more=ran or {}))
                self.checkpointer.advance()
        finally:
            self.journal.close()
            self.keyring.close()


class Heartbeat:
    """Signs a checkpoint about once a second while the ledger grows, in a thread of its own, and records when the wall clock was set
    and which guards ran.

    What it reads back and finds changed ends the run: the journal is closed, so that nothing more can be recorded or released.
    """

    def __init__(
        self,
        checkpointer: Checkpointer,
        journal: Journal,
        steady: SteadyClock | None,
        liveness: Callable[[], bytes | None] = lambda: None,
    ) -> None:
        """`liveness` gives the entry that tells which guards ran, when it is time for one."""
        self.failure: TrilensError | None = None
        self._stop = threading.Event()
        self._checkpointer = checkpointer
        self._journal = journal
        self._steady = steady
        self._liveness = liveness
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
        ran = self._liveness()
        if ran is not None:
            _record(self._journal, ran)
        self._checkpointer.advance()


def manifest_text(settings: Settings) -> str:
    """The manifest as it is written. Raises: SettingsError: there is none; code `settings/no-manifest`."""
    try:
        return settings.system.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SettingsError(
            "settings/no-manifest", f"no manifest at `{settings.system}`", help="`trilens init` writes one"
        ) from error


def load_system(manifest: str, settings: Settings, environment: Mapping[str, str], guards: tuple[Guard, ...]) -> System:
    """The system a manifest declares. Raises: ManifestError: all its problems at once."""
    return parse(
        manifest,
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
    manifest = manifest_text(settings)
    system = load_system(manifest, settings, environment, guards)
    keyring = open_keyring(settings.home)
    journal = open_journal(settings.home)
    try:
        return _started(settings, environment, manifest, system, guards, keyring, journal, clock or SteadyClock())
    except BaseException:
        # a run that did not begin leaves no lock behind
        journal.close()
        keyring.close()
        raise


def _started(
    settings: Settings,
    environment: Mapping[str, str],
    manifest: str,
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
    policy = seal_policy(manifest, system, keyring)
    new = () if journal.payload(policy.sealed.commitment) else (policy.sealed,)
    started = _run_entry(entry.Kind.STARTED, bench, now_ms, policy.ref)
    _record(journal, *_set_back(journal, now_ms), started, payloads=new)
    checkpointer.advance()
    steady = clock if isinstance(clock, SteadyClock) else None
    beat = Heartbeat(checkpointer, journal, steady, lambda: _guards_ran(bench, clock()))
    postman = _postman(environment, bench, journal, clock)
    beat.start()
    if postman is not None:
        postman.start()
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
        postman=postman,
    )


def _postman(
    environment: Mapping[str, str], bench: Bench, journal: Journal, clock: Callable[[], int]
) -> Postman | None:
    """Raises: SettingsError `settings/webhook-url`, `settings/webhook-secret`."""
    url, secret = environment.get("TRILENS_WEBHOOK_URL", ""), environment.get("TRILENS_WEBHOOK_SECRET", "")
    if not url and not secret:
        return None
    receiver, key = read_receiver(url), read_secret(secret)
    return Postman(
        journal, receiver.post, key, system=bench.system.id, log=bench.mac.of("webhook id")[:12], clock=clock
    )


@dataclass(frozen=True, slots=True)
class Renewed:
    """The same installation under the manifest that is on disk now, reviewed and not in force."""

    parts: Plane
    policy: SealedPolicy

    @property
    def body(self) -> dict[str, Json]:
        bench = self.parts.bench
        return {"engine": bench.engine, "guards": _guards(bench)}


def reread(plane: Plane) -> Renewed:
    """Read and review the manifest of a running installation again.

    Raises:
        ManifestError: as `load_system`, or with the errors of the review.
        SettingsError: there is none any more, or it is of another system (`settings/other-system`).
    """
    text = manifest_text(plane.settings)
    system = reviewed(text, plane.settings, plane.environment, plane.guards)
    if system.id != plane.system.id:
        raise SettingsError(
            "settings/other-system",
            f"the manifest is of `{system.id}`, and this ledger is of `{plane.system.id}`",
            help="another system has another state folder",
        )
    bench = replace(plane.bench, system=system)
    old = plane.driver
    parts = replace(
        plane,
        bench=bench,
        driver=AsyncDriver(
            bench, journal=old.journal, keyring=plane.keyring, clock=plane.clock, random=old.sealer.random
        ),
        sync_driver=Driver(
            bench, journal=old.journal, keyring=plane.keyring, clock=plane.clock, random=old.sealer.random
        ),
    )
    return Renewed(parts, seal_policy(text, system, plane.keyring))


def reviewed(manifest: str, settings: Settings, environment: Mapping[str, str], guards: tuple[Guard, ...]) -> System:
    """The system a manifest declares, with no error a careful reviewer would find. Raises: ManifestError."""
    read = parse_manifest(
        manifest,
        [guard.sheet for guard in guards],
        file=str(settings.system),
        environment=environment,
        read=reader(settings.system.resolve().parent),
    )
    today = dt.datetime.now().astimezone().date()
    said = diagnose(read, today=today, environment=environment, compile_condition=compile_condition)
    errors = tuple(
        ManifestError(found.code, found.message, help=found.help, place=found.place)
        for found in said
        if found.severity is Severity.ERROR
    )
    if errors:
        first = errors[0]
        raise ManifestError(first.code, first.message, help=first.help, place=first.place, problems=errors)
    return read.system


def _record(journal: Journal, *leaves: bytes, payloads: tuple[Sealed, ...] = ()) -> None:
    """Raises: StoreError, and then the entries are not there, or named as recovered."""
    future = journal.commit(Batch(leaves, payloads))
    try:
        future.result(_DEADLINE_S)
    except TimeoutError as error:
        future.cancel()
        raise StoreError(
            "store/deadline", f"the journal did not answer within {_DEADLINE_S:g} s", help="look at the disk"
        ) from error


def _run_entry(
    kind: entry.Kind,
    bench: Bench,
    now_ms: int,
    *policy: entry.PayloadRef,
    more: Mapping[str, Json] = MappingProxyType({}),
) -> bytes:
    body = {**more, "policy": bench.system.digest, "engine": bench.engine, "guards": _guards(bench)}
    return entry.encode(kind, now_ms, body, payload=policy)


def _guards_ran(bench: Bench, now_ms: int) -> bytes | None:
    ran = bench.liveness.take(now_ms)
    return None if ran is None else entry.encode(entry.Kind.GUARDS_RAN, now_ms, ran)


def _guards(bench: Bench) -> list[Json]:
    return [[guard.sheet.name, guard.sheet.digest] for guard in bench.guards]


def _set_back(journal: Journal, now_ms: int) -> tuple[bytes, ...]:
    """An entry when the clock stands before the last entries; none otherwise."""
    size = journal.size()
    last_ms = max((entry.decode(leaf).at_ms for leaf in journal.leaves(max(0, size - _LAST_ENTRIES), size)), default=0)
    return (_clock_entry(ClockStep(last_ms, now_ms), now_ms),) if last_ms - now_ms > TOLERATED_MS else ()


def _clock_entry(step: ClockStep, now_ms: int) -> bytes:
    return entry.encode(entry.Kind.CLOCK_SET, now_ms, {"expected": step.expected_ms, "shown": step.shown_ms})
