"""The whole way on real bytes: entries under a signed checkpoint, verified, read, rated; and what taking entries away does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilens.prove.evidence import read_evidence
from trilens.prove.gate import GateReport, Inputs, gate
from trilens.prove.ledger.checkpoint import sign_checkpoint
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.merkle import TreeHead, leaf_hash, root_of
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.reading import Source
from trilens.prove.ledger.verify import verify
from trilens.prove.recorded import RecordState, record_check
from trilens.prove.status import Word
from trilens.storage.ports import Batch
from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.journal import open_journal

if TYPE_CHECKING:
    from tests.prove.conftest import World

pytestmark = pytest.mark.requirement("X6", "C13")

SIGNER = Signer("shop", b"7" * 32)


@dataclass(frozen=True)
class Entries:
    """A ledger in memory, without tiles."""

    kept: Sequence[bytes]

    def size(self) -> int:
        return len(self.kept)

    def leaves(self, start: int, stop: int) -> Iterator[bytes]:
        return islice(self.kept, start, stop)

    def tile(self, level: int, number: int) -> bytes | None:
        return None


def checkpoint(leaves: Sequence[bytes]) -> bytes:
    return sign_checkpoint(TreeHead(len(leaves), root_of([leaf_hash(leaf) for leaf in leaves])), SIGNER)


def judged(world: "World", source: Source, note: bytes | None) -> GateReport:
    """As a gate is meant to be computed: verify, then read exactly what was signed."""
    check = record_check(verify(source, SIGNER.verifier, checkpoint=note))
    facts = read_evidence(source.leaves(0, min(check.size, source.size())), world.inquiry())
    inputs = Inputs(
        world.system,
        world.sheets,
        world.catalogue,
        world.subject,
        world.now_ms,
        diagnoses=(),
        facts=facts,
        check=check,
    )
    return gate(inputs, "operate")


def words(report: GateReport) -> list[Word]:
    return [verdict.word for verdict in report.verdicts]


def test_a_signed_ledger_of_decisions_passes(world: "World") -> None:
    leaves = [world.decision(world.everyone())] * 3
    report = judged(world, Entries(leaves), checkpoint(leaves))
    assert (report.check.state, report.check.size, report.facts.entries) == (RecordState.VERIFIED, 3, 3)
    assert words(report) == [Word.PASS] * 3


@settings(max_examples=40)
@given(data=st.data())
def test_no_entry_can_be_taken_away_changed_or_moved_to_any_gain(world: "World", data: st.DataObject) -> None:
    good = world.decision(world.everyone())
    bad = world.decision(world.everyone(least_privilege=("judged", "deny")))
    leaves = data.draw(st.lists(st.sampled_from([good, bad]), min_size=1, max_size=8))
    other = data.draw(st.lists(st.sampled_from([good, bad]), max_size=8).filter(lambda drawn: drawn != leaves))
    before = judged(world, Entries(leaves), checkpoint(leaves))
    after = judged(world, Entries(other), checkpoint(leaves))
    if other[: len(leaves)] == leaves:
        # what was appended and not signed counts for nothing yet
        assert words(after) == words(before)
    else:
        assert words(after) == [Word.FAIL] * 3


def test_without_a_checkpoint_nothing_is_proven(world: "World") -> None:
    report = judged(world, Entries([world.decision(world.everyone())]), None)
    assert words(report) == [Word.UNKNOWN] * 3
    assert report.check.why == "there is no checkpoint: nothing was signed"


def test_an_empty_ledger_is_unknown_even_when_it_is_signed(world: "World") -> None:
    report = judged(world, Entries([]), checkpoint([]))
    assert words(report) == [Word.UNKNOWN] * 3


def test_a_checkpoint_of_another_key_fails(world: "World") -> None:
    leaves = [world.decision(world.everyone())]
    tree = TreeHead(1, root_of([leaf_hash(leaves[0])]))
    report = judged(world, Entries(leaves), sign_checkpoint(tree, Signer("shop", b"8" * 32)))
    assert words(report) == [Word.FAIL] * 3


def test_a_journal_is_read_as_it_is_verified(world: "World", tmp_path: Path) -> None:
    home = tmp_path / "state"
    create(home)
    journal = open_journal(home)
    try:
        journal.commit(Batch((world.decision(world.everyone()),))).result(10)
        Checkpointer(journal, SIGNER).advance()
        signed = judged(world, journal, journal.checkpoint())
        assert words(signed) == [Word.PASS] * 3
        journal.commit(Batch((world.decision(world.everyone(least_privilege=("judged", "deny"))),))).result(10)
        assert words(judged(world, journal, journal.checkpoint())) == [Word.PASS] * 3
        Checkpointer(journal, SIGNER).advance()
        assert words(judged(world, journal, journal.checkpoint())) == [Word.PASS, Word.FAIL, Word.PASS]
    finally:
        journal.close()
