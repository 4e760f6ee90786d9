"""What vectors cannot say of the guards of safety: reservations, origins, and that no text makes them fail."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.lenses.lens import Answer
from trilens.lenses.safety.guards.action_limits.guard import judge as action_limits
from trilens.lenses.safety.guards.irreversible_effect.guard import judge as irreversible_effect
from trilens.lenses.safety.guards.ungrounded_claim.guard import judge as ungrounded_claim
from trilens.lenses.stage import NOON_MS, Staged, stage
from trilens.lenses.vectors import Vector
from trilens.vocabulary.amount import MICRO
from trilens.vocabulary.label import Integrity
from trilens.vocabulary.outcome import Outcome, ValueClass
from trilens.vocabulary.system import System
from trilens.vocabulary.verdict import Finding

DAY_MS = 86_400_000
LOOKED_UP = [
    {"user": "Where is my order O-1001?"},
    {"call": {"tool": "lookup_order", "id": "c1", "args": {"order_id": "O-1001"}}},
    {"result": {"id": "c1", "value": {"order_id": "O-1001", "customer_id": "C-17", "total": "129.90"}}},
]


@pytest.fixture
def staged(parse_shop: Callable[[str], System]) -> Callable[..., Staged]:
    """The stage of a vector, without what it expects."""

    def set_up(**parts: object) -> Staged:
        vector = Vector.model_validate({"name": "test", "expect": {"outcome": "allow"}, "person": "C-17"} | parts)
        return stage(vector, parse_shop)

    return set_up


def refund(amount: object) -> dict[str, object]:
    return {"tool_call": "refund", "args": {"order_id": "O-1001", "amount": amount}}


@pytest.mark.requirement("S6")
def test_allowed_action_reserves_what_it_takes_of_each_account(staged: Callable[..., Staged]) -> None:
    scene = staged(event=refund("30 EUR"))
    answer = action_limits(scene.event, scene.context)
    (reservation,) = answer.reserve
    assert reservation.account in scene.context.spent
    assert (reservation.amount, reservation.ceiling) == (30 * MICRO, 1000 * MICRO)
    assert reservation.since_ms == NOON_MS - DAY_MS


@pytest.mark.requirement("S6")
def test_actions_of_one_exchange_add_up(staged: Callable[..., Staged]) -> None:
    """Two refunds in one answer, each inside the limit: the pipeline counts the first before the second is judged."""
    scene = staged(event=refund(400), spent=[{"tool": "refund", "limit": 1, "amount": "300 EUR"}])
    spent = dict(scene.context.spent)
    outcomes: list[Outcome | None] = []
    for _ in range(2):
        answer = action_limits(scene.event, replace(scene.context, spent=dict(spent)))
        outcomes.append(answer.outcome)
        for reservation in answer.reserve:
            spent[reservation.account] += reservation.amount
    assert outcomes == [Outcome.ALLOW, Outcome.DENY]


def test_denied_action_reserves_nothing_and_says_what_is_left(staged: Callable[..., Staged]) -> None:
    scene = staged(event=refund(450), spent=[{"tool": "refund", "limit": 1, "amount": "600 EUR"}])
    answer = action_limits(scene.event, scene.context)
    assert answer.reserve == ()
    (found,) = answer.findings
    assert found.message == "450 EUR is over what is left of 1000 EUR per customer in 1 day: 400 EUR"
    assert found.path == "args.amount"


def test_account_that_was_not_asked_for_fails_the_guard(staged: Callable[..., Staged]) -> None:
    scene = staged(event=refund(30))
    with pytest.raises(KeyError):
        action_limits(scene.event, replace(scene.context, spent={}))


@pytest.mark.requirement("S10")
def test_held_effect_names_who_decides_and_which_condition(staged: Callable[..., Staged]) -> None:
    scene = staged(event=refund(450))
    (found,) = irreversible_effect(scene.event, scene.context).findings
    assert found.message == "`leads` must decide, since `args.amount > 50` holds"


def test_effect_without_named_roles_names_the_owner(staged: Callable[..., Staged]) -> None:
    scene = staged(event=refund(30), **{"with": {"tools": {"refund": {"approval": None}}}})
    (found,) = irreversible_effect(scene.event, scene.context).findings
    assert found.message == "the effect of `refund` cannot be undone; the owner `support-lead` must decide"


@pytest.mark.requirement("S3")
def test_unsupported_claim_is_shown_beside_the_nearest_sentence(staged: Callable[..., Staged]) -> None:
    scene = staged(event={"output": "You can return an item within 90 days."})
    (found,) = ungrounded_claim(scene.event, scene.context).findings
    (origin,) = found.origins
    assert (origin.source, origin.path) == ("refund-policy", "sources.refund-policy")
    assert origin.excerpt == "You can return an item within 30 days after you received it."
    assert origin.label.integrity is Integrity.INTERNAL
    assert found.message == "`90 days` is not what the sources say; the nearest is in refund-policy"


@pytest.mark.requirement("S3")
def test_unsupported_claim_about_a_record_is_shown_beside_its_field(staged: Callable[..., Staged]) -> None:
    scene = staged(turns=LOOKED_UP, event={"output": "The total is 139.90 EUR."})
    (found,) = ungrounded_claim(scene.event, scene.context).findings
    (origin,) = found.origins
    assert (origin.path, origin.excerpt) == ("messages[2].total", "129.90")


def test_findings_of_one_answer_are_few(staged: Callable[..., Staged]) -> None:
    scene = staged(event={"output": " ".join(f"It takes {days} days to return." for days in range(100, 160))})
    assert len(ungrounded_claim(scene.event, scene.context).findings) == 10


def test_kind_of_claim_nobody_knows_fails_the_guard(staged: Callable[..., Staged]) -> None:
    scene = staged(event={"output": "Hello."})
    grounding = scene.context.system.grounding
    assert grounding is not None
    unknown = replace(scene.context.system, grounding=replace(grounding, claims=frozenset({"promises"})))
    with pytest.raises(ValueError, match="promises"):
        ungrounded_claim(scene.event, replace(scene.context, system=unknown))


def spans(findings: tuple[Finding, ...]) -> Iterator[tuple[int, int]]:
    return ((f.span.start, f.span.stop) for f in findings if f.span is not None)


@given(
    text=st.text(max_size=200)
    | st.lists(st.sampled_from(["30 days", "€5", "9 %", "\ud800", "bis", "\n", "not", "ü"]), max_size=20).map(" ".join)
)
def test_no_answer_makes_the_guard_fail(parse_shop: Callable[[str], System], text: str) -> None:
    vector = Vector.model_validate(
        {"name": "t", "expect": {"outcome": "allow"}, "event": {"output": "x"}, "turns": LOOKED_UP}
    )
    scene = stage(vector, parse_shop)
    value = replace(scene.event.values[0], value=text)
    assert value.cls is ValueClass.TEXT
    answer: Answer = ungrounded_claim(replace(scene.event, values=(value,)), scene.context)
    assert answer.outcome in (None, Outcome.ALLOW, Outcome.HOLD)
    assert all(0 <= start < stop <= len(text) for start, stop in spans(answer.findings))
