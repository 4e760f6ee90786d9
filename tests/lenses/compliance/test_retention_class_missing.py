"""What the manifest's parser would refuse is refused here too, should a system be made without it."""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import pytest

from trilens.errors import ManifestError
from trilens.lenses.compliance.guards.retention_class_missing.guard import RECORDED_AS, judge
from trilens.lenses.stage import Staged, manifest_text, stage
from trilens.lenses.vectors import Vector
from trilens.prove.declared import KEPT
from trilens.vocabulary.outcome import Outcome
from trilens.vocabulary.system import System

LOOK_UP = {"tool_call": "lookup_order", "args": {"order_id": "O-1001"}}
ASKED = (
    {"user": "Where is my order O-1001?"},
    {"call": {"tool": "lookup_order", "id": "c1", "args": {"order_id": "O-1001"}}},
    {"result": {"id": "c1", "value": {"order_id": "O-1001", "customer_id": "C-17"}}},
)


@pytest.fixture(params=["a call", "a model call"])
def scene(request: pytest.FixtureRequest, parse_shop: Callable[[str], System]) -> Staged:
    parts = {"event": LOOK_UP} if request.param == "a call" else {"event": {"model_call": "chat"}, "turns": ASKED}
    vector = {"name": "test", "person": "C-17", "expect": {"outcome": "allow"}, **parts}
    return stage(Vector.model_validate(vector), parse_shop)


def codes(scene: Staged, system: System) -> set[str]:
    answer = judge(scene.event, replace(scene.context, system=system))
    assert answer.outcome is (Outcome.DENY if answer.findings else Outcome.ALLOW)
    return {finding.code.partition("/")[2] for finding in answer.findings}


@pytest.mark.requirement("C6")
def test_category_nobody_declared_is_denied(scene: Staged) -> None:
    system = scene.context.system
    assert codes(scene, system) == set()
    assert codes(scene, replace(system, data=MappingProxyType({}))) == {"undeclared_category"}


@pytest.mark.requirement("C6")
@pytest.mark.parametrize("name", ["", "for-ever"])
def test_class_nobody_declared_is_denied(scene: Staged, name: str) -> None:
    system = scene.context.system
    data = {**system.data, "purchase": replace(system.data["purchase"], retention=name)}
    assert codes(scene, replace(system, data=MappingProxyType(data))) == {"undeclared_class"}


@pytest.mark.requirement("C6")
def test_manifest_without_any_class_is_denied(scene: Staged) -> None:
    found = codes(scene, replace(scene.context.system, retention=MappingProxyType({})))
    assert found == {"undeclared_class", "record_without_class"}


@pytest.mark.requirement("C6")
def test_taking_a_class_away_never_allows_more(scene: Staged) -> None:
    system = scene.context.system
    for left in ({}, {"decision": 1}, {"conversation": 1}, {"other": 1}):
        fewer = replace(system, retention=MappingProxyType(left))
        assert bool(codes(scene, fewer)) is ("conversation" not in left)


@pytest.mark.requirement("C6")
@pytest.mark.parametrize(
    "changes",
    [
        {"tools": {"lookup_order": {"data": ["contact", "health"]}}},
        {"compliance": {"data": {"contact": {"retention": "for-ever"}}}},
        {"compliance": {"data": {"contact": {"retention": None}}}},
        {"compliance": {"retention": None}},
    ],
)
def test_parser_refuses_the_other_gaps(parse_shop: Callable[[str], System], changes: dict[str, object]) -> None:
    with pytest.raises(ManifestError):
        parse_shop(manifest_text(changes))


def test_record_is_kept_under_the_class_that_is_asked_for() -> None:
    assert RECORDED_AS in KEPT
