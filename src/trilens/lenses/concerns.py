"""What a lens is concerned about: hazards, threats and obligations, one list a lens, of one shape."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Annotated

from pydantic import Field

from trilens.errors import ExtensionError
from trilens.lenses.extension_file import Strict, read_part
from trilens.vocabulary.outcome import Lens

ROW = r"^[SXCV][1-9][0-9]?$"
"""Id of a row of the product's list of promises."""

KIND = {Lens.SAFETY: "hazards", Lens.SECURITY: "threats", Lens.COMPLIANCE: "obligations"}
"""The word each lens uses for its concerns; the key of its `concerns.yaml`."""


@dataclass(frozen=True, slots=True)
class Concern:
    """A hazard, a threat or an obligation."""

    id: str
    lens: Lens
    name: str
    description: str
    """One sentence."""
    row: str
    """The promise of the product it belongs to, such as `S3`."""


class _ConcernPart(Strict):
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    name: Annotated[str, Field(min_length=1)]
    description: Annotated[str, Field(pattern=r"^\S[^\n]*\.$")]
    row: Annotated[str, Field(pattern=ROW)]


_Concerns = Annotated[list[_ConcernPart], Field(min_length=1)]


class _Hazards(Strict):
    hazards: _Concerns


class _Threats(Strict):
    threats: _Concerns


class _Obligations(Strict):
    obligations: _Concerns


def read_concerns(folder: Traversable, lens: Lens) -> tuple[Concern, ...]:
    """The concerns in a lens' folder, in their order.

    Raises:
        ExtensionError: the file is missing or malformed, or an id is repeated; code `extension/duplicate-concern` for the last.
    """
    parts = _parts(folder, lens)
    seen = [part.id for part in parts]
    repeated = sorted({name for name in seen if seen.count(name) > 1})
    if repeated:
        raise ExtensionError("extension/duplicate-concern", f"concern `{repeated[0]}` of `{lens}` is listed twice")
    return tuple(Concern(p.id, lens, p.name, p.description, p.row) for p in parts)


def _parts(folder: Traversable, lens: Lens) -> list[_ConcernPart]:
    match lens:
        case Lens.SAFETY:
            return read_part(folder, "concerns.yaml", _Hazards).hazards
        case Lens.SECURITY:
            return read_part(folder, "concerns.yaml", _Threats).threats
        case Lens.COMPLIANCE:
            return read_part(folder, "concerns.yaml", _Obligations).obligations


def unknown_concern(named: Iterable[str], known: Iterable[Concern]) -> str:
    """The first of `named` that is neither a row nor a known concern; empty when all are."""
    ids = {concern.id for concern in known}
    return next((name for name in named if name not in ids and not re.match(ROW, name)), "")
