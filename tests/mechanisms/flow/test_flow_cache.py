"""The cache costs only what is new, forgets without harm, and never lets two people share a conversation."""

from collections.abc import Container
from dataclasses import replace
from typing import Any

import pytest

from trilens.mechanisms.events import call_mac
from trilens.mechanisms.flow.cache import FlowCache
from trilens.mechanisms.flow.flow import Flow
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.event import Call

pytestmark = pytest.mark.requirement("X4")

MAC = Mac(b"k" * 32)


class Everything(Container[str]):
    def __contains__(self, _: object) -> bool:
        return True


def after(cache: FlowCache, talk: Any, *, session: str = "s", released: Container[str] | None = None) -> Flow:
    return cache.after(
        talk.turns,
        system=talk.system,
        agent=talk.principal.agent,
        principal=talk.principal,
        session=session,
        released=Everything() if released is None else released,
        mac=MAC,
    )


def fresh(cache: FlowCache, talk: Any, *, session: str = "s") -> tuple[Call, ...]:
    return cache.fresh_calls(talk.turns, system=talk.system, principal=talk.principal, session=session)


def test_same_conversation_is_the_same_flow(talk: Any) -> None:
    cache = FlowCache()
    assert after(cache, talk.user("a")) is after(cache, talk.user("a"))


def test_longer_conversation_extends_the_remembered_one(talk: Any) -> None:
    cache = FlowCache()
    short = after(cache, talk.user("a"))
    assert after(cache, talk.user("a").user("b")).trunk is short.trunk


def test_flow_from_the_cache_equals_a_fresh_one(talk: Any, order: Any) -> None:
    cache = FlowCache()
    story = talk.user("Where is O-1001?")
    after(cache, story)
    story = story.looked_up("lookup_order", order())
    remembered, alone = after(cache, story), after(FlowCache(), story)
    assert list(remembered.passages) == list(alone.passages)
    assert (remembered.prefix, remembered.categories) == (alone.prefix, alone.categories)


@pytest.mark.parametrize(
    "change",
    [{"person": "C-18"}, {"role": "leads"}, {"key": "other"}, {"person": "", "role": ""}],
    ids=",".join,
)
def test_two_principals_with_the_same_words_share_nothing(talk: Any, change: dict[str, str]) -> None:
    cache = FlowCache()
    mine = after(cache, talk.user("hello"))
    other = replace(talk, principal=replace(talk.principal, **change))
    assert after(cache, other.user("hello")).trunk is not mine.trunk
    assert after(cache, other.user("hello").user("more")).trunk is not mine.trunk


def test_two_sessions_and_two_policies_share_nothing(talk: Any) -> None:
    cache = FlowCache()
    mine = after(cache, talk.user("hello"))
    assert after(cache, talk.user("hello"), session="t").trunk is not mine.trunk
    policy = replace(talk, system=replace(talk.system, digest="sha256:other"))
    assert after(cache, policy.user("hello")).trunk is not mine.trunk


def test_conversation_that_differs_early_shares_nothing_though_it_ends_alike(talk: Any) -> None:
    cache = FlowCache()
    mine = after(cache, talk.user("mail bob@friends.example").user("a").user("b"))
    other = after(cache, talk.user("hello").user("a").user("b").user("c"))
    assert other.trunk is not mine.trunk
    assert not other.knows("@bob@friends.example")


def test_retried_request_branches_and_leaves_the_first_answer_alone(talk: Any) -> None:
    cache = FlowCache()
    asked = talk.user("hello")
    first = after(cache, asked.user("mail bob@friends.example"))
    second = after(cache, asked.user("mail carol@friends.example"))
    assert (first.knows("@carol@friends.example"), second.knows("@bob@friends.example")) == (False, False)


def test_calls_whose_results_are_new_are_named_once(talk: Any, order: Any) -> None:
    cache = FlowCache()
    story = talk.looked_up("lookup_order", order(), "c1")
    assert [call.id for call in fresh(cache, story)] == ["c1"]
    after(cache, story)
    assert fresh(cache, story) == ()
    longer = story.looked_up("find_customers", "[]", "c2").answers("c1", "again").answers("c9", "nobody")
    assert [call.id for call in fresh(cache, longer)] == ["c2"]
    assert fresh(cache, longer, session="t") == fresh(FlowCache(), longer)


def test_calls_of_a_branch_are_found_from_the_beginning(talk: Any, order: Any) -> None:
    cache = FlowCache()
    called = talk.user("hello").calls(Call("c1", "lookup_order", "{}"))
    after(cache, called)
    after(cache, called.user("never mind"))
    assert [call.id for call in fresh(cache, called.answers("c1", order()))] == ["c1"]


def test_only_calls_named_in_released_have_trusted_results(talk: Any, order: Any) -> None:
    story = talk.looked_up("lookup_order", order(), "c1")
    call = story.turns[0].calls[0]
    mac = call_mac(call, talk.principal, MAC)
    assert len(after(FlowCache(), story, released={mac}).records) == 1
    assert len(after(FlowCache(), story, released={mac[::-1]}).records) == 0
    assert len(after(FlowCache(), story, released=()).records) == 0


def test_empty_conversation_has_a_flow(talk: Any) -> None:
    cache = FlowCache()
    assert (after(cache, talk).length, fresh(cache, talk)) == (0, ())


def test_forgetting_changes_no_answer(talk: Any) -> None:
    cache = FlowCache(most=2)
    stories = [talk.user(f"mail a{n}@friends.example").user("x") for n in range(5)]
    for _ in range(2):
        for n, story in enumerate(stories):
            flow = after(cache, story)
            assert (flow.knows(f"@a{n}@friends.example"), flow.knows(f"@a{n + 1}@friends.example")) == (True, False)


def test_memory_is_bounded_by_what_it_takes(talk: Any) -> None:
    cache = FlowCache(most_bytes=10_000)
    stories = [talk.user(f"{n} " + "long words " * 300) for n in range(10)]
    first = [after(cache, story) for story in stories]
    kept = [flow is after(cache, story) for flow, story in zip(first, stories, strict=True)]
    assert not any(kept)
    assert after(cache, stories[-1]) is after(cache, stories[-1])


def test_what_takes_more_room_in_the_index_counts_for_more(talk: Any) -> None:
    """As many letters, once as one word over and over, and once as words of their own."""
    same = after(FlowCache(), talk.user("a1b2c3d4 " * 500)).trunk.weight
    distinct = after(FlowCache(), talk.user("".join(f"a1b2c{n:03} " for n in range(500)))).trunk.weight
    assert distinct > 10 * same


def test_long_conversation_keeps_two_flows(talk: Any) -> None:
    cache = FlowCache()
    story = talk
    for n in range(6):
        story = story.user(str(n))
        after(cache, story)
    trunk = after(cache, story).trunk
    shorter = replace(story, turns=story.turns[:-1])
    assert after(cache, shorter).trunk is trunk
    assert after(cache, replace(story, turns=story.turns[:2])).trunk is not trunk
