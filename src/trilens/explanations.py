"""What every stable code means: what it says, why it matters, how it is put right. Data only; works offline.

Each area keeps its texts beside the code that raises them, in a file `codes.yaml` anywhere below this package:

    area: manifest
    codes:
      unknown-key:
        what: A key that this version of the format does not have.
        why: A misspelt key would be silently without effect.
        fix: Correct the spelling.

An area may be spread over several rooms; a code is explained once (tests/test_explanations.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

FILE = "codes.yaml"
_FIELDS = {"what", "why", "fix"}


@dataclass(frozen=True, slots=True)
class Explanation:
    code: str
    """`area/what`."""
    what: str
    why: str
    fix: str


def explain(code: str) -> Explanation | None:
    """The explanation of `code`; None when no such code exists."""
    return of_area(code.partition("/")[0]).get(code)


@cache
def of_area(area: str) -> Mapping[str, Explanation]:
    """Explanations of one area by code; only files of that area are parsed."""
    found: dict[str, Explanation] = {}
    for text in _texts():
        if text.partition("\n")[0].strip() != f"area: {area}":
            continue
        for explanation in parse_codes(text):
            if explanation.code in found:
                raise AssertionError(f"code `{explanation.code}` is explained twice")
            found[explanation.code] = explanation
    return MappingProxyType(found)


def areas() -> tuple[str, ...]:
    """Every area that explains its codes, sorted."""
    heads = (text.partition("\n")[0] for text in _texts())
    return tuple(sorted({head.removeprefix("area:").strip() for head in heads}))


def parse_codes(text: str) -> Iterator[Explanation]:
    """Read one `codes.yaml`. It is part of this package: another shape is a bug."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow to import, and needed only when something is explained

    data: object = YAML(typ="safe", pure=True).load(text)
    match data:
        case {"area": str(area), "codes": dict(codes), **rest} if not rest:
            pass
        case _:
            raise AssertionError(f"expected `area` and `codes` in `{FILE}`")
    for name, entry in codes.items():
        if (
            not isinstance(entry, dict)
            or set(entry) != _FIELDS
            or not all(isinstance(v, str) and v for v in entry.values())
        ):
            raise AssertionError(f"expected `what`, `why` and `fix` for code `{area}/{name}`")
        yield Explanation(f"{area}/{name}", **{field: " ".join(entry[field].split()) for field in _FIELDS})


@cache
def _texts() -> tuple[str, ...]:
    return tuple(sorted(_walk(files("trilens"))))


def _walk(folder: Traversable) -> Iterator[str]:
    for item in folder.iterdir():
        if item.name == FILE:
            yield item.read_text(encoding="utf-8")
        elif item.is_dir() and not item.name.startswith((".", "_")):
            yield from _walk(item)
