"""From evidence to a status, and from statuses to a verdict: every row of the tables in docs/design/status.md."""

import itertools

import pytest

from trilens.prove.controls.catalogue import ControlKind
from trilens.prove.seams import failure_mode
from trilens.prove.status import (
    WORST_FIRST,
    Applicability,
    Evidence,
    Status,
    Word,
    rate,
    status_of,
    word_of,
    word_of_lens,
    worst,
)
from trilens.vocabulary.outcome import Lens

pytestmark = pytest.mark.requirement("C13", "V5")

ENFORCE, ATTEST = ControlKind.ENFORCE, ControlKind.ATTEST


@pytest.mark.parametrize(
    ("kind", "evidence", "expected"),
    [
        (ENFORCE, Evidence("g"), Status.INSUFFICIENT),
        (ENFORCE, Evidence("g", population=1), Status.PROVEN),
        (ENFORCE, Evidence("g", population=10_000, failing=1), Status.FAILING),
        (ENFORCE, Evidence("g", stale=5), Status.STALE),
        (ENFORCE, Evidence("g", population=1, stale=5), Status.PROVEN),
        (ENFORCE, Evidence("g", population=5, lacking="the record did not verify"), Status.INSUFFICIENT),
        (ENFORCE, Evidence("g", stale=5, lacking="the record did not verify"), Status.INSUFFICIENT),
        (ENFORCE, Evidence("g", failing=1, lacking="the record did not verify"), Status.FAILING),
        (ENFORCE, Evidence("t", waived="by lead"), Status.EXCEPTED),
        (ENFORCE, Evidence("t", failing=1, waived="by lead"), Status.FAILING),
        (ATTEST, Evidence("s", population=1), Status.ATTESTED),
        (ATTEST, Evidence("s"), Status.SOFTWARE_CANNOT_SHOW),
        (ATTEST, Evidence("s", lacking="nobody vouches for it"), Status.SOFTWARE_CANNOT_SHOW),
        (ATTEST, Evidence("s", stale=1), Status.STALE),
    ],
)
def test_an_items_status_follows_from_its_evidence(kind: ControlKind, evidence: Evidence, expected: Status) -> None:
    assert status_of(kind, evidence) is expected


def test_no_kind_of_control_is_proven_or_attested_by_nothing() -> None:
    for kind in ControlKind:
        assert status_of(kind, Evidence("x")) not in {Status.PROVEN, Status.ATTESTED, Status.EXCEPTED}
        assert word_of(kind, rate(kind, ()).status) is Word.UNKNOWN


def test_only_an_attest_control_is_ever_attested_and_it_is_never_proven() -> None:
    for kind, numbers in itertools.product(ControlKind, itertools.product((0, 1), repeat=3)):
        population, failing, stale = numbers
        status = status_of(kind, Evidence("x", population, failing, stale))
        assert (status is not Status.ATTESTED) or kind is ATTEST
        assert (status is not Status.PROVEN) or kind is not ATTEST


def test_a_control_is_as_good_as_its_worst_item_and_names_it_first() -> None:
    rating = rate(ENFORCE, [Evidence("a", population=3), Evidence("c"), Evidence("b", population=9, failing=2)])
    assert rating.status is Status.FAILING
    assert [item.evidence.name for item in rating.items] == ["b", "c", "a"]
    assert (rating.population, rating.failing) == (12, 2)


def test_a_control_that_does_not_apply_says_why_unless_a_record_shows_it_failing() -> None:
    nothing = Applicability(applies=False, why="no tool is declared")
    quiet = rate(ENFORCE, [Evidence("a")], nothing)
    assert (quiet.status, quiet.why) == (Status.NOT_APPLICABLE, "no tool is declared")
    assert rate(ENFORCE, [Evidence("a", failing=1)], nothing).status is Status.FAILING


def test_every_status_has_one_place_in_the_order_and_the_order_refines_the_words() -> None:
    assert sorted(WORST_FIRST) == sorted(Status)
    assert worst([]) is Status.INSUFFICIENT
    for kind in ControlKind:
        if kind is ATTEST:
            continue
        words = [word_of(kind, status) for status in WORST_FIRST if status is not Status.ATTESTED]
        order = [Word.FAIL, Word.UNKNOWN, Word.WAIVED, Word.PASS, Word.NOT_APPLICABLE]
        assert words == sorted(words, key=order.index)


def test_a_statement_answers_only_a_question_that_asks_for_one() -> None:
    assert word_of(ATTEST, Status.ATTESTED) is Word.PASS
    assert {word_of(kind, Status.ATTESTED) for kind in ControlKind if kind is not ATTEST} == {Word.UNKNOWN}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], Word.UNKNOWN),
        ([Word.PASS], Word.PASS),
        ([Word.PASS, Word.NOT_APPLICABLE], Word.PASS),
        ([Word.NOT_APPLICABLE], Word.NOT_APPLICABLE),
        ([Word.PASS, Word.WAIVED], Word.WAIVED),
        ([Word.WAIVED, Word.UNKNOWN], Word.UNKNOWN),
        ([Word.PASS] * 99 + [Word.FAIL, Word.UNKNOWN], Word.FAIL),
    ],
)
def test_a_lens_is_as_good_as_its_worst_control(words: list[Word], expected: Word) -> None:
    assert word_of_lens(words) is expected


@pytest.mark.parametrize(
    ("safety", "security", "compliance", "name"),
    [
        ("PASS", "PASS", "PASS", ""),
        ("FAIL", "PASS", "PASS", "compliant but unsafe"),
        ("PASS", "PASS", "FAIL", "safe but non-compliant"),
        ("PASS", "FAIL", "PASS", "safe and compliant but insecure"),
        ("FAIL", "FAIL", "FAIL", "unsafe, insecure and non-compliant"),
    ],
)
def test_the_failure_mode_has_a_name(safety: str, security: str, compliance: str, name: str) -> None:
    words = {Lens.SAFETY: Word(safety), Lens.SECURITY: Word(security), Lens.COMPLIANCE: Word(compliance)}
    assert failure_mode(words).name == name
    assert not failure_mode(words).unsaid


def test_the_failure_mode_is_named_for_every_known_triple_and_for_no_other() -> None:
    for triple in itertools.product(Word, repeat=3):
        mode = failure_mode(dict(zip(Lens, triple, strict=True)))
        is_known = set(triple) <= {Word.PASS, Word.FAIL}
        assert bool(mode.name) == (is_known and Word.FAIL in triple)
        assert bool(mode.unsaid) == (not is_known)


def test_a_lens_that_is_not_known_is_said_instead_of_a_name() -> None:
    mode = failure_mode({Lens.SAFETY: Word.FAIL, Lens.SECURITY: Word.UNKNOWN, Lens.COMPLIANCE: Word.PASS})
    assert (mode.name, mode.unsaid) == ("", "security is UNKNOWN")
