"""Who gives keys and takes them back: the owner of the security lens, or whoever may write the state folder."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from trilens.errors import PeopleError
from trilens.people.access import KeyDesk
from trilens.vocabulary.outcome import Lens

if TYPE_CHECKING:
    from tests.people.conftest import House

pytestmark = pytest.mark.requirement("X5")

DEEDS: list[Callable[[KeyDesk, str], object]] = [
    lambda desk, by: desk.give_to_agent("support", may_assert=True, by=by),
    lambda desk, by: desk.give_to_agent("nobody", may_assert=False, by=by),
    lambda desk, by: desk.give_to_operator("lead", by=by),
    lambda desk, by: desk.take_back("tlk_none", by=by),
]


def desk_of(house: "House") -> KeyDesk:
    return KeyDesk(house.system, house.journal, house.keystore, lambda: house.now_ms, os.urandom)


def refused(desk: KeyDesk, deed: Callable[[KeyDesk, str], object], by: str) -> str:
    with pytest.raises(PeopleError) as raised:
        deed(desk, by)
    return raised.value.code


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("by", ["lead", "second-lead", "dpo", "stranger", "secops "])
def test_nobody_else_gives_or_takes_a_key(house: "House", deed: Callable[[KeyDesk, str], object], by: str) -> None:
    size = house.journal.size()
    assert refused(desk_of(house), deed, by) == "people/not-keeper"
    assert house.keystore.list() == []
    assert house.journal.size() == size


@pytest.mark.parametrize("by", ["secops", ""])
def test_the_owner_of_the_security_lens_and_whoever_has_the_state_folder_may(house: "House", by: str) -> None:
    desk = desk_of(house)
    made = [desk.give_to_agent("support", may_assert=True, by=by), desk.give_to_operator("dpo", by=by)]
    desk.take_back(made[0].record.id, by=by)
    kept = {key.id: bool(key.revoked_ms) for key in house.keystore.list()}
    assert kept == {made[0].record.id: True, made[1].record.id: False}


@pytest.mark.parametrize("deed", DEEDS)
def test_without_an_owner_of_the_security_lens_no_operator_may(
    house: "House", deed: Callable[[KeyDesk, str], object]
) -> None:
    house.system = replace(house.system, owners={Lens.SAFETY: "lead"})
    for by in ("lead", "secops"):
        assert refused(desk_of(house), deed, by) == "people/not-keeper"
