"""The pure decision: every action at every stage, by everybody, and the batch that writes it down."""

from dataclasses import replace
from itertools import product

import pytest

from trilens.errors import PeopleError
from trilens.people.approvals.decide import decide, write_decision
from trilens.people.approvals.edit import Weighed
from trilens.people.operators import Operator
from trilens.people.workflow import Action, Stage, stage_of
from trilens.prove.ledger.entry import decode
from trilens.storage.ports import Case, CaseState, Sealed

pytestmark = pytest.mark.requirement("S10")

CASE = Case("c", "approval", "shop", 100, 1000, "r", ("i",), (), ("lead", "second"), "card")
LEAD, STRANGER = Operator("lead", "tlo_llllllll"), Operator("secops", "tlo_ssssssss")
SEALED = Sealed("sha256:1", "ring", b"", 5000)
WEIGHED = Weighed(("added",), ("i",))


def moment(stage: Stage) -> int:
    return 2000 if stage is Stage.EXPIRED else 500


def at(stage: Stage) -> Case:
    state = CaseState.OPEN if stage is Stage.EXPIRED else CaseState(stage.value)
    case = replace(CASE, state=state)
    assert stage_of(case, moment(stage)) is stage
    return case


def more(action: Action) -> dict[str, object]:
    return {"edit": SEALED, "weighed": WEIGHED} if action is Action.EDIT else {}


@pytest.mark.parametrize(
    ("stage", "action"),
    list(product(Stage, (Action.APPROVE, Action.EDIT, Action.REFUSE))),
    ids=lambda word: word.value,
)
def test_only_an_open_case_is_decided_and_only_by_those_it_names(stage: Stage, action: Action) -> None:
    case = at(stage)
    with pytest.raises(PeopleError) as raised:
        decide(case, action, by=STRANGER, now_ms=moment(stage), **more(action))  # type: ignore[arg-type]
    assert raised.value.code == "people/not-yours"
    if stage is not Stage.OPEN:
        with pytest.raises(PeopleError):
            decide(case, action, by=LEAD, now_ms=moment(stage), **more(action))  # type: ignore[arg-type]
        return
    move = decide(case, action, by=LEAD, now_ms=500, **more(action))  # type: ignore[arg-type]
    assert (move.case, move.before, move.by, move.at_ms) == ("c", CaseState.OPEN, "lead", 500)
    assert move.after is (CaseState.REFUSED if action is Action.REFUSE else CaseState.APPROVED)


def test_a_case_that_names_nobody_is_decided_by_nobody() -> None:
    with pytest.raises(PeopleError, match="may not decide"):
        decide(replace(CASE, by=()), Action.APPROVE, by=LEAD, now_ms=500)


def test_an_edit_moves_the_intents_and_is_committed_with_its_sealed_text() -> None:
    move = decide(CASE, Action.EDIT, by=LEAD, now_ms=500, edit=SEALED, weighed=WEIGHED)
    assert (move.edit, move.adds_intents, move.drops_intents) == ("sha256:1", ("added",), ("i",))
    batch = write_decision(CASE, move, action=Action.EDIT, by=LEAD, edit=SEALED)
    assert (batch.moved, batch.payloads) == ((move,), (SEALED,))
    [leaf] = batch.leaves
    assert dict(decode(leaf).body) == {
        "case": "c",
        "action": "edit",
        "by": "lead",
        "key": "tlo_llllllll",
        "open_ms": 400,
        "edited": True,
    }
    assert decode(leaf).payload[0].commitment == "sha256:1"


@pytest.mark.parametrize(
    ("action", "given"), [(Action.USE, {}), (Action.EDIT, {}), (Action.APPROVE, {"edit": SEALED, "weighed": WEIGHED})]
)
def test_a_decision_nobody_could_mean_is_a_bug(action: Action, given: dict[str, object]) -> None:
    with pytest.raises(AssertionError):
        decide(CASE, action, by=LEAD, now_ms=500, **given)  # type: ignore[arg-type]
