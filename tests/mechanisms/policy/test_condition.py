"""Conditions are typed before they are evaluated, and what cannot be evaluated never holds."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.mechanisms.policy.condition import ConditionError, compile_condition, values_of
from trilens.vocabulary.event import Event, Scalar, Value
from trilens.vocabulary.outcome import Effect, EventKind, Phase, ValueClass
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import ApprovalNeed, ApprovalRule, Argument, Tool

pytestmark = pytest.mark.requirement("X3")

CLASSES = {
    "amount": ValueClass.AMOUNT,
    "fee": ValueClass.AMOUNT,
    "to": ValueClass.DESTINATION,
    "order_id": ValueClass.OBJECT_ID,
    "express": ValueClass.VALUE,
    "count": ValueClass.VALUE,
}


def tool(**classes: ValueClass) -> Tool:
    args = {
        name: Argument(name, cls, "EUR" if cls is ValueClass.AMOUNT else "")
        for name, cls in (classes or CLASSES).items()
    }
    rule = ApprovalRule(ApprovalNeed.DEFAULT)
    return Tool("refund", Effect.SPEND, False, args, None, {}, frozenset(), (), (), rule)


TOOL = tool()


@pytest.mark.parametrize(
    ("text", "values", "holds"),
    [
        ("args.amount > 50", {"args.amount": Decimal("50.01")}, True),
        ("args.amount > 50", {"args.amount": 50}, False),
        ("50 < args.amount", {"args.amount": 51}, True),
        ("args.amount >= 49.90", {"args.amount": Decimal("49.9")}, True),
        ("args.amount == 0.3", {"args.amount": Decimal("0.30")}, True),
        ("args.amount * 2 > 100 && args.amount < 1000", {"args.amount": 51}, True),
        ("args.amount + args.fee <= 100", {"args.amount": 60, "args.fee": 40}, True),
        ("args.amount > -5", {"args.amount": 0}, True),
        ("args.amount in [10, 20]", {"args.amount": 20}, True),
        ("args.amount > 1 && size(args.to) > 3", {"args.amount": 2, "args.to": "ada@"}, True),
        ("args.to.endsWith('@example.org')", {"args.to": "ada@example.org"}, True),
        ("args.to == 'Zoë'", {"args.to": "Zoë"}, True),
        ("args.order_id == '7'", {"args.order_id": 7}, True),
        ("args.express", {"args.express": True}, True),
        ("args.express == false", {"args.express": True}, False),
        ("args.express == 'yes'", {"args.express": "yes"}, True),
        ("args.count > 2 || args.express", {"args.count": 1, "args.express": True}, True),
        ("person == 'C-17' && purpose == 'support'", {"person": "C-17", "purpose": "support"}, True),
        ("args.to == 'args.amount > 50'", {"args.to": "x"}, False),
        ("true", {}, True),
    ],
)
def test_condition_holds_or_not(text: str, values: dict[str, Scalar], holds: bool) -> None:
    assert compile_condition(text, TOOL).holds(values) is holds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "((",
        "args.amount",
        "args.nope > 1",
        "args.amount > '50'",
        "args.to > 3",
        "args.to + args.amount > 1",
        "amount > 50",
        "args.amount > 50 and true",
        "unknown(args.to)",
        "1 + 1",
        "x" * 3000,
        "args.to == \x00",
    ],
)
def test_condition_that_cannot_mean_anything_does_not_compile(text: str) -> None:
    with pytest.raises(ConditionError) as raised:
        compile_condition(text, TOOL)
    assert raised.value.code == "policy/condition"
    assert "\n" not in raised.value.message


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("args.amount > 50", {}),
        ("args.amount > 50", {"args.amount": None}),
        ("args.amount > 50", {"args.amount": "60"}),
        ("args.amount > 50", {"args.amount": True}),
        ("args.amount > 50", {"args.amount": Decimal("50.00000000000000001")}),
        ("args.to == 'x' || args.amount > 1", {"args.to": "x"}),
        ("args.to == 'x'", {"args.to": True}),
        ("args.express", {"args.express": "true"}),
        ("args.count > 2", {"args.count": "3"}),
        ("person == 'C-17'", {"person": None}),
        ("int(args.to) > 1", {"args.to": "many"}),
        ("args.to.matches('(')", {"args.to": "x"}),
    ],
)
def test_condition_that_cannot_be_evaluated_raises(text: str, values: dict[str, Scalar]) -> None:
    with pytest.raises(ConditionError) as raised:
        compile_condition(text, TOOL).holds(values)
    assert raised.value.code == "policy/condition-value"
    assert isinstance(raised.value, ValueError)


def test_message_names_the_argument_and_not_its_value() -> None:
    with pytest.raises(ConditionError, match=r"`args\.to` is missing or is not a text") as raised:
        compile_condition("args.to == 'x'", TOOL).holds({"args.to": Decimal("12.34")})
    assert "12.34" not in raised.value.message


def test_variables_and_literals_are_told() -> None:
    condition = compile_condition("args.amount > 50 && args.to != 'x' || 2.5 < args.fee", TOOL)
    assert condition.variables == {"args.amount", "args.to", "args.fee"}
    assert condition.literals == (Decimal(50), "x", Decimal("2.5"))


def test_same_condition_over_the_same_arguments_is_compiled_once() -> None:
    assert compile_condition("args.amount > 77", TOOL) is compile_condition("args.amount > 77", tool())
    other = tool(amount=ValueClass.TEXT)
    assert compile_condition("args.amount == 'x'", other) is not compile_condition("args.express == 'x'", TOOL)


def test_condition_is_evaluated_on_arguments_person_and_purpose() -> None:
    principal = Principal("key", "support", "customer", "C-17")
    values = (Value("args.amount", Decimal(5), ValueClass.AMOUNT),)
    event = Event("e", EventKind.TOOL_CALL, Phase.PROPOSED, "", principal, "refund", "", values, purpose="support")
    assert values_of(event) == {"args.amount": Decimal(5), "person": "C-17", "purpose": "support"}


@given(st.decimals(-10000, 10000, places=2), st.decimals(-10000, 10000, places=2))
def test_amounts_compare_like_decimals(amount: Decimal, bound: Decimal) -> None:
    values = {"args.amount": amount, "args.fee": bound}
    for sign, expected in (
        ("<", amount < bound),
        ("<=", amount <= bound),
        ("==", amount == bound),
        (">", amount > bound),
    ):
        assert compile_condition(f"args.amount {sign} args.fee", TOOL).holds(values) is expected


def compiles(text: str) -> bool:
    try:
        compile_condition(text, TOOL)
    except ConditionError:
        return False
    return True


@given(st.text(max_size=40))
def test_compiling_any_text_ends_with_a_condition_or_a_reason(text: str) -> None:
    assert compiles(text) in (True, False)


@given(st.text(max_size=30))
def test_text_arguments_are_data_and_never_code(text: str) -> None:
    assert compile_condition("args.to == 'no'", TOOL).holds({"args.to": text}) is (text == "no")


@pytest.mark.parametrize(
    "text", ["args.to == '\udcff'", "{1.0: 2}", "args.amount > 1e999999999999999999999", "person.\udcff"]
)
def test_text_the_compiler_cannot_take_is_a_condition_error(text: str) -> None:
    with pytest.raises(ConditionError):
        compile_condition(text, TOOL)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("args.to == 'a'", {"args.to": "\ud800"}),
        ("args.amount > 50", {"args.amount": Decimal("5e500000000")}),
        ("args.amount > 50", {"args.amount": Decimal("5e400")}),
        ("args.amount > 50", {"args.amount": Decimal("NaN")}),
        ("args.amount > 50", {"args.amount": Decimal("Infinity")}),
        ("args.amount <= 50", {"args.amount": Decimal("50.0000000000000000000000000000000001")}),
    ],
)
def test_a_value_the_evaluator_cannot_take_is_a_condition_error(text: str, values: dict[str, Scalar]) -> None:
    with pytest.raises(ConditionError):
        compile_condition(text, TOOL).holds(values)
