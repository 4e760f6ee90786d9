"""YAML files of an extension, read strictly: an unknown key, a repeated key or a wrong type is an error that names the file."""

import difflib
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from trilens.errors import ExtensionError, Place


class Strict(BaseModel):
    """A part of an extension file; what it does not name may not be there."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_Part = TypeVar("_Part", bound=Strict)


class _PlainConstructor(SafeConstructor):
    """Dates stay text, so that what an author writes is what a guard is shown."""


_PlainConstructor.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)


def read_text(folder: Traversable, name: str) -> str:
    """The text of one file of an extension.

    Raises:
        ExtensionError: it is missing or is not UTF-8; code `extension/missing-file` or `extension/not-text`.
    """
    file = folder.joinpath(name)
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ExtensionError(
            "extension/missing-file",
            f"`{_shown(folder)}` must hold `{name}`, which cannot be read",
            help="a guard is a folder with guard.yaml, guard.py and vectors.yaml",
        ) from error
    except UnicodeDecodeError as error:
        raise ExtensionError("extension/not-text", f"`{_shown(folder)}/{name}` is not UTF-8 text") from error


def read_yaml(text: str, file: str) -> object:
    """YAML 1.2 as plain data.

    Raises:
        ExtensionError: it is no YAML, or a key is repeated; code `extension/not-yaml`.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _PlainConstructor
    try:
        return yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else None
        problem = (error.problem or "not YAML").splitlines()[0].replace('"', "`")
        raise ExtensionError("extension/not-yaml", f"not readable as YAML: {problem}", place=place) from error
    except YAMLError as error:
        raise ExtensionError("extension/not-yaml", f"`{file}` is not readable as YAML") from error


def read_part(folder: Traversable, name: str, part: type[_Part]) -> _Part:
    """One file of an extension as `part`.

    Raises:
        ExtensionError: as `read_text` and `read_yaml`, and code `extension/unknown-key`, `extension/missing-key` or
            `extension/bad-value` with the path of the key.
    """
    file = f"{_shown(folder)}/{name}"
    data = read_yaml(read_text(folder, name), file)
    try:
        return part.model_validate(data)
    except ValidationError as error:
        raise _first_problem(error, file, part) from error


def _first_problem(error: ValidationError, file: str, part: type[Strict]) -> ExtensionError:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    # a misspelt key is both unknown and missing; the first says more
    first = next((problem for problem in problems if problem["type"] == "extra_forbidden"), problems[0])
    *above, key = first["loc"] or ("",)
    where = f"`{file}`" + (f" at `{_path(above)}`" if above else "")
    match first["type"]:
        case "extra_forbidden":
            near = difflib.get_close_matches(str(key), sorted(set(_keys(part.model_json_schema()))), n=1)
            hint = f"did you mean `{near[0]}`?" if near else ""
            return ExtensionError("extension/unknown-key", f"unknown key `{key}` in {where}", help=hint)
        case "missing":
            return ExtensionError("extension/missing-key", f"`{key}` is missing in {where}")
        case _:
            said = first["msg"].removeprefix("Value error, ")
            said = said[:1].lower() + said[1:].replace("'", "`")
            return ExtensionError("extension/bad-value", f"`{_path(first['loc'])}` in `{file}`: {said}")


def _path(location: "list[int | str] | tuple[int | str, ...]") -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return "".join(steps).removeprefix(".")


def _keys(schema: object) -> Iterator[str]:
    match schema:
        case dict():
            for name, inner in schema.items():
                if name == "properties" and isinstance(inner, dict):
                    yield from inner
                yield from _keys(inner)
        case list():
            for inner in schema:
                yield from _keys(inner)
        case _:
            return


def _shown(folder: Traversable) -> str:
    """The folder's name with the two above it: enough to find it, and no path of anybody's machine."""
    parts = str(folder).replace("\\", "/").rstrip("/").split("/")
    return "/".join(parts[-3:])
