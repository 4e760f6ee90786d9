"""A small installation for tests: a gateway on loopback, a real journal on disk, scripted models behind it, guards given as functions.

with open_installation(folder, guard, script="steps: [{say: hello}]") as here:
    here.client().chat.completions.create(model="gpt-5.1", messages=[...])
    assert here.outcomes() == [("input", "allow"), ...]
"""

import http.client
import itertools
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import openai

from trilens.enforce.drive import AsyncDriver
from trilens.enforce.pipeline import Bench
from trilens.lenses.lens import Answer, Context, Sheet, allow
from trilens.people.keys import make_key
from trilens.prove.ledger.entry import Entry, decode, encode
from trilens.storage.ports import Batch, Case, CaseMove, CaseState
from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.journal import SqliteJournal, open_journal
from trilens.storage.sqlite.keyring import SqliteKeyRing, open_keyring
from trilens.storage.sqlite.keystore import SqliteKeyStore, open_keystore
from trilens.testing.scripted_model.script import parse_script
from trilens.testing.scripted_model.server import ScriptedModel
from trilens.testing.serving import Serving
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import Effect, EventKind, Lens, Outcome, ValueClass
from trilens.vocabulary.system import (
    Agent,
    ApprovalNeed,
    ApprovalRule,
    Argument,
    Grant,
    Model,
    OnDeny,
    PeopleRole,
    System,
    Tool,
    UserTurns,
)

Judge = Callable[[Event, Context], Answer]
NOW_MS = 1_700_000_000_000


@dataclass(frozen=True)
class ScriptedGuard:
    name: str
    judge_event: Judge
    kinds: frozenset[EventKind] = frozenset(EventKind)

    @property
    def sheet(self) -> Sheet:
        outcomes = frozenset(Outcome)
        return Sheet(
            self.name, Lens.SECURITY, "?", "!", self.kinds, (), (), outcomes, Outcome.DENY, "", (), (), "sha256:0"
        )

    def judge(self, event: Event, context: Context) -> Answer:
        return self.judge_event(event, context)


def _tool(name: str, effect: Effect, **classes: ValueClass) -> Tool:
    arguments = {arg: Argument(arg, cls) for arg, cls in classes.items()}
    rule = ApprovalRule(ApprovalNeed.NEVER)
    return Tool(name, effect, True, arguments, None, {}, frozenset(), (), (), rule)


TOOLS = {
    "lookup": _tool("lookup", Effect.READ, order=ValueClass.OBJECT_ID),
    "send_email": _tool("send_email", Effect.SEND, to=ValueClass.DESTINATION, body=ValueClass.TEXT),
}


def _agent(name: str, model: str, on_deny: OnDeny) -> Agent:
    grants = {tool_id: Grant(tool_id) for tool_id in TOOLS}
    return Agent(name, model, "", "chat", "support", UserTurns.VERBATIM, on_deny, grants)


def shop(base_url: str, spare_url: str) -> System:
    """Two agents that differ in `on_deny`, a model with a fall-back and one that is nobody's, a tool that reads and one that sends."""
    models = {
        "chat": Model("chat", "gpt-5.1", base_url, "env:UPSTREAM_KEY", "eu", "p", frozenset(), ("spare",)),
        "spare": Model("spare", "gpt-5.1-spare", spare_url, "env:SPARE_KEY", "us", "q", frozenset()),
        "other": Model("other", "other-1", base_url, "env:UPSTREAM_KEY", "eu", "p", frozenset()),
    }
    agents = {
        "support": _agent("support", "chat", OnDeny.REFUSE),
        "strict": _agent("strict", "chat", OnDeny.ERROR),
    }
    return System(
        "shop",
        "sha256:0",
        {},
        {"customer": PeopleRole("customer", "x-trilens-on-behalf-of", "eu"), "leads": PeopleRole("leads")},
        dict.fromkeys(Lens, "lead"),
        models,
        {},
        {},
        TOOLS,
        agents,
        (),
        None,
        frozenset(),
        None,
        {},
        frozenset({"eu"}),
        {"conversation": 1_000_000},
    )


@dataclass(frozen=True)
class Got:
    """What came back, to the byte."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return ", ".join(value for known, value in self.headers if known.lower() == name)

    @property
    def error(self) -> dict[str, object]:
        found = json.loads(self.body)["error"]
        assert isinstance(found, dict)
        return found


@dataclass
class Clock:
    """Stands still until it is moved."""

    now_ms: int = NOW_MS

    def __call__(self) -> int:
        return self.now_ms


@dataclass
class Installation:
    """The parts of a server, and ways to ask it and to look at what it recorded."""

    bench: Bench
    journal: SqliteJournal
    keyring: SqliteKeyRing
    keystore: SqliteKeyStore
    driver: AsyncDriver
    environment: Mapping[str, str]
    model: ScriptedModel
    spare: ScriptedModel
    stack: ExitStack
    clock: "Clock"
    server: Serving | None = None

    def key(self, agent: str = "support", *, may_assert: bool = False) -> str:
        made = make_key(agent=agent, operator="", may_assert=may_assert, now_ms=self.clock.now_ms, random=os.urandom)
        self.keystore.add(made.record)
        return made.text

    def operator_key(self, name: str = "lead") -> str:
        made = make_key(agent="", operator=name, may_assert=False, now_ms=self.clock.now_ms, random=os.urandom)
        self.keystore.add(made.record)
        return made.text

    @property
    def address(self) -> str:
        """Of the server, which starts when it is first asked for."""
        if self.server is None:
            self.server = self.stack.enter_context(Serving(self))
        return self.server.address

    def stop(self) -> None:
        """Return once the server has ended, and all its requests with it."""
        if self.server is not None:
            self.server.__exit__(None, None, None)

    def client(self, key: str | None = None, **options: object) -> openai.OpenAI:
        made = openai.OpenAI(base_url=f"{self.address}/v1", api_key=key or self.key(), **options)  # type: ignore[arg-type]
        return self.stack.enter_context(made)

    def post(
        self,
        body: bytes | Mapping[str, object],
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        path: str = "/v1/chat/completions",
        method: str = "POST",
    ) -> Got:
        """Ask without any client of ours in between. An empty `key` sends none."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"content-type": "application/json"}
        if key != "":
            sent["authorization"] = f"Bearer {key or self.key()}"
        connection = http.client.HTTPConnection(self.address.removeprefix("http://"), timeout=20)
        try:
            connection.request(method, path, data, sent | dict(headers or {}))
            got = connection.getresponse()
            return Got(got.status, got.getheaders(), got.read())
        finally:
            connection.close()

    def entries(self) -> list[Entry]:
        return [decode(leaf) for leaf in self.journal.leaves(0, self.journal.size())]

    def outcomes(self) -> list[tuple[str, str]]:
        """(kind of event, outcome) of every decision, in order."""
        decisions = [entry.body for entry in self.entries() if entry.kind == "decision"]
        return [(str(body["event"][1]), str(body["outcome"])) for body in decisions]  # type: ignore[index]

    def decide(self, case: Case, state: CaseState = CaseState.APPROVED, **more: str) -> None:
        move = CaseMove(case.id, CaseState.OPEN, state, "lead", self.clock.now_ms, **more)  # type: ignore[arg-type]
        leaf = encode("case.decided", self.clock.now_ms, {"case": case.id})
        self.journal.commit(Batch((leaf,), moved=(move,))).result(5)


@contextmanager
def open_installation(
    folder: Path, *guards: Judge, script: str = "", spare: str = "", upstream: str = ""
) -> Iterator[Installation]:
    """An empty installation in `folder`.

    Args:
        guards: none means one that allows everything.
        script: what the agent's model says; see `scripted_model.script`.
        spare: what its fall-back says.
        upstream: address of the agent's model, when it is another than the scripted one.
    """
    with ExitStack() as stack:
        create(folder)
        first = stack.enter_context(ScriptedModel(parse_script(script)))
        second = stack.enter_context(ScriptedModel(parse_script(spare)))
        keyring = open_keyring(folder)
        stack.callback(keyring.close)
        journal = open_journal(folder)
        stack.callback(journal.close)
        clock, ids = Clock(), itertools.count()
        bench = Bench(
            system=shop(upstream or first.base_url, second.base_url),
            guards=_scripted(guards),
            engine="test",
            mac=Mac(keyring.secret("mac")),
            new_id=lambda: f"{next(ids):020x}",
        )
        yield Installation(
            bench=bench,
            journal=journal,
            keyring=keyring,
            keystore=open_keystore(folder),
            driver=AsyncDriver(bench, journal=journal, keyring=keyring, clock=clock),
            environment={"UPSTREAM_KEY": "sk-up", "SPARE_KEY": "sk-spare"},
            model=first,
            spare=second,
            stack=stack,
            clock=clock,
        )


def _scripted(guards: Sequence[Judge]) -> list[ScriptedGuard]:
    return [ScriptedGuard(f"g{number}", judge) for number, judge in enumerate(guards or (_allow,))]


def _allow(_: Event, __: Context) -> Answer:
    return allow()
