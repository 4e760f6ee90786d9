"""What the manifest alone shows: the harm register, what bounds an effect, duties, owners, sources, waivers, the review."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from trilens.declare.diagnosis import Diagnosis, Severity
from trilens.errors import Place
from trilens.prove.controls.catalogue import Check, Predicate
from trilens.prove.declared import Declaration, applicability_of, bounds_of, evidence_of
from trilens.prove.status import Evidence
from trilens.vocabulary.amount import Amount
from trilens.vocabulary.outcome import Effect, Lens, ValueClass
from trilens.vocabulary.system import ApprovalNeed, ApprovalRule, Argument, Hazard, Limit, LimitPer, System

if TYPE_CHECKING:
    from tests.prove.conftest import World

V = TypeVar("V")
DAY_MS = 86_400_000


def found(
    world: "World",
    check: Check,
    system: System,
    *,
    lens: Lens = Lens.SAFETY,
    diagnoses: tuple[Diagnosis, ...] | None = None,
    now_ms: int = 0,
) -> tuple[Evidence, ...]:
    declaration = Declaration(system, world.sheets, diagnoses, world.catalogue.review_errors, now_ms or world.now_ms)
    return evidence_of(check, declaration, lens)


def named(**items: V) -> Mapping[str, V]:
    return MappingProxyType(items)


def with_tool(world: "World", **changed: Any) -> System:
    tool = replace(world.system.tools["refund"], **changed)
    return replace(world.system, tools=named(refund=tool))


NEVER = ApprovalRule(ApprovalNeed.NEVER, reason="it only writes to our own staff", accepted_by="lead")


def hazard(*reduced_by: str) -> Hazard:
    return Hazard("invented-policy", "financial", "customers", "major", reduced_by)


@pytest.mark.requirement("S1")
@pytest.mark.parametrize(
    ("reduced_by", "population", "failing"),
    [
        (("grounded_answers",), 1, 0),
        (("safety/grounded_answers",), 1, 0),
        (("grounded_answers", "least_privilege"), 2, 0),
        (("grounded_answers", "some_day"), 1, 0),
        ((), 0, 1),
        (("some_day",), 0, 1),
        (("Grounded_Answers",), 0, 1),
        (("grundierte_antworten_ä",), 0, 1),
    ],
)
def test_a_hazard_without_an_installed_guard_fails(
    world: "World", reduced_by: tuple[str, ...], population: int, failing: int
) -> None:
    (evidence,) = found(world, Check.HAZARDS_REDUCED, replace(world.system, hazards=(hazard(*reduced_by),)))
    assert (evidence.population, evidence.failing) == (population, failing)


@pytest.mark.requirement("S1")
def test_an_empty_harm_register_shows_nothing(world: "World") -> None:
    assert found(world, Check.HAZARDS_REDUCED, world.bare_system) == ()


@pytest.mark.parametrize(
    ("approved_by", "review_by", "expected"),
    [
        ("lead", "2025-11-25", Evidence("policy", population=1)),
        ("lead", "", Evidence("policy", population=1)),
        ("lead", "2025-11-24", Evidence("policy", population=1)),
        ("lead", "2025-11-23", Evidence("policy", stale=1)),
        ("", "2999-01-01", Evidence("policy", lacking="nobody vouches for it")),
    ],
)
def test_a_source_is_vouched_for_until_the_day_of_its_review_is_over(
    world: "World", approved_by: str, review_by: str, expected: Evidence
) -> None:
    source = replace(world.system.sources["policy"], approved_by=approved_by, review_by=review_by)
    system = replace(world.system, sources=named(policy=source))
    # NOW_MS is 2025-11-24, 16:00 UTC
    assert found(world, Check.SOURCES_APPROVED, system) == (expected,)


@pytest.mark.requirement("S10")
def test_an_effect_nobody_is_asked_about_is_waived_by_a_name_or_lacks_one(world: "World") -> None:
    (waived,) = found(world, Check.APPROVALS_WAIVED, with_tool(world, approval=NEVER))
    assert waived.waived == "by lead, while this manifest is in force: it only writes to our own staff"
    (nobody,) = found(world, Check.APPROVALS_WAIVED, with_tool(world, approval=replace(NEVER, accepted_by="")))
    assert nobody.lacking
    assert not nobody.waived
    assert found(world, Check.APPROVALS_WAIVED, world.system) == ()
    assert found(world, Check.APPROVALS_WAIVED, with_tool(world, approval=NEVER, reversible=True)) == ()


EUROS = Limit(Amount(Decimal(1000), "EUR"), LimitPer.PERSON, "customer", DAY_MS)
CALLS = Limit(Amount(Decimal(20)), LimitPer.SESSION)
DESTINATION = named(to=Argument("to", ValueClass.DESTINATION))


@pytest.mark.requirement("X3")
@pytest.mark.parametrize(
    ("changed", "bounds"),
    [
        ({"approval": NEVER}, ()),
        (
            {"approval": NEVER, "limits": (EUROS, CALLS)},
            ("at most 1000 EUR per customer in a day", "at most 20 per session"),
        ),
        ({"approval": ApprovalRule(ApprovalNeed.DEFAULT)}, ("a person decides each time",)),
        (
            {"approval": ApprovalRule(ApprovalNeed.WHEN, "args.amount > 50")},
            ("a person decides when args.amount > 50",),
        ),
        ({"approval": NEVER, "args": DESTINATION}, ("untrusted data cannot choose `to`",)),
        ({"approval": NEVER, "args": named(body=Argument("body", ValueClass.TEXT))}, ()),
    ],
)
def test_what_bounds_an_effect_is_outside_the_model(
    world: "World", changed: dict[str, Any], bounds: tuple[str, ...]
) -> None:
    system = with_tool(world, **changed)
    assert bounds_of(system.tools["refund"], world.sheets) == bounds
    (evidence,) = found(world, Check.EFFECTS_BOUNDED, system)
    assert (evidence.population, evidence.failing) == (len(bounds), 0 if bounds else 1)


@pytest.mark.requirement("X3")
def test_a_destination_bounds_nothing_when_no_guard_judges_destinations(world: "World") -> None:
    tool = with_tool(world, approval=NEVER, args=DESTINATION).tools["refund"]
    rest = [sheet for sheet in world.sheets if "untrusted-data-cannot-act" not in sheet.controls]
    assert bounds_of(tool, rest) == ()


def test_duties_that_are_not_declared_are_named(world: "World") -> None:
    assert not any(e.lacking for e in found(world, Check.DUTIES_DECLARED, world.system))
    lacking = [e.name for e in found(world, Check.DUTIES_DECLARED, world.bare_system) if e.lacking]
    assert lacking == ["disclosure", "regions", "data", "retention.decision", "retention.conversation"]


def test_each_lens_needs_an_owner_of_its_own(world: "World") -> None:
    system = replace(world.system, owners=MappingProxyType({Lens.SAFETY: "lead"}))
    lacking = [lens for lens in Lens if found(world, Check.OWNER_NAMED, system, lens=lens)[0].lacking]
    assert lacking == [Lens.SECURITY, Lens.COMPLIANCE]


def says(code: str, severity: Severity = Severity.ERROR) -> Diagnosis:
    return Diagnosis(f"manifest/{code}", severity, f"about {code}", "", Place("system.yaml", 1, 1))


@pytest.mark.parametrize(
    ("diagnoses", "failing"),
    [
        ((), {}),
        ((says("unused", Severity.WARNING),), {}),
        ((says("region-not-allowed"),), {Lens.COMPLIANCE: 1}),
        ((says("region-not-allowed"), says("purpose-not-allowed")), {Lens.COMPLIANCE: 2}),
        ((says("brand-new"),), dict.fromkeys(Lens, 1)),
        ((says("hazard-not-reduced"),), {}),
    ],
)
def test_an_error_of_the_review_fails_the_lens_it_belongs_to(
    world: "World", diagnoses: tuple[Diagnosis, ...], failing: dict[Lens, int]
) -> None:
    for lens in Lens:
        (evidence,) = found(world, Check.MANIFEST_REVIEWED, world.system, lens=lens, diagnoses=diagnoses)
        assert evidence.failing == failing.get(lens, 0)
        assert evidence.population == (0 if failing.get(lens) else 1)


def test_a_manifest_nobody_reviewed_is_not_free_of_errors(world: "World") -> None:
    (evidence,) = found(world, Check.MANIFEST_REVIEWED, world.system, diagnoses=None)
    assert evidence.lacking
    assert not evidence.population


@pytest.mark.parametrize(
    ("predicate", "tool"),
    [
        (Predicate.TOOL_DECLARED, {}),
        (Predicate.TOOL_WITH_EFFECT, {"effect": Effect.READ, "reversible": True}),
        (Predicate.IRREVERSIBLE_TOOL, {"reversible": True}),
    ],
)
def test_a_control_is_about_a_system_only_when_the_manifest_says_so(
    world: "World", predicate: Predicate, tool: dict[str, Any]
) -> None:
    assert applicability_of(predicate, world.system).applies
    without = with_tool(world, **tool) if tool else replace(world.system, tools=named())
    assert not applicability_of(predicate, without).applies
    assert applicability_of(predicate, without).why


def test_a_control_without_a_condition_always_applies(world: "World") -> None:
    assert applicability_of(None, world.bare_system).applies
    assert not applicability_of(Predicate.SOURCE_DECLARED, world.bare_system).applies
