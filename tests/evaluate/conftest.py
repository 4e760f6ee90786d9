"""A shop with the real guards and a real ledger, a client that may do anything, and the replay of all it left on record."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from trilens.enforce.drive import Answered, Asked, Driver, Ruled
from trilens.enforce.hold import Approved
from trilens.enforce.release import context_of
from trilens.evaluate.replay.again import Engine
from trilens.evaluate.replay.walk import Chosen, Replay, Replayed
from trilens.plane import Plane, open_plane
from trilens.prove.ledger.entry import Entry, decode, encode
from trilens.settings import Settings
from trilens.storage.ports import Batch, CaseMove, CaseState
from trilens.storage.sqlite.create import create
from trilens.vocabulary.canonical import canonical
from trilens.vocabulary.event import Call, Turn
from trilens.vocabulary.outcome import EventKind, Outcome, Role
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import System

MANIFEST = """\
trilens: 1
system: corner-shop
purposes: {support: Answer customers about their orders.}
people:
  customer: {from: x-customer, region: eu}
  leads: {members: [lead]}
owners: {safety: lead, security: lead, compliance: lead}
models:
  chat: {name: gpt-5.1, base_url: https://upstream.example/v1, key: env:K, region: eu, processor: up, reads: [purchase], fallback: [spare]}
  spare: {name: gpt-5.1, base_url: https://spare.example/v1, key: env:K, region: us, processor: spare, reads: [purchase]}
prompts:
  support: {path: prompt.md}
sources:
  refunds: {path: refunds.md, integrity: internal, readers: [public], approved_by: lead}
tools:
  lookup_order:
    effect: read
    args: {order_id: object_id}
    result: {format: json, key: order_id, belongs_to: {customer: customer_id}}
    returns: {order_id: system, customer_id: system, total: system, note: third_party}
    data: [purchase]
    readers: [owner]
  refund:
    effect: spend
    reversible: false
    args: {order_id: object_id, amount: {class: amount, unit: EUR}, note: text}
    limits: [{max: 500 EUR, per: call}, {max: 600 EUR, per: customer, window: 1d}]
    approval: {when: args.amount > 50, by: [leads], expires: 15m}
  send_email:
    effect: send
    reversible: false
    args: {to: destination, body: text}
    approval: {never: destinations are judged by untrusted_sink, accepted_by: lead}
agents:
  support: {model: chat, prompt: support, channel: chat, purpose: support, user_turns: verbatim, tools: [lookup_order, refund, send_email]}
safety:
  hazards: [{id: wrong-refund, harm: financial, to: customers, severity: major, reduced_by: [action_limits]}]
  grounding: {claims: [amount, duration], against: [refunds, lookup_order, user], otherwise: hold}
security:
  own_hosts: [shop.example]
compliance:
  disclosure: {shown_in: reply, text: {en: You are talking to an AI system., de: Sie sprechen mit einem KI-System.}}
  data:
    purchase: {purposes: [support], basis: contract, retention: conversation}
  regions: [eu, us]
  retention: {decision: 183d, conversation: 30d}
"""
PROMPT = "You answer customers of the corner shop, kindly.\n"
ENVIRONMENT = {"K": "set"}
ADA = Principal("tlk_aaaaaaaa", "support", "customer", "C-17", "eu")
NOW_MS = 1_795_561_200_000


@dataclass
class Shop:
    """One installation whose process may be ended and begun again."""

    folder: Path
    now_ms: int = NOW_MS
    plane: Plane = field(init=False)
    driver: Driver = field(init=False)

    def __post_init__(self) -> None:
        self.write("system.yaml", MANIFEST)
        self.write("prompt.md", PROMPT)
        self.write("refunds.md", "Refunds are paid within 5 business days. Shipping costs 7 EUR.\n")
        create(self.folder / "state")
        self.open()

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def open(self) -> None:
        settings = Settings(self.folder / "system.yaml", self.folder / "state")
        self.plane = open_plane(settings, ENVIRONMENT, clock=lambda: self.now_ms)
        self.driver = self.plane.sync_driver

    def restart(self, manifest: str = MANIFEST) -> None:
        self.plane.close()
        self.write("system.yaml", manifest)
        self.open()

    def forget(self) -> None:
        """As a new process would, which remembers nothing of any conversation."""
        plane = self.plane
        self.driver = Driver(plane.bench, journal=plane.journal, keyring=plane.keyring, clock=lambda: self.now_ms)

    def engine(self) -> Engine:
        bench = self.plane.bench
        return Engine(bench.guards, bench.engine, bench.mac)

    def replay(
        self, *, tried: System | None = None, chosen: Chosen | None = None, engine: Engine | None = None
    ) -> list[Replayed]:
        made = Replay(self.plane.journal, self.plane.keyring, engine or self.engine(), tried)
        return list(made.run(chosen or Chosen()))

    def entries(self) -> list[Entry]:
        return [decode(leaf) for leaf in self.plane.journal.leaves(0, self.plane.journal.size())]

    def approve(self, case_id: str) -> None:
        move = CaseMove(case_id, CaseState.OPEN, CaseState.APPROVED, "lead", self.now_ms)
        leaf = encode("case.decided", self.now_ms, {"case": case_id, "action": "approve", "by": "lead"})
        self.plane.journal.commit(Batch((leaf,), moved=(move,))).result(5)


@dataclass
class Client:
    """A conversation in somebody's hands. Whoever sends it may send anything."""

    shop: Shop
    who: Principal = ADA
    session: str = ""
    language: str = "en"
    turns: list[Turn] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    """Calls it was given and has not answered."""

    def add(self, role: Role, text: str, *, calls: tuple[Call, ...] = (), call_id: str = "") -> None:
        written = canonical([role.value, text, [[c.id, c.tool, c.arguments] for c in calls], call_id])
        self.turns.append(Turn(role, text, hashlib.sha256(written).digest(), calls, call_id))

    def asked(self, model: str = "chat") -> Asked:
        digests = b"".join(turn.digest for turn in self.turns)
        request = self.shop.plane.bench.mac.of("request", self.who.account_holder, self.session, digests)
        is_first = not any(turn.role is Role.ASSISTANT and turn.text for turn in self.turns)
        facts = {"is_first_output": is_first, "language": self.language}
        return Asked(tuple(self.turns), self.who, self.session, request, model, facts)

    def requests(self) -> Ruled:
        return self.shop.driver.judge_request(self.asked())

    def is_answered(self, text: str, *calls: Call) -> Ruled:
        """The model's answer, judged; what leaves of it comes back in the next request, as a client sends it."""
        asked = self.asked()
        ruled = self.shop.driver.judge_answer(asked, Answered(text, calls), kept=b"kept")
        if ruled.plan.outcome is Outcome.HOLD and ruled.plan.case:
            self.shop.approve(ruled.plan.case)
            standing = self.shop.driver.standing(asked)
            if isinstance(standing, Approved):
                ruled = self.shop.driver.judge_answer(asked, Answered(text, calls), kept_case=standing.case.id)
        self._takes(ruled)
        return ruled

    def is_streamed(self, *pieces: str) -> None:
        """An answer in windows, then its end."""
        asked, left = self.asked(), ""
        for piece in pieces[:-1]:
            context = context_of(left)
            ruled = self.shop.driver.judge_window(asked, context + piece, text_ref="w", is_first=not left)
            if ruled is None or ruled.plan.rulings[0].leaves is None:
                return
            left = ruled.plan.rulings[0].leaves.text
        self._takes(self.shop.driver.judge_answer(asked, Answered(context_of(left) + pieces[-1])))

    def _takes(self, ruled: Ruled) -> None:
        lefts = [ruling.leaves for ruling in ruled.plan.rulings if ruling.leaves is not None]
        text = "".join(left.text for left in lefts if left.kind is EventKind.OUTPUT)
        calls = tuple(left.call for left in lefts if left.call is not None)
        if lefts:
            self.add(Role.ASSISTANT, text, calls=calls)
            self.calls += calls


@contextmanager
def a_shop() -> Iterator[Shop]:
    with TemporaryDirectory() as folder:
        shop = Shop(Path(folder))
        try:
            yield shop
        finally:
            shop.plane.close()


@pytest.fixture
def shop() -> Iterator[Shop]:
    with a_shop() as made:
        yield made


@pytest.fixture
def told(shop: Shop) -> Shop:
    """A shop with one conversation on record: a question, an order looked up, a refund that waited for a person, an answer."""
    client = Client(shop)
    client.add(Role.SYSTEM, PROMPT)
    client.add(Role.USER, "Grüezi, please refund 60 EUR for order A-1001.")
    client.requests()
    client.is_answered("", Call("c1", "lookup_order", '{"order_id": "A-1001"}'))
    client.add(
        Role.TOOL, '{"order_id": "A-1001", "customer_id": "C-17", "total": 60, "note": "left outside"}', call_id="c1"
    )
    client.requests()
    client.is_answered("", Call("c2", "refund", '{"order_id": "A-1001", "amount": "60 EUR", "note": "broken"}'))
    client.add(Role.TOOL, '{"ok": true}', call_id="c2")
    client.requests()
    client.is_answered("The refund is paid within 5 business days.")
    return shop


@pytest.fixture(scope="module")
def busy() -> Iterator[Shop]:
    """A shop that all examples of a property share."""
    with a_shop() as made:
        yield made


@pytest.fixture(scope="module")
def clients() -> Callable[..., Client]:
    return Client
