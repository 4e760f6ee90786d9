"""What a recorded decision says of a guard: the table of prove/marks.py, row by row."""

from typing import TYPE_CHECKING

import pytest

from trilens.prove.controls.catalogue import Mark
from trilens.prove.decision import RecordedDecision, read_decision
from trilens.prove.ledger.entry import decode
from trilens.prove.marks import lifted_guards, mark
from trilens.vocabulary.outcome import EventKind

if TYPE_CHECKING:
    from tests.prove.conftest import World

pytestmark = pytest.mark.requirement("C13")

ONE = "safety/grounded_answers"
OTHER = "security/least_privilege"


def read(leaf: bytes) -> RecordedDecision:
    return read_decision(decode(leaf).body)


def marks(
    world: "World", said: list[tuple[str, str, str]], *, is_approved: bool = False, **more: object
) -> dict[str, Mark]:
    sheets = [s for s in world.sheets if s.name in {ONE, OTHER}]
    return dict(mark(read(world.decision(said, **more)), sheets, is_approved=is_approved).by_guard)


@pytest.mark.parametrize(
    ("said", "outcome", "left", "expected"),
    [
        (("judged", "allow"), "allow", True, Mark.JUDGED),
        (("not_applicable", "allow"), "allow", True, Mark.LOOKED),
        (("judged", "modify"), "modify", True, Mark.JUDGED),
        (("judged", "hold"), "hold", False, Mark.JUDGED),
        (("judged", "deny"), "deny", False, Mark.JUDGED),
        (("judged", "allow"), "allow", False, Mark.JUDGED),
        (("failed", "deny"), "deny", False, Mark.FAULTED),
        (("failed", "hold"), "hold", False, Mark.FAULTED),
        (("failed", "deny"), "allow", True, Mark.MISSED),
        (("failed", "allow"), "allow", True, Mark.MISSED),
        (("not_run", "allow"), "allow", True, Mark.MISSED),
        (("not_run", "allow"), "deny", False, None),
        (("judged", "deny"), "allow", True, Mark.OVERRULED),
        (("judged", "hold"), "allow", True, Mark.OVERRULED),
        (("judged", "modify"), "allow", True, Mark.OVERRULED),
        (("judged", "hold"), "modify", True, Mark.OVERRULED),
    ],
)
def test_a_verdict_and_what_happened_give_a_mark(
    world: "World", said: tuple[str, str], outcome: str, left: bool, expected: Mark | None
) -> None:
    found = marks(world, [(ONE, *said), (OTHER, "judged", "allow")], outcome=outcome, left=left)
    assert found.get(ONE) is expected


def test_a_deny_that_stopped_something_is_the_control_at_work(world: "World") -> None:
    found = marks(world, [(ONE, "judged", "deny"), (OTHER, "judged", "allow")], outcome="deny", left=False)
    assert found == {ONE: Mark.JUDGED, OTHER: Mark.JUDGED}


def test_a_guard_that_is_absent_from_what_left_missed_it(world: "World") -> None:
    assert marks(world, [(OTHER, "judged", "allow")])[ONE] is Mark.MISSED
    assert ONE not in marks(world, [(OTHER, "judged", "deny")], outcome="deny", left=False)


def test_a_guard_need_not_look_at_kinds_it_does_not_watch(world: "World") -> None:
    found = marks(world, [], kind=EventKind.TOOL_RESULT.value, phase="observed")
    assert found == {}


def test_an_approval_lifts_a_hold_and_nothing_else(world: "World") -> None:
    held = [(ONE, "judged", "hold"), (OTHER, "judged", "allow")]
    assert marks(world, held, case="apr_1", is_approved=True)[ONE] is Mark.JUDGED
    assert marks(world, held, case="apr_1", is_approved=False)[ONE] is Mark.OVERRULED
    assert marks(world, held, case="", is_approved=True)[ONE] is Mark.OVERRULED
    denied = [(ONE, "judged", "deny"), (OTHER, "judged", "allow")]
    assert marks(world, denied, case="apr_1", is_approved=True)[ONE] is Mark.OVERRULED
    raised = [(ONE, "failed", "hold"), (OTHER, "judged", "allow")]
    assert marks(world, raised, case="apr_1", is_approved=True)[ONE] is Mark.MISSED


@pytest.mark.parametrize("outcome", ["hold", "deny"])
def test_what_left_against_its_own_recorded_outcome_overrules_every_guard(world: "World", outcome: str) -> None:
    found = marks(world, [(ONE, "judged", "allow"), (OTHER, "judged", "allow")], outcome=outcome, left=True)
    assert set(found.values()) == {Mark.OVERRULED}


def test_a_proposed_event_that_left_unjudged_overrules_every_guard_and_an_observed_one_does_not(world: "World") -> None:
    unwatched = EventKind.OUTPUT.value
    assert set(marks(world, [], kind=unwatched).values()) == {Mark.OVERRULED}
    assert marks(world, [], kind=unwatched, phase="observed") == {}


def test_a_refusal_of_step_one_that_left_overrules_every_guard(world: "World") -> None:
    said = [("enforce/admit", "judged", "deny"), (ONE, "judged", "allow"), (OTHER, "judged", "allow")]
    found = marks(world, said, left=True)
    assert {found[ONE], found[OTHER]} == {Mark.OVERRULED}
    assert marks(world, said, outcome="deny", left=False) == {ONE: Mark.JUDGED, OTHER: Mark.JUDGED}


def test_a_lift_is_what_left_with_a_case_against_a_hold(world: "World") -> None:
    held = [(ONE, "judged", "hold"), (OTHER, "judged", "allow")]
    assert lifted_guards(read(world.decision(held, case="apr_1"))) == {ONE}
    assert not lifted_guards(read(world.decision(held, case="apr_1", outcome="hold", left=False)))
    assert not lifted_guards(read(world.decision(held)))
