"""A computed amount is bounded by the tightest limit of its unit on one call, and nothing else is ever bounded."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from trilens.mechanisms.flow.explain import bounded_value
from trilens.mechanisms.flow.explain.claim import Claim, Ground
from trilens.vocabulary.amount import Amount
from trilens.vocabulary.outcome import ValueClass
from trilens.vocabulary.system import Limit, LimitPer, Tool

pytestmark = pytest.mark.requirement("X4", "S6")

DAY_MS = 86_400_000


def limit(number: int, per: LimitPer = LimitPer.CALL, unit: str = "EUR") -> Limit:
    window = 0 if per is LimitPer.CALL else DAY_MS
    return Limit(Amount(Decimal(number), unit), per, "customer" if window else "", window)


def holds(talk: Any, value: Any, *limits: Limit, cls: ValueClass = ValueClass.AMOUNT, argument: str = "amount") -> bool:
    tool: Tool = replace(talk.system.tools["refund"], limits=limits)
    claim = Claim(f"args.{argument}", value, cls, (), "", argument)
    return (
        bounded_value.explain(claim, Ground(talk.user("hello").flow(), talk.principal, tool, is_destined=True))
        is not None
    )


@pytest.mark.parametrize(("value", "is_bounded"), [(0, True), (500, True), (Decimal("500.01"), False), (-1, False)])
def test_an_amount_is_bounded_by_its_cap(talk: Any, value: Any, is_bounded: bool) -> None:
    assert holds(talk, value, limit(500)) is is_bounded


@pytest.mark.parametrize("value", [True, "40", None])
def test_what_is_no_number_is_not_bounded(talk: Any, value: Any) -> None:
    assert not holds(talk, value, limit(500))


@pytest.mark.parametrize("cls", [cls for cls in ValueClass if cls is not ValueClass.AMOUNT])
def test_no_other_class_is_bounded(talk: Any, cls: ValueClass) -> None:
    assert not holds(talk, Decimal(40), limit(500), cls=cls)


def test_an_argument_without_a_declared_unit_is_not_bounded(talk: Any) -> None:
    assert not holds(talk, Decimal(40), limit(500), argument="order_id")
    assert not holds(talk, Decimal(40), limit(500), argument="tip")
    assert not holds(talk, Decimal(40), limit(500, unit=""), argument="order_id")


def test_the_tightest_limit_of_the_unit_counts(talk: Any) -> None:
    assert not holds(talk, Decimal(400), limit(500), limit(300))
    assert holds(talk, Decimal(400), limit(500), limit(3, unit=""))
    assert not holds(talk, Decimal(400), limit(1000, unit="USD"))


def test_a_limit_over_a_window_counts_where_no_call_is_limited(talk: Any) -> None:
    assert holds(talk, Decimal(400), limit(500), limit(300, LimitPer.PERSON))
    assert not holds(talk, Decimal(400), limit(300, LimitPer.PERSON))


def test_nothing_is_bounded_without_a_tool(talk: Any) -> None:
    claim = Claim("args.amount", Decimal(40), ValueClass.AMOUNT, (), "", "amount")
    assert (
        bounded_value.explain(claim, Ground(talk.user("hello").flow(), talk.principal, None, is_destined=True)) is None
    )
