"""Promises and tests meet: no row without tests or a reason, no test that cites what was never promised, no claim that nothing proves."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML

TESTS = Path(__file__).parent.parent
PROMISED = (
    *(f"S{n}" for n in range(1, 15)),
    *(f"X{n}" for n in range(1, 15)),
    *(f"C{n}" for n in range(1, 16)),
    *(f"V{n}" for n in range(1, 9)),
)
"""The rows of the product's list, in its order."""
ISSUES = ("none yet", "It holds under everything", "What people look at")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Deferred(Strict):
    missing: Annotated[str, Field(min_length=1)]
    issue: Annotated[str, Field(min_length=1)]


class Row(Strict):
    id: str
    promise: Annotated[str, Field(pattern=r"^[A-Z][^\n]*\.$")]
    tests: tuple[str, ...] = ()
    deferred: Deferred | None = None
    divergence: str = ""


class Requirements(Strict):
    rows: tuple[Row, ...]


@cache
def rows() -> tuple[Row, ...]:
    text = (Path(__file__).parent / "requirements.yaml").read_text(encoding="utf-8")
    return Requirements.model_validate(YAML(typ="safe", pure=True).load(text)).rows


@dataclass(frozen=True)
class Citation:
    file: str
    """Under tests/."""
    line: int
    id: str


def citations_in(source: str, file: str) -> Iterator[Citation]:
    """Every id under `pytest.mark.requirement(…)`, read without running anything."""
    for node in ast.walk(ast.parse(source)):
        is_mark = (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "requirement"
        )
        if not is_mark or not isinstance(node, ast.Call):
            continue
        named = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        if not named or len(named) != len(node.args) or node.keywords:
            pytest.fail(f"{file}:{node.lineno}: a requirement is cited by one or more literal ids", pytrace=False)
        yield from (Citation(file, node.lineno, str(name)) for name in named)


@cache
def citations() -> Mapping[str, tuple[Citation, ...]]:
    found: dict[str, list[Citation]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        file = path.relative_to(TESTS).as_posix()
        for citation in citations_in(path.read_text(encoding="utf-8"), file):
            found.setdefault(citation.id, []).append(citation)
    return {name: tuple(cited) for name, cited in found.items()}


def problems(row: Row, cited: tuple[Citation, ...]) -> list[str]:
    """How a row and the tests that cite it contradict each other; none when they agree."""
    found = []
    if not row.tests and row.deferred is None:
        found.append(f"{row.id} has neither tests nor a reason")
    if cited and not row.tests and row.deferred is not None:
        found.append(f"{row.id} claims that nothing is done, and {cited[0].file}:{cited[0].line} proves something")
    found += [
        f"{row.id}: no test in tests/{place} cites it"
        for place in row.tests
        if not any(is_under(citation.file, place) for citation in cited)
    ]
    unlisted = {c.file for c in cited if row.tests and not any(is_under(c.file, place) for place in row.tests)}
    found += [f"{row.id}: tests/{file} cites it; add the file or its folder to `tests`" for file in sorted(unlisted)]
    if row.deferred is not None and row.deferred.issue not in ISSUES:
        found.append(f"{row.id} is deferred to unknown issue `{row.deferred.issue}`")
    return found


def is_under(file: str, place: str) -> bool:
    return file == place or file.startswith(f"{place}/")


def test_every_promise_has_one_row_in_the_order_of_the_product() -> None:
    assert tuple(row.id for row in rows()) == PROMISED


def test_no_test_cites_what_was_never_promised() -> None:
    unknown = [
        f"{c.file}:{c.line}: {c.id}" for name, cited in citations().items() for c in cited if name not in PROMISED
    ]
    assert unknown == []


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.id)
def test_a_row_and_its_tests_agree(row: Row) -> None:
    assert problems(row, citations().get(row.id, ())) == []


REASON = Deferred(missing="the rest", issue=ISSUES[0])
HERE = Citation("prove/test_gate.py", 3, "S1")


@pytest.mark.parametrize(
    ("row", "cited", "count"),
    [
        (Row(id="S1", promise="It holds."), (), 1),
        (Row(id="S1", promise="It holds.", tests=("prove",)), (), 1),
        (Row(id="S1", promise="It holds.", tests=("prove",)), (HERE,), 0),
        (Row(id="S1", promise="It holds.", tests=("prove/test_gate.py",)), (HERE,), 0),
        (Row(id="S1", promise="It holds.", tests=("prov",)), (HERE,), 2),
        (Row(id="S1", promise="It holds.", tests=("prove", "cli")), (HERE,), 1),
        (Row(id="S1", promise="It holds.", deferred=REASON), (), 0),
        (Row(id="S1", promise="It holds.", deferred=REASON), (HERE,), 1),
        (Row(id="S1", promise="It holds.", tests=("prove",), deferred=REASON), (HERE,), 0),
        (Row(id="S1", promise="It holds.", deferred=Deferred(missing="all", issue="some day")), (), 1),
        (Row(id="S1", promise="It holds.", divergence="we do less"), (), 1),
    ],
)
def test_a_contradiction_between_rows_and_tests_is_found(row: Row, cited: tuple[Citation, ...], count: int) -> None:
    assert len(problems(row, cited)) == count


def test_marks_are_found_on_functions_classes_modules_and_parameters() -> None:
    source = """
import pytest
pytestmark = [pytest.mark.requirement("S1")]
@pytest.mark.requirement("S2", "X3")
def test_one(): ...
@pytest.mark.requirement("C4")
class TestTwo: ...
@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.requirement("V5"))])
def test_three(x): ...
"""
    assert sorted(citation.id for citation in citations_in(source, "f")) == ["C4", "S1", "S2", "V5", "X3"]


@pytest.mark.parametrize(
    "written", ["requirement()", "requirement(ROW)", 'requirement("S1", *more)', 'requirement(id="S1")']
)
def test_an_id_that_is_not_written_out_is_refused(written: str) -> None:
    with pytest.raises(pytest.fail.Exception):
        list(citations_in(f"pytestmark = pytest.mark.{written}", "f"))
