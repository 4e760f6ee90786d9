"""The laws of the join, and what an approval and an edit may do."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.enforce.combine import Lifted, apply_edits, lift, merge_passes, strictest
from trilens.storage.ports import Case, CaseState
from trilens.vocabulary.event import Event, Value
from trilens.vocabulary.outcome import EventKind, Lens, Outcome, Phase, Ran, ValueClass
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.verdict import Edit, Finding, Span, Verdict

GUARDS = [f"{lens}/{n}" for lens in Lens for n in range(3)]
FINDING = Finding("x/y", "why")


def verdict(guard: str, outcome: Outcome, ran: Ran = Ran.JUDGED) -> Verdict:
    return Verdict(guard, Lens(guard.split("/", maxsplit=1)[0]), ran, outcome, (FINDING,))


verdicts = st.lists(
    st.builds(verdict, st.sampled_from(GUARDS), st.sampled_from(Outcome), st.sampled_from(Ran)), max_size=8
)
approvals = st.builds(
    lambda covers: Case(
        "apr_1", "approval", "s", 0, 1, "", ("i",), tuple(covers), ("lead",), "c", state=CaseState.APPROVED
    ),
    st.sets(st.sampled_from(GUARDS)),
)


def said(text: str) -> Event:
    value = Value("text", text, ValueClass.TEXT)
    return Event("e", EventKind.OUTPUT, Phase.PROPOSED, "", Principal("k", "a"), "a", "d", (value,))


@given(verdicts, st.builds(verdict, st.sampled_from(GUARDS), st.sampled_from(Outcome)))
def test_adding_a_verdict_never_loosens(some: list[Verdict], more: Verdict) -> None:
    if some:
        assert strictest([*some, more]) >= strictest(some)


@given(verdicts, st.randoms())
def test_no_order_of_verdicts_changes_the_outcome(some: list[Verdict], random: object) -> None:
    shuffled = list(some)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert strictest(shuffled) is strictest(some)


def test_an_event_nobody_judged_is_denied() -> None:
    assert strictest([]) is Outcome.DENY


@given(verdicts, approvals)
def test_an_approval_never_lifts_a_denial_or_a_hold_it_did_not_show(some: list[Verdict], approval: Case) -> None:
    lifted = lift(some, approval)
    unseen = [v for v in some if v.outcome is Outcome.HOLD and v.guard not in approval.covers]
    if strictest(some) is Outcome.DENY:
        assert lifted.outcome is Outcome.DENY
        assert lifted.case == ""
    elif unseen:
        assert lifted.outcome is Outcome.HOLD
        assert lifted.case == ""


@given(verdicts, approvals, st.builds(verdict, st.sampled_from(GUARDS), st.sampled_from(Outcome)))
def test_adding_a_verdict_never_loosens_under_an_approval(some: list[Verdict], approval: Case, more: Verdict) -> None:
    if some:
        assert lift([*some, more], approval).outcome >= lift(some, approval).outcome


@given(verdicts, verdicts)
def test_two_passes_keep_the_stricter_verdict_of_each_guard(first: list[Verdict], second: list[Verdict]) -> None:
    once = {v.guard: v for v in first}
    again = {v.guard: v for v in second}
    merged = {v.guard: v.outcome for v in merge_passes(tuple(once.values()), tuple(again.values()))}
    for guard in once.keys() | again.keys():
        outcomes = [v[guard].outcome for v in (once, again) if guard in v]
        assert merged[guard] is max(outcomes)


spans = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda p: Span(min(p), max(p)))


@given(st.text(max_size=30), st.lists(st.builds(lambda s: Edit("text", (s,)), spans), max_size=5), st.randoms())
def test_removals_unite_in_any_order(text: str, edits: list[Edit], random: object) -> None:
    edited = apply_edits(said(text), edits)
    assert edited is not None
    gone = {i for e in edits for s in e.removed for i in range(s.start, s.stop)}
    assert edited.text == "".join(c for i, c in enumerate(text) if i not in gone)
    shuffled = list(edits)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert apply_edits(said(text), shuffled) == edited


def test_the_same_literal_is_put_in_front_once() -> None:
    twice = [Edit("text", prepended="I am an AI. "), Edit("text", prepended="I am an AI. ")]
    edited = apply_edits(said("Grüezi"), twice)
    assert edited is not None
    assert edited.text == "I am an AI. Grüezi"


@pytest.mark.parametrize(
    "edits",
    [
        [Edit("text", prepended="a"), Edit("text", prepended="b")],
        [Edit("text", set_to='"x"')],
        [Edit("elsewhere", (Span(0, 1),))],
    ],
    ids=["two literals", "a value only a person may set", "a value that is not there"],
)
def test_rewrites_nobody_agreed_on_are_not_made(edits: list[Edit]) -> None:
    assert apply_edits(said("text"), edits) is None


def test_a_number_is_not_edited_as_text() -> None:
    event = replace(said("x"), values=(Value("text", 5, ValueClass.TEXT),))
    assert apply_edits(event, [Edit("text", (Span(0, 1),))]) is None


def judged(*said: tuple[str, Outcome]) -> list[Verdict]:
    return [verdict(guard, outcome) for guard, outcome in said]


def case(*covers: str) -> Case:
    return Case("apr_1", "approval", "s", 0, 1, "", ("i",), covers, ("lead",), "c", state=CaseState.APPROVED)


def test_an_approval_lifts_the_holds_of_its_card_and_names_itself() -> None:
    held = judged(("safety/0", Outcome.HOLD), ("security/0", Outcome.ALLOW))
    assert lift(held, case("safety/0")) == Lifted(Outcome.ALLOW, "apr_1")
    assert lift(held, case("safety/0", "safety/1")) == Lifted(Outcome.ALLOW, "apr_1")
    assert lift(held, case("security/0")) == Lifted(Outcome.HOLD, "")
    assert lift(held, None) == Lifted(Outcome.HOLD, "")


def test_what_is_left_under_a_lifted_hold_is_still_done() -> None:
    held = judged(("safety/0", Outcome.HOLD), ("security/0", Outcome.MODIFY))
    assert lift(held, case("safety/0")) == Lifted(Outcome.MODIFY, "apr_1")
    assert lift(judged(("safety/0", Outcome.HOLD)), case("safety/0")) == Lifted(Outcome.ALLOW, "apr_1")


def test_an_approval_that_nothing_needed_is_not_named() -> None:
    for outcome in (Outcome.ALLOW, Outcome.MODIFY, Outcome.DENY):
        assert lift(judged(("safety/0", outcome)), case("safety/0")) == Lifted(outcome, "")


def test_a_value_only_a_person_may_set_is_not_set_beside_other_edits() -> None:
    assert apply_edits(said("text"), [Edit("text", (Span(0, 1),)), Edit("text", set_to='"x"')]) is None


def test_a_removal_and_a_literal_are_both_made() -> None:
    edited = apply_edits(said("secret text"), [Edit("text", (Span(0, 7),)), Edit("text", prepended="I am an AI. ")])
    assert edited is not None
    assert edited.text == "I am an AI. text"


def test_each_value_gets_its_own_edits() -> None:
    values = (Value("a", "first", ValueClass.TEXT), Value("b", "second", ValueClass.TEXT))
    edited = apply_edits(replace(said("x"), values=values), [Edit("a", (Span(0, 1),)), Edit("b", prepended="the ")])
    assert edited is not None
    assert edited.arguments() == {"a": "irst", "b": "the second"}


def test_of_two_passes_alike_the_first_is_on_record() -> None:
    first = [replace(verdict("safety/0", Outcome.HOLD), why="before")]
    second = [replace(verdict("safety/0", Outcome.HOLD), why="after")]
    assert [v.why for v in merge_passes(first, second)] == ["before"]
