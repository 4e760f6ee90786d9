"""A tool's result, read by its sheet: records, and one leaf per field.

A result that does not parse as its sheet says has no fields: it is third party whole. Some SDKs send Python's `str(dict)`; that is
read too, as literals only.
"""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import isfinite

from trilens.vocabulary.event import Scalar
from trilens.vocabulary.system import FieldTrust, ResultFormat, ResultShape, Tool

_LONGEST_LITERAL = 65_536
_DEEPEST = 32
_MOST_LEAVES = 20_000
_POSITION = re.compile(r"\[\d+\]")
_ESCAPE = r"\\(?:[\\'\"abfnrtv]|x[0-9a-f]{2}|u[0-9a-f]{4}|U000[0-9a-f]{5})"
_LITERALS = re.compile(
    rf"""(?:\s++|[{{}}\[\](),:]|'(?:[^'\\\n]|{_ESCAPE})*+'|"(?:[^"\\\n]|{_ESCAPE})*+\""""
    r"""|-?+\d{1,20}(?:\.\d{1,20})?+(?:e[+-]\d{1,2})?+|True|False|None)*+"""
)


class UnreadableError(ValueError):
    """A result that is not what its sheet says."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One scalar of a result."""

    field: str
    """Within its record: `customer.email`, `items[0].sku`."""
    value: Scalar
    trust: FieldTrust
    is_declared: bool


@dataclass(frozen=True, slots=True)
class Read:
    """One record of a result, or what stands outside all records (`is_record` false)."""

    path: str
    """Within the result: empty, `[3]`, `customers[0]`."""
    leaves: tuple[Leaf, ...]
    key: str = ""
    key_field: str = ""
    owners: tuple[tuple[str, str], ...] = ()
    """(people role, person id); the id is empty where the record does not say."""
    is_record: bool = True


def has_fields(tool: Tool) -> bool:
    """Whether its sheet says that a result has fields at all."""
    if tool.result is None:
        return bool(tool.returns)
    return tool.result.format is not ResultFormat.TEXT


def read_result(text: str, tool: Tool) -> tuple[Read, ...] | None:
    """The records of a result; None when it has no fields, by its sheet or because it does not parse as that says."""
    shape = tool.result
    if not has_fields(tool):
        return None
    try:
        return tuple(_records(_parse(text), shape, tool))
    except ValueError:
        return None


def _records(parsed: object, shape: ResultShape | None, tool: Tool) -> Iterator[Read]:
    if shape is not None and shape.records:
        found, outside = _take(parsed, shape.records.split("."))
        yield from (_record(item, f"{shape.records}[{at}]", shape, tool) for at, item in enumerate(found))
        leaves = tuple(Leaf(name, value, FieldTrust.THIRD_PARTY, False) for name, value in _leaves(outside))
        if leaves:
            yield Read("", leaves, is_record=False)
    elif isinstance(parsed, list):
        yield from (_record(item, f"[{at}]", shape, tool) for at, item in enumerate(parsed))
    else:
        yield _record(parsed, "", shape, tool)


def _take(parsed: object, steps: list[str]) -> tuple[list[object], object]:
    """The list of records, and the result without it."""
    if not isinstance(parsed, dict) or steps[0] not in parsed:
        raise UnreadableError("no list of records")
    inner = parsed[steps[0]]
    rest = {key: item for key, item in parsed.items() if key != steps[0]}
    if len(steps) > 1:
        found, left = _take(inner, steps[1:])
        return found, {**rest, steps[0]: left}
    if not isinstance(inner, list):
        raise UnreadableError("records are not a list")
    return inner, rest


def _record(item: object, path: str, shape: ResultShape | None, tool: Tool) -> Read:
    if not isinstance(item, dict):
        raise UnreadableError("a record is not an object")
    leaves = tuple(_leaf(name, value, tool) for name, value in _leaves(item))
    asserted = {leaf.field: _as_text(leaf.value) for leaf in leaves if leaf.trust is FieldTrust.SYSTEM}
    if shape is None:
        return Read(path, leaves)
    owners = tuple((role, asserted.get(name, "")) for role, name in shape.belongs_to)
    key = asserted.get(shape.key, "")
    return Read(path, leaves, key, shape.key if key else "", owners)


def _leaf(name: str, value: Scalar, tool: Tool) -> Leaf:
    """The nearest declared field above it decides; none means third party, and readable by nobody."""
    declared = _POSITION.sub("", name) if "[" in name else name
    while declared:
        trust = tool.returns.get(declared)
        if trust is not None:
            return Leaf(name, value, trust, True)
        declared = declared.rpartition(".")[0]
    return Leaf(name, value, FieldTrust.THIRD_PARTY, False)


def _leaves(item: object) -> list[tuple[str, Scalar]]:
    found: list[tuple[str, Scalar]] = []
    _collect(item, "", found, 0)
    return found


def _collect(item: object, name: str, found: list[tuple[str, Scalar]], depth: int) -> None:
    if depth > _DEEPEST or len(found) > _MOST_LEAVES:
        raise UnreadableError("too deep or too large")
    match item:
        case dict():
            for key, inner in item.items():
                if not isinstance(key, str):
                    raise UnreadableError("a key that is no text")
                _collect(inner, _below(name, key), found, depth + 1)
        case list() | tuple():
            for at, inner in enumerate(item):
                _collect(inner, f"{name}[{at}]", found, depth + 1)
        case str() | bool() | int() | Decimal() | None:
            found.append((name, item))
        case float() if isfinite(item):
            found.append((name, Decimal(repr(item))))
        case _:
            raise UnreadableError("a value that is no leaf")


def _below(name: str, key: str) -> str:
    """INVARIANT: a key that looks like a path never reads as one, so that nobody can name a field into being declared."""
    if not key or "." in key or "[" in key:
        return f"{name}[{json.dumps(key)}]"
    return f"{name}.{key}" if name else key


def _as_text(value: Scalar) -> str:
    match value:
        case None | bool():
            return ""
        case str():
            return value
        case int() | Decimal():
            return str(value)


def leaf_text(value: Scalar) -> str:
    """A leaf as the model reads it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | Decimal():
            return str(value)


def _parse(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_float=_decimal, parse_constant=_refuse)
    except RecursionError as error:
        raise UnreadableError("nested too deeply") from error
    except json.JSONDecodeError:
        return _literal(text)


def _literal(text: str) -> object:
    """Read Python's `str(dict)`. Only literals reach the parser, so that it neither warns, nor runs out of stack, nor computes."""
    plain = text.strip()
    if len(plain) > _LONGEST_LITERAL or plain[:1] not in ("{", "[") or _LITERALS.fullmatch(plain) is None:
        raise UnreadableError("not JSON")
    try:
        tree = ast.parse(plain, mode="eval")
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                _unique([(ast.dump(key) if key else "", None) for key in node.keys])
        return ast.literal_eval(tree)
    except (SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise UnreadableError("not JSON") from error


def _unique(items: list[tuple[str, object]]) -> dict[str, object]:
    seen = dict(items)
    if len(seen) != len(items):
        raise UnreadableError("a repeated key")
    return seen


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = None
    if number is None or abs(number.adjusted()) > 64:
        raise UnreadableError("a number out of range")
    return number


def _refuse(_: str) -> object:
    raise UnreadableError("a number that is not finite")
