"""What a call claims of each limit: the right amount, on the right account, over the right window."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.mechanisms import events
from trilens.mechanisms.budget.accounts import Claim, all_claims_of, claims_of, reservations_of
from trilens.vocabulary.amount import MICRO, Amount
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.event import Call, Event
from trilens.vocabulary.outcome import Effect, ValueClass
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import ApprovalNeed, ApprovalRule, Argument, Limit, LimitPer, System, Tool

MAC = Mac(b"0" * 32)
NOW = 1_795_521_600_000
DAY = 86_400_000
ADA = Principal("k1", "support", "customer", "ada")
BOB = Principal("k1", "support", "customer", "bob")
NOBODY = Principal("k1", "support")


def eur(number: str) -> Amount:
    return Amount(Decimal(number), "EUR")


def limit(maximum: str, per: LimitPer, window_ms: int = 0) -> Limit:
    return Limit(eur(maximum), per, "customer" if per is LimitPer.PERSON else "", window_ms)


CALLS = Limit(Amount(Decimal(3)), LimitPer.SESSION)


def shop(*limits: Limit, units: tuple[str, ...] = ("EUR",), system_id: str = "shop") -> System:
    args = {f"amount{n or ''}": Argument(f"amount{n or ''}", ValueClass.AMOUNT, unit) for n, unit in enumerate(units)}
    rule = ApprovalRule(ApprovalNeed.DEFAULT)
    tool = Tool("refund", Effect.SPEND, False, args, None, {}, frozenset(), (), limits, rule)
    return System(
        id=system_id,
        digest="sha256:0",
        purposes={},
        people={},
        owners={},
        models={},
        prompts={},
        sources={},
        tools={"refund": tool},
        agents={},
        hazards=(),
        grounding=None,
        own_hosts=frozenset(),
        disclosure=None,
        data={},
        regions=frozenset(),
        retention={},
    )


def refund(system: System, arguments: str = '{"amount": 30}', *, who: Principal = ADA, session: str = "") -> Event:
    ids = iter(f"ev{n}" for n in range(9))
    scene = events.Scene(system, who, session, MAC, lambda: next(ids))
    return events.tool_call(scene, Call("c1", "refund", arguments))


def account(system: System, who: Principal = ADA, session: str = "") -> str:
    (claim,) = claims_of(refund(system, who=who, session=session), system, MAC, NOW)
    return claim.account


@pytest.mark.requirement("S6")
def test_limit_per_call_has_no_account_and_no_reservation() -> None:
    system = shop(limit("500", LimitPer.CALL))
    event = refund(system)
    assert claims_of(event, system, MAC, NOW) == ()
    (claim,) = all_claims_of(event, system, MAC, NOW)
    assert (claim.account, claim.amount, claim.ceiling) == ("", 30 * MICRO, 500 * MICRO)
    assert reservations_of((claim,)) == ()


def test_window_starts_its_length_ago_and_no_window_counts_everything() -> None:
    system = shop(limit("500", LimitPer.PERSON, DAY), limit("900", LimitPer.PERSON))
    sliding, ever = claims_of(refund(system), system, MAC, NOW)
    assert (sliding.since_ms, ever.since_ms) == (NOW - DAY, 0)
    assert sliding.account != ever.account


def test_window_before_1970_starts_at_0() -> None:
    system = shop(limit("500", LimitPer.PERSON, DAY))
    (claim,) = claims_of(refund(system), system, MAC, 5)
    assert claim.since_ms == 0


@pytest.mark.requirement("S6")
def test_two_people_never_share_an_account_of_a_limit_per_person() -> None:
    system = shop(limit("500", LimitPer.PERSON))
    accounts = {account(system, who) for who in (ADA, BOB, NOBODY, Principal("k2", "support"))}
    assert len(accounts) == 4


def test_person_keeps_the_account_through_another_key_and_session() -> None:
    system = shop(limit("500", LimitPer.PERSON))
    other = Principal("k2", "support", "customer", "ada")
    assert account(system) == account(system, other) == account(system, session="s1")


def test_limit_per_session_counts_by_session_and_without_one_by_person() -> None:
    system = shop(limit("500", LimitPer.SESSION))
    assert account(system, ADA, "s1") == account(system, BOB, "s1")
    assert account(system, ADA, "s1") != account(system, ADA, "s2")
    assert account(system, ADA) != account(system, BOB)


def test_limit_per_agent_and_per_system_are_shared_by_all_people() -> None:
    for per in (LimitPer.AGENT, LimitPer.SYSTEM):
        system = shop(limit("500", per))
        assert account(system, ADA) == account(system, BOB) == account(system, NOBODY)
    agents = shop(limit("500", LimitPer.AGENT))
    assert account(agents, ADA) != account(agents, Principal("k1", "sales", "customer", "ada"))


def test_accounts_of_two_systems_limits_and_kinds_of_holder_differ() -> None:
    accounts = {account(shop(limit("500", per))) for per in LimitPer if per is not LimitPer.CALL}
    accounts.add(account(shop(limit("500", LimitPer.PERSON), system_id="other")))
    accounts.add(account(shop(Limit(Amount(Decimal(5)), LimitPer.PERSON))))
    assert len(accounts) == 6


def test_changed_maximum_and_window_remember_what_was_spent() -> None:
    before = shop(limit("500", LimitPer.PERSON, DAY))
    after = shop(limit("900", LimitPer.PERSON, 7 * DAY))
    assert account(before) == account(after)


def test_amounts_of_the_limit_s_unit_are_added_and_no_others() -> None:
    system = shop(limit("500", LimitPer.CALL), units=("EUR", "USD", "EUR"))
    (claim,) = all_claims_of(refund(system, '{"amount": 1.25, "amount1": 70, "amount2": "2.50 €"}'), system, MAC, NOW)
    assert claim.amount == 3_750_000


@pytest.mark.parametrize(
    "arguments",
    [
        "{}",
        '{"amount": -1}',
        '{"amount": "many"}',
        '{"amount": "30 USD"}',
        '{"amount": null}',
        '{"amount": [30]}',
        '{"Amount": 30}',
        '{"amount": 1, "amount": 2}',
        "30",
        "",
        "{",
    ],
)
def test_amount_that_cannot_be_read_is_a_defect_and_never_zero(arguments: str) -> None:
    system = shop(limit("500", LimitPer.CALL), limit("900", LimitPer.PERSON))
    for claim in all_claims_of(refund(system, arguments), system, MAC, NOW):
        assert claim.defect
        assert not claim.fits({claim.account: 0})
        with pytest.raises(ValueError, match="argument"):
            reservations_of((claim,))


def test_tool_without_an_amount_in_the_limit_s_unit_is_a_defect() -> None:
    system = shop(limit("500", LimitPer.CALL), units=("USD",))
    (claim,) = all_claims_of(refund(system), system, MAC, NOW)
    assert "EUR" in claim.defect


def test_limit_on_calls_counts_one_whatever_the_arguments_say() -> None:
    system = shop(CALLS)
    for arguments in ('{"amount": 900}', "{}", "no json"):
        (claim,) = claims_of(refund(system, arguments, session="s1"), system, MAC, NOW)
        assert (claim.amount, claim.ceiling, claim.defect) == (MICRO, 3 * MICRO, "")


def test_account_the_journal_was_not_asked_for_is_an_error() -> None:
    system = shop(limit("500", LimitPer.PERSON))
    (claim,) = claims_of(refund(system), system, MAC, NOW)
    with pytest.raises(KeyError):
        claim.fits({})


def test_undeclared_tool_and_other_events_claim_nothing() -> None:
    system = shop(limit("500", LimitPer.PERSON))
    scene = events.Scene(system, ADA, "", MAC, lambda: "ev")
    for event in (events.tool_call(scene, Call("c1", "other", "{}")), events.output(scene, "refund")):
        assert all_claims_of(event, system, MAC, NOW) == ()


@pytest.mark.requirement("S6")
@given(st.lists(st.decimals(min_value=0, max_value=400, places=6), max_size=12), st.integers(0, 1000))
def test_claims_that_fit_never_add_up_to_more_than_the_limit(amounts: list[Decimal], maximum: int) -> None:
    system = shop(limit(str(maximum), LimitPer.PERSON))
    spent = {account(system): 0}
    for amount in amounts:
        (claim,) = claims_of(refund(system, f'{{"amount": {amount:f}}}'), system, MAC, NOW)
        if claim.fits(spent):
            (reservation,) = reservations_of((claim,))
            spent[reservation.account] += reservation.amount
            assert reservation.ceiling == maximum * MICRO
    assert 0 <= spent[account(system)] <= maximum * MICRO


@given(st.text(max_size=80))
def test_arguments_of_any_kind_never_raise(arguments: str) -> None:
    system = shop(limit("500", LimitPer.CALL), limit("900", LimitPer.PERSON), CALLS)
    claims: tuple[Claim, ...] = all_claims_of(refund(system, arguments), system, MAC, NOW)
    assert len(claims) == 3
    assert all(claim.amount >= 0 for claim in claims)
