"""The scheduler: one random choice after another, all from one seed, and the invariants after each.

A step lets one actor go on, answers a question, writes a group, lets time pass, or breaks something. What can break: a group conflicts, fails,
fails and is there nevertheless; an actor's deadline comes; a model fails; the process dies between any two steps, with what its disk holds;
the wall clock is set. In the end nothing breaks any more, and then everybody must come to an end.
"""

import hashlib
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from trilens.clock import SteadyClock
from trilens.enforce.plan import Ruling
from trilens.errors import StoreError
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.verify import Standing, verify
from trilens.testing.simulator import actors, shop
from trilens.testing.simulator.actors import Errand, Procedure, SteppingDriver
from trilens.testing.simulator.invariants import BrokenInvariant, Effect, Invariants
from trilens.testing.simulator.store import Disk, SimulatedJournal, WriteFault
from trilens.vocabulary.principal import Principal

_BEGINS_MS = 1_795_600_800_000
_STEPS = 400
_MOST_STEPS_TO_THE_END = 20_000
_HOUR_MS = 3_600_000
_ERRANDS = 16
_AMOUNTS_EUR = (30, 60, 100, 100, 101, 250, 400, 600)


@dataclass(slots=True)
class Actor:
    name: str
    procedure: Procedure
    errand: Errand | None
    waits_for: "Future[Any] | None" = None
    is_done: bool = False

    @property
    def can_go_on(self) -> bool:
        return not self.is_done and (self.waits_for is None or self.waits_for.done())


@dataclass(frozen=True, slots=True)
class Played:
    """What became of a seed."""

    seed: int
    steps: int
    effects: int
    entries: int
    crashes: int
    faults: int
    digest: str
    """SHA-256 of the trace: two runs of one seed have the same."""


@dataclass(slots=True)
class World:
    """One seed. `play` it once."""

    seed: int
    steps: int = _STEPS
    trace: list[str] = field(default_factory=list)
    random: Random = field(init=False)
    disk: Disk = field(init=False)
    invariants: Invariants = field(init=False)
    journal: SimulatedJournal = field(init=False)
    driver: Any = field(init=False)
    _actors: list[Actor] = field(default_factory=list)
    _errands: list[Errand] = field(default_factory=list)
    _models: "list[Future[int]]" = field(default_factory=list)
    _wall_ms: int = _BEGINS_MS
    _monotonic_ms: int = 1
    _steady: SteadyClock = field(init=False)
    _ids: "count[int]" = field(default_factory=count)
    _crashes: int = 0
    _faults: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311 - a schedule, to be played again
        self.disk = Disk()
        self.invariants = Invariants(self.disk)
        customers = [self.random.choice(shop.CUSTOMERS) for _ in range(_ERRANDS)]
        # two clients with the same errand: a proxy that repeats, a person who clicks twice
        self._errands = [
            Errand(who, number // 2) for number, who in enumerate(sorted(customers, key=lambda w: w.person))
        ]
        self._start()

    def play(self) -> Played:
        """Raises: BrokenInvariant, with the seed and the last steps."""
        try:
            for _ in range(self.steps):
                self._step(breaks=True)
            self._recover()
            self._finish()
        except (BrokenInvariant, StoreError) as error:
            last = "\n  ".join(self.trace[-30:])
            raise BrokenInvariant(f"seed {self.seed}: {error}\n  {last}") from error
        digest = hashlib.sha256("\n".join(self.trace).encode()).hexdigest()
        return Played(
            self.seed,
            len(self.trace),
            len(self.invariants.effects),
            self.disk.size(),
            self._crashes,
            self._faults,
            digest,
        )

    # what actors are given

    def now_ms(self) -> int:
        return self._steady()

    def model(self) -> "Future[int]":
        self._models.append(Future())
        return self._models[-1]

    def pause(self) -> "Future[None]":
        future: Future[None] = Future()
        future.set_result(None)
        return future

    def execute(self, who: Principal, ruling: Ruling) -> None:
        amount = ruling.event.arguments()["args.amount"]
        decision = ruling.decision
        self.invariants.effects.append(
            Effect(decision.id, who.reader, int(str(amount)), decision.basis.now_ms, decision.case, decision.intent_mac)
        )
        self._note(f"effect {amount} EUR to {who.person} by {decision.id} {decision.case}")

    # steps

    def _step(self, *, breaks: bool) -> None:
        choices: list[tuple[int, Callable[[], None]]] = [(2, self._pass_time)]
        if any(actor.can_go_on for actor in self._actors):
            choices.append((12, self._go_on))
        if self.journal.asked:
            choices.append((8, self._answer))
        if self.journal.waiting:
            choices.append((6, lambda: self._write(WriteFault.NONE)))
        if self._models:
            choices.append((4, self._model_answers))
        if breaks:
            choices += [(1, self._break_write), (1, self._deadline), (1, self._model_fails)]
            choices += [(1, self._set_clock), (1, self._crash)] if self.random.random() < 0.2 else []
        weights, acts = [weight for weight, _ in choices], [act for _, act in choices]
        self.random.choices(acts, weights)[0]()
        self.invariants.look()
        if self.journal.failure is not None:
            self._crash()

    def _go_on(self) -> None:
        actor = self.random.choice([actor for actor in self._actors if actor.can_go_on])
        waits_for, actor.waits_for = actor.waits_for, None
        self._resume(actor, waits_for)

    def _resume(self, actor: Actor, waits_for: "Future[Any] | None") -> None:
        try:
            if waits_for is None:
                actor.waits_for = next(actor.procedure)
            elif (error := waits_for.exception()) is not None:
                actor.waits_for = actor.procedure.throw(error)
            else:
                actor.waits_for = actor.procedure.send(waits_for.result())
        except StopIteration:
            actor.is_done = True
        self._note(f"{actor.name} {'ends' if actor.is_done else 'goes on'}")

    def _answer(self) -> None:
        self.journal.answer(self.random.randrange(len(self.journal.asked)))
        self._note("a question is answered")

    def _write(self, fault: WriteFault) -> None:
        size = self.random.randrange(1, len(self.journal.waiting) + 1)
        self.journal.write(size, fault)
        self._note(f"{size} written: {fault}, {self.disk.size()} on disk, {self.disk.acknowledged} acknowledged")

    def _break_write(self) -> None:
        if self.journal.waiting:
            self._faults += 1
            self._write(self.random.choice([fault for fault in WriteFault if fault is not WriteFault.NONE]))

    def _deadline(self) -> None:
        waiting = [actor for actor in self._actors if not actor.is_done and not actor.can_go_on]
        if not waiting:
            return
        actor = self.random.choice(waiting)
        if actor.waits_for is not None and actor.waits_for.cancel():
            self._faults += 1
            self._models = [model for model in self._models if not model.cancelled()]
            late: Future[Any] = Future()
            late.set_exception(StoreError("store/deadline", "too late"))
            self._note(f"the deadline of {actor.name}")
            actor.waits_for = late

    def _model_answers(self) -> None:
        model = self._models.pop(self.random.randrange(len(self._models)))
        model.set_result(self.random.choice(_AMOUNTS_EUR))
        self._note("a model answers")

    def _model_fails(self) -> None:
        if self._models:
            self._faults += 1
            self._models.pop().set_exception(StoreError("upstream/unavailable", "the model failed"))
            self._note("a model fails")

    def _pass_time(self) -> None:
        ms = self.random.choice((1, 50, 1_000, 60_000))
        self._wall_ms += ms
        self._monotonic_ms += ms

    def _set_clock(self) -> None:
        self._faults += 1
        by_ms = self.random.choice((-400 * 24 * _HOUR_MS, -_HOUR_MS, -5_000, 5_000, _HOUR_MS))
        self._wall_ms += by_ms
        self._note(f"the clock is set by {by_ms} ms")

    def _crash(self) -> None:
        self._crashes += 1
        self._note(f"the process dies; {self.disk.size()} on disk, {self.disk.acknowledged} acknowledged")
        for actor in self._actors:
            actor.procedure.close()
        self._errands = [actor.errand for actor in self._actors if actor.errand and not actor.is_done]
        self._start()

    def _start(self) -> None:
        self._steady = SteadyClock(lambda: self._wall_ms, lambda: self._monotonic_ms)
        self._models = []
        self.journal = SimulatedJournal(self.disk, self._steady())
        self.driver = SteppingDriver(
            shop.bench(lambda: f"{next(self._ids):020x}"),
            journal=self.journal,
            keyring=shop.SimulatedKeyRing(),
            clock=self._steady,
            random=self.random.randbytes,
        )
        clients = (
            Actor(f"{errand.who.person}/{number}", actors.client(self, errand), errand)
            for number, errand in enumerate(self._errands)
        )
        self._actors = [*clients, Actor("approver", actors.approver(self), None)]

    # the end

    def _recover(self) -> None:
        """From here on nothing breaks; the clock is right again."""
        self._wall_ms = max(self._wall_ms, _BEGINS_MS)
        self._crash()

    def _finish(self) -> None:
        for _ in range(_MOST_STEPS_TO_THE_END):
            if all(actor.is_done for actor in self._actors if actor.errand):
                break
            self._step(breaks=False)
        else:
            raise BrokenInvariant("nothing breaks any more, and somebody still waits")
        self.invariants.look_at_all()
        signer = Signer("simulated-shop", bytes(32))
        Checkpointer(self.journal, signer).advance()
        found = verify(self.journal, signer.verifier, checkpoint=self.journal.checkpoint())
        if found.standing is not Standing.OK:
            raise BrokenInvariant(f"the ledger does not verify: {found}")

    def _note(self, what: str) -> None:
        self.trace.append(f"{len(self.trace)}: {what}")
