"""What a story plays on: two models, a gateway with a state of its own, and an operator, all on loopback."""

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import openai

from trilens.cli import running
from trilens.cli.demo.record import Found, Judged, judged_since
from trilens.mechanisms import events
from trilens.mechanisms.budget.accounts import claims_of
from trilens.operators.address import Address
from trilens.people.approvals.shelf import OpenedCase, Shelf
from trilens.people.keys import NewKey
from trilens.people.workflow import Stage as CaseStage
from trilens.plane import Plane
from trilens.storage.ports import Query
from trilens.testing.scripted_model import Script, ScriptedModel
from trilens.vocabulary.amount import MICRO
from trilens.vocabulary.event import Call
from trilens.vocabulary.principal import Principal

_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Budget:
    """What a call left behind in the accounts of its tool."""

    spent: Decimal
    is_settled: bool


@dataclass(frozen=True, slots=True)
class Stage:
    example: Path
    folder: Path
    """Temporary: the state of Trilens in `trilens/`, and whatever the example keeps."""
    plane: Plane
    server: Address
    agent_key: NewKey
    operator_key: NewKey
    model: ScriptedModel
    spare: ScriptedModel
    client: openai.OpenAI
    """The real client, pointed at the gateway."""
    watchers: list[Callable[[], None]]
    """Told when an answer of the gateway begins to arrive."""
    endpoint: str
    """The real endpoint that answers; empty when the script does."""

    @contextmanager
    def watched(self, watcher: Callable[[], None]) -> Iterator[None]:
        """For a while `watcher` is told when an answer of the gateway begins to arrive."""
        self.watchers.append(watcher)
        try:
            yield
        finally:
            self.watchers.remove(watcher)

    @contextmanager
    def model_plays(self, script: Script) -> Iterator[None]:
        """For a while the model plays another script."""
        before = self.model.play(script)
        try:
            yield
        finally:
            self.model.play(before)

    def judged_since(self, start: int) -> Iterator[Judged]:
        """What the ledger says was decided from entry `start` on."""
        return judged_since(self.plane.journal, self.plane.driver.sealer, start)

    def reasons_of(self, case: str) -> tuple[Found, ...]:
        """Why the case was opened."""
        return tuple(found for item in self.judged_since(0) if item.case == case for found in item.reasons)

    def budget_after(self, call: Call, *, customer: str) -> Budget:
        """The most that is spent on any account `call` charges, and whether its outcome was seen."""
        system, mac, now_ms = self.plane.system, self.plane.bench.mac, self.plane.clock()
        role = next(role for role in system.people.values() if role.header)
        key = self.agent_key.record
        principal = Principal(key.id, key.agent, role.id, customer, role.region)
        event = events.tool_call(events.Scene(system, principal, "", mac, lambda: ""), call)
        accounts = tuple((claim.account, claim.since_ms) for claim in claims_of(event, system, mac, now_ms))
        released = events.call_mac(call, principal, mac)
        found = self.plane.journal.snapshot(Query(now_ms, accounts, calls=(released,))).result(10)
        known = found.calls.get(released)
        spent = Decimal(max(found.spent.values(), default=0)) / MICRO
        return Budget(spent, is_settled=known is not None and known.settled)

    def case(self, case: str) -> OpenedCase:
        """A case with its card. Raises: PeopleError."""
        return Shelf(self.plane.journal, self.plane.keyring, self.plane.clock, self.plane.system.digest).case(case)

    def approve(self, case: str) -> None:
        """Approve as the operator, through the server, as a second terminal does. Raises: TrilensError."""
        body = {"action": "approve"}
        running.ask(self.server, f"/operator/cases/{case}/decide", body, key=self.operator_key.text)

    def command(self, words: str, *, decides: bool = False) -> str:
        """What to type in a second terminal, for this installation; with the operator's key when it decides."""
        home, system = shlex.quote(str(self.plane.settings.home)), shlex.quote(str(self.plane.settings.system))
        key = f"TRILENS_OPERATOR_KEY={self.operator_key.text} " if decides else ""
        return f"TRILENS_HOME={home} {key}trilens {words} --system {system}"

    def is_decided(self, case: str, *, within_s: float) -> bool:
        """Whether somebody decides the case in time."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            if self.case(case).stage is not CaseStage.OPEN:
                return True
            time.sleep(_LOOK_S)
        return False
