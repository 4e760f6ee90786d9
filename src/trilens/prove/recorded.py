"""What the ledger shows: facts and the ledger's own verification as evidence.

Facts and verification are one pair. Evidence counts only as far as the record it stands in was verified, and a record that fails its
verification fails in every lens, so that taking entries away can never do better than leaving them (docs/design/status.md).
"""

from dataclasses import dataclass
from enum import StrEnum

from trilens.prove.controls.catalogue import Control, LedgerQuery, Mark, VerdictQuery
from trilens.prove.evidence import Asked, Facts, Tally
from trilens.prove.ledger.verify import Report, Standing
from trilens.prove.status import Evidence
from trilens.vocabulary.outcome import Lens


class RecordState(StrEnum):
    """How the verification of a ledger ended."""

    VERIFIED = "verified"
    """Every entry was hashed again and leads to a signed checkpoint."""
    BROKEN = "broken"
    """It contradicts itself or its checkpoint."""
    NOT_ESTABLISHED = "not_established"
    """There is nothing to verify, or nothing to verify it against."""


@dataclass(frozen=True, slots=True)
class RecordCheck:
    """The verification of the ledger the facts were read from."""

    state: RecordState
    size: int = 0
    """Entries the checkpoint covers."""
    why: str = ""
    """Of one that is broken or not established: the reason."""


def record_check(report: Report) -> RecordCheck:
    """A verification as a gate reads it.

    Payloads are no evidence, and erasing them is lawful, so a report that left them out says all a gate needs. Entries after the
    checkpoint count for nothing until they are signed: facts are read from the first `size` entries.
    """
    size = report.covered
    match report.standing:
        case Standing.OK:
            return RecordCheck(RecordState.VERIFIED, size)
        case Standing.FAILED:
            return RecordCheck(RecordState.BROKEN, size, _first(report, Standing.FAILED))
        case Standing.UNKNOWN:
            return RecordCheck(RecordState.NOT_ESTABLISHED, size, _first(report, Standing.UNKNOWN))


def _first(report: Report, standing: Standing) -> str:
    return next((check.detail for check in report.checks if check.standing is standing), "nothing was checked")


NO_RECORD = RecordCheck(RecordState.NOT_ESTABLISHED, why="there is no record")


def recorded_evidence(control: Control, lens: Lens, facts: Facts, check: RecordCheck) -> tuple[Evidence, ...]:
    """What the record shows of a control under one lens; nothing when the control does not ask it."""
    if control.recorded is None:
        return ()
    if isinstance(control.recorded, LedgerQuery):
        return (record_evidence(facts, check),)
    unreliable = unreliability(facts, check)
    tallies = ((a, t) for a, t in facts.tallies.items() if (a.control, a.lens) == (control.id, lens))
    return tuple(_of_guard(asked, tally, control.recorded, lacking=unreliable) for asked, tally in tallies)


def record_evidence(facts: Facts, check: RecordCheck) -> Evidence:
    """The record itself as evidence: verified, and read whole."""
    missing = check.size - facts.entries
    if check.state is RecordState.BROKEN:
        return Evidence("record", failing=1, failure=check.why)
    if check.state is RecordState.VERIFIED and missing > 0:
        return Evidence(
            "record", failing=missing, failure=f"{missing} of {check.size} entries were not there to be read"
        )
    return Evidence("record", population=check.size, lacking=unreliability(facts, check))


def unreliability(facts: Facts, check: RecordCheck) -> str:
    """Why evidence in this record proves nothing; empty when it can."""
    match check.state:
        case RecordState.BROKEN:
            return "the record did not verify"
        case RecordState.NOT_ESTABLISHED:
            return f"the record was not verified: {check.why}"
        case RecordState.VERIFIED:
            pass
    if facts.entries != check.size:
        return f"{facts.entries} entries were read, and the checkpoint covers {check.size}"
    if facts.unread_in_window:
        reasons = ", ".join(sorted(facts.unread))
        return f"{facts.unread_in_window} entries could not be read: {reasons}"
    return ""


_FAILED = {
    Mark.JUDGED: "judged",
    Mark.LOOKED: "found nothing to judge",
    Mark.FAULTED: "raised",
    Mark.MISSED: "did not look at what left",
    Mark.OVERRULED: "was stricter than what happened",
}


def _of_guard(asked: Asked, tally: Tally, query: VerdictQuery, *, lacking: str) -> Evidence:
    plural = "decision" if tally.failed == 1 else "decisions"
    how = " or ".join(_FAILED[mark] for mark in query.failed)
    return Evidence(
        name=asked.guard,
        population=tally.operated,
        failing=tally.failed,
        stale=tally.aged + tally.elsewhere,
        lacking=lacking,
        failure=f"{tally.failed} {plural} in which it {how}" if tally.failed else "",
        example=tally.example,
    )
