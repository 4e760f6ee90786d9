"""Data against the shapes: a manifest in shape, or everything that is out of shape, and what is left without it."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from trilens.declare.document import Data, Document, Loc
from trilens.declare.keys import known_keys
from trilens.declare.shape.manifest import ManifestShape
from trilens.declare.suggest import nearest
from trilens.declare.translate import problem_of, written
from trilens.errors import ManifestError

MOST = 100
"""Problems of one kind that are told at once."""


@dataclass(frozen=True, slots=True)
class Shaped:
    """A manifest in shape, or what keeps it from being so."""

    manifest: ManifestShape | None
    rest: ManifestShape | None
    """The entries that are in shape, so that they can be judged all the same; never to be built from."""
    problems: tuple[ManifestError, ...]
    misspelt: frozenset[Loc]
    """Keys that are not there under their right name, but probably under a wrong one."""


def shape(document: Document, data: dict[str, Data], *, empty: Sequence[Loc] = ()) -> Shaped:
    """Check the data against the shapes.

    Args:
        empty: keys and list items without a value, which were reported already.
    """
    try:
        whole = ManifestShape.model_validate(data)
        return Shaped(whole, whole, (), frozenset())
    except ValidationError as error:
        details = error.errors(include_url=False)[:MOST]
    misspelt = frozenset(intended for detail in details for intended in _intended(detail))
    excused = misspelt.union(empty)
    kept = (d for d in details if written(d["loc"]) not in (excused if d["type"] == "missing" else empty))
    problems = tuple(problem_of(document, detail) for detail in kept)
    rest = _in_shape(data, [written(detail["loc"]) for detail in details])
    return Shaped(None, rest, problems, misspelt)


_ENTRIES = ("people", "models", "prompts", "sources", "tools", "agents")


def _in_shape(data: dict[str, Data], broken: Sequence[Loc]) -> ManifestShape | None:
    """What is left without the entries that are broken; None when that is not in shape either."""
    left: dict[str, Data] = {**data, "trilens": 1, "system": "unknown"}
    for loc in broken:
        section = left.get(str(loc[0]))
        if loc[0] in _ENTRIES and isinstance(section, dict) and len(loc) > 1:
            left[str(loc[0])] = {name: entry for name, entry in section.items() if name != loc[1]}
        elif loc[0] not in ("trilens", "system"):
            left.pop(str(loc[0]), None)
    try:
        return ManifestShape.model_validate(left)
    except ValidationError:
        return None


def _intended(detail: ErrorDetails) -> Sequence[Loc]:
    if detail["type"] != "extra_forbidden":
        return ()
    above, key = detail["loc"][:-1], str(detail["loc"][-1])
    return [(*written(above), known) for known in nearest(key, known_keys(above))]
