"""A vector that a guard does not answer as told fails, and says expected before got."""

from collections.abc import Callable

import pytest

from trilens.errors import ExtensionError
from trilens.lenses.catalog import InstalledGuard, load
from trilens.lenses.rehearsal import run_vectors
from trilens.lenses.stage import manifest_text
from trilens.vocabulary.system import System

Install = Callable[..., str]
Parse = Callable[[str], System]


def loud_words() -> InstalledGuard:
    return next(guard for guard in load() if guard.sheet.id == "loud_words")


def problems(parse: Parse) -> list[str]:
    return [result.problem for result in run_vectors(loud_words(), parse) if not result.passed]


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ("{outcome: hold, codes: []}", "expected codes [], got ['loud_words/shouted']"),
        (
            "{outcome: hold, codes: [loud_words/other]}",
            "expected codes ['loud_words/other'], got ['loud_words/shouted']",
        ),
        ("{outcome: hold, rule: some}", "expected rule `some`, got ['']"),
        ("{outcome: hold, marked: [TAG]}", "expected ('TAG',) to be marked, got ()"),
        ("{outcome: hold, prepended: Hello}", "expected `Hello` in front, got []"),
        ("{outcome: deny}", "expected deny, got hold ['loud_words/shouted']"),
    ],
)
def test_difference_is_told(install: Install, vectors: str, parse_shop: Parse, told: str, problem: str) -> None:
    install({"vectors.yaml": vectors.replace("{outcome: hold, codes: [loud_words/shouted]}", told)})
    assert problems(parse_shop) == [problem]


def test_code_of_another_guard_is_a_problem(install: Install, vectors: str, parse_shop: Parse) -> None:
    code = (
        "from trilens.lenses.lens import ALLOW, NOT_APPLICABLE, hold\n"
        "from trilens.vocabulary.verdict import Finding\n"
        "def judge(event, context):\n"
        "    return hold(Finding('ungranted_tool/x', 'x')) if event.text.isupper() else ALLOW if event.text else NOT_APPLICABLE\n"
    )
    told = vectors.replace(", codes: [loud_words/shouted]", "")
    install({"guard.py": code, "vectors.yaml": told})
    assert problems(parse_shop) == ["expected codes that start with `loud_words/`, got `ungranted_tool/x`"]


def test_guard_that_raises_fails_its_vectors(install: Install, parse_shop: Parse) -> None:
    install({"guard.py": "def judge(event, context):\n    raise KeyError('text')\n"})
    assert problems(parse_shop) == ["expected an answer, got KeyError: 'text'"] * 3


def test_event_of_another_kind_is_not_put_to_the_guard(install: Install, vectors: str, parse_shop: Parse) -> None:
    more = vectors + '  - {name: heard, event: {input: "LOUD"}, expect: {ran: not_applicable}}\n'
    install({"vectors.yaml": more})
    assert problems(parse_shop) == []


@pytest.mark.parametrize(
    ("vector", "problem"),
    [
        (
            '{name: x, turns: [{system: other}], event: {output: ""}, expect: {ran: not_applicable}}',
            "no prompt `other`",
        ),
        ("{name: x, event: {tool_result: {id: c9}}, expect: {ran: not_applicable}}", "no turn calls `c9`"),
        (
            '{name: x, spent: [{tool: refund, limit: 7, amount: 1}], event: {output: ""}, expect: {ran: not_applicable}}',
            "`refund` has no limit 7",
        ),
        (
            '{name: x, spent: [{tool: refund, limit: 1, amount: 1 USD}], event: {output: ""}, expect: {ran: not_applicable}}',
            "`1 USD` is no amount of that limit",
        ),
        (
            '{name: x, with: {tools: {lookup: {efect: read}}}, event: {output: ""}, expect: {ran: not_applicable}}',
            "under `with`",
        ),
    ],
)
def test_vector_that_cannot_be_staged_is_an_error(
    install: Install, vectors: str, parse_shop: Parse, vector: str, problem: str
) -> None:
    install({"vectors.yaml": vectors + f"  - {vector}\n"})
    with pytest.raises(ExtensionError, match=r".*") as caught:
        run_vectors(loud_words(), parse_shop)
    assert caught.value.code == "extension/vectors"
    assert problem in caught.value.message


def test_changes_are_merged_key_by_key_and_null_takes_away() -> None:
    text = manifest_text({"safety": {"grounding": None}, "compliance": {"regions": ["us"]}, "new": {"key": 1}})
    assert '"grounding"' not in text
    assert '"hazards"' in text
    assert '"regions": ["us"]' in text
    assert '"new": {"key": 1}' in text
