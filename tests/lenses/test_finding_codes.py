"""Every code a guard can find can be explained, and no other is."""

import re
from pathlib import Path

import pytest

import trilens
from trilens.explanations import of_area
from trilens.lenses.catalog import load

SOURCE = Path(trilens.__file__).parent
GUARDS = load()


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.sheet.name)
def test_every_code_a_guard_is_shown_to_find_is_explained(guard) -> None:
    shown = {code for vector in guard.vectors() for code in vector.expect.codes or ()}
    assert shown
    assert sorted(shown - set(of_area(guard.sheet.id))) == []


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.sheet.name)
def test_every_explained_code_stands_in_the_guards_code(guard) -> None:
    folder = SOURCE / "lenses" / guard.sheet.lens / "guards" / guard.sheet.id
    code = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    for explained in of_area(guard.sheet.id):
        what = explained.partition("/")[2]
        assert re.search(rf"\b{what}\b", code) or is_made_of(what, code), explained


def is_made_of(what: str, code: str) -> bool:
    """`unsupported_amount` is `f"…/unsupported_{kind}"`."""
    return f"/{what.rpartition('_')[0]}_{{" in code


def test_every_refusal_at_admission_is_explained() -> None:
    code = (SOURCE / "enforce" / "judge.py").read_text(encoding="utf-8")
    assert set(re.findall(r'"(admit/\w+)"', code)) == set(of_area("admit"))
