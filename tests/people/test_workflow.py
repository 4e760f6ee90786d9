"""The whole table, against itself and against what the store does."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pytest

from trilens.errors import PeopleError
from trilens.people.workflow import TABLE, Action, Barred, Stage, next_stage, stage_of
from trilens.prove.ledger import entry
from trilens.storage.ports import Batch, Case, CaseMove, CaseState, Committed, Consumption

if TYPE_CHECKING:
    from tests.people.conftest import House

pytestmark = pytest.mark.requirement("S10")

EVERY = list(product(Stage, Action))
CASE = Case("c", "approval", "shop", 0, 1000, "r", ("i",), (), ("lead",), "card")


def test_table_says_something_about_every_stage_and_action() -> None:
    assert set(TABLE) == set(EVERY)


@pytest.mark.parametrize(("stage", "action"), EVERY)
def test_what_the_table_bars_raises_and_what_it_allows_is_reached(stage: Stage, action: Action) -> None:
    says = TABLE[stage, action]
    if isinstance(says, Barred):
        with pytest.raises(PeopleError) as raised:
            next_stage(stage, action)
        assert raised.value.code == says.code
        assert raised.value.help
    else:
        assert next_stage(stage, action) is says


def test_nothing_leads_back_and_only_an_open_case_is_decided() -> None:
    reached = {(stage, action): says for (stage, action), says in TABLE.items() if isinstance(says, Stage)}
    assert {stage for stage, action in reached if action is not Action.USE} == {Stage.OPEN}
    assert {stage for stage, action in reached if action is Action.USE} == {Stage.APPROVED}
    assert Stage.OPEN not in reached.values()
    assert Stage.EXPIRED not in reached.values()


@pytest.mark.parametrize(
    ("state", "before", "after"),
    [
        (CaseState.OPEN, Stage.OPEN, Stage.EXPIRED),
        (CaseState.APPROVED, Stage.APPROVED, Stage.EXPIRED),
        (CaseState.REFUSED, Stage.REFUSED, Stage.REFUSED),
        (CaseState.USED, Stage.USED, Stage.USED),
    ],
)
def test_expiry_is_read_off_the_clock_and_its_moment_is_too_late(state: CaseState, before: Stage, after: Stage) -> None:
    case = replace(CASE, state=state)
    assert stage_of(case, 999) is before
    assert stage_of(case, 1000) is after


@pytest.mark.parametrize(("stage", "action"), EVERY)
def test_the_store_does_exactly_what_the_table_says(
    stage: Stage, action: Action, another_house: Callable[[str], "House"]
) -> None:
    """Each cell on a journal of its own: the case is brought to the stage, then the action is tried."""
    house = another_house("cell")
    moment = 5000 if stage is Stage.EXPIRED else 500
    commit(house, Batch((leaf(),), opened=(CASE,)))
    if stage in (Stage.APPROVED, Stage.USED):
        commit(house, Batch((leaf(),), moved=(move(CaseState.APPROVED, 400),)))
    if stage is Stage.REFUSED:
        commit(house, Batch((leaf(),), moved=(move(CaseState.REFUSED, 400),)))
    if stage is Stage.USED:
        commit(house, Batch((leaf(),), consumed=(Consumption("c", "i", 400),)))
    case = house.journal.case("c")
    assert case is not None
    assert stage_of(case, moment) is stage

    tried = house.journal.commit(attempt(action, moment)).result(5)

    says = TABLE[stage, action]
    assert isinstance(tried, Committed) is isinstance(says, Stage)
    after = house.journal.case("c")
    assert after is not None
    assert stage_of(after, moment) is (says if isinstance(says, Stage) else stage)


def leaf() -> bytes:
    return entry.encode(entry.Kind.CASE_DECIDED, 0, {})


def move(after: CaseState, at_ms: int) -> CaseMove:
    return CaseMove("c", CaseState.OPEN, after, "lead", at_ms)


def attempt(action: Action, at_ms: int) -> Batch:
    match action:
        case Action.USE:
            return Batch((leaf(),), consumed=(Consumption("c", "i", at_ms),))
        case Action.REFUSE:
            return Batch((leaf(),), moved=(move(CaseState.REFUSED, at_ms),))
        case Action.APPROVE | Action.EDIT:
            return Batch((leaf(),), moved=(move(CaseState.APPROVED, at_ms),))


def commit(house: "House", batch: Batch) -> None:
    assert isinstance(house.journal.commit(batch).result(5), Committed)
