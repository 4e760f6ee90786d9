"""The schema for editors agrees with the parser, as far as a schema can."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from ruamel.yaml import YAML

from trilens.declare.compose import compose
from trilens.declare.document import plain_data
from trilens.declare.parse import is_prose
from trilens.declare.schema import DIALECT, editor_schema

Change: TypeAlias = Callable[[Mapping[str, str]], str]
Vector: TypeAlias = dict[str, Any]

HERE = Path(__file__).parent
VALIDATOR = Draft202012Validator(editor_schema())
SHAPE_CODES = {
    "unknown-key", "missing-key", "text", "boolean", "word", "version", "mapping", "list", "word-or-mapping", "length", "duration", "amount", "unit", "host", "header"
}  # fmt: skip
VECTORS = [
    vector
    for vector in YAML(typ="safe", pure=True).load((HERE / "vectors" / "errors.yaml").read_text(encoding="utf-8"))
    if vector["code"] in SHAPE_CODES
]


def data_of(text: str) -> object:
    return plain_data(compose(text, "system.yaml"), is_prose).data


def test_schema_is_one() -> None:
    Draft202012Validator.check_schema(editor_schema())
    assert editor_schema()["$schema"] == DIALECT
    assert json.loads(json.dumps(editor_schema())) == editor_schema()


def test_shop_is_valid(shop: str) -> None:
    assert list(VALIDATOR.iter_errors(data_of(shop))) == []


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_editor_sees_what_the_parser_refuses_by_shape(vector: Vector, changed: Change) -> None:
    text = vector["text"] if "text" in vector else changed(vector["replace"])
    seen = list(VALIDATOR.iter_errors(data_of(text)))
    semantic = {"a unit of something else", "a duration longer than a hundred years"}
    assert bool(seen) == (vector["name"] not in semantic)


def keys_of(node: object, path: str = "") -> Iterator[tuple[str, dict[str, object]]]:
    if isinstance(node, dict):
        for name, below in node.get("properties", {}).items():
            yield f"{path}.{name}", below
        for name, below in node.items():
            yield from keys_of(below, f"{path}.{name}")
    elif isinstance(node, list):
        for position, below in enumerate(node):
            yield from keys_of(below, f"{path}[{position}]")


def test_every_key_is_described_and_none_is_nullable() -> None:
    schema = editor_schema()
    keys = list(keys_of(schema))
    assert len(keys) > 70
    assert [path for path, below in keys if not below.get("description")] == []
    assert "null" not in json.dumps(schema)
