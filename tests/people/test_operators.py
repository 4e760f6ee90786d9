"""Who decides: an operator's key, whole, known and not revoked."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from trilens.errors import PeopleError
from trilens.people.keys import make_key
from trilens.people.operators import operator_of

if TYPE_CHECKING:
    from tests.people.conftest import House

pytestmark = pytest.mark.requirement("X5")


def refused(house: "House", text: str) -> str:
    with pytest.raises(PeopleError) as raised:
        operator_of(text, house.keystore)
    secret = text.split("_")[2] if text.count("_") > 1 else "no secret"
    assert secret not in f"{raised.value} {raised.value.help}"
    return raised.value.code


def test_an_operators_key_names_its_operator(house: "House") -> None:
    operator = operator_of(house.key(operator="lead"), house.keystore)
    assert operator.name == "lead"
    assert operator.key.startswith("tlo_")


def test_every_other_key_is_refused_by_its_reason(house: "House") -> None:
    good = house.key(operator="lead")
    assert refused(house, "") == "people/no-key"
    assert refused(house, "sesame") == "people/mistyped-key"
    assert refused(house, good[:-1]) == "people/mistyped-key"
    assert refused(house, house.key(agent="support")) == "people/agent-key"


def test_a_key_of_another_installation_is_unknown_even_with_the_same_id(house: "House") -> None:
    made = make_key(agent="", operator="lead", may_assert=False, now_ms=0, random=bytes)
    house.keystore.add(replace(made.record, digest=bytes(32)))
    assert refused(house, made.text) == "people/unknown-key"


def test_a_revoked_key_is_refused_as_such(house: "House") -> None:
    text = house.key(operator="lead")
    key_id = "_".join(text.split("_")[:2])
    assert house.keystore.revoke(key_id, house.now_ms)
    assert refused(house, text) == "people/revoked-key"
