"""Conditions in CEL and what they are asked about; amounts, which they are most often about."""

import json
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import cast

from fuzzing.target import Refusals, Target, law, text_of

from trilens.mechanisms.policy.condition import ConditionError, compile_condition
from trilens.vocabulary.amount import parse_amount, plain_number
from trilens.vocabulary.event import Scalar
from trilens.vocabulary.outcome import Effect, ValueClass
from trilens.vocabulary.system import ApprovalNeed, ApprovalRule, Argument, Tool

_ARGUMENTS = (
    Argument("amount", ValueClass.AMOUNT, "EUR"),
    Argument("to", ValueClass.DESTINATION),
    Argument("express", ValueClass.VALUE),
    Argument("note", ValueClass.TEXT),
)
TOOL = Tool(
    *(
        "refund",
        Effect.SPEND,
        False,
        MappingProxyType({one.name: one for one in _ARGUMENTS}),
        None,
        MappingProxyType({}),
    ),
    *(frozenset[str](), (), (), ApprovalRule(ApprovalNeed.NEVER)),
)
_SEEDS = (
    *(
        "args.amount > 50",
        'args.to.endsWith("@northwind.example") || person == "C-17"',
        "args.express == true && args.amount <= 10.5",
    ),
    *(
        "size(args.note) > 3 && !(purpose == 'support')",
        "args.note.matches('^[a-z]+$')",
        "[1,2].exists(x, x > args.amount)",
    ),
)
_VALUES: Mapping[str, Scalar] = {
    "args.amount": Decimal("49.99"),
    "args.to": "a@northwind.example",
    "args.express": True,
    "args.note": "Grüße",
    "person": "C-17",
    "purpose": "support",
}
_WORDS = (
    *(
        b"args.amount",
        b"args.",
        b"person",
        b"purpose",
        b" && ",
        b" || ",
        b"!",
        b"==",
        b"true",
        b"null",
        b"(",
        b")",
        b"'",
        b'"""',
        b"r'",
    ),
    *(
        b".map(x, x)",
        b".all(x, true)",
        b"[1]*9",
        b"size(",
        b"matches('(a+)+$')",
        b"1u",
        b"0x10",
        b"1e400",
        b"\\u0000",
        b"has(args.to)",
    ),
    *(
        b" ? 1 : 2",
        b"timestamp('x')",
        b"duration('1s')",
        b"{1:2}",
        b"// x\n",
        b"in",
        b"-9223372036854775808",
        b"/0",
        b"% 0",
    ),
)
_LONGEST = 64
"""Characters of an amount that is read."""
_STRICT = ("args.amount > 50", "args.to == 'a'", "args.express == true", "args.note != ''", "person == 'C-17'")


def _condition(data: bytes) -> None:
    with Refusals((ConditionError,)):
        condition = compile_condition(text_of(data), TOOL)
        law(condition.variables <= {*_VALUES}, "a condition is about what there is")
        with Refusals((ConditionError,)):
            law(isinstance(condition.holds(_VALUES), bool), "it holds, or does not")
        if condition.variables:
            try:
                condition.holds({})
            except ConditionError:
                return
            law(False, "a condition without its values neither holds nor fails")


def _inputs(data: bytes) -> None:
    """Any values, of any type: the condition answers or raises, and no other type than its own makes it hold."""
    try:
        given = json.loads(data, parse_float=Decimal)
    except (ValueError, RecursionError, ArithmeticError):
        return
    if not isinstance(given, dict):
        return
    values = {f"args.{name}": value for name, value in given.items() if not isinstance(value, (list, dict))}
    scalars = cast("Mapping[str, Scalar]", values)
    for text in _STRICT:
        with Refusals((ConditionError,)):
            condition = compile_condition(text, TOOL)
            if condition.holds(scalars) and "amount" in text:
                law(Decimal(cast("Decimal", values["args.amount"])) > 50, "what holds is true of the exact number")


def _amount(data: bytes) -> None:
    text = text_of(data)
    plain_number(text)
    for unit in ("", "EUR"):
        amount = parse_amount(text, unit)
        if amount is None:
            continue
        law(amount.unit == unit and amount.number.is_finite(), "an amount is of the declared unit")
        law(len(str(amount)) > _LONGEST or parse_amount(str(amount), unit) == amount, "written, it is the same amount")
        law(abs(amount.micros) * Decimal("1e-6") >= abs(amount.number), "micros never round towards zero")
        law(abs(amount.micros) * Decimal("1e-6") - abs(amount.number) < Decimal("1e-6"), "nor by a whole one")


TARGETS = (
    Target("policy-condition", _condition, tuple(map(str.encode, _SEEDS)), _WORDS, cost=6),
    Target(
        "policy-inputs",
        _inputs,
        (b'{"amount": 50.00000000000001, "to": "a", "express": true, "note": null}', b'{"amount": 51}'),
        (b"NaN", b"1e5"),
    ),
    Target(
        "amounts",
        _amount,
        (b"450 EUR", b"1.234,50 \xe2\x82\xac", b"USD 12", b"1'234.5", b"-0.0000001", b"1,234"),
        (b"EUR", b",", b".", "٤".encode(), b"e5", b"\xc2\xa0"),
    ),
)
