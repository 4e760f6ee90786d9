"""What stands on record of a key, in which order, and what is refused before anything was done."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from trilens.errors import PeopleError, StoreError
from trilens.people.access import KeyDesk, operators_of
from trilens.people.keys import check_key
from trilens.prove.ledger.entry import Kind, decode
from trilens.storage.ports import Batch, Committed, Conflict, Journal

if TYPE_CHECKING:
    from tests.people.conftest import House

pytestmark = pytest.mark.requirement("X5")


class Recording:
    """A journal that answers what it is told, and says what it was given."""

    def __init__(self, answer: Committed | Conflict | Exception | None) -> None:
        self.answer = answer
        self.leaves: list[bytes] = []

    def commit(self, batch: Batch) -> Future[Committed | Conflict]:
        self.leaves += batch.leaves
        future: Future[Committed | Conflict] = Future()
        if isinstance(self.answer, Exception):
            future.set_exception(self.answer)
        elif self.answer is not None:
            future.set_result(self.answer)
        return future


def desk_of(house: "House", journal: Recording | None = None) -> KeyDesk:
    kept = house.journal if journal is None else cast("Journal", journal)
    return KeyDesk(house.system, kept, house.keystore, lambda: house.now_ms, lambda size: bytes(range(size)))


def code_of(deed: Callable[[], object]) -> str:
    with pytest.raises((PeopleError, StoreError)) as raised:
        deed()
    return raised.value.code


def bodies(house: "House", size: int) -> list[tuple[Kind, dict[str, object]]]:
    read = [decode(leaf) for leaf in house.journal.leaves(size, house.journal.size())]
    return [(found.kind, dict(found.body)) for found in read]


def test_a_key_stands_on_record_with_what_it_may_and_who_gave_it(house: "House") -> None:
    size, desk = house.journal.size(), desk_of(house)
    made = desk.give_to_agent("support", may_assert=True, by="secops")
    desk.take_back(made.record.id, by="secops")
    known = {"key": made.record.id, "by": "secops"}
    assert bodies(house, size) == [
        (Kind.KEY_ADDED, {**known, "agent": "support", "operator": "", "may_assert": True}),
        (Kind.KEY_REVOKED, known),
    ]


def test_an_operators_key_signs_as_the_operator_and_asserts_nobody(house: "House") -> None:
    made = desk_of(house).give_to_operator("dpo", by="")
    kept = house.keystore.find(made.record.id)
    assert kept is not None
    assert (kept.agent, kept.operator, kept.may_assert, kept.created_ms) == ("", "dpo", False, house.now_ms)
    assert check_key(made.text, kept)


@pytest.mark.parametrize(
    ("deed", "code"),
    [
        (lambda desk: desk.give_to_agent("nobody", may_assert=False, by=""), "people/unknown-agent"),
        (lambda desk: desk.give_to_operator("stranger", by=""), "people/unknown-operator"),
        (lambda desk: desk.take_back("tlk_00000000", by=""), "people/no-such-key"),
    ],
)
def test_nothing_is_done_for_who_is_not_declared(house: "House", deed: Callable[[KeyDesk], object], code: str) -> None:
    size = house.journal.size()
    assert code_of(lambda: deed(desk_of(house))) == code
    assert house.journal.size() == size
    assert house.keystore.list() == []


def test_a_key_is_revoked_once(house: "House") -> None:
    desk = desk_of(house)
    made = desk.give_to_agent("support", may_assert=False, by="")
    desk.take_back(made.record.id, by="")
    size = house.journal.size()
    assert code_of(lambda: desk.take_back(made.record.id, by="")) == "people/already-revoked"
    assert house.journal.size() == size


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Conflict("a condition"), "store/conflict"),
        (TimeoutError(), "store/deadline"),
        (StoreError("store/failed", "the disk is gone"), "store/failed"),
    ],
)
def test_a_key_that_could_not_be_recorded_does_not_exist(
    house: "House", answer: Conflict | Exception, code: str
) -> None:
    desk = desk_of(house, Recording(answer))
    assert code_of(lambda: desk.give_to_agent("support", may_assert=False, by="")) == code
    assert house.keystore.list() == []


def test_a_key_is_revoked_even_where_that_cannot_be_recorded(house: "House") -> None:
    made = desk_of(house).give_to_agent("support", may_assert=False, by="")
    broken = desk_of(house, Recording(StoreError("store/failed", "the disk is gone", help="look at it")))
    with pytest.raises(StoreError) as raised:
        broken.take_back(made.record.id, by="")
    assert raised.value.code == "store/unrecorded"
    assert raised.value.help == "look at it"
    kept = house.keystore.find(made.record.id)
    assert kept is not None
    assert kept.revoked_ms == house.now_ms
    assert not check_key(made.text, kept)


def test_operators_are_owners_and_members_and_nobody_else(house: "House") -> None:
    assert operators_of(house.system) == ("dpo", "lead", "second-lead", "secops")
    assert operators_of(replace(house.system, people={}, owners={})) == ()


def test_a_refusal_names_who_is_declared(house: "House") -> None:
    with pytest.raises(PeopleError) as raised:
        desk_of(house).give_to_operator("stranger", by="")
    assert raised.value.help == "declared: `dpo`, `lead`, `second-lead`, `secops`"
    house.system = replace(house.system, people={}, owners={})
    with pytest.raises(PeopleError) as raised:
        desk_of(house).give_to_operator("stranger", by="")
    assert raised.value.help == "name them under `owners` or `people` in the manifest"
