"""One decision, from the record: its story, then what was judged, how, by whom, and why."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from trilens.cli import installation
from trilens.cli.findings import show_finding
from trilens.cli.installation import State
from trilens.cli.moments import local
from trilens.cli.shown import cut, escape
from trilens.cli.story import Told, tell
from trilens.cli.terminal import Terminal
from trilens.enforce.record import read_values
from trilens.errors import LedgerError, SettingsError, StoreError
from trilens.people.approvals.shown import ShownFinding, read_finding
from trilens.prove.decision import RecordedDecision, read_decision
from trilens.prove.ledger import payload
from trilens.prove.ledger.entry import Entry, decode
from trilens.storage.ports import Case
from trilens.vocabulary.canonical import Json
from trilens.vocabulary.outcome import Ran
from trilens.vocabulary.written import write_moment

_ENTRIES_PER_STEP = 512
_LONGEST_VALUE = 2_000


@dataclass(frozen=True, slots=True)
class FoundDecision:
    index: int
    """Of its ledger entry."""
    entry: Entry
    decision: RecordedDecision
    private: Mapping[str, Json] | None
    """What its sealed payload says; None when its key was destroyed, or it is no longer there or not the one that was recorded."""
    case: Case | None
    """The approval it waits or waited for."""

    @property
    def findings(self) -> tuple[ShownFinding, ...]:
        written = (self.private or {}).get("findings")
        return tuple(read_finding(item) for item in written) if isinstance(written, list) else ()

    @property
    def values(self) -> tuple[tuple[str, Json], ...]:
        return read_values(self.private or {})


def find_decision(state: State, name: str) -> FoundDecision:
    """The newest decision with this id, about this event, or that this case holds.

    Raises:
        SettingsError: there is none; code `cli/unknown-decision`.
        LedgerError, StoreError: the record cannot be read.
    """
    needle = name.encode()
    stop = state.journal.size()
    used: FoundDecision | None = None
    while stop > 0:
        start = max(0, stop - _ENTRIES_PER_STEP)
        leaves = list(state.journal.leaves(start, stop))
        for index in range(len(leaves) - 1, -1, -1):
            entry = decode(leaves[index]) if needle in leaves[index] else None
            if entry is None or entry.kind != "decision" or not _is_about(entry, name):
                continue
            found = _found(state, start + index, entry)
            if entry.body.get("case") != name or entry.body.get("outcome") == "hold":
                return found
            # what an approval let through says less than what it was asked for
            used = used or found
        stop = start
    if used is not None:
        return used
    raise SettingsError(
        "cli/unknown-decision",
        f"the ledger has no decision `{name}`",
        help="`--system PATH` names another installation",
    )


def _is_about(entry: Entry, name: str) -> bool:
    event = entry.body.get("event")
    return name in (entry.body.get("id"), entry.body.get("case"), event[0] if isinstance(event, list) else None)


def _found(state: State, index: int, entry: Entry) -> FoundDecision:
    decision = read_decision(entry.body)
    case = state.journal.case(decision.case) if decision.case else None
    return FoundDecision(index, entry, decision, _private(state, entry), case)


def _private(state: State, entry: Entry) -> Mapping[str, Json] | None:
    if not entry.payload:
        return {}
    sealed = state.journal.payload(entry.payload[0].commitment)
    key = state.keyring.key(sealed.ring) if sealed else None
    if sealed is None or key is None:
        return None
    try:
        fields = orjson.loads(payload.unseal(sealed, key))
    except LedgerError:
        # `ledger verify` names it; what the entry says stands
        return None
    if not isinstance(fields, dict):
        raise StoreError("store/damaged", "a payload is not of its form")
    return fields


def document(found: FoundDecision) -> dict[str, object]:
    return {
        "entry": found.index,
        "at": write_moment(found.entry.at_ms),
        "decision": dict(found.entry.body),
        "private": None if found.private is None else dict(found.private),
    }


def show(terminal: Terminal, found: FoundDecision) -> None:
    decision, body = found.decision, found.entry.body
    tell(terminal, Told(decision, body, found.private, found.findings, found.case, installation.now_ms()))
    terminal.heading(f"{decision.id}: {decision.outcome.word}")
    about = {"event": decision.kind.value, "component": body.get("component"), "agent": body.get("agent")}
    for name, value in about.items():
        if value:
            terminal.field(name, escape(str(value)), indent=2)
    terminal.field("left", "yes" if decision.left else "no: nothing of it was released", indent=2)
    terminal.field("recorded", f"entry {found.index}, {local(found.entry.at_ms)}", indent=2)
    if decision.case:
        terminal.field("case", escape(decision.case), indent=2)
    _show_values(terminal, found)
    _show_why(terminal, found)
    terminal.heading("Guards")
    for verdict in decision.verdicts:
        said = verdict.outcome.word if verdict.ran is Ran.JUDGED else verdict.ran.value.replace("_", " ")
        terminal.line(f"{escape(verdict.guard)}: {said}", indent=2)


def _show_values(terminal: Terminal, found: FoundDecision) -> None:
    if found.private is None:
        return
    if found.values:
        terminal.heading("What it was about")
    for path, value in found.values:
        terminal.line(cut(path, 120), indent=2)
        terminal.said("" if value is None else str(value), indent=4, most=_LONGEST_VALUE)


def _show_why(terminal: Terminal, found: FoundDecision) -> None:
    reasons = [finding for finding in found.findings if not finding.is_explanation]
    if reasons:
        terminal.heading("Why")
    for finding in reasons:
        show_finding(terminal, finding, indent=2)
