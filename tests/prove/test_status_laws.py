"""Laws of the status algebra, over generated ledgers: what nobody can do to a verdict by taking, adding, mixing, waiting or relabelling."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilens.prove.evidence import Subject
from trilens.prove.gate import GateReport, Inputs, gate
from trilens.prove.recorded import RecordCheck, RecordState
from trilens.prove.status import Status, Word
from trilens.vocabulary.outcome import Lens

if TYPE_CHECKING:
    from tests.prove.conftest import Said, World

pytestmark = pytest.mark.requirement("C13", "V1", "V5")

DAY_MS = 86_400_000
GOODNESS = [Word.FAIL, Word.UNKNOWN, Word.WAIVED, Word.PASS]
"""From worst to best. `NOT APPLICABLE` follows from the manifest alone and is left out here."""
OTHER_POLICY = "sha256:" + "9" * 64


def operate(
    world: "World", leaves: Sequence[bytes], *, now_ms: int = 0, size: int | None = None, policy: str = ""
) -> GateReport:
    """The gate over a ledger whose checkpoint, kept out of reach, covers `size` entries."""
    now_ms = now_ms or world.now_ms
    subject = Subject(policy or world.subject.policy, world.subject.engine)
    covered = len(leaves) if size is None else size
    inputs = Inputs(
        system=world.system,
        sheets=world.sheets,
        catalogue=world.catalogue,
        subject=subject,
        now_ms=now_ms,
        diagnoses=(),
        facts=world.facts(leaves, now_ms=now_ms, subject=subject),
        check=RecordCheck(RecordState.VERIFIED, covered),
    )
    return gate(inputs, "operate")


def words(report: GateReport) -> Mapping[Lens, Word]:
    return {verdict.lens: verdict.word for verdict in report.verdicts}


def is_no_better(later: GateReport, before: GateReport) -> bool:
    old, new = words(before), words(later)
    return all(GOODNESS.index(new[lens]) <= GOODNESS.index(old[lens]) for lens in Lens)


@st.composite
def decisions(draw: st.DrawFn, world: "World", *, working: bool) -> bytes:
    """A decision; a working one was made by guards that all looked, and followed from what they said."""
    quiet = st.sampled_from([("judged", "allow"), ("not_applicable", "allow")])
    stopping = st.sampled_from([("judged", "hold"), ("judged", "deny"), ("failed", "deny"), ("not_run", "allow")])
    left = draw(st.booleans())
    among = quiet if working and left else st.one_of(quiet, quiet, stopping)
    said: list[Said] = [(guard, *draw(among)) for guard in world.guards if working or draw(st.integers(0, 9))]
    outcome = "allow" if left else draw(st.sampled_from(["hold", "deny"]))
    return world.decision(
        said,
        outcome=outcome,
        left=left,
        name=f"dec_{draw(st.integers(0, 999))}",
        at_ms=world.now_ms - draw(st.integers(0, 40 * DAY_MS)),
        case=draw(st.sampled_from(["", "", "apr_1", "apr_2"])),
        subject=draw(st.sampled_from([world.subject, world.subject, Subject(OTHER_POLICY, world.subject.engine)])),
        judged_ms=draw(st.integers(1, 2)),
    )


def anything(world: "World") -> st.SearchStrategy[bytes]:
    return st.one_of(
        decisions(world, working=True),
        decisions(world, working=False),
        st.sampled_from([world.approval("apr_1"), world.approval("apr_2", "refuse"), b"{}"]),
    )


def ledgers(world: "World") -> st.SearchStrategy[list[bytes]]:
    """Half of them start so well that they would pass."""
    good = [world.decision(world.everyone(), at_ms=world.now_ms - DAY_MS, name="dec_good")]
    return st.builds(
        lambda start, rest: [*start, *rest], st.sampled_from([[], good]), st.lists(anything(world), max_size=6)
    )


def is_failing(world: "World", leaf: bytes) -> bool:
    return any(tally.failed for tally in world.facts([leaf]).tallies.values())


def test_a_record_in_which_everybody_judged_passes_three_times(world: "World") -> None:
    report = operate(world, [world.decision(world.everyone())])
    assert set(words(report).values()) == {Word.PASS}
    assert report.exit_code == 0


@pytest.mark.parametrize("stage", ["design", "operate"])
def test_an_empty_project_is_unknown_three_times_and_ends_with_3(world: "World", stage: str) -> None:
    report = gate(Inputs(None, world.sheets, world.catalogue, world.subject, world.now_ms), stage)
    assert list(words(report).values()) == [Word.UNKNOWN] * 3
    assert report.exit_code == 3
    assert {v.worst.command for v in report.verdicts if v.worst} == {"trilens init"}


def test_a_manifest_that_declares_nothing_is_unknown_three_times(world: "World") -> None:
    report = gate(Inputs(world.bare_system, world.sheets, world.catalogue, world.subject, world.now_ms), "operate")
    assert list(words(report).values()) == [Word.UNKNOWN] * 3
    assert report.exit_code == 3


def test_a_whole_manifest_without_a_record_is_unknown_three_times_while_it_operates(world: "World") -> None:
    inputs = Inputs(world.system, world.sheets, world.catalogue, world.subject, world.now_ms, diagnoses=())
    assert list(words(gate(inputs, "operate")).values()) == [Word.UNKNOWN] * 3


@settings(max_examples=60)
@given(data=st.data())
def test_taking_entries_away_never_improves_a_verdict(world: "World", data: st.DataObject) -> None:
    leaves = data.draw(ledgers(world))
    kept = [leaf for leaf in leaves if data.draw(st.booleans())]
    assert is_no_better(operate(world, kept, size=len(leaves)), operate(world, leaves))


@settings(max_examples=60)
@given(data=st.data())
def test_evidence_that_never_was_is_no_better_than_evidence_that_was(world: "World", data: st.DataObject) -> None:
    """Without the checkpoint's help: of records that show no failure, fewer never show more."""
    leaves = data.draw(ledgers(world))
    kept = [
        leaf
        for leaf in leaves
        if is_failing(world, leaf) or leaf == b"{}" or b'"apr_' in leaf or data.draw(st.booleans())
    ]
    assert is_no_better(operate(world, kept), operate(world, leaves))


@settings(max_examples=60)
@given(data=st.data())
def test_adding_a_failing_record_never_improves_a_verdict(world: "World", data: st.DataObject) -> None:
    leaves = data.draw(ledgers(world))
    failing = data.draw(decisions(world, working=False).filter(lambda leaf: is_failing(world, leaf)))
    place = data.draw(st.integers(0, len(leaves)))
    after = operate(world, [*leaves[:place], failing, *leaves[place:]])
    assert is_no_better(after, operate(world, leaves))
    # an approval among the others may be what the record alone lacked
    assert Word.FAIL in words(after).values() or world.approval("apr_1") in leaves


@settings(max_examples=60)
@given(data=st.data())
def test_the_order_of_entries_makes_no_difference(world: "World", data: st.DataObject) -> None:
    leaves = data.draw(ledgers(world))
    mixed = data.draw(st.permutations(leaves))
    assert operate(world, mixed).verdicts == operate(world, leaves).verdicts


@settings(max_examples=60)
@given(data=st.data())
def test_waiting_never_improves_what_shows_no_failure(world: "World", data: st.DataObject) -> None:
    leaves = data.draw(
        st.lists(decisions(world, working=True).filter(lambda leaf: not is_failing(world, leaf)), max_size=6)
    )
    waits = sorted(data.draw(st.lists(st.integers(0, 60 * DAY_MS), min_size=1, max_size=4)))
    reports = [operate(world, leaves, now_ms=world.now_ms + wait) for wait in (0, *waits)]
    for before, later in pairwise(reports):
        assert is_no_better(later, before)
    late = operate(world, leaves, now_ms=world.now_ms + 60 * DAY_MS)
    assert Word.PASS not in words(late).values()


@settings(max_examples=60)
@given(data=st.data())
def test_under_another_policy_everything_recorded_is_stale(world: "World", data: st.DataObject) -> None:
    leaves = [leaf for leaf in data.draw(ledgers(world)) if OTHER_POLICY.encode() not in leaf]
    report = operate(world, leaves, policy="sha256:" + "8" * 64)
    assert Word.PASS not in words(report).values()
    for verdict in report.verdicts:
        for control in verdict.controls:
            if control.control.fresh_for_ms:
                assert control.rating.status in {Status.STALE, Status.INSUFFICIENT}


@settings(max_examples=60)
@given(data=st.data())
def test_a_record_that_does_not_verify_fails_every_lens_whatever_it_holds(world: "World", data: st.DataObject) -> None:
    leaves = data.draw(ledgers(world))
    facts = world.facts(leaves)
    inputs = Inputs(world.system, world.sheets, world.catalogue, world.subject, world.now_ms, diagnoses=(), facts=facts)
    broken = replace(
        inputs, check=RecordCheck(RecordState.BROKEN, len(leaves), "entry 0 is not the one that was signed")
    )
    assert set(words(gate(broken, "operate")).values()) == {Word.FAIL}
    unknown = replace(inputs, check=RecordCheck(RecordState.NOT_ESTABLISHED, 0, "there is no checkpoint"))
    assert Word.PASS not in words(gate(unknown, "operate")).values()
