"""Every problem of a manifest: its code, its place, its words. One vector a way to go wrong."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from ruamel.yaml import YAML

import trilens.declare
from trilens.declare.parse import Manifest
from trilens.errors import ManifestError

Read: TypeAlias = Callable[..., Manifest]
Change: TypeAlias = Callable[[Mapping[str, str]], str]
Vector: TypeAlias = dict[str, Any]

HERE = Path(__file__).parent
VECTORS = YAML(typ="safe", pure=True).load((HERE / "vectors" / "errors.yaml").read_text(encoding="utf-8"))
KEYS = {"name", "replace", "text", "code", "also", "problems", "marks", "message", "help", "hides"}


def problems_of(read: Callable[[str], object], text: str) -> tuple[ManifestError, ...]:
    with pytest.raises(ManifestError) as caught:
        read(text)
    return caught.value.problems


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_problem_is_told_where_it_stands(vector: Vector, read_manifest: Read, changed: Change) -> None:
    assert set(vector) <= KEYS
    text = vector["text"] if "text" in vector else changed(vector["replace"])

    problems = problems_of(read_manifest, text)

    codes = [problem.code.removeprefix("manifest/") for problem in problems]
    assert sorted(set(codes)) == sorted({vector["code"], *vector.get("also", [])})
    first = next(problem for problem in problems if problem.code == f"manifest/{vector['code']}")
    assert len(problems) == vector.get("problems", 1 + len(vector.get("also", [])))
    assert first.message.startswith(vector.get("message", ""))
    assert first.help.startswith(vector.get("help", ""))
    assert first.place is not None
    if "marks" in vector:
        start = first.place.column - 1
        assert first.place.text[start : start + first.place.width] == vector["marks"]
    if "hides" in vector:
        shown = repr([(p.message, p.help, p.place) for p in problems])
        assert vector["hides"] not in shown


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_message_is_one_lower_case_line_without_class_names(
    vector: Vector, read_manifest: Read, changed: Change
) -> None:
    text = vector["text"] if "text" in vector else changed(vector["replace"])
    for problem in problems_of(read_manifest, text):
        assert "\n" not in problem.message + problem.help
        assert problem.message[0] == "`" or problem.message[0].islower() or problem.message.startswith("U+")
        assert not problem.message.endswith(".")
        assert "Shape" not in problem.message + problem.help
        assert problem.help


def test_every_code_of_parsing_has_a_vector() -> None:
    folder = Path(trilens.declare.__file__).parent
    parsing = [p for p in folder.rglob("*.py") if p.parent.name != "review"]
    raised = {
        code for path in parsing for code in re.findall(r'"manifest/([a-z-]+)"', path.read_text(encoding="utf-8"))
    }
    elsewhere = {"too-large", "not-text"}  # test_files.py, test_compose.py
    assert raised - elsewhere == {vector["code"] for vector in VECTORS}


def test_all_problems_are_told_together_in_the_order_of_the_text(read_manifest: Read, changed: Change) -> None:
    text = changed(
        {
            "region: eu}        #": "regin: eu}        #",
            "effect: spend": "effect: spnd",
            "per: customer": "per: client",
            "path: policies/refunds.md": "path: ../refunds.md",
            "approval: {never: destinations are judged by untrusted_sink, ": "approval: {",
            "[northwind.example]": "[northwind.example, ]]".replace("]]", "~]"),
            "retention: {decision: 183d": "retention: {decision: 183",
        }
    )
    problems = problems_of(read_manifest, text)
    assert [p.code.removeprefix("manifest/") for p in problems] == [
        "unknown-key",
        "path-escape",
        "word",
        "unknown-role",
        "approval",
        "no-value",
        "duration",
    ]
    lines = [p.place.line for p in problems if p.place]
    assert len(lines) == len(problems)
    assert lines == sorted(lines)


def test_a_misspelt_section_is_one_problem_not_one_for_each_use(read_manifest: Read, changed: Change) -> None:
    problems = problems_of(read_manifest, changed({"models:\n": "modles:\n"}))
    assert [(p.code, p.help) for p in problems] == [("manifest/unknown-key", "did you mean `models`?")]


def test_the_error_itself_is_the_first_problem(read_manifest: Read, changed: Change) -> None:
    with pytest.raises(ManifestError) as caught:
        read_manifest(changed({"effect: spend": "effect: spnd", "[northwind.example]": "[Northwind]"}))
    error = caught.value
    assert (error.code, error.message, error.place) == (
        error.problems[0].code,
        error.problems[0].message,
        error.problems[0].place,
    )
    assert str(error).startswith("system.yaml:33:13: expected `read`")


def test_secrets_are_masked_in_lines_that_are_shown_for_another_reason(read_manifest: Read, changed: Change) -> None:
    secret = "sk-proj-0a1b2c3d4e5f6a7b8c9d"
    text = changed({"effect: spend": f"effect: spnd  # {secret}"})
    (problem,) = problems_of(read_manifest, text)
    assert problem.place is not None
    assert problem.place.text == "    effect: spnd  # " + "•" * len(secret)
