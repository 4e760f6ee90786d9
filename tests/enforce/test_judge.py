"""The guard boundary: a guard that raises, lies or breaks its sheet becomes a failed verdict, and never loosens."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from trilens.enforce.judge import ADMIT, judge
from trilens.lenses.lens import ALLOW, NOT_APPLICABLE, Answer, Context, Sheet, allow, deny, hold, modify
from trilens.storage.ports import Case, CaseState
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.event import EMPTY, Event, Value
from trilens.vocabulary.outcome import EventKind, Lens, Outcome, Phase, Ran, ValueClass
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import Agent, OnDeny, System, UserTurns
from trilens.vocabulary.verdict import Edit, Finding, Span

WHY = Finding("g/why", "because")
AGENT = Agent("support", "chat", "", "chat", "support", UserTurns.VERBATIM, OnDeny.REFUSE, {})
SYSTEM = System(
    "s", "sha256:0", {}, {}, {}, {}, {}, {}, {}, {"support": AGENT}, (), None, frozenset(), None, {}, frozenset(), {}
)
APPROVED = Case("apr_1", "approval", "s", 0, 9, "", ("i",), ("safety/g",), ("lead",), "c", state=CaseState.APPROVED)


@dataclass(frozen=True)
class Scripted:
    sheet: Sheet
    answer: Callable[[Event, Context], object]

    def judge(self, event: Event, context: Context) -> Answer:
        return self.answer(event, context)  # type: ignore[return-value]


def guard(answer: Callable[[Event, Context], object], *, name: str = "g", on_error: Outcome = Outcome.DENY) -> Scripted:
    watches = frozenset({EventKind.OUTPUT, EventKind.TOOL_CALL})
    texts = ("?", "!", watches, (), (), frozenset(Outcome), on_error, "", (), (), "sha256:0")
    return Scripted(Sheet(name, Lens.SAFETY, *texts), answer)


def said(text: str = "hello") -> Event:
    value = Value("text", text, ValueClass.TEXT)
    return Event("e", EventKind.OUTPUT, Phase.PROPOSED, "", Principal("k", "support"), "support", "d", (value,))


CONTEXT = Context(SYSTEM, AGENT, Principal("k", "support"), None, {}, Mac(b"k" * 32), 0, EMPTY)  # type: ignore[arg-type]


def boom(_: Event, __: Context) -> object:
    raise RuntimeError("with a customer's name in it")


@pytest.mark.parametrize("on_error", list(Outcome))
def test_a_guard_that_raises_stops_the_event_and_says_only_what_kind_of_error(on_error: Outcome) -> None:
    judgement = judge(said(), [guard(boom, on_error=on_error)], CONTEXT, None)
    verdict = judgement.verdicts[0]
    assert verdict.ran is Ran.FAILED
    assert judgement.outcome is max(on_error, Outcome.HOLD)
    assert verdict.why == "raised RuntimeError"
    assert judgement.leaves is None


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "not an Answer"),
        (True, "not an Answer"),
        (Answer(Outcome.DENY), "without a finding"),
        (Answer(Outcome.MODIFY, (WHY,)), "carries edits exactly"),
        (Answer(Outcome.ALLOW, (), (Edit("text", (Span(0, 1),)),)), "carries edits exactly"),
        (Answer(Outcome.MODIFY, (WHY,), (Edit("text", set_to='"y"'),)), "only a recorded approval"),
    ],
)
def test_an_answer_outside_the_contract_is_a_failure(answer: object, why: str) -> None:
    judgement = judge(said(), [guard(lambda _e, _c: answer)], CONTEXT, None)
    assert judgement.outcome is Outcome.DENY
    assert judgement.verdicts[0].ran is Ran.FAILED
    assert why in judgement.verdicts[0].why


def test_an_outcome_the_sheet_does_not_list_is_a_failure() -> None:
    narrow = guard(lambda _e, _c: ALLOW)
    narrow = replace(narrow, sheet=replace(narrow.sheet, outcomes=frozenset({Outcome.DENY})))
    assert judge(said(), [narrow], CONTEXT, None).outcome is Outcome.DENY


def test_not_applicable_differs_from_looked_and_allowed() -> None:
    both = [guard(lambda _e, _c: NOT_APPLICABLE, name="a"), guard(lambda _e, _c: allow(), name="b")]
    judgement = judge(said(), both, CONTEXT, None)
    assert [v.ran for v in judgement.verdicts] == [Ran.NOT_APPLICABLE, Ran.JUDGED]
    assert judgement.outcome is Outcome.ALLOW


def test_a_proposed_event_no_guard_watches_is_denied() -> None:
    assert judge(said(), [], CONTEXT, None).outcome is Outcome.DENY


def test_what_an_edit_leaves_is_judged_once_more() -> None:
    def no_secrets(event: Event, _: Context) -> Answer:
        return deny(WHY) if "secret" in event.text else allow()

    def cut(event: Event, _: Context) -> Answer:
        at = event.text.find("-")
        return modify(Edit("text", (Span(at, at + 1),)), findings=(WHY,)) if at >= 0 else allow()

    judgement = judge(said("se-cret"), [guard(no_secrets, name="a"), guard(cut, name="b")], CONTEXT, None)
    assert judgement.outcome is Outcome.DENY
    assert judgement.leaves is None
    clean = judge(said("a-b"), [guard(no_secrets, name="a"), guard(cut, name="b")], CONTEXT, None)
    assert clean.outcome is Outcome.MODIFY
    assert clean.leaves is not None
    assert clean.leaves.text == "ab"


def test_a_guard_that_would_change_its_own_edit_again_is_held() -> None:
    restless = guard(lambda _e, _c: modify(Edit("text", prepended="x"), findings=(WHY,)))
    assert judge(said(), [restless], CONTEXT, None).outcome is Outcome.HOLD


def test_an_approval_lifts_the_hold_it_showed_and_names_itself() -> None:
    judgement = judge(said(), [guard(lambda _e, _c: hold(WHY))], CONTEXT, APPROVED)
    assert judgement.outcome is Outcome.ALLOW
    assert judgement.case == "apr_1"


def test_an_approval_does_not_lift_a_guard_that_joined_later() -> None:
    both = [guard(lambda _e, _c: hold(WHY)), guard(lambda _e, _c: hold(WHY), name="newcomer")]
    assert judge(said(), both, CONTEXT, APPROVED).outcome is Outcome.HOLD


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (replace(said(), kind=EventKind.TOOL_CALL, component="rm"), "admit/unknown_tool"),
        (replace(said(), kind=EventKind.MODEL_CALL, component="gpt"), "admit/unknown_model"),
        (replace(said(), principal=Principal("k", "ghost")), "admit/unknown_agent"),
        (replace(said(), defect="arguments are not JSON"), "admit/unreadable"),
    ],
)
def test_what_cannot_be_judged_is_refused_and_the_guards_are_recorded_as_not_run(event: Event, code: str) -> None:
    judgement = judge(event, [guard(lambda _e, _c: allow())], CONTEXT, None)
    assert judgement.outcome is Outcome.DENY
    assert judgement.verdicts[0].guard == ADMIT
    assert judgement.verdicts[0].findings[0].code == code
    skipped = [v for v in judgement.verdicts if v.ran is Ran.NOT_RUN]
    assert len(skipped) == (1 if event.kind is not EventKind.MODEL_CALL else 0)


def test_an_approval_that_was_needed_before_an_edit_is_named_after_it() -> None:
    def until_edited(event: Event, _: Context) -> Answer:
        return allow() if event.text.startswith("I am an AI. ") else hold(WHY)

    def disclose(event: Event, _: Context) -> Answer:
        if event.text.startswith("I am an AI. "):
            return allow()
        return modify(Edit("text", prepended="I am an AI. "), findings=(WHY,))

    judgement = judge(said(), [guard(until_edited), guard(disclose, name="other")], CONTEXT, APPROVED)
    assert judgement.outcome is Outcome.MODIFY
    assert judgement.case == "apr_1"
