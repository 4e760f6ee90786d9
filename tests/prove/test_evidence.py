"""A ledger folded into facts: what counts, what is too old or about something else, what cannot be read."""

import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import pytest

from trilens.prove.evidence import NO_FACTS, Asked, Facts, Subject, Tally, read_evidence
from trilens.prove.ledger import entry
from trilens.prove.ledger.entry import Kind
from trilens.vocabulary.canonical import canonical
from trilens.vocabulary.outcome import Lens

if TYPE_CHECKING:
    from tests.prove.conftest import World

pytestmark = pytest.mark.requirement("C13")

DAY_MS = 86_400_000
GROUNDED = Asked("grounded-answers", Lens.SAFETY, "safety/grounded_answers")
RUNNING = Asked("guards-kept-running", Lens.SAFETY, "safety/grounded_answers")
JOINED = Asked("strictest-verdict-holds", Lens.SAFETY, "safety/grounded_answers")
OTHER_JOINED = Asked("strictest-verdict-holds", Lens.SECURITY, "security/least_privilege")


def said(world: "World", ran: str = "judged", outcome: str = "allow") -> list[tuple[str, str, str]]:
    """Everybody judged and allowed, but `grounded_answers` did this."""
    return world.everyone(grounded_answers=(ran, outcome))


def test_an_empty_ledger_has_an_answer_of_zero_for_every_question(world: "World") -> None:
    facts = world.facts([])
    assert facts.entries == NO_FACTS.entries == 0
    assert set(facts.tallies) == set(world.inquiry().queries)
    assert set(facts.tallies.values()) == {Tally()}


def test_a_decision_counts_for_every_control_that_asks_about_its_guards(world: "World") -> None:
    facts = world.facts([world.decision(said(world))])
    assert facts.tallies[GROUNDED] == facts.tallies[RUNNING] == facts.tallies[JOINED] == Tally(operated=1)
    assert facts.kinds == {"decision": 1}


def test_a_guard_that_only_found_nothing_of_its_business_did_not_operate_and_ran(world: "World") -> None:
    facts = world.facts([world.decision(said(world, "not_applicable"))])
    assert facts.tallies[GROUNDED] == Tally()
    assert facts.tallies[RUNNING] == Tally(operated=1)


def test_a_guard_that_raised_and_stopped_the_event_failed_closed_but_did_not_keep_running(world: "World") -> None:
    facts = world.facts([world.decision(said(world, "failed", "deny"), outcome="deny", left=False)])
    assert facts.tallies[GROUNDED] == Tally()
    assert facts.tallies[RUNNING] == Tally(failed=1, example="dec_1")
    assert facts.tallies[OTHER_JOINED] == Tally()


def test_a_decision_that_fails_for_one_guard_shows_of_none_that_it_operated(world: "World") -> None:
    facts = world.facts([world.decision(said(world, "failed", "deny"))])
    assert facts.tallies[GROUNDED] == Tally(failed=1, example="dec_1")
    assert facts.tallies[OTHER_JOINED] == Tally()


def test_what_left_against_the_join_fails_the_overruled_guard_alone(world: "World") -> None:
    facts = world.facts([world.decision(said(world, "judged", "deny"))])
    assert facts.tallies[JOINED] == facts.tallies[GROUNDED] == Tally(failed=1, example="dec_1")
    assert facts.tallies[RUNNING] == facts.tallies[OTHER_JOINED] == Tally()


def test_the_window_ends_where_freshness_ends(world: "World") -> None:
    fresh_ms = world.inquiry().queries[GROUNDED].fresh_for_ms
    inside = world.decision(said(world), at_ms=world.now_ms - fresh_ms + 1)
    outside = world.decision(said(world), at_ms=world.now_ms - fresh_ms)
    assert world.facts([inside]).tallies[GROUNDED] == Tally(operated=1)
    assert world.facts([outside]).tallies[GROUNDED] == Tally(aged=1)


def test_each_control_has_a_window_of_its_own(world: "World") -> None:
    asked = world.inquiry()
    short = asked.queries[GROUNDED].model_copy(update={"fresh_for_ms": DAY_MS})
    mixed = replace(asked, queries={**asked.queries, GROUNDED: short})
    facts = read_evidence([world.decision(said(world), at_ms=world.now_ms - 2 * DAY_MS)], mixed)
    assert (facts.tallies[GROUNDED], facts.tallies[RUNNING]) == (Tally(aged=1), Tally(operated=1))


def test_evidence_of_the_future_proves_nothing_and_can_fail(world: "World") -> None:
    later = world.now_ms + 1
    good = world.facts([world.decision(said(world), at_ms=later)])
    assert (good.tallies[GROUNDED], good.ahead) == (Tally(), 1)
    bad = world.facts([world.decision(said(world, "failed", "deny"), at_ms=later)])
    assert bad.tallies[GROUNDED].failed == 1


@pytest.mark.parametrize("changed", ["policy", "engine"])
def test_a_record_of_another_policy_or_engine_is_elsewhere_whether_good_or_bad(world: "World", changed: str) -> None:
    other = Subject(**{"policy": world.subject.policy, "engine": world.subject.engine, changed: "another"})
    leaves = [
        world.decision(said(world), subject=other),
        world.decision(said(world, "judged", "deny"), subject=other),
    ]
    assert world.facts(leaves).tallies[GROUNDED] == Tally(elsewhere=2)


def lifted(
    world: "World", name: str = "dec_1", *, judged_ms: int = 1, intent: str = "i1", case: str = "apr_1"
) -> bytes:
    return world.decision(said(world, "judged", "hold"), case=case, name=name, judged_ms=judged_ms, intent=intent)


@pytest.mark.parametrize("action", ["approve", "edit"])
@pytest.mark.requirement("S10")
def test_a_hold_is_lifted_by_an_approval_wherever_it_stands_in_the_ledger(world: "World", action: str) -> None:
    pair = [world.approval("apr_1", action), lifted(world)]
    for leaves in (pair, pair[::-1]):
        assert world.facts(leaves).tallies[JOINED] == Tally(operated=1)


@pytest.mark.requirement("S10")
def test_a_hold_that_nobody_approved_or_that_was_refused_was_overruled(world: "World") -> None:
    for leaves in (
        [lifted(world)],
        [world.approval("apr_1", "refuse"), lifted(world)],
        [world.approval("apr_2"), lifted(world)],
    ):
        assert world.facts(leaves).tallies[JOINED] == Tally(failed=1, example="dec_1")


@pytest.mark.requirement("S10")
def test_an_approval_that_was_used_twice_lifted_neither(world: "World") -> None:
    first, second = lifted(world, "dec_1", judged_ms=1), lifted(world, "dec_2", judged_ms=2)
    assert world.facts([world.approval("apr_1"), first, second]).tallies[JOINED].failed == 2
    # two equal actions of one exchange, or two actions of one case, are no second use
    same_moment = lifted(world, "dec_2", judged_ms=1)
    other_action = lifted(world, "dec_2", judged_ms=2, intent="i2")
    assert world.facts([world.approval("apr_1"), first, same_moment]).tallies[JOINED] == Tally(operated=2)
    assert world.facts([world.approval("apr_1"), first, other_action]).tallies[JOINED] == Tally(operated=2)


def unread(world: "World", leaf: bytes) -> Facts:
    facts = world.facts([leaf, world.decision(said(world))])
    assert facts.entries == 2
    assert sum(facts.unread.values()) == 1
    assert facts.tallies[GROUNDED] == Tally(operated=1)
    return facts


def written(**changed: object) -> bytes:
    return orjson.dumps(
        {"v": 1, "kind": "decision", "t": 1_764_000_000_000 - DAY_MS, **changed}, option=orjson.OPT_SORT_KEYS
    )


@pytest.mark.parametrize(
    "leaf",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"kind":"decision"}',
        written(kind="decision.v9"),
        written(v=2),
        written(),
        written() + b" ",
        written(kind="case.decided", case="apr_1", action="maybe"),
    ],
)
def test_what_cannot_be_read_is_counted_and_reported(world: "World", leaf: bytes) -> None:
    assert unread(world, leaf).unread_in_window == 1


def test_what_cannot_be_read_and_is_older_than_every_window_is_reported_alone(world: "World") -> None:
    assert unread(world, written(kind="decision.v9", t=world.now_ms - 400 * DAY_MS)).unread_in_window == 0
    assert unread(world, written(kind="decision.v9", t="long ago")).unread_in_window == 1


def test_every_kind_a_ledger_can_hold_is_understood(world: "World") -> None:
    bodies = {Kind.DECISION: world.decision(said(world)), Kind.CASE_DECIDED: world.approval("apr_1")}
    leaves = [bodies.get(kind) or entry.encode(kind, 1, {"any": canonical([]).decode()}) for kind in Kind]
    facts = world.facts(leaves)
    assert facts.kinds == {kind.value: 1 for kind in Kind}
    assert facts.unread == {}


def peak_bytes(world: "World", size: int) -> int:
    leaf, inquiry = world.decision(said(world)), world.inquiry()
    tracemalloc.start()
    try:
        facts = read_evidence((leaf for _ in range(size)), inquiry)
        assert facts.entries == size
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_ledger(world: "World") -> None:
    # 5 000 decisions are 5 MB as leaves and several times that as objects
    assert peak_bytes(world, 5_000) < 1_000_000
