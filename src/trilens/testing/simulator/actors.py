"""Who acts: clients that ask, ask again and run what they are given, and a person who decides. Each is a procedure that yields what it waits for."""

import hashlib
import json
from collections.abc import Generator
from concurrent.futures import Future
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol, TypeAlias

from trilens.enforce.drive import Answered, Asked, Driver, Ruled
from trilens.enforce.hold import Approved, Fresh, Refused, Waiting
from trilens.enforce.plan import Ruling
from trilens.errors import StoreError
from trilens.prove.ledger.entry import Kind, encode
from trilens.storage.ports import Batch, CaseMove, CaseState
from trilens.testing.simulator.shop import MAC
from trilens.testing.simulator.store import SimulatedJournal
from trilens.vocabulary.event import Call, Turn
from trilens.vocabulary.outcome import EventKind, Outcome, Role
from trilens.vocabulary.principal import Principal

Procedure: TypeAlias = Generator["Future[Any]", Any, None]
_PATIENCE = 12
"""How often a client asks for the same thing before it gives up."""


class SteppingDriver(Driver):
    """Its methods answer the procedure itself, for the scheduler to run."""

    def _run(self, steps: Any) -> Any:
        return steps


class Stage(Protocol):
    """What an actor is given."""

    random: Random

    @property
    def driver(self) -> Any: ...
    @property
    def journal(self) -> SimulatedJournal: ...
    def now_ms(self) -> int: ...
    def model(self) -> "Future[int]":
        """What a model proposes to refund, in EUR, when it answers. Fails with StoreError when it does not."""
        ...

    def pause(self) -> "Future[None]": ...
    def execute(self, who: Principal, ruling: Ruling) -> None:
        """A tool runs: an effect in the world."""
        ...


@dataclass(frozen=True, slots=True)
class Errand:
    """What a customer wants. It survives the process: a client asks again."""

    who: Principal
    number: int

    def asked(self) -> Asked:
        words = f"please refund what you owe me, case {self.number}"
        turn = Turn(Role.USER, words, hashlib.sha256(words.encode()).digest())
        request = MAC.of("request", self.who.account_holder, turn.digest)
        return Asked((turn,), self.who, "", request, "chat")


def client(stage: Stage, errand: Errand) -> Procedure:
    """Ask until it is refunded, refused, or not worth it any more."""
    asked = errand.asked()
    for _ in range(_PATIENCE):
        try:
            is_done = yield from _once(stage, errand, asked)
        except StoreError:
            is_done = False
        if is_done:
            return
        yield stage.pause()


def _once(stage: Stage, errand: Errand, asked: Asked) -> "Generator[Future[Any], Any, bool]":
    kept_case = ""
    match (yield from stage.driver.standing(asked)):
        case Waiting():
            return False
        case Refused():
            return True
        case Approved(case):
            kept_case, kept = case.id, stage.driver.kept(case)
            calls = _calls(errand, int(json.loads(kept)))
        case Fresh():
            ruled = yield from stage.driver.judge_request(asked)
            if ruled.plan.outcome not in (Outcome.ALLOW, Outcome.MODIFY):
                return True
            amount = yield stage.model()
            kept, calls = json.dumps(amount).encode(), _calls(errand, amount)
        case other:
            raise AssertionError(f"an unknown standing: {type(other).__name__}")
    ruled = yield from stage.driver.judge_answer(asked, Answered("", calls), kept=kept, kept_case=kept_case)
    return _release(stage, errand, ruled)


def _calls(errand: Errand, amount: int) -> tuple[Call, ...]:
    return (Call(f"call-{errand.number}", "refund", json.dumps({"amount": amount})),)


def _release(stage: Stage, errand: Errand, ruled: Ruled) -> bool:
    if ruled.plan.outcome is Outcome.HOLD:
        return False
    for ruling in ruled.plan.rulings:
        if ruling.leaves is not None and ruling.event.kind is EventKind.TOOL_CALL:
            stage.execute(errand.who, ruling)
    return True


def approver(stage: Stage) -> Procedure:
    """Decide open cases, in no order, for ever."""
    while True:
        cases = [case for case in stage.journal.cases(state=CaseState.OPEN) if case.is_live(stage.now_ms())]
        if cases:
            case = stage.random.choice(cases)
            after = stage.random.choice((CaseState.APPROVED, CaseState.APPROVED, CaseState.REFUSED))
            now_ms = stage.now_ms()
            move = CaseMove(case.id, CaseState.OPEN, after, "lead", now_ms)
            leaf = encode(Kind.CASE_DECIDED, now_ms, {"case": case.id, "action": _WORDS[after]})
            try:
                yield stage.journal.commit(Batch((leaf,), moved=(move,)))
            except StoreError:
                # it can be decided again
                yield stage.pause()
        yield stage.pause()


_WORDS = {CaseState.APPROVED: "approve", CaseState.REFUSED: "refuse"}
