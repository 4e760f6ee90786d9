"""What vectors cannot say of the guards of compliance: what a manifest would refuse, and what the text looks like afterwards."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from trilens.enforce.combine import apply_edits
from trilens.lenses.compliance.guards.missing_disclosure.guard import judge as missing_disclosure
from trilens.lenses.compliance.guards.purpose_not_allowed.guard import judge as purpose_not_allowed
from trilens.lenses.compliance.guards.region_not_allowed.guard import judge as region_not_allowed
from trilens.lenses.stage import Staged, stage
from trilens.lenses.vectors import Vector
from trilens.vocabulary.outcome import Outcome
from trilens.vocabulary.system import System

LOOK_UP = {"tool_call": "lookup_order", "args": {"order_id": "O-1001"}}


@pytest.fixture
def staged(parse_shop: Callable[[str], System]) -> Callable[..., Staged]:
    """The stage of a vector, without what it expects."""

    def set_up(**parts: object) -> Staged:
        return stage(Vector.model_validate({"name": "test", "expect": {"outcome": "allow"}} | parts), parse_shop)

    return set_up


@pytest.mark.requirement("C2")
@pytest.mark.parametrize("language", ["en", "de"])
def test_answer_with_the_disclosure_put_in_front_is_content(staged: Callable[..., Staged], language: str) -> None:
    scene = staged(event={"output": "It is on its way."}, facts={"language": language, "is_first_output": True})
    answer = missing_disclosure(scene.event, scene.context)
    edited = apply_edits(scene.event, answer.edits)
    assert edited is not None
    assert edited.text.endswith("\n\nIt is on its way.")
    assert missing_disclosure(edited, scene.context).outcome is Outcome.ALLOW


@pytest.mark.requirement("C3")
def test_category_nobody_declared_is_denied(staged: Callable[..., Staged]) -> None:
    scene = staged(event=LOOK_UP)
    system = replace(scene.context.system, data={})
    answer = purpose_not_allowed(scene.event, replace(scene.context, system=system))
    assert answer.outcome is Outcome.DENY
    assert {finding.code for finding in answer.findings} == {"purpose_not_allowed/undeclared_category"}


@pytest.mark.requirement("C3")
@pytest.mark.parametrize("purpose", ["", "marketing"])
def test_purpose_nobody_declared_is_denied_even_where_a_category_names_it(
    staged: Callable[..., Staged], purpose: str
) -> None:
    scene = staged(event=LOOK_UP)
    system = scene.context.system
    data = {name: replace(category, purposes=frozenset({purpose, "support"})) for name, category in system.data.items()}
    context = replace(scene.context, system=replace(system, data=data))
    assert purpose_not_allowed(scene.event, context).outcome is Outcome.ALLOW
    assert purpose_not_allowed(replace(scene.event, purpose=purpose), context).outcome is Outcome.DENY


@pytest.mark.requirement("C5")
def test_model_without_a_region_is_denied(staged: Callable[..., Staged]) -> None:
    scene = staged(event={"model_call": "chat"}, person="C-17")
    system = scene.context.system
    nowhere = replace(system, models={"chat": replace(system.models["chat"], region="")})
    answer = region_not_allowed(scene.event, replace(scene.context, system=nowhere))
    assert answer.outcome is Outcome.DENY


@pytest.mark.requirement("C5")
def test_refusal_names_region_and_processor(staged: Callable[..., Staged]) -> None:
    scene = staged(event={"model_call": "spare"}, person="C-17")
    (finding,) = region_not_allowed(scene.event, scene.context).findings
    assert finding.message == "model `spare` runs in `us`; data may be processed in `eu`"
