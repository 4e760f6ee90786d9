"""A gate: the controls of one stage, rated for each lens from the manifest and from the record, and never merged.

1 the stage       which controls are asked, and which evidence can exist
2 each control    declared and recorded evidence → rating                    declared.py, recorded.py, status.py
3 each lens       its worst control → verdict, and what to do about it
4 the seams       the failure mode, when all three are known
5 three questions what could go wrong, what could be done to it, what must be provable
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trilens.declare.diagnosis import Diagnosis
from trilens.errors import SettingsError
from trilens.lenses.lens import Sheet
from trilens.prove.controls.catalogue import Catalogue, Control, Reads, Stage
from trilens.prove.declared import Declaration, applicability_of, evidence_of
from trilens.prove.evidence import NO_FACTS, Facts, Subject
from trilens.prove.questions import Question, three_questions
from trilens.prove.recorded import NO_RECORD, RecordCheck, recorded_evidence
from trilens.prove.seams import FailureMode, failure_mode
from trilens.prove.status import APPLIES, Evidence, Rating, Word, rate, word_of, word_of_lens
from trilens.prove.worst import Worst, worst_item
from trilens.vocabulary.outcome import Lens
from trilens.vocabulary.system import System


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a gate is computed from. The same inputs give the same report."""

    system: System | None
    """None: there is no manifest."""
    sheets: tuple[Sheet, ...]
    catalogue: Catalogue
    subject: Subject
    now_ms: int
    diagnoses: Sequence[Diagnosis] | None = None
    """What a review of the manifest found; None: there was none."""
    facts: Facts = NO_FACTS
    """Read with the inquiry of the same catalogue, sheets, subject and moment, from exactly the entries that `check` covers."""
    check: RecordCheck = NO_RECORD


@dataclass(frozen=True, slots=True)
class ControlStatus:
    """One control under one lens."""

    control: Control
    lens: Lens
    rating: Rating
    word: Word


@dataclass(frozen=True, slots=True)
class LensVerdict:
    lens: Lens
    owner: str
    """Who answers for it; empty when nobody is named."""
    word: Word
    controls: tuple[ControlStatus, ...]
    """In the order of the catalogue."""
    worst: Worst | None
    """What keeps it from PASS, and the next command; None when nothing does."""


@dataclass(frozen=True, slots=True)
class GateReport:
    """Three verdicts side by side. There is no total and no score."""

    system: str
    """Empty when there is no manifest."""
    stage: Stage
    now_ms: int
    subject: Subject
    facts: Facts
    check: RecordCheck
    verdicts: tuple[LensVerdict, ...]
    """One a lens, in their order."""
    failure_mode: FailureMode
    questions: tuple[Question, ...]

    @property
    def exit_code(self) -> int:
        """1 for any FAIL, else 3 for any UNKNOWN, else 0."""
        words = {verdict.word for verdict in self.verdicts}
        if Word.FAIL in words:
            return 1
        return 3 if Word.UNKNOWN in words else 0


def gate(inputs: Inputs, stage_id: str) -> GateReport:
    """Rate every control of the stage under every lens.

    Raises:
        SettingsError: no such stage; code `gate/unknown-stage`.
    """
    # (1) the stage
    stage = inputs.catalogue.stage(stage_id)
    if stage is None:
        known = ", ".join(f"`{known.id}`" for known in inputs.catalogue.stages)
        raise SettingsError("gate/unknown-stage", f"unknown stage `{stage_id}`", help=f"known stages: {known}")
    # (2) and (3) each control of each lens
    verdicts = tuple(_verdict(inputs, stage, lens) for lens in Lens)
    # (4) and (5) what the verdicts say together, without merging them
    return GateReport(
        system=inputs.system.id if inputs.system else "",
        stage=stage,
        now_ms=inputs.now_ms,
        subject=inputs.subject,
        facts=inputs.facts,
        check=inputs.check,
        verdicts=verdicts,
        failure_mode=failure_mode({verdict.lens: verdict.word for verdict in verdicts}),
        questions=three_questions(inputs.system, inputs.sheets, inputs.check),
    )


def _verdict(inputs: Inputs, stage: Stage, lens: Lens) -> LensVerdict:
    controls = tuple(_status(inputs, stage, lens, control) for control in inputs.catalogue.of(lens, stage))
    word = word_of_lens(status.word for status in controls)
    rated = [(status.control, status.rating) for status in controls if status.word is word]
    owner = inputs.system.owners.get(lens, "") if inputs.system else ""
    worst = worst_item(rated, has_manifest=inputs.system is not None) if word not in _GOOD else None
    return LensVerdict(lens, owner, word, controls, worst)


_GOOD = (Word.PASS, Word.NOT_APPLICABLE)


def _status(inputs: Inputs, stage: Stage, lens: Lens, control: Control) -> ControlStatus:
    declared = _declared(inputs, lens, control) if Reads.DECLARED in stage.reads else ()
    recorded = recorded_evidence(control, lens, inputs.facts, inputs.check) if Reads.RECORDED in stage.reads else ()
    applicability = applicability_of(control.applies_when, inputs.system) if inputs.system else APPLIES
    rating = rate(control.kind, (*declared, *recorded), applicability)
    return ControlStatus(control, lens, rating, word_of(control.kind, rating.status))


def _declared(inputs: Inputs, lens: Lens, control: Control) -> tuple[Evidence, ...]:
    if control.declared is None or inputs.system is None:
        return ()
    declaration = Declaration(
        inputs.system, inputs.sheets, inputs.diagnoses, inputs.catalogue.review_errors, inputs.now_ms
    )
    return evidence_of(control.declared, declaration, lens)
