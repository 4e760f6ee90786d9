"""A judged run as entries of a ledger, and as a signed ledger of its own that anyone can verify."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from release.promises import Judged, Verdict
from release.results import Run
from trilens.errors import LedgerError, StoreError
from trilens.prove.ledger.entry import Kind, encode
from trilens.prove.ledger.export import ExportedLog, export
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.verify import Standing, verify
from trilens.prove.status import Word
from trilens.storage.ports import Batch, Committed
from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.journal import open_journal
from trilens.vocabulary.canonical import Json, canonical, digest

STAGE = "release"
_COMMIT_S = 60


def leaves_of(verdicts: Sequence[Verdict], run: Run, *, subject: str) -> tuple[bytes, ...]:
    """The entries: one evaluation for each promise and lens, and the verdicts, which name them by digest."""
    bodies = [_evaluation(judged, run, subject) for verdict in verdicts for judged in verdict.judged]
    closing: dict[str, Json] = {
        "system": "trilens",
        "stage": STAGE,
        "subject": subject,
        "verdicts": [[verdict.lens.value, verdict.word.value] for verdict in verdicts],
        "exit": exit_code(verdicts),
        "evaluations": digest(canonical(list(bodies))),
    }
    evaluations = [encode(Kind.CONTROL_EVALUATED, run.ended_ms, body) for body in bodies]
    return (*evaluations, encode(Kind.GATE, run.ended_ms, closing))


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """As of `trilens gate`: 1 for any FAIL, else 3 for any UNKNOWN, else 0."""
    words = {verdict.word for verdict in verdicts}
    return 1 if Word.FAIL in words else 3 if Word.UNKNOWN in words else 0


def write_log(leaves: Sequence[bytes], signer: Signer, folder: Path) -> None:
    """Record the entries in a ledger of its own, sign what is read back, export it, and verify the export.

    Raises:
        StoreError, LedgerError: it could not be, or does not verify (`ledger/unverified`).
    """
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary) / "state"
        create(home)
        journal = open_journal(home)
        try:
            done = journal.commit(Batch(tuple(leaves))).result(_COMMIT_S)
            if not isinstance(done, Committed):
                raise StoreError("store/conflict", "entries without conditions were refused")
            Checkpointer(journal, signer).advance()
            export(journal, folder, key=signer.verifier)
        finally:
            journal.close()
    log = ExportedLog(folder)
    report = verify(log, signer.verifier, checkpoint=log.checkpoint())
    if report.standing is not Standing.OK or report.size != len(leaves):
        raise LedgerError("ledger/unverified", "the evidence does not verify after it was written")


def readable(verdicts: Sequence[Verdict]) -> Json:
    """The verdicts with every promise under them, for people."""
    return [
        {
            "lens": verdict.lens.value,
            "verdict": verdict.word.value,
            "promises": [
                {
                    "id": judged.control,
                    "status": judged.rating.status.value,
                    "passed": judged.rating.population,
                    "failed": judged.rating.failing,
                    "lacking": judged.lacking,
                }
                for judged in verdict.judged
            ],
        }
        for verdict in verdicts
    ]


def _evaluation(judged: Judged, run: Run, subject: str) -> dict[str, Json]:
    return {
        "control": judged.control,
        "lens": judged.lens.value,
        "status": judged.rating.status.value,
        "population": judged.rating.population,
        "failing": judged.rating.failing,
        "window": [run.started_ms, run.ended_ms],
        "query": judged.query,
        "subject": subject,
        "stage": STAGE,
    }
