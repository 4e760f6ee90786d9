"""Trying a condition at its literals, between and beyond them finds every answer it can give."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import product
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.declare.review.conditions import tried
from trilens.mechanisms.policy.condition import compile_condition
from trilens.vocabulary.event import Scalar
from trilens.vocabulary.outcome import Effect, ValueClass
from trilens.vocabulary.system import ApprovalNeed, ApprovalRule, Argument, Tool

TOOL = Tool(
    id="t",
    effect=Effect.SPEND,
    reversible=False,
    args=MappingProxyType(
        {
            "a": Argument("a", ValueClass.AMOUNT, "EUR"),
            "b": Argument("b", ValueClass.AMOUNT, "EUR"),
            "s": Argument("s", ValueClass.TEXT),
        }
    ),
    result=None,
    returns=MappingProxyType({}),
    data=frozenset(),
    readers=(),
    limits=(),
    approval=ApprovalRule(ApprovalNeed.DEFAULT),
)

NUMBERS = ["args.a", "args.b", "0", "1", "2.5", "-3"]
TEXTS = ["args.s", '"x"', '"y"']
GRID = [Decimal(n) / 2 for n in range(-12, 13)]


@st.composite
def comparisons(draw: st.DrawFn) -> str:
    side = draw(st.sampled_from([NUMBERS, TEXTS]))
    signs = ["==", "!=", "<", "<=", ">", ">="] if side is NUMBERS else ["==", "!="]
    return f"{draw(st.sampled_from(side))} {draw(st.sampled_from(signs))} {draw(st.sampled_from(side))}"


CONDITIONS = st.recursive(
    comparisons(),
    lambda below: (
        st.builds("({} {} {})".format, below, st.sampled_from(["&&", "||"]), below) | st.builds("!({})".format, below)
    ),
    max_leaves=4,
)


@given(text=CONDITIONS)
def test_trying_finds_every_answer_a_fine_grid_finds(text: str) -> None:
    condition = compile_condition(text, TOOL)
    held = set()
    for a, b, s in product(GRID, GRID[::3], ("x", "y", "z", "")):
        held.add(condition.holds({"args.a": a, "args.b": b, "args.s": s}))
        if len(held) == 2:
            break
    assert held <= tried(text, TOOL, condition)


class Answers:
    """A condition that answers what it is told to."""

    def __init__(self, *answers: bool) -> None:
        self.answers = iter(answers)

    def holds(self, values: Mapping[str, Scalar], /) -> bool:
        assert set(values) == {"args.a"}
        try:
            return next(self.answers)
        except StopIteration:
            raise ValueError("no more") from None


def test_condition_that_cannot_be_evaluated_everywhere_is_not_judged() -> None:
    assert tried("args.a > 1", TOOL, Answers(False, False)) == set()
    assert tried("args.a > 1", TOOL, Answers(False, True)) == {False, True}


@pytest.mark.parametrize(
    "text",
    [
        "args.a * 2 > 3",
        'args.s.contains("x")',
        "args.s.size() > 3",
        'args.s == "a\\"b"',
        "args.a > 1 ? true : false",
        " && ".join(f"args.a > {n}" for n in range(5_000)),
    ],
)
def test_condition_beyond_comparisons_is_not_judged(text: str) -> None:
    assert tried(text, TOOL, Answers(*[False] * 10_000)) == set()
