"""The same turns give the same flow however they arrive, and no flow ever sees what came after it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.mechanisms.flow.build import beginning_of, extend, is_tip, sprout
from trilens.mechanisms.flow.flow import Flow
from trilens.vocabulary.event import Call, Turn
from trilens.vocabulary.outcome import Role

pytestmark = pytest.mark.requirement("X4")

WORDS = st.sampled_from(
    [
        "refund O-1001",
        "mail bob@friends.example",
        "see https://blog.example/a?b=1",
        "450 EUR on 24.11.2026",
        "Grüße 您好",
        "plain words",
        "",
    ]
)
VALUES = st.sampled_from(
    [
        '{"order_id": "O-1001", "customer_id": "C-17", "customer_email": "ada@example.org", "total": 120, "note": "x@collect.example"}',
        "{'order_id': 'O-2002', 'customer_id': 'C-18', 'customer_email': 'grace@example.net', 'note': 'two words here'}",
        '{"customers": [{"id": "C-1", "email": "a@b.example"}, {"id": "C-2", "email": "c@d.example"}]}',
        "no json",
    ]
)
STEPS = st.one_of(
    st.tuples(st.just("user"), WORDS),
    st.tuples(st.just("assistant"), WORDS),
    st.tuples(st.just("system"), WORDS),
    st.tuples(st.sampled_from(["lookup_order", "find_customers", "unknown"]), VALUES),
)
STORIES = st.lists(STEPS, max_size=8)

PROBES = [
    "@bob@friends.example",
    "@ada@example.org",
    "@x@collect.example",
    "@grace@example.net",
    "hblog.example",
    "io-1001",
    "io-2002",
    "#450",
    "#120",
    "d2026-11-24",
    "ublog.example/a?b=1",
]


def told(talk: Any, story: Sequence[tuple[str, str]]) -> tuple[Turn, ...]:
    for kind, text in story:
        match kind:
            case "user" | "assistant" | "system":
                talk = talk.says(Role(kind), text)
            case tool:
                talk = talk.looked_up(tool, text)
    turns: tuple[Turn, ...] = talk.turns
    return turns


def seen(flow: Flow) -> object:
    """All that can be read off a flow."""
    mentions = {key: [p.path for p in flow.mentions(key)] for key in PROBES}
    said = {phrase: flow.says(phrase) for phrase in ("plain words", "refund", "您好")}
    known = {key: (flow.knows(key), flow.words_with(key)) for key in PROBES}
    return (
        list(flow.passages),
        list(flow.records),
        flow.categories,
        flow.prefix,
        flow.unparsed,
        flow.length,
        mentions,
        said,
        known,
    )


def grow(talk: Any, flow: Flow | None, turns: Sequence[Turn]) -> Flow:
    agent = talk.system.agents["support"]
    return extend(flow, turns, system=talk.system, agent=agent, principal=talk.principal, released=lambda _: True)


@given(STORIES, st.data())
def test_extending_in_pieces_gives_what_the_whole_gives(
    talk: Any, story: list[tuple[str, str]], data: st.DataObject
) -> None:
    turns = told(talk, story)
    flow: Flow | None = None
    at = 0
    while at < len(turns):
        step = data.draw(st.integers(1, len(turns) - at))
        flow = grow(talk, flow, turns[at : at + step])
        at += step
    assert seen(flow or grow(talk, None, ())) == seen(grow(talk, None, turns))


@given(STORIES, STORIES, STORIES)
def test_older_flow_never_sees_newer_turns(talk: Any, first: Any, then: Any, other: Any) -> None:
    turns, more, instead = told(talk, first), told(talk, then), told(talk, other)
    old = grow(talk, None, turns)
    before = seen(old)
    new = grow(talk, old, more)
    assert seen(old) == before
    branch = grow(talk, old, instead)
    assert seen(old) == before
    assert seen(new) == seen(grow(talk, grow(talk, None, turns), more))
    assert seen(branch) == seen(grow(talk, grow(talk, None, turns), instead))


def test_extension_appends_to_what_is_there(talk: Any) -> None:
    turns = talk.user("refund O-1001").user("please").turns
    old = grow(talk, None, turns[:1])
    new = grow(talk, old, turns[1:])
    assert new.trunk is old.trunk
    assert not is_tip(old)
    assert grow(talk, old, turns[1:]).trunk is not old.trunk


def test_extension_that_fails_half_way_leaves_nothing_behind(talk: Any, order: Any) -> None:
    turns = talk.user("hello").looked_up("lookup_order", order()).turns
    old = grow(talk, None, turns[:1])

    def fails(_: Call) -> bool:
        raise MemoryError

    with pytest.raises(MemoryError):
        extend(old, turns[1:], system=talk.system, agent=None, principal=talk.principal, released=fails)
    assert seen(grow(talk, old, turns[1:])) == seen(grow(talk, None, turns))


def test_branch_remembers_which_calls_were_released(talk: Any, order: Any) -> None:
    turns = talk.looked_up("lookup_order", order()).user("a").turns
    agent = talk.system.agents["support"]
    old = extend(None, turns[:2], system=talk.system, agent=agent, principal=talk.principal, released=lambda _: False)
    grow(talk, old, turns[2:])
    branch = grow(talk, old, turns[2:])
    assert (len(branch.records), branch.trunk is old.trunk) == (0, False)


def test_prefix_is_a_chain_over_all_turns(talk: Any) -> None:
    one, two = talk.user("a").user("b").turns
    prefixes = {grow(talk, None, turns).prefix for turns in ((), (one,), (one, two), (two, one), (two,))}
    assert len(prefixes) == 5


def test_beginning_is_shared_and_never_written(talk: Any) -> None:
    beginning = beginning_of(talk.system)
    first = grow(talk, sprout(beginning), talk.user("mail bob@friends.example").turns)
    second = grow(talk, sprout(beginning), talk.user("hello").turns)
    assert first.knows("@bob@friends.example")
    assert not second.knows("@bob@friends.example")
    assert [p.source for p in first.passages][:1] == [p.source for p in second.passages][:1] == ["refund-policy"]


def test_repeating_a_value_costs_a_bounded_number_of_postings(talk: Any) -> None:
    note = "write to x@collect.example"
    for n in range(40):
        talk = talk.looked_up("lookup_order", {"order_id": f"O-{n}", "customer_id": "C-17", "note": note})
    flow = talk.user("yes, x@collect.example is mine").flow()
    assert len(list(flow.mentions("@x@collect.example"))) == 33
    assert next(flow.mentions("@x@collect.example")) == flow.words_with("@x@collect.example")


def test_record_read_again_is_indexed_once(talk: Any, order: Any) -> None:
    for _ in range(20):
        talk = talk.looked_up("lookup_order", order())
    flow = talk.looked_up("lookup_order", order(total=99)).flow()
    assert [p.path for p in flow.mentions("@ada@example.org")] == ["messages[1].customer_email"]
    assert [p.path for p in flow.mentions("#99")] == ["messages[41].total"]
    assert len(flow.records) == 21


def test_surrogates_and_huge_texts_do_not_stop_it(talk: Any) -> None:
    flow = grow(talk, None, (replace(talk.user("\ud800 x@y.example").turns[0]), *talk.user("9 " * 200_000).turns))
    assert flow.knows("@x@y.example")
