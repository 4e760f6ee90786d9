"""What the guard remembers of a conversation never changes what it answers."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from trilens.lenses.lens import Answer, Context
from trilens.lenses.safety.guards.ungrounded_claim import guard
from trilens.lenses.safety.guards.ungrounded_claim.evidence import gather
from trilens.lenses.stage import Staged, stage
from trilens.lenses.vectors import Vector
from trilens.mechanisms.content.claim import ClaimKind
from trilens.mechanisms.content.claims import ReadText
from trilens.mechanisms.content.grounding import Compared, Evidence, compare
from trilens.mechanisms.flow.flow import Flow
from trilens.vocabulary.outcome import Outcome
from trilens.vocabulary.system import System

LOOKED_UP = [
    {"user": "Where is my order O-1001?"},
    {"call": {"tool": "lookup_order", "id": "c1", "args": {"order_id": "O-1001"}}},
    {"result": {"id": "c1", "value": {"order_id": "O-1001", "customer_id": "C-17", "total": "129.90"}}},
]
RIGHT = "You can return the boots within 30 days after you received them."
WRONG = "You can return the boots within 90 days after you received them."


@pytest.fixture
def staged(parse_shop: Callable[[str], System]) -> Callable[..., Staged]:
    def set_up(output: str) -> Staged:
        vector = Vector.model_validate(
            {
                "name": "test",
                "person": "C-17",
                "turns": LOOKED_UP,
                "event": {"output": output},
                "expect": {"outcome": "allow"},
            }
        )
        return stage(vector, parse_shop)

    return set_up


def said_again(scene: Staged, text: str, context: Context) -> Answer:
    value = replace(scene.event.values[0], value=text)
    return guard.judge(replace(scene.event, values=(value,)), context)


def until(flow: Flow, length: int) -> Flow:
    """The same conversation when it had fewer passages."""
    return replace(flow, passages=flow.passages[:length], records=flow.records)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with every comparison."""
    count: list[int] = []

    def counted(read: ReadText, evidence: Evidence, kinds: frozenset[ClaimKind], *, most: int) -> Compared:
        count.append(1)
        return compare(read, evidence, kinds, most=most)

    monkeypatch.setattr("trilens.lenses.safety.guards.ungrounded_claim.guard.compare", counted)
    return count


@pytest.mark.requirement("S3")
def test_conversation_that_grew_gives_what_one_read_at_once_gives(staged: Callable[..., Staged]) -> None:
    grown, whole = staged(RIGHT), staged(RIGHT)
    grounding = grown.context.system.grounding
    assert grounding is not None
    total = len(grown.context.flow.passages)
    for length in range(total + 1):
        step = gather(grounding, replace(grown.context, flow=until(grown.context.flow, length)))
    at_once = gather(grounding, whole.context)
    assert (step.documents, step.fields) == (at_once.documents, at_once.fields)
    assert step.evidence.fields.fields == at_once.evidence.fields.fields
    assert (step.evidence.said, step.evidence.question) == (at_once.evidence.said, at_once.evidence.question)


def test_older_view_of_a_conversation_never_holds_what_came_later(staged: Callable[..., Staged]) -> None:
    scene = staged(RIGHT)
    grounding = scene.context.system.grounding
    assert grounding is not None
    assert gather(grounding, scene.context).fields
    sources = sum(1 for passage in scene.context.flow.passages if passage.turn < 0)
    older = replace(scene.context, flow=until(scene.context.flow, sources))
    assert gather(grounding, older).fields == ()
    assert gather(grounding, older).evidence.said == ()
    assert gather(grounding, scene.context).fields


def test_same_conversation_under_another_manifest_is_read_anew(staged: Callable[..., Staged]) -> None:
    scene = staged(RIGHT)
    grounding = scene.context.system.grounding
    assert grounding is not None
    assert gather(grounding, scene.context).documents
    assert gather(replace(grounding, against=("user",)), scene.context).documents == ()


def test_supported_answer_with_a_disclosure_in_front_is_not_compared_again(
    staged: Callable[..., Staged], compared: list[int]
) -> None:
    scene = staged(RIGHT)
    first = said_again(scene, RIGHT, scene.context)
    second = said_again(scene, f"You are talking to an AI system.\n\n{RIGHT}", scene.context)
    assert (first.outcome, second.outcome, len(compared)) == (Outcome.ALLOW, Outcome.ALLOW, 1)


@pytest.mark.parametrize(
    "text",
    [
        f"{WRONG}\n\n{RIGHT}",
        f"{RIGHT}\n\n{WRONG}",
        f"You have 90.\n\n{RIGHT} No, 90 days.",
        f"It is ninety\n\n{RIGHT.replace('You', 'days. You')}",
        WRONG,
    ],
    ids=re.escape,
)
def test_what_is_added_to_a_supported_answer_is_compared(
    staged: Callable[..., Staged], compared: list[int], text: str
) -> None:
    scene = staged(RIGHT)
    assert said_again(scene, RIGHT, scene.context).outcome is Outcome.ALLOW
    assert said_again(scene, text, scene.context).outcome is Outcome.HOLD
    assert len(compared) == 2


def test_words_that_run_on_into_a_supported_answer_are_compared_with_it(
    staged: Callable[..., Staged], compared: list[int]
) -> None:
    right = "30 days is how long you can return the boots after you received them."
    scene = staged(right)
    assert said_again(scene, right, scene.context).outcome is Outcome.ALLOW
    said_again(scene, f"You have more than\n\n{right}", scene.context)
    assert len(compared) == 2


def test_unsupported_answer_is_never_remembered_as_supported(staged: Callable[..., Staged]) -> None:
    scene = staged(WRONG)
    outcomes = [said_again(scene, WRONG, scene.context).outcome for _ in range(3)]
    assert outcomes == [Outcome.HOLD] * 3


def test_answer_without_a_number_gathers_nothing(
    staged: Callable[..., Staged], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = staged("I am sorry to hear that. Which order is it about?")
    monkeypatch.setattr(guard, "gather", lambda *_: pytest.fail("nothing had to be gathered"))
    assert guard.judge(scene.event, scene.context).outcome is Outcome.ALLOW
