"""The manifest's JSON Schema, for editors: completion, descriptions, and most mistakes while typing. `check` finds the rest."""

from collections.abc import Mapping

from trilens.declare.shape.manifest import ManifestShape
from trilens.vocabulary.canonical import Json

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def editor_schema() -> dict[str, Json]:
    """JSON Schema (draft 2020-12) of `system.yaml`, from the models that check it."""
    raw: dict[str, Json] = ManifestShape.model_json_schema(by_alias=True)
    schema = {key: _tidy(value) for key, value in raw.items() if key != "title"}
    return {"$schema": DIALECT, "title": "Trilens manifest", **schema}


def _tidy(node: Json) -> Json:
    """Without generated titles, and without `null`: a key that is written has a value."""
    match node:
        case Mapping():
            kept = {key: _tidy(value) for key, value in node.items() if not _is_noise(key, value)}
            return _without_null(kept)
        case list():
            return [_tidy(item) for item in node]
        case _:
            return node


def _is_noise(key: str, value: Json) -> bool:
    return (key == "title" and isinstance(value, str)) or (key == "default" and value is None)


def _without_null(node: dict[str, Json]) -> Json:
    choices = node.get("anyOf")
    if not isinstance(choices, list) or {"type": "null"} not in choices:
        return node
    left = [choice for choice in choices if choice != {"type": "null"}]
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    only = left[0] if len(left) == 1 else {"anyOf": left}
    return {**only, **rest} if isinstance(only, Mapping) else node
