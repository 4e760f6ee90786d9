"""What a gate reports: the worst thing of each lens with the next command, three answers, and the same in JSON and in the ledger."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from trilens.cli.main import NOUNS
from trilens.errors import SettingsError
from trilens.prove.gate import GateReport, Inputs, gate
from trilens.prove.ledger import entry
from trilens.prove.ledger.entry import Kind
from trilens.prove.recorded import RecordCheck, RecordState
from trilens.prove.report.gate_json import evaluations, gate_body, to_json
from trilens.prove.status import Status, Word
from trilens.vocabulary.amount import Amount
from trilens.vocabulary.canonical import canonical
from trilens.vocabulary.outcome import Lens, ValueClass
from trilens.vocabulary.system import (
    Agent,
    ApprovalNeed,
    ApprovalRule,
    Argument,
    FieldTrust,
    Grant,
    Hazard,
    Limit,
    LimitPer,
    OnDeny,
    System,
    UserTurns,
)

if TYPE_CHECKING:
    from tests.prove.conftest import World

pytestmark = pytest.mark.requirement("V1")


def report(
    world: "World",
    leaves: list[bytes] | None = None,
    *,
    system: System | None = None,
    stage: str = "operate",
    check: RecordCheck | None = None,
) -> GateReport:
    leaves = [world.decision(world.everyone())] if leaves is None else leaves
    inputs = Inputs(
        system=system or world.system,
        sheets=world.sheets,
        catalogue=world.catalogue,
        subject=world.subject,
        now_ms=world.now_ms,
        diagnoses=(),
        facts=world.facts(leaves),
        check=check or RecordCheck(RecordState.VERIFIED, len(leaves)),
    )
    return gate(inputs, stage)


def words(found: GateReport) -> tuple[str, ...]:
    return tuple(verdict.word.value for verdict in found.verdicts)


def worst(found: GateReport, lens: Lens) -> tuple[str, str, Status, str, str]:
    named = next(verdict.worst for verdict in found.verdicts if verdict.lens is lens)
    assert named is not None
    return (named.control, named.item, named.status, named.missing, named.command)


def test_what_passes_names_nothing_and_ends_with_0(world: "World") -> None:
    found = report(world)
    assert words(found) == ("PASS", "PASS", "PASS")
    assert [verdict.worst for verdict in found.verdicts] == [None] * 3
    assert [verdict.owner for verdict in found.verdicts] == ["lead", "secops", "dpo"]
    assert (found.failure_mode.name, found.failure_mode.unsaid) == ("", "")


@pytest.mark.requirement("S1")
@pytest.mark.parametrize("stage", ["design", "operate"])
def test_a_hazard_with_nothing_behind_it_fails_safety_at_every_stage(world: "World", stage: str) -> None:
    bare = Hazard("wrong-dose", "physical", "patients", "critical", ())
    system = replace(world.system, hazards=(*world.system.hazards, bare))
    found = report(world, system=system, stage=stage)
    assert words(found) == ("FAIL", "PASS", "PASS")
    assert found.exit_code == 1
    assert found.failure_mode.name == "compliant but unsafe"
    assert worst(found, Lens.SAFETY) == (
        "harm-register",
        "wrong-dose",
        Status.FAILING,
        "no installed guard and no evaluation reduces it",
        "trilens check",
    )


def test_a_manifest_without_hazards_is_unknown_and_not_safe(world: "World") -> None:
    found = report(world, system=replace(world.system, hazards=()), stage="design")
    assert words(found) == ("UNKNOWN", "PASS", "PASS")
    assert found.exit_code == 3
    assert found.failure_mode.unsaid == "safety is UNKNOWN"
    assert worst(found, Lens.SAFETY)[3] == "the manifest declares nothing to look at"


def test_a_failing_decision_is_named_with_the_command_that_explains_it(world: "World") -> None:
    good = world.decision(world.everyone(), name="dec_a")
    bad = world.decision(world.everyone(least_privilege=("judged", "deny")), name="dec_b")
    found = report(world, [good, bad])
    assert words(found) == ("PASS", "FAIL", "PASS")
    assert found.failure_mode.name == "safe and compliant but insecure"
    assert worst(found, Lens.SECURITY) == (
        "least-privilege",
        "security/least_privilege",
        Status.FAILING,
        "1 decision in which it did not look at what left or was stricter than what happened, such as `dec_b`",
        "trilens explain dec_b",
    )


def test_a_guard_that_never_looked_is_missing_evidence(world: "World") -> None:
    found = report(world, [world.decision(world.everyone(data_residency=("not_applicable", "allow")))])
    assert words(found) == ("PASS", "PASS", "UNKNOWN")
    assert worst(found, Lens.COMPLIANCE) == (
        "data-residency",
        "compliance/data_residency",
        Status.INSUFFICIENT,
        "no decision of the last 30 days shows it",
        "trilens serve",
    )


def test_evidence_that_is_too_old_says_how_much_there_is(world: "World") -> None:
    found = report(world, [world.decision(world.everyone(), at_ms=world.now_ms - 31 * 86_400_000)])
    assert words(found) == ("UNKNOWN",) * 3
    control, _, status, missing, command = worst(found, Lens.SAFETY)
    assert (control, status, command) == ("hard-limits-on-actions", Status.STALE, "trilens serve")
    assert missing == "1 decision, all older than 30 days or made under another manifest or engine"


def test_a_waived_approval_is_shown_as_waived_by_whom_and_why(world: "World") -> None:
    rule = ApprovalRule(ApprovalNeed.NEVER, reason="capped at 5 EUR", accepted_by="lead")
    limit = Limit(Amount(Decimal(5), "EUR"), LimitPer.CALL)
    tool = replace(world.system.tools["refund"], approval=rule, limits=(limit,))
    found = report(world, system=replace(world.system, tools=MappingProxyType({"refund": tool})))
    assert words(found) == ("WAIVED", "PASS", "PASS")
    assert found.exit_code == 0
    assert found.failure_mode.unsaid == "safety is WAIVED"
    _, item, status, missing, _ = worst(found, Lens.SAFETY)
    assert (item, status) == ("refund", Status.EXCEPTED)
    assert missing == "waived by lead, while this manifest is in force: capped at 5 EUR"


@pytest.mark.requirement("X6")
def test_a_broken_record_fails_three_times_and_says_where(world: "World") -> None:
    found = report(world, check=RecordCheck(RecordState.BROKEN, 1, "entry 0 is not the one that was signed"))
    assert words(found) == ("FAIL",) * 3
    for lens in Lens:
        assert worst(found, lens) == (
            "tamper-evident-record",
            "record",
            Status.FAILING,
            "entry 0 is not the one that was signed",
            "trilens ledger verify",
        )
    proven = {c.rating.status for v in found.verdicts for c in v.controls if c.control.fresh_for_ms}
    assert proven == {Status.INSUFFICIENT}


@pytest.mark.requirement("X6")
def test_entries_that_are_gone_fail_and_entries_that_are_not_signed_prove_nothing(world: "World") -> None:
    cut = report(world, check=RecordCheck(RecordState.VERIFIED, 3))
    assert words(cut) == ("FAIL",) * 3
    assert worst(cut, Lens.SAFETY)[3] == "2 of 3 entries were not there to be read"
    unsigned = report(world, [world.decision(world.everyone())] * 2, check=RecordCheck(RecordState.VERIFIED, 1))
    assert words(unsigned) == ("UNKNOWN",) * 3


def test_an_entry_that_cannot_be_read_keeps_everything_from_being_proven(world: "World") -> None:
    found = report(world, [world.decision(world.everyone()), b'{"kind":"decision.v9"}'])
    assert words(found) == ("UNKNOWN",) * 3
    assert to_json(found)["record"]["unread"] == {"not a ledger entry: unknown version": 1}  # type: ignore[index, call-overload]


def test_at_design_the_record_is_not_asked_for(world: "World") -> None:
    found = report(world, [], stage="design", check=RecordCheck(RecordState.BROKEN, 9, "anything"))
    assert words(found) == ("PASS", "PASS", "PASS")
    assert all(control.control.declared for verdict in found.verdicts for control in verdict.controls)


def test_a_stage_reads_no_evidence_that_cannot_exist_at_it(world: "World") -> None:
    # as if every control were asked at design
    controls = tuple(replace(control, stages=frozenset({"design"})) for control in world.catalogue.controls)
    early = replace(world, catalogue=replace(world.catalogue, controls=controls))
    found = report(early, stage="design", check=RecordCheck(RecordState.BROKEN, 9, "anything"))
    assert words(found) == ("UNKNOWN",) * 3


def test_an_unknown_stage_is_a_usage_error(world: "World") -> None:
    with pytest.raises(SettingsError) as raised:
        report(world, stage="retire")
    assert raised.value.code == "gate/unknown-stage"
    assert "`operate`" in raised.value.help


def scenes(world: "World") -> Iterator[GateReport]:
    """Reports of every kind."""
    for stage in ("design", "operate"):
        yield gate(Inputs(None, world.sheets, world.catalogue, world.subject, world.now_ms), stage)
        yield report(world, system=world.bare_system, stage=stage)
        yield report(world, stage=stage)
    yield report(world, [])
    yield report(world, [world.decision(world.everyone("judged", "deny"))])
    yield report(world, check=RecordCheck(RecordState.BROKEN, 1, "entry 0 is not the one that was signed"))


def test_every_next_command_is_one_there_is(world: "World") -> None:
    nouns = {noun for group in NOUNS.values() for noun in group}
    commands = {verdict.worst.command for found in scenes(world) for verdict in found.verdicts if verdict.worst}
    assert len(commands) > 3
    assert {command.split()[1] for command in commands} <= nouns


@pytest.mark.requirement("V5")
def test_there_is_no_total_and_the_word_stands_only_in_the_name_of_a_failure_mode(world: "World") -> None:
    for found in scenes(world):
        written = to_json(found)
        assert [verdict["lens"] for verdict in written.pop("verdicts")] == ["safety", "security", "compliance"]  # type: ignore[union-attr, call-overload, index]
        assert not {"score", "verdict", "status", "total"} & set(written)
        del written["failure_mode"]
        assert "compliant" not in canonical(written | {"verdicts": to_json(found)["verdicts"]}).decode()


@pytest.mark.requirement("C13")
def test_the_same_inputs_give_the_same_bytes(world: "World") -> None:
    for first, second in zip(scenes(world), scenes(world), strict=True):
        assert canonical(to_json(first)) == canonical(to_json(second))


@pytest.mark.requirement("C13")
def test_every_evaluation_can_be_written_as_an_entry_and_names_what_it_asked(world: "World") -> None:
    found = report(world)
    bodies = evaluations(found)
    assert len(bodies) == sum(len(verdict.controls) for verdict in found.verdicts)
    for body in bodies:
        entry.encode(Kind.CONTROL_EVALUATED, world.now_ms, body)
        assert {"control", "lens", "status", "population", "window", "query", "subject"} <= set(body)
    grounded = next(body for body in bodies if body["control"] == "grounded-answers")
    assert (grounded["status"], grounded["population"], grounded["failing"]) == ("proven", 1, 0)
    assert grounded["window"] == [world.now_ms - 30 * 86_400_000, world.now_ms]
    assert grounded["subject"] == world.subject.digest


@pytest.mark.requirement("C13")
def test_the_entry_of_a_gate_names_its_evaluations_by_digest(world: "World") -> None:
    passed, failed = report(world), report(world, [])
    body = gate_body(passed)
    entry.encode(Kind.GATE, world.now_ms, body)
    assert body["verdicts"] == [["safety", "PASS"], ["security", "PASS"], ["compliance", "PASS"]]
    assert body["evaluations"] != gate_body(failed)["evaluations"]
    # evaluations are evidence of nothing: writing them down changes no verdict
    leaves = [world.decision(world.everyone()), entry.encode(Kind.GATE, world.now_ms, body)]
    assert words(report(world, leaves)) == words(passed)


def answers(found: GateReport) -> Mapping[Lens, list[tuple[str, tuple[str, ...]]]]:
    return {q.lens: [(fact.what, fact.behind) for fact in q.answer] for q in found.questions}


def test_the_worst_thing_as_intended_is_the_gravest_hazard_with_what_reduces_it(world: "World") -> None:
    grave = Hazard("wrong-dose", "physical", "patients", "critical", ("grounded_answers",))
    found = report(world, system=replace(world.system, hazards=(*world.system.hazards, grave)))
    assert answers(found)[Lens.SAFETY] == [
        ("wrong-dose: critical physical harm to patients", ("grounded_answers",)),
        ("invented-policy: major financial harm to customers", ("grounded_answers",)),
    ]


def test_the_blast_radius_names_who_can_call_what_who_speaks_to_them_and_what_bounds_it(world: "World") -> None:
    refund = world.system.tools["refund"]
    lookup = replace(
        refund,
        id="lookup",
        effect=refund.effect.READ,
        reversible=True,
        returns=MappingProxyType({"note": FieldTrust.THIRD_PARTY}),
    )
    mail = replace(
        refund,
        id="mail",
        approval=ApprovalRule(ApprovalNeed.NEVER),
        args=MappingProxyType({"to": Argument("to", ValueClass.DESTINATION)}),
    )
    wipe = replace(refund, id="wipe", approval=ApprovalRule(ApprovalNeed.NEVER))
    agent = Agent(
        "support",
        "chat",
        "p",
        "chat",
        "support",
        UserTurns.VERBATIM,
        OnDeny.REFUSE,
        MappingProxyType({n: Grant(n) for n in ("lookup", "mail")}),
    )
    system = replace(
        world.system,
        tools=MappingProxyType({"lookup": lookup, "mail": mail, "wipe": wipe}),
        agents=MappingProxyType({"support": agent}),
    )
    found = report(world, system=system, stage="design")
    assert answers(found)[Lens.SECURITY] == [
        ("wipe: spend that cannot be undone, called by no agent", ()),
        (
            "mail: spend that cannot be undone, called by support, which read what outsiders write in lookup, mail",
            ("untrusted data cannot choose `to`",),
        ),
    ]
    assert words(found)[1] == "FAIL"


def test_what_must_be_provable_rests_on_a_verified_record_or_on_nothing(world: "World") -> None:
    verified = answers(report(world))[Lens.COMPLIANCE]
    assert [what for what, _ in verified] == [
        "that people are told, in en",
        "that data stays in eu",
        "that contact data is used for support alone, on the basis of contract",
    ]
    assert {behind for _, behind in verified} == {("1 verified entry",)}
    broken = report(world, check=RecordCheck(RecordState.BROKEN, 1, "…"))
    assert {behind for _, behind in answers(broken)[Lens.COMPLIANCE]} == {()}


def test_a_question_without_an_answer_says_why(world: "World") -> None:
    found = report(world, system=world.bare_system)
    assert [question.unanswered for question in found.questions] == [
        "no hazard is declared",
        "no tool is declared whose effect cannot be undone",
        "nothing is declared that would have to be provable",
    ]
    assert Word.PASS.value not in words(found)
