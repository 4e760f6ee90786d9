"""Every code that can be raised can be explained, offline; and nothing is explained that cannot be raised."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import trilens
from trilens.explanations import Explanation, areas, explain, of_area, parse_codes

SOURCE = Path(trilens.__file__).parent
PREFIX = re.compile(r"[a-z]+/([a-z0-9]+-)+")
CODE = re.compile(r"[a-z]+/[a-z0-9]+(-[a-z0-9]+)*")


def codes_in(path: Path) -> Iterator[str]:
    """First arguments of errors that are codes, and every other constant that reads like a code of an area with texts."""
    known = areas()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(first)), *_]) if name.endswith("Error"):
                if CODE.fullmatch(first):
                    yield first
            case ast.Constant(value=str(text)) if CODE.fullmatch(text) and text.partition("/")[0] in known:
                yield text
            case _:
                pass


def prefixes_in(path: Path) -> Iterator[str]:
    """Beginnings of codes that are put together where they are raised: `f"settings/unknown-{kind}"`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.JoinedStr(values=[ast.Constant(value=str(first)), *_]) if PREFIX.fullmatch(first):
                yield first
            case _:
                pass


RAISED = {code for path in SOURCE.rglob("*.py") for code in codes_in(path)}
PREFIXES = {prefix for path in SOURCE.rglob("*.py") for prefix in prefixes_in(path)}
FINDING_AREAS = {folder.name for folder in SOURCE.glob("lenses/*/guards/*")} | {"admit"}
"""Areas of what guards find; tests/lenses/test_finding_codes.py looks after them."""
ERROR_AREAS = tuple(area for area in areas() if area not in FINDING_AREAS)


def test_codes_are_found() -> None:
    assert {"manifest/unknown-key", "manifest/unused", "settings/home"} <= RAISED


@pytest.mark.parametrize("area", sorted({code.partition("/")[0] for code in RAISED}))
def test_every_raised_code_is_explained(area: str) -> None:
    raised = {code for code in RAISED if code.startswith(f"{area}/")}
    assert sorted(raised - set(of_area(area))) == []


@pytest.mark.parametrize("area", ERROR_AREAS)
def test_every_explained_code_is_raised(area: str) -> None:
    unraised = (code for code in set(of_area(area)) - RAISED if not code.startswith(tuple(PREFIXES)))
    assert sorted(unraised) == []


@pytest.mark.parametrize("prefix", sorted(PREFIXES))
def test_codes_that_are_put_together_are_explained(prefix: str) -> None:
    assert any(code.startswith(prefix) for code in of_area(prefix.partition("/")[0]))


def test_unknown_code_has_no_explanation() -> None:
    assert explain("manifest/no-such") is None
    assert explain("nothing") is None
    assert explain("") is None


@pytest.mark.parametrize("area", areas())
def test_explanation_is_short_lines_without_full_stop(area: str) -> None:
    for explanation in of_area(area).values():
        for text in (explanation.what, explanation.why, explanation.fix):
            assert text
            assert "\n" not in text
            assert not text.endswith(".")


def test_codes_file_of_another_shape_is_a_bug() -> None:
    good = "area: x\ncodes:\n  y: {what: a, why: b, fix: c}\n"
    assert list(parse_codes(good)) == [Explanation("x/y", "a", "b", "c")]
    for bad in (
        "codes: {}\n",
        good + "more: 1\n",
        good.replace("fix: c", "fix: 1"),
        good.replace(", fix: c", ""),
        "[]",
    ):
        with pytest.raises(AssertionError, match="expected"):
            list(parse_codes(bad))
