"""A call's arguments as typed values: what cannot be read in exactly one way is a defect of the event, never an error."""

import json
from decimal import Decimal
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.mechanisms.events import TypedArguments, call_mac, rewritten, type_arguments
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.event import Call
from trilens.vocabulary.outcome import Effect, ValueClass
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import ApprovalNeed, ApprovalRule, Argument, Tool

REFUND = Tool(
    "refund",
    Effect.SPEND,
    False,
    MappingProxyType(
        {
            "amount": Argument("amount", ValueClass.AMOUNT, "EUR"),
            "count": Argument("count", ValueClass.AMOUNT),
        }
    ),
    None,
    MappingProxyType({}),
    frozenset(),
    (),
    (),
    ApprovalRule(ApprovalNeed.NEVER),
)
ADA = Principal("k1", "support", "customer", "C-17", "eu")
MAC = Mac(b"\x01" * 32)


def typed(**arguments: object) -> TypedArguments:
    return type_arguments(json.dumps(arguments), REFUND)


@pytest.mark.requirement("X12")
@pytest.mark.parametrize(
    ("arguments", "defect"),
    [
        ('{"\\ud800": 1}', "arguments hold a key that is not valid Unicode"),
        ('{"a": {"\\udfff b": 1}}', "arguments hold a key that is not valid Unicode"),
        ('{"a": [{"x\\ud800": {}}]}', "arguments hold a key that is not valid Unicode"),
        ('{"a": "\\ud800"}', "arguments hold text that is not valid Unicode"),
        ('{"a": 1, "a": 2}', "arguments repeat a key"),
        ('{"a": NaN}', "arguments hold a number that is not finite"),
        ('{"a": 9007199254740993}', "arguments hold an integer beyond 2^53"),
        ('{"a": ' + "9" * 5_000 + "}", "arguments hold an integer beyond 2^53"),
        ('{"a": 1e65}', "arguments hold a number out of range"),
        ('{"a": 1e-999999999999999999999}', "arguments hold a number out of range"),
        ('{"a": 1e999999999}', "arguments hold a number out of range"),
        ("[" * 100_000, "arguments are nested too deeply"),
        ('{"a": ' + "[" * 40 + "]" * 40 + "}", "arguments are nested too deeply"),
        ("[]", "arguments are not a JSON object"),
        ("{", "arguments are not JSON"),
    ],
)
def test_what_cannot_be_read_is_a_defect(arguments: str, defect: str) -> None:
    assert type_arguments(arguments, REFUND) == TypedArguments((), defect)
    assert len(call_mac(Call("c1", "refund", arguments), ADA, MAC)) == 32


@given(st.text(st.characters()) | st.recursive(st.none() | st.text(st.characters()), st.lists).map(json.dumps))
def test_any_text_is_arguments_or_a_defect_and_has_a_mac(arguments: str) -> None:
    read = type_arguments(arguments, REFUND)
    assert not (read.defect and read.values)
    assert call_mac(Call("c1", "refund", arguments), ADA, MAC)


@given(st.dictionaries(st.text(st.characters()), st.none() | st.text() | st.dictionaries(st.text(), st.integers())))
def test_any_keys_are_arguments_or_a_defect(arguments: dict[str, object]) -> None:
    read = typed(given=arguments)
    valid = all(not "\ud800" <= letter <= "\udfff" for letter in json.dumps(arguments, ensure_ascii=False))
    assert valid or read.defect


@pytest.mark.parametrize("nesting", [250, 400, 480, 600, 900, 990])
def test_nesting_that_one_reader_takes_and_the_next_does_not_has_a_mac(nesting: int) -> None:
    arguments = '{"a":' * nesting + "1" + "}" * nesting
    assert type_arguments(arguments, REFUND).defect == "arguments are nested too deeply"
    assert len(call_mac(Call("c1", "refund", arguments), ADA, MAC)) == 32


@pytest.mark.requirement("S6")
@pytest.mark.parametrize(
    "written", [450, 450.0, "450", "450.0", "450.00", "450 EUR", "EUR 450", "450EUR", "€450", "450.00 €", " 450 eur "]
)
def test_one_amount_is_one_value_however_it_is_written(written: object) -> None:
    [value] = typed(amount=written).values
    assert value.value == Decimal(450)


@pytest.mark.requirement("S6")
@pytest.mark.parametrize("written", ["0.5", "-450", "+450", "49.9", "49.99 EUR", "0.0005", "1234567.89"])
def test_a_decimal_point_is_read_alike_by_everybody(written: str) -> None:
    [value] = typed(amount=written).values
    assert value.value == Decimal(written.removesuffix(" EUR"))


@pytest.mark.requirement("S6")
@pytest.mark.parametrize(
    "written",
    [
        "1.000",
        "1,000",
        "0.125",
        "12.345 EUR",
        "-1.000",
        "49,99",
        "49,9 EUR",
        "1,234.50",
        "1.234,50 €",
        "1,234,567",
        "1.234.567",
        "1 000",
        "1\u00a0000",
        "1\u202f000 EUR",
        "1'000",
        "450.",
        "450,",
        "٤٥٠",
        "４５０",
    ],
)
def test_an_amount_that_two_readers_may_read_differently_is_a_defect(written: str) -> None:
    read = typed(amount=written)
    assert read.values == ()
    assert read.defect == "argument `amount` can be read as more than one amount: write 1000 or 1000.00"
    assert "more than one amount" in typed(count=written.strip(" €EUR")).defect


@pytest.mark.parametrize("written", ["many", "", "450 USD", "1e3", "EUR", "0x10", None, True, [], {}, ["450"]])
def test_what_is_no_amount_is_a_defect(written: object) -> None:
    assert typed(amount=written).defect == "argument `amount` is not an amount in EUR"


def test_text_that_is_no_amount_keeps_its_marks() -> None:
    assert [v.value for v in type_arguments('{"note": "1.000 or 49,99"}', REFUND).values] == ["1.000 or 49,99"]


@pytest.mark.parametrize("written", ['{"größe":"L","n":1}', "", '{"n": 1.50}'])
def test_a_call_is_known_again_in_another_spelling(written: str) -> None:
    again = json.dumps(json.loads(written or "{}", parse_float=float), ensure_ascii=True, indent=2, sort_keys=True)
    spelled = again.replace("1.5", "1.500")
    assert call_mac(Call("c", "t", written), ADA, MAC) == call_mac(Call("c", "t", spelled), ADA, MAC)


def test_what_nobody_changed_of_a_call_leaves_as_it_was() -> None:
    written = '{"größe": "L", "note": "a", "n": [2.50, 1e-7, 49.99, 12345678901234567890.5]}'
    changed = rewritten(Call("c", "t", written), {"args.note": "b"})
    assert changed is not None
    assert json.loads(changed.arguments, parse_float=str) == {
        "größe": "L",
        "n": ["2.50", "1e-7", "49.99", "12345678901234567890.5"],
        "note": "b",
    }


def test_a_decimal_put_in_is_a_number() -> None:
    changed = rewritten(Call("c", "t", '{"n": 1}'), {"args.n": Decimal("2.50")})
    assert changed is not None
    assert changed.arguments == '{"n":2.5}'
