"""Of a mixed turn the person's words are what stands between exactly one pair of marks; and what a result without fields is called."""

from dataclasses import replace
from typing import Any

import pytest

from trilens.mechanisms.flow.flow import Speaker
from trilens.mechanisms.flow.label import spoken, unread
from trilens.vocabulary.event import Turn
from trilens.vocabulary.label import UNKNOWN_LABEL
from trilens.vocabulary.outcome import Role
from trilens.vocabulary.system import UserTurns

pytestmark = pytest.mark.requirement("X4")


def words(talk: Any, text: str, *, marks: tuple[str, str] = ("<q>", "</q>"), has_agent: bool = True) -> list[str]:
    agent = replace(talk.system.agents["support"], user_turns=UserTurns.MIXED, question=marks)
    turn = Turn(Role.USER, text, b"")
    said = spoken(turn, 2, prompts={}, agent=agent if has_agent else None, principal=talk.principal)
    return [passage.text for passage in said if passage.speaker is Speaker.USER]


@pytest.mark.parametrize(
    ("text", "found"), [("<q>where?</q>", ["where?"]), ("see <q>where?</q> there", ["where?"]), ("<q></q>", [""])]
)
def test_one_pair_of_marks_holds_the_persons_words(talk: Any, text: str, found: list[str]) -> None:
    assert words(talk, text) == found


@pytest.mark.parametrize(
    "text",
    ["", "where?", "<q>where?", "where?</q>", "</q>where?<q>", "<q>a</q><q>b</q>", "<q>a <q>b</q>", "<q>a</q> b</q>"],
)
def test_any_other_number_of_marks_holds_nobodys_words(talk: Any, text: str) -> None:
    assert words(talk, text) == []


@pytest.mark.parametrize("marks", [("", ""), ("<q>", ""), ("", "</q>")])
def test_without_marks_nothing_is_the_persons(talk: Any, marks: tuple[str, str]) -> None:
    assert words(talk, "<q>where?</q>", marks=marks) == []
    assert words(talk, "<", marks=marks) == []


def test_without_an_agent_nothing_is_the_persons(talk: Any) -> None:
    assert words(talk, "<q>where?</q>", has_agent=False) == []


def test_the_owner_reads_no_result_without_fields(talk: Any) -> None:
    lookup = talk.system.tools["lookup_order"]
    assert lookup.readers == ("owner",)
    assert unread("text", 1, lookup, "lookup_order").label == UNKNOWN_LABEL
    assert unread("text", 1, None, "").source == "a result nobody asked for"
    assert unread("text", 1, None, "lookup_order").source == "lookup_order result"


def test_a_field_is_called_by_its_place(talk: Any) -> None:
    found = {"customers": [{"id": "C-17", "tags": ["a"]}], "next": "x"}
    flow = talk.user("hello").looked_up("find_customers", found).flow()
    paths = {passage.path for passage in flow.passages if passage.speaker is Speaker.TOOL}
    assert paths == {"messages[2].customers[0].id", "messages[2].customers[0].tags[0]", "messages[2].next"}
