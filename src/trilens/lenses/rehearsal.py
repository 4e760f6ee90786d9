"""Playing a guard's vectors: the same run for our tests and for `trilens catalog check`."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from trilens.lenses.catalog import InstalledGuard
from trilens.lenses.lens import NOT_APPLICABLE, Answer
from trilens.lenses.stage import Staged, stage
from trilens.lenses.vectors import Answered, Vector
from trilens.vocabulary.system import System


@dataclass(frozen=True, slots=True)
class VectorResult:
    guard: str
    """`lens/name`."""
    vector: str
    problem: str
    """Expected before got; empty when the guard answered as told."""

    @property
    def passed(self) -> bool:
        return not self.problem


def run_vectors(guard: InstalledGuard, parse_manifest: Callable[[str], System]) -> tuple[VectorResult, ...]:
    """Put every vector to the guard, in their order.

    Args:
        parse_manifest: makes a System of a manifest's text, whose files stand in `stage.FIXTURES`; called once for each text.

    Raises:
        ExtensionError: the vectors cannot be read, or one cannot be staged.
    """
    parse = functools.cache(parse_manifest)
    return tuple(run_vector(guard, vector, parse) for vector in guard.vectors())


def run_vector(guard: InstalledGuard, vector: Vector, parse_manifest: Callable[[str], System]) -> VectorResult:
    """Put one vector to the guard; a guard that raises has failed it.

    An event of a kind that the guard does not watch is not put to it, as in the pipeline, and counts as not applicable.

    Raises:
        ExtensionError: the vector cannot be staged.
    """
    staged = stage(vector, parse_manifest)
    answer = NOT_APPLICABLE
    if staged.event.kind in guard.sheet.watches:
        try:
            answer = guard.judge(staged.event, staged.context)
        except Exception as error:  # noqa: BLE001 - whatever an author's code raises is the result of this vector
            problem = f"expected an answer, got {type(error).__name__}: {error}"
            return VectorResult(guard.sheet.name, vector.name, problem)
    return VectorResult(guard.sheet.name, vector.name, _difference(vector.expect, answer, staged, guard))


def _difference(expected: Answered, answer: Answer, staged: Staged, guard: InstalledGuard) -> str:
    said = answer.outcome.word if answer.outcome is not None else "not_applicable"
    wanted = expected.outcome or expected.ran
    codes = sorted({finding.code for finding in answer.findings})
    if said != wanted:
        return f"expected {wanted}, got {said} {codes}"
    if answer.outcome is not None and answer.outcome not in guard.sheet.outcomes:
        return f"expected an outcome of its sheet, got {said}"
    foreign = [code for code in codes if not code.startswith(f"{guard.sheet.id}/")]
    if foreign:
        return f"expected codes that start with `{guard.sheet.id}/`, got `{foreign[0]}`"
    if expected.codes is not None and sorted(set(expected.codes)) != codes:
        return f"expected codes {sorted(set(expected.codes))}, got {codes}"
    rules = sorted({finding.rule for finding in answer.findings})
    if expected.rule is not None and expected.rule not in rules:
        return f"expected rule `{expected.rule}`, got {rules}"
    marked = _marked(answer, staged)
    if expected.marked is not None and expected.marked != marked:
        return f"expected {expected.marked} to be marked, got {marked}"
    fronts = [edit.prepended for edit in answer.edits]
    if expected.prepended is not None and expected.prepended not in fronts:
        return f"expected `{expected.prepended}` in front, got {fronts}"
    return ""


def _marked(answer: Answer, staged: Staged) -> tuple[str, ...]:
    """The texts under the findings' spans, in the order of the text."""
    values = staged.event.arguments()
    spans = sorted({(f.path, f.span.start, f.span.stop) for f in answer.findings if f.span is not None})
    return tuple(str(values.get(path, ""))[start:stop] for path, start, stop in spans)
