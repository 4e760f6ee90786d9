"""Every installed guard answers every one of its vectors as told."""

from collections.abc import Callable

import pytest

from trilens.lenses.catalog import InstalledGuard, load
from trilens.lenses.rehearsal import run_vector
from trilens.lenses.vectors import Vector
from trilens.vocabulary.system import System

GUARDS = load()
CASES = [
    pytest.param(guard, vector, id=f"{guard.sheet.name}: {vector.name}")
    for guard in GUARDS
    for vector in guard.vectors()
]


@pytest.mark.requirement("S3", "S6", "S10", "X3", "X4", "C2", "C3", "C5")
@pytest.mark.parametrize(("guard", "vector"), CASES)
def test_guard_answers_its_vector(guard: InstalledGuard, vector: Vector, parse_shop: Callable[[str], System]) -> None:
    assert run_vector(guard, vector, parse_shop).problem == ""


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.sheet.name)
def test_guard_shows_every_outcome_of_its_sheet(guard: InstalledGuard) -> None:
    shown = {vector.expect.outcome for vector in guard.vectors()} - {None}
    assert shown == {outcome.word for outcome in guard.sheet.outcomes}
    assert any(vector.expect.ran is not None for vector in guard.vectors())
