"""Results are read by their sheet, strictly, and never make the reader fail."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.mechanisms.flow.results import Read, has_fields, leaf_text, read_result
from trilens.vocabulary.system import FieldTrust, ResultFormat, ResultShape, System, Tool

pytestmark = pytest.mark.requirement("X4")

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@pytest.fixture(scope="module")
def tool(shop: System) -> Callable[..., Tool]:
    """`lookup_order` with another result shape and other fields."""

    def written(*, records: str = "", key: str = "id", **fields: FieldTrust) -> Tool:
        shape = ResultShape(ResultFormat.JSON, records, key, (("customer", "owner"),))
        declared = {"id": FieldTrust.SYSTEM, "owner": FieldTrust.SYSTEM, **fields}
        return replace(shop.tools["lookup_order"], result=shape, returns=declared)

    return written


def leaves(read: Read) -> dict[str, object]:
    return {leaf.field: leaf.value for leaf in read.leaves}


def test_object_is_one_record(tool: Callable[..., Tool]) -> None:
    (read,) = read_result('{"id": 7, "owner": "Zoë", "note": "x"}', tool()) or ()
    assert (read.path, read.key, read.key_field, read.owners) == ("", "7", "id", (("customer", "Zoë"),))


def test_list_is_its_records(tool: Callable[..., Tool]) -> None:
    reads = read_result('[{"id": "a"}, {"id": "b"}]', tool()) or ()
    assert [(read.path, read.key) for read in reads] == [("[0]", "a"), ("[1]", "b")]


def test_records_stand_under_their_key_and_the_rest_outside(tool: Callable[..., Tool]) -> None:
    text = '{"data": {"rows": [{"id": "a"}], "page": 1}, "next": "t"}'
    inside, outside = read_result(text, tool(records="data.rows")) or ()
    assert (inside.path, inside.key, inside.is_record) == ("data.rows[0]", "a", True)
    assert (leaves(outside), outside.is_record) == ({"data.page": 1, "next": "t"}, False)


def test_nested_fields_are_declared_by_dotted_path_without_positions(tool: Callable[..., Tool]) -> None:
    declared = tool(
        **{"customer.email": FieldTrust.SYSTEM, "items.sku": FieldTrust.SYSTEM, "address": FieldTrust.SYSTEM}
    )
    text = '{"id": 1, "customer": {"email": "e", "note": "n"}, "items": [{"sku": "s", "text": "t"}], "address": {"city": "c"}}'
    (read,) = read_result(text, declared) or ()
    trusted = {leaf.field for leaf in read.leaves if leaf.trust is FieldTrust.SYSTEM}
    assert trusted == {"id", "customer.email", "items[0].sku", "address.city"}
    assert {leaf.field for leaf in read.leaves if not leaf.is_declared} == {"customer.note", "items[0].text"}


def test_key_and_owner_count_only_when_the_system_asserts_them(tool: Callable[..., Tool]) -> None:
    (read,) = read_result('{"id": "a", "owner": "C-17"}', tool(owner=FieldTrust.THIRD_PARTY)) or ()
    assert read.owners == (("customer", ""),)


def test_numbers_keep_every_digit(tool: Callable[..., Tool]) -> None:
    (read,) = read_result('{"id": 1, "total": 120.10}', tool()) or ()
    assert leaves(read)["total"] == Decimal("120.10")


@pytest.mark.parametrize(
    "value",
    [
        {"id": "a", "owner": None, "total": 1.5, "note": 'it\'s "quoted" \\ and ü', "items": [True, {"x": ("a", 1)}]},
        [{"id": 1}, {"id": 2}],
        {"id": "emoji 👋 tab\t newline\n"},
    ],
)
def test_pythons_spelling_reads_like_json(tool: Callable[..., Tool], value: object) -> None:
    assert read_result(str(value), tool()) == read_result(json.dumps(value), tool())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not found",
        "42",
        '"text"',
        "null",
        "[1, 2]",
        '{"id": 1, "id": 2}',
        "{'id': 1, 'id': 2}",
        '{"id": NaN}',
        '{"id": 1e999}',
        "{'id': 1e400}",
        '{"id": ' + "9" * 5000 + "}",
        "[" * 100_000,
        "{'a': " * 150 + "1" + "}" * 150,
        '{"a": ' * 150 + "1" + "}" * 150,
        "{'a': __import__('os').getcwd()}",
        "{'a': 1 + 1}",
        "{'a': b'bytes'}",
        "{'a': {1, 2}}",
        "{'a': '\\d'}",
        "{'a': f'{1}'}",
        "{'a': " + "-" * 5000 + "1}",
        "{1: 2}",
        "{'a': [...]}",
        "{**{}}",
        "{'a': Decimal('1')}",
        '{"id": 1} trailing',
        "\ud800",
    ],
)
def test_what_does_not_parse_has_no_fields(tool: Callable[..., Tool], text: str) -> None:
    assert read_result(text, tool()) is None


def test_missing_list_of_records_is_no_empty_one(tool: Callable[..., Tool]) -> None:
    assert read_result('{"rows": []}', tool(records="rows")) == ()
    for text in ('{"error": "none"}', '{"rows": {}}', '{"rows": ["a"]}', "[]"):
        assert read_result(text, tool(records="rows")) is None


def test_tool_without_shape_and_fields_has_no_fields(shop: Any) -> None:
    assert has_fields(shop.tools["lookup_order"])
    assert not has_fields(shop.tools["send_email"])


@given(st.text(max_size=300))
def test_reading_text_never_raises(tool: Callable[..., Tool], text: str) -> None:
    for written in (text, "{'a': " + text + "}", '{"a": ' + text + "}"):
        read_result(written, tool())


@given(JSON)
def test_reading_json_never_raises_and_keeps_every_leaf(tool: Callable[..., Tool], value: object) -> None:
    reads = read_result(json.dumps(value), tool())
    if isinstance(value, dict) and reads is not None:
        names = [leaf.field for leaf in reads[0].leaves]
        assert len(set(names)) == len(names)


@given(st.dictionaries(st.text(max_size=6), JSON, max_size=4))
def test_no_key_can_name_itself_into_a_declared_field(tool: Callable[..., Tool], value: dict[str, object]) -> None:
    declared = tool(**{"a.b": FieldTrust.SYSTEM})
    for read in read_result(json.dumps(value), declared) or ():
        for leaf in read.leaves:
            if leaf.is_declared:
                assert leaf.field.split(".")[0].split("[")[0] in value


def test_leaf_text_is_what_the_model_reads() -> None:
    assert [leaf_text(value) for value in (None, True, 7, Decimal("1.50"), "é")] == ["", "true", "7", "1.50", "é"]


@pytest.mark.parametrize("number", ["1e18446744073709551616", "1e-99999999999999999999", "1e65"])
def test_number_beyond_all_bounds_leaves_a_result_without_fields(tool: Callable[..., Tool], number: str) -> None:
    assert read_result(f'{{"order_id": {number}}}', tool()) is None
