"""What verification says about witnesses and about runs: what they show, and what nobody has shown."""

from pathlib import Path

import pytest

from trilens.prove.ledger.checkpoint import sign_checkpoint
from trilens.prove.ledger.cosign import Cosigner, with_signatures
from trilens.prove.ledger.entry import Kind, encode
from trilens.prove.ledger.export import ExportedLog, export
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.merkle import TreeHead, leaf_hash, root_of
from trilens.prove.ledger.note import Signer, split_note
from trilens.prove.ledger.verify import Check, Report, Standing, Witnesses, verify
from trilens.storage.ports import Batch
from trilens.storage.sqlite.journal import SqliteJournal

AUDITOR, PARTNER = Cosigner("auditor.example/w1", b"a" * 32), Cosigner("partner.example/w2", b"p" * 32)
BOTH = (AUDITOR.key, PARTNER.key)


@pytest.fixture
def ten(journal: SqliteJournal, signer: Signer) -> SqliteJournal:
    journal.commit(Batch(tuple(encode("fault", 1, {"n": n}) for n in range(10)))).result()
    Checkpointer(journal, signer).advance()
    return journal


def cosigned(journal: SqliteJournal, signer: Signer, size: int, *witnesses: Cosigner) -> bytes:
    note = sign_checkpoint(TreeHead(size, root_of([leaf_hash(leaf) for leaf in journal.leaves(0, size)])), signer)
    return with_signatures(note, [one.cosign(split_note(note).text, 7) for one in witnesses])


def report(journal: SqliteJournal, signer: Signer, note: bytes | None, *, quorum: int = 2) -> Report:
    asked = Witnesses(BOTH, quorum, note)
    return verify(journal, signer.verifier, checkpoint=journal.checkpoint(), witnesses=asked)


def about(found: Report) -> Check:
    [check] = [check for check in found.checks if check.name == "witnesses"]
    return check


@pytest.mark.requirement("X6")
def test_witnesses_that_signed_are_named_and_everybody_s_view_is_no_longer_open(
    ten: SqliteJournal, signer: Signer
) -> None:
    found = report(ten, signer, cosigned(ten, signer, 10, AUDITOR, PARTNER))
    assert found.standing is Standing.OK
    assert about(found).detail == "10 entries, signed by `auditor.example/w1`, `partner.example/w2`"
    assert not any("everybody" in line for line in found.unestablished)


@pytest.mark.requirement("X6")
def test_entries_that_no_witness_has_seen_are_said_so(ten: SqliteJournal, signer: Signer) -> None:
    found = report(ten, signer, cosigned(ten, signer, 4, AUDITOR, PARTNER))
    assert found.standing is Standing.OK
    assert any("entries 4 to 9: no witness" in line for line in found.unestablished)


@pytest.mark.requirement("X6")
@pytest.mark.parametrize(
    ("signed", "quorum", "standing"),
    [
        (0, 1, Standing.UNKNOWN),
        (1, 1, Standing.OK),
        (1, 2, Standing.UNKNOWN),
        (2, 2, Standing.OK),
        (0, 0, Standing.UNKNOWN),
    ],
)
def test_too_few_witnesses_are_unknown_and_never_ok(
    ten: SqliteJournal, signer: Signer, signed: int, quorum: int, standing: Standing
) -> None:
    found = report(ten, signer, cosigned(ten, signer, 10, *(AUDITOR, PARTNER)[:signed]), quorum=quorum)
    assert about(found).standing is standing
    assert any("everybody" in line for line in found.unestablished) == (standing is not Standing.OK)


@pytest.mark.requirement("X6")
def test_no_cosigned_checkpoint_is_unknown(ten: SqliteJournal, signer: Signer) -> None:
    found = report(ten, signer, None)
    assert (about(found).standing, found.standing) == (Standing.UNKNOWN, Standing.UNKNOWN)


@pytest.mark.requirement("X6")
def test_a_split_view_is_found(ten: SqliteJournal, signer: Signer) -> None:
    """The log's key signed two histories: the witnesses saw one, and we are shown the other."""
    other = sign_checkpoint(TreeHead(10, root_of([leaf_hash(b"forked")] * 10)), signer)
    seen = with_signatures(other, [one.cosign(split_note(other).text, 7) for one in (AUDITOR, PARTNER)])
    assert about(report(ten, signer, seen)).standing is Standing.FAILED
    longer = sign_checkpoint(TreeHead(12, root_of([leaf_hash(b"more")] * 12)), signer)
    seen = with_signatures(longer, [one.cosign(split_note(longer).text, 7) for one in (AUDITOR, PARTNER)])
    found = about(report(ten, signer, seen))
    assert (found.standing, "shorter" in found.detail) == (Standing.FAILED, True)


@pytest.mark.requirement("X6")
def test_what_the_log_did_not_sign_no_witness_makes_good(ten: SqliteJournal, signer: Signer) -> None:
    impostor = Signer(signer.verifier.name, b"i" * 32)
    found = report(ten, signer, cosigned(ten, impostor, 10, AUDITOR, PARTNER))
    assert about(found).standing is Standing.FAILED
    broken = cosigned(ten, signer, 10, AUDITOR, PARTNER).replace(b"partner.example/w2 ", b"partner.example/w2 A", 1)
    assert about(report(ten, signer, broken)).standing is Standing.FAILED


@pytest.mark.requirement("X6")
def test_an_export_carries_its_cosignatures(ten: SqliteJournal, signer: Signer, tmp_path: Path) -> None:
    note = cosigned(ten, signer, 4, AUDITOR)
    assert export(ten, tmp_path / "x", key=signer.verifier, note=note) == 4
    log = ExportedLog(tmp_path / "x")
    asked = Witnesses((AUDITOR.key,), 1, log.checkpoint())
    found = verify(log, signer.verifier, checkpoint=log.checkpoint(), witnesses=asked)
    assert (found.standing, found.size) == (Standing.OK, 4)


def run_of(*kinds: tuple[Kind, int]) -> tuple[bytes, ...]:
    return tuple(encode(kind, at_ms, {}) for kind, at_ms in kinds)


def notices(journal: SqliteJournal, signer: Signer, *kinds: tuple[Kind, int]) -> Report:
    journal.commit(Batch(run_of(*kinds))).result()
    Checkpointer(journal, signer).advance()
    return verify(journal, signer.verifier, checkpoint=journal.checkpoint())


@pytest.mark.requirement("X6")
def test_a_run_without_an_end_is_named_and_is_no_failure(journal: SqliteJournal, signer: Signer) -> None:
    whole = notices(journal, signer, (Kind.STARTED, 1), (Kind.FAULT, 2), (Kind.STOPPED, 3), (Kind.GATE, 4))
    assert whole.notices == ()
    assert not any("run that began" in line for line in whole.unestablished)
    cut = notices(journal, signer, (Kind.STARTED, 5), (Kind.FAULT, 6), (Kind.STARTED, 7))
    assert cut.standing is Standing.OK
    assert cut.notices == ("entry 6: the run that began at entry 4 has no end: what it did not record is not known",)
    assert any("run that began at entry 6" in line for line in cut.unestablished)


@pytest.mark.requirement("X6")
def test_an_end_without_a_beginning_and_a_clock_set_back_are_named(journal: SqliteJournal, signer: Signer) -> None:
    found = notices(journal, signer, (Kind.STOPPED, 100_000), (Kind.FAULT, 39_000), (Kind.FAULT, 39_001))
    assert found.notices == (
        "entry 0: a run ends here that has no beginning",
        "entry 1: the writer's clock was set back",
    )
