"""Edits: their form, and that they are weighed exactly as the pipeline will judge what is made of them."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.errors import PeopleError
from trilens.people.approvals.edit import Edit, Weighed, read_edit, weigh, write_edit

if TYPE_CHECKING:
    from tests.people.conftest import House

pytestmark = pytest.mark.requirement("S10")

JSON_OBJECTS = st.dictionaries(
    st.text(max_size=5).filter(lambda s: s.isprintable()),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


def weighed(house: "House", edit: Edit, *, text: str = "") -> Weighed:
    opened = house.shelf.case(house.held(text=text))
    assert opened.card is not None
    return weigh(edit, opened.case, opened.card, system=house.system, mac=house.mac)


@given(st.dictionaries(st.integers(0, 40), JSON_OBJECTS, min_size=1, max_size=3), st.none() | st.text())
def test_an_edit_reads_back_as_it_was_written(calls: dict[int, dict[str, object]], text: str | None) -> None:
    written = {n: json.dumps(arguments, ensure_ascii=False, separators=(",", ":")) for n, arguments in calls.items()}
    edit = Edit(written, text if text is None else text.encode("utf-8", "replace").decode())
    try:
        kept = write_edit(edit)
    except UnicodeEncodeError:
        return
    assert read_edit(kept) == edit


@given(st.text() | st.binary())
def test_random_text_is_no_edit_and_crashes_nothing(written: str | bytes) -> None:
    with pytest.raises(PeopleError) as raised:
        read_edit(written)
    assert raised.value.code == "people/edit-form"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "{}",
        "[]",
        '{"calls": []}',
        '{"calls": {"0": 1}}',
        '{"calls": {"-1": {}}}',
        '{"calls": {"٣": {}}}',
        '{"calls": {"0": {}, "0": {"amount": 1}}}',
        '{"calls": {"0": {"amount": 1, "amount": 2}}}',
        '{"calls": {"0": {"amount": NaN}}}',
        '{"text": 1}',
        '{"text": "\\ud800"}',
        '{"text": "a", "approve": true}',
        "[" * 100_000,
    ],
)
def test_a_malformed_edit_is_refused(written: str) -> None:
    with pytest.raises(PeopleError) as raised:
        read_edit(written)
    assert raised.value.code == "people/edit-form"


@pytest.mark.parametrize("amount", ["225", "225.0", '"225 EUR"', '"€225"'])
def test_an_edit_adds_the_intent_the_pipeline_computes_and_drops_the_one_edited_away(
    house: "House", amount: str
) -> None:
    arguments = f'{{"amount": {amount}, "order_id": "A-1"}}'
    change = weighed(house, Edit({0: arguments}))
    judged = house.answer(arguments, asked=house.asked("something else"))
    asked = house.answer('{"order_id": "A-1", "amount": 450}', asked=house.asked("the original"))
    assert change.adds == (judged.plan.rulings[0].decision.intent_mac,)
    assert change.drops == (asked.plan.rulings[0].decision.intent_mac,)


def test_edited_words_get_the_intent_the_pipeline_computes(house: "House") -> None:
    change = weighed(house, Edit(text="Ä year? Ask a colleague."), text="You have a year.")
    judged = house.answer("", text="Ä year? Ask a colleague.", asked=house.asked("other"))
    assert change.adds == (judged.plan.rulings[0].decision.intent_mac,)
    assert len(change.drops) == 1


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (Edit({0: '{"order_id": "A-1", "amount": "450.00 EUR"}'}), "changes nothing"),
        (Edit({0: '{"order_id": "A-1", "amount": "many"}'}), "not an amount"),
        (Edit({1: "{}"}), "no call `1`"),
        (Edit(text="hello"), "no words"),
    ],
)
def test_an_edit_that_cannot_be_made_is_refused(house: "House", edit: Edit, says: str) -> None:
    with pytest.raises(PeopleError, match=says) as raised:
        weighed(house, edit)
    assert raised.value.code == "people/edit-not-possible"


def test_without_a_kept_answer_there_is_nothing_to_edit(house: "House") -> None:
    opened = house.shelf.case(house.held())
    assert opened.card is not None
    with pytest.raises(PeopleError, match="no answer is kept"):
        weigh(Edit({0: "{}"}), replace(opened.case, kept=""), opened.card, system=house.system, mac=house.mac)


@pytest.mark.parametrize("position", ["00", "01", "1" * 5_000, "10000", "-1", "１", ""])
def test_a_position_that_is_not_in_its_one_spelling_is_refused(position: str) -> None:
    with pytest.raises(PeopleError) as caught:
        read_edit(json.dumps({"calls": {position: {"amount": 1}}}))
    assert caught.value.code == "people/edit-form"


@pytest.mark.parametrize("arguments", ['{"note": "\\ud800"}', '{"\\udfff": 1}'])
def test_an_argument_that_is_not_unicode_is_refused(arguments: str) -> None:
    with pytest.raises(PeopleError) as caught:
        read_edit(f'{{"calls": {{"0": {arguments}}}}}')
    assert caught.value.code == "people/edit-form"
