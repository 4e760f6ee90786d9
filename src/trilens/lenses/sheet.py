"""A guard's sheet, `guard.yaml`, read into the frozen `Sheet`."""

from importlib.resources.abc import Traversable
from typing import Annotated, Literal

from pydantic import Field

from trilens.errors import ExtensionError
from trilens.lenses.extension_file import Strict, read_part, read_text
from trilens.lenses.lens import Sheet
from trilens.vocabulary.canonical import canonical, digest
from trilens.vocabulary.outcome import EventKind, Lens, Outcome

_Line = Annotated[str, Field(min_length=1)]
_Lines = Annotated[list[_Line], Field(min_length=1)]
_Word = Literal["allow", "modify", "hold", "deny"]


class _SheetPart(Strict):
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    lens: Lens
    question: _Line
    why: _Line
    watches: Annotated[list[EventKind], Field(min_length=1)]
    concerns: _Lines
    controls: _Lines
    outcomes: Annotated[list[_Word], Field(min_length=1)]
    on_error: _Word
    cost: _Line
    limits: _Lines
    sources: list[_Line]


def read_sheet(folder: Traversable, lens: Lens) -> Sheet:
    """The sheet of the guard in `folder`, which stands in the room of `lens`.

    Raises:
        ExtensionError: the sheet is missing or malformed, names another folder or lens than it stands in, or would let a failure pass.
    """
    part = read_part(folder, "guard.yaml", _SheetPart)
    on_error = Outcome.of(part.on_error)
    if (part.id, part.lens) != (folder.name, lens):
        raise ExtensionError(
            "extension/misplaced",
            f"expected guard `{lens}/{folder.name}` in this folder, its sheet says `{part.lens}/{part.id}`",
        )
    if on_error < Outcome.HOLD:
        raise ExtensionError(
            "extension/loose-on-error",
            f"`on_error` of `{lens}/{part.id}` must be `hold` or `deny`, got `{part.on_error}`",
            help="a guard that failed has not looked, and absence is not consent",
        )
    return Sheet(
        id=part.id,
        lens=lens,
        question=part.question,
        why=part.why,
        watches=frozenset(part.watches),
        concerns=tuple(part.concerns),
        controls=tuple(part.controls),
        outcomes=frozenset(Outcome.of(word) for word in part.outcomes),
        on_error=on_error,
        cost=part.cost,
        limits=tuple(part.limits),
        sources=tuple(part.sources),
        digest=_digest(folder),
    )


def _digest(folder: Traversable) -> str:
    """Over the sheet and every Python file of the folder: what it says of itself and what it does."""
    names = sorted(f.name for f in folder.iterdir() if f.name == "guard.yaml" or f.name.endswith(".py"))
    if "guard.py" not in names:
        read_text(folder, "guard.py")
    return digest(canonical([[name, digest(folder.joinpath(name).read_bytes())] for name in names]))
