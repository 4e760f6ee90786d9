"""Controls and stages, read strictly from `controls.yaml`.

A control without a query, a query over guards that no guard answers, and a guard that names an unknown control are errors, so
that a promise nobody keeps cannot stand in a report.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from trilens.errors import ExtensionError
from trilens.lenses.extension_file import Strict, read_part
from trilens.lenses.lens import Sheet
from trilens.vocabulary.canonical import canonical, digest
from trilens.vocabulary.outcome import Lens

_FILE = "controls.yaml"


class ControlKind(StrEnum):
    ENFORCE = "enforce"
    """Operates on each event, before it happens."""
    TEST = "test"
    """Is tried out on purpose."""
    OBSERVE = "observe"
    """Is read off what happened."""
    ATTEST = "attest"
    """A person says so by name. Never shown as proven."""


class Mark(StrEnum):
    """What one decision says of one guard. `prove/marks.py` gives them."""

    JUDGED = "judged"
    LOOKED = "looked"
    """It found the event none of its business."""
    FAULTED = "faulted"
    """It raised, and the event stayed: it failed closed."""
    MISSED = "missed"
    """It raised, was skipped or is absent, and the event left."""
    OVERRULED = "overruled"
    """What happened was looser than its verdict."""


class Check(StrEnum):
    """Checks of the manifest. `prove/declared.py` makes them."""

    HAZARDS_REDUCED = "hazards_reduced"
    SOURCES_APPROVED = "sources_approved"
    APPROVALS_WAIVED = "approvals_waived"
    EFFECTS_BOUNDED = "effects_bounded"
    DUTIES_DECLARED = "duties_declared"
    OWNER_NAMED = "owner_named"
    MANIFEST_REVIEWED = "manifest_reviewed"


class Predicate(StrEnum):
    """Facts of the manifest on which a control's being applicable rests. An undeclared tool is denied, so absence is safe to read."""

    TOOL_DECLARED = "tool_declared"
    TOOL_WITH_EFFECT = "tool_with_effect"
    IRREVERSIBLE_TOOL = "irreversible_tool"
    SOURCE_DECLARED = "source_declared"


class Reads(StrEnum):
    DECLARED = "declared"
    RECORDED = "recorded"


_Line = Annotated[str, Field(min_length=1)]
_Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
_Marks = Annotated[tuple[Mark, ...], Field(min_length=1)]


class VerdictQuery(Strict):
    """Verdicts of guards on recorded decisions."""

    of: Literal["guards", "lens_guards"]
    """`guards`: those whose sheets name the control. `lens_guards`: every installed guard of the lens."""
    operated: _Marks
    """Marks that show that it operated; their number is the population."""
    failed: _Marks
    """Marks that show that it did not; one in the window fails it."""
    fresh_for_ms: Annotated[int, Field(ge=1)]


class LedgerQuery(Strict):
    """The verification of the record itself, made while the gate is computed."""

    of: Literal["ledger"]


RecordedQuery: TypeAlias = Annotated[VerdictQuery | LedgerQuery, Field(discriminator="of")]


class _StagePart(Strict):
    id: _Id
    moment: _Line
    reads: Annotated[tuple[Reads, ...], Field(min_length=1)]


class _ControlPart(Strict):
    id: _Id
    lenses: Annotated[tuple[Lens, ...], Field(min_length=1)]
    kind: ControlKind
    title: _Line
    question: Annotated[str, Field(pattern=r"^[A-Z][^\n]*\?$")]
    stages: Annotated[tuple[_Id, ...], Field(min_length=1)]
    applies_when: Predicate | None = None
    declared: Check | None = None
    recorded: RecordedQuery | None = None
    does_not_show: Annotated[tuple[_Line, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _has_a_query(self) -> "_ControlPart":
        if self.declared is None and self.recorded is None:
            raise ValueError("a control needs `declared`, `recorded` or both")
        return self


_Codes = tuple[_Line, ...]


class _ReviewErrorsPart(Strict):
    safety: _Codes
    security: _Codes
    compliance: _Codes
    answered_elsewhere: _Codes


class _CataloguePart(Strict):
    stages: Annotated[list[_StagePart], Field(min_length=1)]
    review_errors: _ReviewErrorsPart
    controls: Annotated[list[_ControlPart], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Stage:
    """A moment at which the three questions are asked."""

    id: str
    moment: str
    reads: frozenset[Reads]
    """Evidence that can exist at this moment."""


@dataclass(frozen=True, slots=True)
class Control:
    """Something that is in place against a concern, with the queries whose answer is its status."""

    id: str
    lenses: tuple[Lens, ...]
    """It is evaluated once for each."""
    kind: ControlKind
    title: str
    question: str
    stages: frozenset[str]
    applies_when: Predicate | None
    declared: Check | None
    recorded: VerdictQuery | LedgerQuery | None
    does_not_show: tuple[str, ...]
    query_digest: str
    """`sha256:` over all that decides which evidence counts: evaluations under one digest asked the same."""

    @property
    def fresh_for_ms(self) -> int:
        """How long its records count; 0 for what is computed anew each time."""
        return self.recorded.fresh_for_ms if isinstance(self.recorded, VerdictQuery) else 0


@dataclass(frozen=True, slots=True)
class ReviewErrors:
    """Which lens an error of the manifest's review belongs to."""

    by_code: Mapping[str, Lens]
    answered_elsewhere: frozenset[str]
    """Codes that a control of their own answers."""

    def concern(self, code: str, lens: Lens) -> bool:
        """Whether an error of this code fails this lens; an unlisted one fails every lens."""
        return code not in self.answered_elsewhere and self.by_code.get(code, lens) is lens


@dataclass(frozen=True, slots=True)
class Catalogue:
    stages: tuple[Stage, ...]
    review_errors: ReviewErrors
    controls: tuple[Control, ...]

    def stage(self, stage_id: str) -> Stage | None:
        return next((stage for stage in self.stages if stage.id == stage_id), None)

    def of(self, lens: Lens, stage: Stage) -> tuple[Control, ...]:
        """The controls a lens is asked about at a stage, in the order of the catalogue."""
        return tuple(c for c in self.controls if lens in c.lenses and stage.id in c.stages)


def load_catalogue() -> Catalogue:
    """Read the catalogue that is shipped.

    Raises:
        ExtensionError: it is malformed, repeats an id, or names a stage it does not define.
    """
    part = read_part(files(__package__), _FILE, _CataloguePart)
    stages = tuple(Stage(s.id, s.moment, frozenset(s.reads)) for s in part.stages)
    _refuse_repeated("stage", [stage.id for stage in stages])
    _refuse_repeated("control", [control.id for control in part.controls])
    known = {stage.id for stage in stages}
    for control in part.controls:
        for stage_id in control.stages:
            if stage_id not in known:
                raise ExtensionError(
                    "extension/unknown-stage", f"control `{control.id}` names unknown stage `{stage_id}`"
                )
    return Catalogue(stages, _review_errors(part.review_errors), tuple(_control(c) for c in part.controls))


def implementing(control: Control, sheets: Iterable[Sheet]) -> tuple[Sheet, ...]:
    """The guards whose sheets name the control, whichever lens they belong to."""
    return tuple(sheet for sheet in sheets if control.id in sheet.controls)


def check_links(catalogue: Catalogue, sheets: Iterable[Sheet]) -> None:
    """Check that guards and controls meet.

    Raises:
        ExtensionError: a guard names an unknown control (`extension/unknown-control`), or a control asks guards and none
            implements it (`extension/unkept-control`).
    """
    sheets = tuple(sheets)
    known = {control.id for control in catalogue.controls}
    for sheet in sheets:
        for control_id in sheet.controls:
            if control_id not in known:
                raise ExtensionError(
                    "extension/unknown-control",
                    f"guard `{sheet.name}` names unknown control `{control_id}`",
                    help=f"known controls: {', '.join(sorted(known))}",
                )
    for control in catalogue.controls:
        asks_guards = isinstance(control.recorded, VerdictQuery) and control.recorded.of == "guards"
        if asks_guards and not implementing(control, sheets):
            raise ExtensionError("extension/unkept-control", f"no installed guard implements control `{control.id}`")


def _review_errors(part: _ReviewErrorsPart) -> ReviewErrors:
    listed = ((Lens.SAFETY, part.safety), (Lens.SECURITY, part.security), (Lens.COMPLIANCE, part.compliance))
    codes = [code for _, codes in listed for code in codes] + list(part.answered_elsewhere)
    _refuse_repeated("review-error", codes)
    return ReviewErrors({code: lens for lens, codes in listed for code in codes}, frozenset(part.answered_elsewhere))


def _control(part: _ControlPart) -> Control:
    asked = part.model_dump(mode="json", include={"kind", "applies_when", "declared", "recorded"})
    return Control(
        id=part.id,
        lenses=part.lenses,
        kind=part.kind,
        title=part.title,
        question=part.question,
        stages=frozenset(part.stages),
        applies_when=part.applies_when,
        declared=part.declared,
        recorded=part.recorded,
        does_not_show=part.does_not_show,
        query_digest=digest(canonical(asked)),
    )


def _refuse_repeated(what: str, ids: list[str]) -> None:
    repeated = next((one for one in ids if ids.count(one) > 1), "")
    if repeated:
        raise ExtensionError(f"extension/duplicate-{what}", f"{what} `{repeated}` is listed twice")
