"""The one thing to look at first in a lens: its worst item, what is missing, and the next command."""

from collections.abc import Iterable
from dataclasses import dataclass

from trilens.prove.controls.catalogue import Control, LedgerQuery
from trilens.prove.status import WORST_FIRST, Evidence, ItemStatus, Rating, Status


@dataclass(frozen=True, slots=True)
class Worst:
    """What keeps a lens from PASS."""

    control: str
    item: str
    """The guard, hazard, tool or duty; empty when the control has nothing to look at."""
    status: Status
    missing: str
    """One lower-case line for people."""
    command: str
    """What to type next."""


def worst_item(rated: Iterable[tuple[Control, Rating]], *, has_manifest: bool) -> Worst:
    """The worst item of the worst control; equally bad ones in the order given, of which there is at least one."""
    control, rating = min(rated, key=lambda one: WORST_FIRST.index(one[1].status))
    item = rating.items[0] if rating.items else None
    return Worst(
        control=control.id,
        item=item.evidence.name if item else "",
        status=rating.status,
        missing=missing(control, item) if has_manifest else "there is no manifest",
        command=_command(control, item, has_manifest=has_manifest),
    )


def missing(control: Control, item: ItemStatus | None) -> str:
    """What an item lacks, in words; empty when it lacks nothing."""
    if item is None:
        return "the manifest declares nothing to look at" if control.declared else "no installed guard answers for it"
    evidence = item.evidence
    match item.status:
        case Status.FAILING:
            return f"{evidence.failure}, such as `{evidence.example}`" if evidence.example else evidence.failure
        case Status.INSUFFICIENT | Status.SOFTWARE_CANNOT_SHOW:
            return evidence.lacking or f"no decision of the last {_days(control)} shows it"
        case Status.STALE:
            return _staleness(control, evidence)
        case Status.EXCEPTED:
            return f"waived {evidence.waived}"
        case Status.ATTESTED | Status.PROVEN | Status.NOT_APPLICABLE:
            return ""


def _staleness(control: Control, evidence: Evidence) -> str:
    if not control.fresh_for_ms:
        return "its review is overdue"
    plural = "decision" if evidence.stale == 1 else "decisions"
    return f"{evidence.stale} {plural}, all older than {_days(control)} or made under another manifest or engine"


def _days(control: Control) -> str:
    days = control.fresh_for_ms // 86_400_000
    return "day" if days == 1 else f"{days} days"


def _command(control: Control, item: ItemStatus | None, *, has_manifest: bool) -> str:
    if not has_manifest:
        return "trilens init"
    if item and item.evidence.example:
        return f"trilens explain {item.evidence.example}"
    if isinstance(control.recorded, LedgerQuery):
        return "trilens ledger verify"
    if control.recorded is None or (item and item.evidence.waived):
        return "trilens check"
    return "trilens serve"
