"""What a verification did not establish, however well it ended: the sentences every report closes with."""

from collections.abc import Iterator
from dataclasses import dataclass

from trilens.prove.ledger.counts import Counts, reconcile
from trilens.prove.ledger.reading import Reading


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a verification went."""

    covered: int
    """Entries under the newest checkpoint's signature."""
    witnessed: int
    """Entries under a checkpoint that enough witnesses signed."""
    has_former: bool
    """Whether a checkpoint that was kept elsewhere was given."""
    has_payloads: bool
    """Whether payloads were looked at."""
    counts: Counts | None
    """What an outside observer counted."""


def unestablished(reading: Reading, extent: Extent) -> Iterator[str]:
    """Each as the end of "it does not show …"."""
    yield "that what an entry says was true when it was written"
    if not extent.witnessed:
        yield "that everybody is shown the same ledger: no witness has signed this checkpoint"
    elif extent.witnessed < extent.covered:
        span = f"{extent.witnessed} to {extent.covered - 1}"
        yield f"that everybody is shown the same entries {span}: no witness has signed them"
    if not extent.has_former:
        yield "that the ledger was not set back to an earlier state: no checkpoint kept elsewhere was given"
    if reading.size > extent.covered:
        yield f"entries {extent.covered} to {reading.size - 1}: they are newer than the checkpoint, and unsigned"
    if not extent.has_payloads:
        yield "that payloads are the ones committed to: they were left out"
    if extent.counts is None or reading.released is None:
        yield "that all that happened was recorded: no counts of an outside observer were given"
    else:
        uncounted = reconcile(reading.released, extent.counts).uncounted
        yield from (f"that all {what} were recorded: the observer did not count them" for what in uncounted)
    if reading.successions:
        yield "that a replaced key was still in the right hands when it named its successor"
    if reading.open_run is not None:
        yield f"that the run that began at entry {reading.open_run} goes on: it has no end in the ledger"
