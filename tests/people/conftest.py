"""A house with one held refund: a real journal and key ring, a clock that stands still, one guard that holds what is large."""

import hashlib
import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import pytest

from trilens.enforce.drive import Answered, Asked, Driver, Ruled
from trilens.enforce.pipeline import Bench
from trilens.lenses.lens import Answer, Context, Sheet, allow, hold
from trilens.people.approvals.desk import Desk
from trilens.people.approvals.shelf import Shelf
from trilens.people.keys import make_key
from trilens.people.operators import Operator
from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.journal import SqliteJournal, open_journal
from trilens.storage.sqlite.keyring import SqliteKeyRing, open_keyring
from trilens.storage.sqlite.keystore import SqliteKeyStore, open_keystore
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.event import Call, Event, Turn
from trilens.vocabulary.label import Integrity, Label
from trilens.vocabulary.outcome import Effect, EventKind, Lens, Outcome, Role, ValueClass
from trilens.vocabulary.principal import Principal
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
from trilens.vocabulary.verdict import Finding, Origin

REFUND = Tool(
    "refund",
    Effect.SPEND,
    False,
    MappingProxyType(
        {
            "order_id": Argument("order_id", ValueClass.OBJECT_ID),
            "amount": Argument("amount", ValueClass.AMOUNT, "EUR"),
        }
    ),
    None,
    MappingProxyType({}),
    frozenset(),
    (),
    (),
    ApprovalRule(ApprovalNeed.ALWAYS, by=("leads",)),
)
SYSTEM = System(
    "shop",
    "sha256:0",
    {},
    {"leads": PeopleRole("leads", members=("lead", "second-lead")), "customer": PeopleRole("customer", "x-who")},
    {Lens.SAFETY: "lead", Lens.SECURITY: "secops", Lens.COMPLIANCE: "dpo"},
    {"chat": Model("chat", "gpt", "http://x", "env:K", "eu", "p", frozenset())},
    {},
    {},
    {"refund": REFUND},
    {
        "support": Agent(
            "support", "chat", "", "chat", "support", UserTurns.VERBATIM, OnDeny.REFUSE, {"refund": Grant("refund")}
        )
    },
    (),
    None,
    frozenset(),
    None,
    {},
    frozenset(),
    {"conversation": 86_400_000},
)
LEAD = Operator("lead", "tlo_llllllll")
STRANGER = Operator("secops", "tlo_ssssssss")
ADA = Principal("tlk_aaaaaaaa", "support", "customer", "C-17", "eu")


class LargeIsHeld:
    """Holds a refund above 100 EUR, and words that promise a year."""

    sheet = Sheet(
        "irreversible_effect",
        Lens.SAFETY,
        "?",
        "!",
        frozenset(EventKind),
        (),
        (),
        frozenset(Outcome),
        Outcome.DENY,
        "",
        (),
        (),
        "sha256:0",
    )

    def judge(self, event: Event, _: Context) -> Answer:
        amount = event.arguments().get("args.amount")
        origin = Origin("your words", "messages[0]", Label(Integrity.USER), "450 EUR")
        why = Finding("irreversible_effect/above_line", "450 EUR is above the line", "args.amount", origins=(origin,))
        if event.kind is EventKind.TOOL_CALL and amount and amount > 100:  # type: ignore[operator]
            return hold(why)
        if event.kind is EventKind.OUTPUT and "year" in event.text:
            return hold(Finding("irreversible_effect/year", "a year is promised"))
        return allow()


@dataclass
class House:
    """One installation and its clock."""

    home: Path
    journal: SqliteJournal
    keyring: SqliteKeyRing
    keystore: SqliteKeyStore
    system: System = SYSTEM
    now_ms: int = 1_800_000_000_000
    ids: Iterator[int] = field(default_factory=itertools.count)
    lead: Operator = LEAD
    stranger: Operator = STRANGER

    @property
    def mac(self) -> Mac:
        return Mac(self.keyring.secret("mac"))

    @property
    def desk(self) -> Desk:
        return Desk(self.shelf, self.system, self.mac)

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.journal, self.keyring, lambda: self.now_ms, self.system.digest)

    @property
    def driver(self) -> Driver:
        bench = Bench(self.system, (LargeIsHeld(),), "test", self.mac, lambda: f"{next(self.ids):020d}")
        return Driver(bench, journal=self.journal, keyring=self.keyring, clock=lambda: self.now_ms)

    def asked(self, words: str = "Grüezi, please refund 450 EUR", *, who: Principal = ADA) -> Asked:
        turn = Turn(Role.USER, words, hashlib.sha256(words.encode()).digest())
        return Asked((turn,), who, "", self.mac.of("request", who.account_holder, turn.digest), "chat")

    def answer(self, arguments: str, *, text: str = "", kept_case: str = "", asked: Asked | None = None) -> Ruled:
        answered = Answered(text, (Call("c1", "refund", arguments),) if arguments else ())
        return self.driver.judge_answer(asked or self.asked(), answered, kept=b"kept", kept_case=kept_case)

    def held(self, amount: str = "450", *, text: str = "", asked: Asked | None = None) -> str:
        """The case of a held refund."""
        ruled = self.answer(f'{{"order_id": "A-1", "amount": {amount}}}', text=text, asked=asked)
        assert ruled.plan.outcome is Outcome.HOLD
        return ruled.plan.case

    def key(self, *, agent: str = "", operator: str = "") -> str:
        made = make_key(agent=agent, operator=operator, may_assert=False, now_ms=self.now_ms, random=os.urandom)
        self.keystore.add(made.record)
        return made.text


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    home = tmp_path / "state"
    create(home)
    keyring, journal, keystore = open_keyring(home), open_journal(home), open_keystore(home)
    yield House(home, journal, keyring, keystore)
    journal.close()
    keyring.close()


@pytest.fixture
def another_house(tmp_path: Path) -> Iterator[Callable[[str], House]]:
    """Makes further houses by name."""
    opened: list[House] = []

    def make(name: str) -> House:
        home = tmp_path / name
        create(home)
        opened.append(House(home, open_journal(home), open_keyring(home), open_keystore(home)))
        return opened[-1]

    yield make
    for one in opened:
        one.journal.close()
        one.keyring.close()
