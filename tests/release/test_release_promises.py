"""Trilens is judged as it judges others: a promise is proven by tests that cite it, and one that is kept in part is unknown."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from release.promises import SUITE, Deferred, Promise, judge, read_promises
from release.record import exit_code, leaves_of
from release.results import Outcome, Result, Run

from trilens.prove.ledger.entry import Kind, decode
from trilens.prove.status import Status, Word
from trilens.vocabulary.canonical import canonical, digest
from trilens.vocabulary.outcome import Lens

ROOT = Path(__file__).parent.parent.parent
WHOLE = Promise(id="S1", promise="It holds.", tests=("one",))
PART = Promise(id="X1", promise="It holds.", tests=("one",), deferred=Deferred(missing="the rest", issue="none yet"))
OTHERWISE = Promise(id="X1", promise="It holds.", tests=("one",), divergence="we do less")
SHARED = Promise(id="V1", promise="It holds.", tests=("one",))


def run_of(*results: tuple[str, str], is_whole: bool = True) -> Run:
    """Results as `("passed", "S1 X1")`."""
    made = [
        Result(test=f"tests/one/test_{number}.py::test", outcome=Outcome(outcome), cites=tuple(cites.split()))
        for number, (outcome, cites) in enumerate(results)
    ]
    return Run(commit="c", is_whole=is_whole, started_ms=1_000, ended_ms=2_000, results=tuple(made))


def words(promises: Sequence[Promise], run: Run) -> dict[str, str]:
    return {verdict.lens.value: verdict.word.value for verdict in judge(tuple(promises), run)}


@pytest.mark.parametrize(
    ("promise", "results", "status"),
    [
        (WHOLE, [("passed", "S1")], Status.PROVEN),
        (WHOLE, [("passed", "S1"), ("failed", "S1")], Status.FAILING),
        (WHOLE, [("passed", "")], Status.INSUFFICIENT),
        (WHOLE, [("passed", ""), ("skipped", "S1")], Status.INSUFFICIENT),
        (PART, [("passed", "X1"), ("passed", "X1")], Status.INSUFFICIENT),
        (PART, [("failed", "X1")], Status.FAILING),
        (OTHERWISE, [("passed", "X1")], Status.INSUFFICIENT),
    ],
)
def test_a_promise_is_proven_only_when_it_is_whole_and_tests_that_cite_it_passed(
    promise: Promise, results: list[tuple[str, str]], status: Status
) -> None:
    judged = [one for verdict in judge((promise,), run_of(*results)) for one in verdict.judged]
    assert [one.rating.status for one in judged if one.control == promise.id] == [status]


def test_a_lens_passes_only_when_all_its_promises_are_proven_and_no_test_failed() -> None:
    run = run_of(("passed", "S1"), ("passed", "X1"), ("passed", "V1"))
    assert words([WHOLE, PART, SHARED], run) == {"safety": "PASS", "security": "UNKNOWN", "compliance": "PASS"}
    assert exit_code(judge((WHOLE, PART), run_of(("passed", "S1 X1")))) == 3
    assert exit_code(judge((WHOLE,), run_of(("passed", "S1")))) == 0


def test_a_test_that_cites_nothing_fails_every_lens_when_it_fails() -> None:
    found = judge((WHOLE,), run_of(("passed", "S1"), ("failed", "")))
    assert [verdict.word for verdict in found] == [Word.FAIL] * 3
    assert exit_code(found) == 1


@pytest.mark.parametrize(
    ("places", "word"),
    [
        (("one",), "PASS"),
        (("one/test_0.py",), "PASS"),
        (("on",), "UNKNOWN"),
        (("one/test_1.py",), "UNKNOWN"),
        (("one", "two"), "UNKNOWN"),
    ],
)
def test_a_promise_is_not_proven_while_a_place_that_its_row_names_is_silent(places: tuple[str, ...], word: str) -> None:
    row = Promise(id="S1", promise="It holds.", tests=places)
    run = run_of(("passed", "S1"), ("skipped", "S1"))
    assert words([row], run)["safety"] == word


def test_a_run_of_a_part_of_the_tests_proves_no_lens() -> None:
    run = run_of(("passed", "S1"), is_whole=False)
    assert set(words([WHOLE], run).values()) == {"UNKNOWN"}


def test_what_was_never_promised_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="never promised: `S9`"):
        judge((WHOLE,), run_of(("passed", "S9")))


def test_the_product_s_own_rows_can_be_judged() -> None:
    promises = read_promises(ROOT / "tests" / "requirements" / "requirements.yaml")
    assert len(promises) == 51
    places = {place for promise in promises for place in promise.tests}
    every = tuple(promise.id for promise in promises)
    results = tuple(Result(test=f"tests/{place}::test", outcome=Outcome.PASSED, cites=every) for place in places)
    found = judge(promises, Run(commit="c", is_whole=True, started_ms=1, ended_ms=2, results=results))
    proven = {one.control for verdict in found for one in verdict.judged if one.word is Word.PASS}
    assert proven == {SUITE, *(promise.id for promise in promises if not promise.lacking)}


def test_the_entries_are_one_evaluation_for_each_promise_and_lens_and_then_the_verdicts() -> None:
    run = run_of(("passed", "S1"), ("passed", "V1"))
    entries = [decode(leaf) for leaf in leaves_of(judge((WHOLE, SHARED), run), run, subject="sha256:s")]
    evaluations, gate = [entry.body for entry in entries[:-1]], entries[-1]
    assert {entry.kind for entry in entries[:-1]} == {Kind.CONTROL_EVALUATED}
    assert [(body["lens"], body["control"]) for body in evaluations] == [
        *(("safety", name) for name in (SUITE, "S1", "V1")),
        *(("security", name) for name in (SUITE, "V1")),
        *(("compliance", name) for name in (SUITE, "V1")),
    ]
    assert {str(body["subject"]) for body in evaluations} == {"sha256:s"}
    assert gate.kind is Kind.GATE
    assert gate.body["verdicts"] == [[lens.value, "PASS"] for lens in Lens]
    assert gate.body["evaluations"] == digest(canonical(list(evaluations)))
