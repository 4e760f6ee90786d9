"""What a gate is computed from, gathered: the manifest and its review, the guards, and the record as far as it verifies."""

import datetime as dt
import os
from dataclasses import dataclass, replace

from trilens.declare.diagnose import diagnose
from trilens.declare.diagnosis import Diagnosis
from trilens.declare.load import load as load_manifest
from trilens.declare.parse import Manifest
from trilens.errors import LedgerError, StoreError
from trilens.lenses.catalog import engine_name
from trilens.lenses.catalog import load as load_guards
from trilens.mechanisms.policy.condition import compile_condition
from trilens.prove.controls.catalogue import check_links, load_catalogue
from trilens.prove.evidence import Subject, inquire, read_evidence
from trilens.prove.gate import GateReport, Inputs
from trilens.prove.ledger.entry import Kind, encode
from trilens.prove.ledger.note import VerifierKey
from trilens.prove.ledger.verify import verify
from trilens.prove.recorded import RecordCheck, RecordState, record_check
from trilens.prove.report.gate_json import evaluations, gate_body
from trilens.settings import Settings
from trilens.storage.ports import Batch, Conflict, Journal


def appraise(settings: Settings, *, now_ms: int) -> Inputs:
    """Everything but the record. Without a manifest nothing is known, which is no error.

    Raises:
        ManifestError: there is a manifest and it does not hold.
        ExtensionError: a guard or the catalogue of controls does not keep its contract.
    """
    guards = load_guards()
    sheets = tuple(guard.sheet for guard in guards)
    catalogue = load_catalogue()
    check_links(catalogue, sheets)
    if not settings.system.exists():
        return Inputs(None, sheets, catalogue, Subject("", engine_name(guards)), now_ms)
    manifest = load_manifest(settings.system, sheets, environment=os.environ)
    subject = Subject(manifest.system.digest, engine_name(guards))
    return Inputs(manifest.system, sheets, catalogue, subject, now_ms, diagnoses=_review(manifest, now_ms))


def with_record(inputs: Inputs, journal: Journal, key: VerifierKey) -> Inputs:
    """The inputs with what the journal shows: facts from the entries under the checkpoint, and how far the record verifies.

    Facts are read from a record that does not verify too: what it shows to fail still fails. Raises: StoreError.
    """
    check = record_check(verify(journal, key, checkpoint=journal.checkpoint()))
    inquiry = inquire(inputs.catalogue, inputs.sheets, subject=inputs.subject, now_ms=inputs.now_ms)
    facts = read_evidence(journal.leaves(0, min(check.size, journal.size())), inquiry)
    return replace(inputs, facts=facts, check=check)


def with_broken_record(inputs: Inputs, error: LedgerError) -> Inputs:
    """The inputs when the journal does not even open as the one that was acknowledged."""
    return replace(inputs, check=RecordCheck(RecordState.BROKEN, why=error.message))


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where a gate stands in the ledger."""

    entry: int


def record(report: GateReport, journal: Journal) -> Recorded:
    """Write the gate down, with the evaluation of each control before it. Raises: StoreError."""
    leaves = [encode(Kind.CONTROL_EVALUATED, report.now_ms, body) for body in evaluations(report)]
    leaves.append(encode(Kind.GATE, report.now_ms, gate_body(report)))
    done = journal.commit(Batch(tuple(leaves))).result(10)
    if isinstance(done, Conflict):
        raise StoreError("store/conflict", "entries without conditions were refused")
    return Recorded(done.size - 1)


def _review(manifest: Manifest, now_ms: int) -> tuple[Diagnosis, ...]:
    today = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC).date()
    return diagnose(manifest, today=today, environment=os.environ, compile_condition=compile_condition)
