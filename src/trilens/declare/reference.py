"""The reference page of the manifest, written from the models that check it.

python -m trilens.declare.reference < src/trilens/lenses/fixtures/shop.yaml > docs/reference/manifest.md
"""

import sys
import types
from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Literal, Union, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo

from trilens.declare.shape.base import Duration, FilePath, Maximum, Member, Name, Shape, Text
from trilens.declare.shape.components import BaseUrl, Date, Key
from trilens.declare.shape.lenses import Host, Language
from trilens.declare.shape.manifest import ManifestShape, Version
from trilens.declare.shape.people import Header
from trilens.declare.shape.tools import Condition, Unit
from trilens.explanations import of_area

_WORDS: tuple[tuple[object, str], ...] = (
    (Name, "name"),
    (Text, "text"),
    (Member, "field name"),
    (Duration, "duration (`15m`, `24h`, `183d`)"),
    (Maximum, "amount (`500 EUR`) or number of calls (`20`)"),
    (FilePath, "path"),
    (BaseUrl, "address or `$NAME`"),
    (Key, "`env:NAME`"),
    (Date, "date (`2027-03-01`)"),
    (Host, "host name"),
    (Language, "language tag"),
    (Header, "header name"),
    (Unit, "currency code (`EUR`)"),
    (Condition, "CEL condition"),
    (Version, "`1`"),
    (str, "text"),
    (bool, "`true` or `false`"),
)

_INTRODUCTION = """\
# The manifest, key by key

One file, `system.yaml`, declares a system for the three teams that answer for it. It is a strict part of YAML 1.2: no anchors, tags,
tabs or second documents, no key twice, and no key that is not described here. `trilens check` says what is wrong and where;
`trilens explain CODE` says why it matters.

This page is generated: `python -m trilens.declare.reference < src/trilens/lenses/fixtures/shop.yaml > docs/reference/manifest.md`.

## An example

```yaml
{example}```

A name has letters, digits, `-`, `_` and `.`. A key without a value is an error. An effect that cannot be undone is held unless its tool
says `approval:`; then `approval:` alone decides.
"""


def reference(example: str) -> str:
    """The page, in Markdown, around an example manifest."""
    sections = [_section(shape, path) for path, shape in _shapes(ManifestShape, "")]
    return "\n".join([_INTRODUCTION.format(example=example), *sections, _codes()])


def _shapes(shape: type[Shape], path: str) -> Iterator[tuple[str, type[Shape]]]:
    """Every mapping of the manifest, in the order of its keys."""
    yield path, shape
    for key, annotation, _ in _fields(shape):
        for below, suffix in _below(annotation):
            yield from _shapes(below, f"{path}.{key}{suffix}".removeprefix("."))


def _fields(shape: type[Shape]) -> Iterator[tuple[str, object, FieldInfo]]:
    hints = get_type_hints(shape, include_extras=True)
    for name, field in shape.model_fields.items():
        yield field.alias or name, hints[name], field


def _below(annotation: object) -> Iterator[tuple[type[Shape], str]]:
    """Mappings inside an annotation, with what their path adds to the key's."""
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        yield annotation, ""
        return
    inner = get_args(annotation)
    if get_origin(annotation) is Annotated:
        inner = inner[:1]
    suffix = {dict: ".<name>", list: "[]"}.get(get_origin(annotation), "")  # type: ignore[arg-type]
    for part in inner:
        for shape, rest in _below(part):
            yield shape, suffix + rest


def _section(shape: type[Shape], path: str) -> str:
    heading = f"## `{path}`" if path else "## Top level"
    lines = [heading, "", (shape.__doc__ or "").strip(), "", "| Key | Needed | Value | Meaning |", "|---|---|---|---|"]
    for key, annotation, field in _fields(shape):
        needed = "yes" if field.is_required() else ""
        meaning = " ".join((field.description or "").split())
        lines.append(f"| `{key}` | {needed} | {_value(annotation)} | {meaning} |")
    return "\n".join([*lines, ""])


def _value(annotation: object) -> str:
    """What may stand there, in words."""
    word = next((word for known, word in _WORDS if known == annotation), "")
    if word:
        return word
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _value(inner[0])
    if origin in (Union, types.UnionType):
        return ", or ".join(_value(part) for part in inner if part is not types.NoneType)
    if origin is Literal:
        return " · ".join(f"`{_spelled(part)}`" for part in inner)
    if origin is list:
        return f"list of: {_value(inner[0])}"
    if origin is dict:
        return f"by {_value(inner[0])}: {_value(inner[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " · ".join(f"`{member.value}`" for member in annotation)
    return "mapping"


def _spelled(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _codes() -> str:
    rows = [f"| `{e.code}` | {e.what} | {e.fix} |" for e in of_area("manifest").values()]
    escaped = [row.replace("||", "&#124;&#124;") for row in rows]
    return "\n".join(
        ["## Every problem and its fix", "", "| Code | What it says | Fix |", "|---|---|---|", *escaped, ""]
    )


if __name__ == "__main__":
    sys.stdout.write(reference(sys.stdin.read()))
