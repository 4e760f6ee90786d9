"""From an exchange to what is recorded, reserved and held, through both drivers and a real journal."""

import asyncio
import hashlib
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import pytest

from trilens.enforce.drive import Answered, Asked, AsyncDriver, Driver, Ruled
from trilens.enforce.hold import Approved, Fresh, Refused, Waiting
from trilens.enforce.pipeline import Bench
from trilens.errors import StoreError
from trilens.lenses.lens import Answer, Context, Sheet, allow, deny, hold
from trilens.mechanisms.budget.accounts import claims_of
from trilens.prove.ledger.entry import Kind, decode
from trilens.storage.ports import Batch, CaseMove, CaseState
from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.journal import SqliteJournal, open_journal
from trilens.storage.sqlite.keyring import SqliteKeyRing, open_keyring
from trilens.vocabulary.amount import Amount, parse_amount
from trilens.vocabulary.canonical import Mac, canonical
from trilens.vocabulary.event import Call, Event, Turn
from trilens.vocabulary.outcome import Effect, EventKind, Lens, Outcome, Role, ValueClass
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import (
    Agent,
    ApprovalNeed,
    ApprovalRule,
    Argument,
    Grant,
    Limit,
    LimitPer,
    Model,
    OnDeny,
    PeopleRole,
    System,
    Tool,
    UserTurns,
)
from trilens.vocabulary.verdict import Finding, Reservation

WHY = Finding("g/why", "because")
LIMIT = Limit(Amount(parse_amount("1000 EUR", "EUR").number, "EUR"), LimitPer.PERSON, "customer", 86_400_000)  # type: ignore[union-attr]
REFUND = Tool(
    "refund",
    Effect.SPEND,
    False,
    MappingProxyType({"amount": Argument("amount", ValueClass.AMOUNT, "EUR")}),
    None,
    MappingProxyType({}),
    frozenset(),
    (),
    (LIMIT,),
    ApprovalRule(ApprovalNeed.NEVER, by=("leads",)),
)
MODEL = Model("chat", "gpt", "http://x", "env:K", "eu", "p", frozenset())
AGENT = Agent("support", "chat", "", "chat", "support", UserTurns.VERBATIM, OnDeny.REFUSE, {"refund": Grant("refund")})
SYSTEM = System(
    "shop",
    "sha256:0",
    {},
    {"leads": PeopleRole("leads", members=("lead",)), "customer": PeopleRole("customer", "x-who")},
    {Lens.SAFETY: "lead", Lens.SECURITY: "secops", Lens.COMPLIANCE: "dpo"},
    {"chat": MODEL},
    {},
    {},
    {"refund": REFUND},
    {"support": AGENT},
    (),
    None,
    frozenset(),
    None,
    {},
    frozenset(),
    {"conversation": 1000},
)
ADA = Principal("k1", "support", "customer", "C-17", "eu")
BOB = Principal("k1", "support", "customer", "C-18", "eu")


@dataclass(frozen=True)
class Scripted:
    name: str
    answer: Callable[[Event, Context], Answer]
    lens: Lens = Lens.SAFETY

    @property
    def sheet(self) -> Sheet:
        kinds = frozenset(EventKind)
        return Sheet(
            self.name, self.lens, "?", "!", kinds, (), (), frozenset(Outcome), Outcome.DENY, "", (), (), "sha256:0"
        )

    def judge(self, event: Event, context: Context) -> Answer:
        return self.answer(event, context)


def limits(event: Event, context: Context) -> Answer:
    reserve = []
    for claim in claims_of(event, context.system, context.mac, context.now_ms):
        if not claim.fits(context.spent):
            return deny(WHY)
        reserve.append(Reservation(claim.account, claim.amount, claim.ceiling, claim.since_ms))
    return allow(reserve=tuple(reserve))


LIMITS = Scripted("limits", limits)


def large_is_held(event: Event, _: Context) -> Answer:
    amount = event.arguments().get("args.amount")
    return hold(WHY) if event.kind is EventKind.TOOL_CALL and amount and amount > 100 else allow()  # type: ignore[operator]


LARGE = Scripted("large", large_is_held)


@dataclass
class Desk:
    """One installation and its clock."""

    journal: SqliteJournal
    keyring: SqliteKeyRing
    mac: Mac
    now_ms: int = 1_800_000_000_000
    ids: Iterator[int] = field(default_factory=itertools.count)

    def bench(self, *guards: Scripted, system: System = SYSTEM) -> Bench:
        return Bench(system, guards, "test", self.mac, lambda: f"{next(self.ids):020d}")

    def driver(self, *guards: Scripted, system: System = SYSTEM) -> Driver:
        bench = self.bench(*guards, system=system)
        return Driver(bench, journal=self.journal, keyring=self.keyring, clock=lambda: self.now_ms)

    def asked(
        self, words: str = "Grüezi, refund please", *, who: Principal = ADA, more: tuple[Turn, ...] = ()
    ) -> Asked:
        turns = (turn(Role.USER, words), *more)
        mac = self.mac.of("request", who.account_holder, *[t.digest for t in turns])
        return Asked(turns, who, "", mac, "chat")

    def bodies(self, kind: Kind) -> list[dict[str, object]]:
        entries = (decode(leaf) for leaf in self.journal.leaves(0, self.journal.size()))
        return [dict(e.body) for e in entries if e.kind is kind]

    def decide(self, case: str, after: CaseState) -> None:
        move = CaseMove(case, CaseState.OPEN, after, "lead", self.now_ms)
        leaf = canonical({"v": 1, "kind": "case.decided", "t": self.now_ms, "case": case})
        self.journal.commit(Batch((leaf,), moved=(move,))).result(5)


def turn(role: Role, text: str, *, calls: tuple[Call, ...] = (), call_id: str = "") -> Turn:
    return Turn(role, text, hashlib.sha256(repr((role, text, calls, call_id)).encode()).digest(), calls, call_id)


def refund(amount: object, call_id: str = "c1") -> Call:
    return Call(call_id, "refund", canonical({"amount": amount}).decode())  # type: ignore[dict-item]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    home = tmp_path / "state"
    create(home)
    keyring = open_keyring(home)
    journal = open_journal(home)
    yield Desk(journal, keyring, Mac(keyring.secret("mac")))
    journal.close()
    keyring.close()


@pytest.mark.requirement("S6")
def test_what_leaves_is_recorded_and_reserved_first(desk: Desk) -> None:
    ruled = desk.driver(LIMITS).judge_answer(desk.asked(), Answered("", (refund(30),)))
    assert ruled.plan.outcome is Outcome.ALLOW
    assert desk.journal.size() == ruled.committed.size
    body = desk.bodies(Kind.DECISION)[0]
    assert body["outcome"] == "allow"
    assert body["left"] is True


@pytest.mark.requirement("S6")
def test_two_calls_of_one_answer_cannot_spend_the_same_money(desk: Desk) -> None:
    calls = (refund(600), refund("600 EUR", "c2"))
    ruled = desk.driver(LIMITS).judge_answer(desk.asked(), Answered("", calls))
    assert [r.leaves is not None for r in ruled.plan.rulings] == [True, False]
    assert ruled.plan.outcome is Outcome.MODIFY


@pytest.mark.requirement("S6")
def test_forty_concurrent_refunds_give_exactly_what_the_budget_allows(desk: Desk) -> None:
    drivers = [desk.driver(LIMITS) for _ in range(40)]

    def one(number: int) -> Ruled:
        return drivers[number].judge_answer(desk.asked(f"n{number}"), Answered("", (refund(50, f"c{number}"),)))

    with ThreadPoolExecutor(16) as pool:
        ruled = list(pool.map(one, range(40)))
    assert sum(r.plan.rulings[0].leaves is not None for r in ruled) == 20


def test_one_customer_never_spends_for_another(desk: Desk) -> None:
    driver = desk.driver(LIMITS)
    assert driver.judge_answer(desk.asked(), Answered("", (refund(1000),))).plan.outcome is Outcome.ALLOW
    assert driver.judge_answer(desk.asked(who=BOB), Answered("", (refund(1000),))).plan.outcome is Outcome.ALLOW
    again = driver.judge_answer(desk.asked("more"), Answered("", (refund(1),)))
    assert again.plan.rulings[0].leaves is None


def held(desk: Desk, *, kept: bytes = b"kept") -> Ruled:
    ruled = desk.driver(LARGE, LIMITS).judge_answer(desk.asked(), Answered("", (refund(450),)), kept=kept)
    assert ruled.plan.outcome is Outcome.HOLD
    return ruled


@pytest.mark.requirement("S10")
def test_a_held_answer_reserves_nothing_and_the_same_request_waits_for_the_same_case(desk: Desk) -> None:
    ruled = held(desk)
    assert all(r.leaves is None for r in ruled.plan.rulings)
    driver = desk.driver(LARGE, LIMITS)
    standing = driver.standing(desk.asked())
    assert isinstance(standing, Waiting)
    assert standing.case.id == ruled.plan.case
    assert isinstance(driver.standing(desk.asked(who=BOB)), Fresh)
    assert held(desk).plan.case == ruled.plan.case


@pytest.mark.requirement("S10")
def test_an_approved_answer_is_released_once_and_a_changed_one_is_not(desk: Desk) -> None:
    case = held(desk).plan.case
    desk.decide(case, CaseState.APPROVED)
    driver = desk.driver(LARGE, LIMITS)
    standing = driver.standing(desk.asked())
    assert isinstance(standing, Approved)
    assert driver.kept(standing.case) == b"kept"
    changed = driver.judge_answer(desk.asked("other"), Answered("", (refund(451),)))
    assert changed.plan.outcome is Outcome.HOLD
    released = driver.judge_answer(desk.asked(), Answered("", (refund(450),)), kept_case=case)
    assert released.plan.outcome is Outcome.ALLOW
    assert isinstance(driver.standing(desk.asked()), Fresh)
    again = driver.judge_answer(desk.asked(), Answered("", (refund(450),)))
    assert again.plan.outcome is Outcome.HOLD
    assert again.plan.case != case


@pytest.mark.requirement("S10")
def test_an_approval_is_matched_by_intent_however_the_amount_is_spelled(desk: Desk) -> None:
    desk.decide(held(desk).plan.case, CaseState.APPROVED)
    driver = desk.driver(LARGE, LIMITS)
    other = Principal("k1", "support", "customer", "C-18", "eu")
    stolen = driver.judge_answer(desk.asked(who=other), Answered("", (refund(450),)))
    assert stolen.plan.outcome is Outcome.HOLD
    fresh = driver.judge_answer(desk.asked("rephrased"), Answered("", (refund("450.00 EUR", "c9"),)))
    assert fresh.plan.outcome is Outcome.ALLOW
    assert driver.judge_answer(desk.asked("again"), Answered("", (refund(450),))).plan.outcome is Outcome.HOLD


@pytest.mark.requirement("S10")
def test_one_approval_does_not_release_twins_in_one_answer(desk: Desk) -> None:
    desk.decide(held(desk).plan.case, CaseState.APPROVED)
    twins = Answered("", (refund(450, "a"), refund(450, "b")))
    assert desk.driver(LARGE, LIMITS).judge_answer(desk.asked("x"), twins).plan.outcome is Outcome.HOLD


@pytest.mark.requirement("S10")
def test_a_refusal_stands_until_the_case_expires_and_an_undecided_case_expires_to_nothing(desk: Desk) -> None:
    case = held(desk).plan.case
    desk.decide(case, CaseState.REFUSED)
    driver = desk.driver(LARGE, LIMITS)
    assert isinstance(driver.standing(desk.asked()), Refused)
    desk.now_ms += 900_001
    assert isinstance(driver.standing(desk.asked()), Fresh)


@pytest.mark.requirement("S10")
def test_an_approval_is_no_longer_usable_after_its_time(desk: Desk) -> None:
    desk.decide(held(desk).plan.case, CaseState.APPROVED)
    desk.now_ms += 900_001
    late = desk.driver(LARGE, LIMITS).judge_answer(desk.asked("x"), Answered("", (refund(450),)))
    assert late.plan.outcome is Outcome.HOLD


def test_a_denied_request_is_denied_whole_and_a_changed_one_is_never_passed_on(desk: Desk) -> None:
    rude = Scripted("rude", lambda e, _c: deny(WHY) if e.kind is EventKind.INPUT else allow())
    assert desk.driver(rude).judge_request(desk.asked()).plan.outcome is Outcome.DENY


def test_only_new_turns_become_events_and_a_refused_turn_stays_new(desk: Desk) -> None:
    kinds: list[str] = []

    def watch(event: Event, _: Context) -> Answer:
        kinds.append(event.kind.value)
        return deny(WHY) if event.text == "forbidden" else allow()

    driver = desk.driver(Scripted("watch", watch))
    driver.judge_request(desk.asked())
    driver.judge_request(desk.asked(more=(turn(Role.ASSISTANT, "hm"), turn(Role.USER, "forbidden"))))
    longer = (turn(Role.ASSISTANT, "hm"), turn(Role.USER, "forbidden"), turn(Role.USER, "fine"))
    ruled = driver.judge_request(desk.asked(more=longer))
    assert kinds == ["input", "model_call", "input", "model_call", "input", "input", "model_call"]
    assert ruled.plan.outcome is Outcome.DENY


def test_a_result_answers_the_newest_call_before_it_when_an_id_is_used_again(desk: Desk) -> None:
    seen: list[str] = []

    def watch(event: Event, _: Context) -> Answer:
        if event.kind is EventKind.TOOL_RESULT and event.call:
            seen.append(event.call.arguments)
        return allow()

    first, second = Call("c1", "refund", '{"amount":1}'), Call("c1", "refund", '{"amount":2}')
    more = (
        turn(Role.ASSISTANT, "", calls=(first,)),
        turn(Role.TOOL, "one", call_id="c1"),
        turn(Role.ASSISTANT, "", calls=(second,)),
        turn(Role.TOOL, "two", call_id="c1"),
    )
    desk.driver(Scripted("watch", watch)).judge_request(desk.asked(more=more))
    assert seen == ['{"amount":1}', '{"amount":2}']


def test_the_same_words_heard_again_are_allowed_and_leave_no_second_entry(desk: Desk) -> None:
    driver = desk.driver(Scripted("watch", lambda _e, _c: allow()))
    driver.judge_heard(desk.asked())
    size = desk.journal.size()
    assert driver.judge_heard(desk.asked()).plan.outcome is Outcome.ALLOW
    assert desk.journal.size() == size


def test_on_deny_error_refuses_the_whole_answer(desk: Desk) -> None:
    strict = replace(SYSTEM, agents={"support": replace(AGENT, on_deny=OnDeny.ERROR)})
    ruled = desk.driver(LIMITS, system=strict).judge_answer(desk.asked(), Answered("hello", (refund(5000),)))
    assert ruled.plan.outcome is Outcome.DENY
    assert all(r.leaves is None for r in ruled.plan.rulings)


@pytest.mark.requirement("X6")
def test_no_leaf_holds_personal_data_or_words(desk: Desk) -> None:
    held(desk)
    desk.driver(LIMITS).judge_request(desk.asked("my name is Ada Lovelace"))
    stored = b"".join(desk.journal.leaves(0, desk.journal.size()))
    for secret in (b"C-17", b"Lovelace", b"Gr\xc3\xbcezi", b'"450"'):
        assert secret not in stored


def test_the_twins_write_the_same_record(desk: Desk, tmp_path: Path) -> None:
    home = tmp_path / "other"
    create(home)
    journal, keyring = open_journal(home), open_keyring(home)
    ids = itertools.count()
    bench = Bench(SYSTEM, (LARGE, LIMITS), "test", desk.mac, lambda: f"{next(ids):020d}")
    twin = AsyncDriver(bench, journal=journal, keyring=keyring, clock=lambda: desk.now_ms)

    async def story() -> None:
        await twin.judge_request(desk.asked())
        await twin.judge_answer(desk.asked(), Answered("hello", (refund(30), refund(450, "c2"))), kept=b"k")
        assert isinstance(await twin.standing(desk.asked()), Waiting)

    asyncio.run(story())
    driver = desk.driver(LARGE, LIMITS)
    driver.judge_request(desk.asked())
    driver.judge_answer(desk.asked(), Answered("hello", (refund(30), refund(450, "c2"))), kept=b"k")

    def told(leaf: bytes) -> dict[str, object]:
        entry = decode(leaf)
        return {k: v for k, v in entry.body.items() if k not in ("card", "kept")}

    ours = [told(leaf) for leaf in desk.journal.leaves(0, desk.journal.size())]
    theirs = [told(leaf) for leaf in journal.leaves(0, journal.size())]
    journal.close()
    keyring.close()
    assert ours == theirs


def test_a_journal_that_is_closed_refuses_and_nothing_leaves(desk: Desk) -> None:
    driver = desk.driver(LIMITS)
    desk.journal.close()
    with pytest.raises(StoreError):
        driver.judge_answer(desk.asked(), Answered("", (refund(30),)))
