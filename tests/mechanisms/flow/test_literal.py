"""What the person's own words stand for, and who may read what goes where they named it."""

from typing import Any

import pytest

from trilens.mechanisms.flow.atoms import scalar_keys, single_spaced
from trilens.mechanisms.flow.explain import literal
from trilens.mechanisms.flow.explain.claim import Claim
from trilens.vocabulary.outcome import Role, ValueClass

pytestmark = pytest.mark.requirement("X4")


def explained(talk: Any, value: str, cls: ValueClass) -> Any:
    claim = Claim("args.x", value, cls, scalar_keys(value), single_spaced(value), "x")
    return literal.explain(claim, talk.ground("refund"))


@pytest.mark.parametrize(
    ("value", "cls", "holds"),
    [
        ("express 24", ValueClass.VALUE, True),
        ("express 24", ValueClass.OBJECT_ID, False),
        ("canvas tents", ValueClass.OBJECT_ID, True),
        ("a1b", ValueClass.OBJECT_ID, False),
        ("a1b", ValueClass.VALUE, True),
        ("a1bc", ValueClass.OBJECT_ID, True),
    ],
)
def test_words_stand_for_what_they_are_distinctive_enough_for(
    talk: Any, value: str, cls: ValueClass, holds: bool
) -> None:
    assert (explained(talk.user(f"I would like {value}, please"), value, cls) is not None) is holds


def test_what_goes_where_the_person_said_is_read_in_their_name(talk: Any) -> None:
    found = explained(talk.user("mail bob@friends.example"), "bob@friends.example", ValueClass.DESTINATION)
    assert found.readers == frozenset({"customer", "customer:C-17"})
    nobody = talk.person("").user("mail bob@friends.example")
    assert explained(nobody, "bob@friends.example", ValueClass.DESTINATION).readers == frozenset({"key:key"})


def test_what_goes_where_the_operator_said_is_read_in_nobodys_name(talk: Any) -> None:
    prompt = talk.system.prompts["support"].text
    word = next(word for word in single_spaced(prompt).split() if word.isalpha() and len(word) > 6)
    found = explained(talk.says(Role.SYSTEM, prompt), word, ValueClass.VALUE)
    assert found.readers == frozenset()
