"""P10: verifying an exported ledger of 100 000 entries, beside one SHA-256 call over the same bytes.

The folder is all that is read, as a stranger has it: checkpoint, tiles, entries. Verification reads every byte, takes every entry for what it
is, and hashes the tree; the peer hashes the bytes of the entries once, from memory.
"""

import hashlib
import tempfile
import time
from pathlib import Path

from bench.table import Row, interleaved
from trilens.prove.ledger.entry import encode
from trilens.prove.ledger.export import ExportedLog, export
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.verify import Standing, verify
from trilens.storage.ports import Batch
from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.journal import open_journal
from trilens.vocabulary.canonical import Json

_ENTRIES = 100_000
_BATCH = 1_000
_SIGNER = Signer("shop.example/ledger", bytes(32))


def run() -> list[Row]:
    """One row."""
    with tempfile.TemporaryDirectory(prefix="trilens-bench-") as folder:
        exported = Path(folder) / "export"
        _export(Path(folder) / "state", exported)
        log = ExportedLog(exported)
        data = b"".join(log.leaves(0, log.size()))

        def ours() -> float:
            began = time.process_time()
            read = ExportedLog(exported)
            report = verify(read, _SIGNER.verifier, checkpoint=read.checkpoint())
            if report.standing is not Standing.OK or report.size != _ENTRIES:
                raise AssertionError(report)
            return time.process_time() - began

        def peer() -> float:
            began = time.process_time()
            hashlib.sha256(data).digest()
            return time.process_time() - began

        took = ours()
        ratios = interleaved(peer, ours)
        note = f"{_ENTRIES / took:,.0f} entries/s of {len(data) // _ENTRIES} bytes; one call {peer() * 1000:.0f} ms"
    what = f"{_ENTRIES} exported entries: speed of verification"
    return [Row("P10", what, "one SHA-256 call", ratios, 0.5, is_at_most=False, note=note)]


def _export(home: Path, folder: Path) -> None:
    create(home)
    journal = open_journal(home)
    try:
        for start in range(0, _ENTRIES, _BATCH):
            leaves = tuple(encode("decision", 1, _body(number)) for number in range(start, start + _BATCH))
            journal.commit(Batch(leaves)).result(60)
        Checkpointer(journal, _SIGNER).advance()
        export(journal, folder, key=_SIGNER.verifier)
    finally:
        journal.close()


def _body(number: int) -> dict[str, Json]:
    verdicts: list[Json] = [["safety/action_limits", "judged", "allow", []]] * 8
    event: list[Json] = [f"{number:020x}", "tool_call", "proposed", f"{number:032x}"]
    basis: dict[str, Json] = {"policy": "sha256:" + "0" * 64, "now": number}
    return {
        "id": f"{number:020x}",
        "event": event,
        "component": "refund",
        "agent": "support",
        "outcome": "allow",
        "left": True,
        "verdicts": verdicts,
        "basis": basis,
    }
