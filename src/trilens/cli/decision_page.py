"""One decision, from the record: what was judged, how, by whom, and why."""

from dataclasses import dataclass

import orjson

from trilens.cli.findings import STYLES, show_finding
from trilens.cli.installation import State
from trilens.cli.moments import local
from trilens.cli.shown import cut, escape
from trilens.cli.terminal import Terminal
from trilens.errors import SettingsError, StoreError
from trilens.people.approvals.shown import ShownFinding, read_finding
from trilens.prove.decision import RecordedDecision, read_decision
from trilens.prove.ledger import payload
from trilens.prove.ledger.entry import Entry, decode
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
    private: dict[str, Json] | None
    """What its sealed payload says; None when there is none, or its key was destroyed."""

    @property
    def findings(self) -> tuple[ShownFinding, ...]:
        written = (self.private or {}).get("findings")
        return tuple(read_finding(item) for item in written) if isinstance(written, list) else ()

    @property
    def values(self) -> tuple[tuple[str, Json], ...]:
        written = (self.private or {}).get("values")
        rows = written if isinstance(written, list) else []
        return tuple((str(row[0]), row[2]) for row in rows if isinstance(row, list) and len(row) == 3)


def find_decision(state: State, decision_id: str) -> FoundDecision:
    """The newest entry of this decision.

    Raises:
        SettingsError: there is none; code `cli/unknown-decision`.
        LedgerError, StoreError: the record cannot be read.
    """
    needle = decision_id.encode()
    stop = state.journal.size()
    while stop > 0:
        start = max(0, stop - _ENTRIES_PER_STEP)
        leaves = list(state.journal.leaves(start, stop))
        for index in range(len(leaves) - 1, -1, -1):
            if needle in leaves[index]:
                entry = decode(leaves[index])
                if entry.kind == "decision" and entry.body.get("id") == decision_id:
                    return FoundDecision(start + index, entry, read_decision(entry.body), _private(state, entry))
        stop = start
    raise SettingsError(
        "cli/unknown-decision",
        f"the ledger has no decision `{decision_id}`",
        help="`--system PATH` names another installation",
    )


def _private(state: State, entry: Entry) -> dict[str, Json] | None:
    sealed = state.journal.payload(entry.payload[0].commitment) if entry.payload else None
    key = state.keyring.key(sealed.ring) if sealed else None
    if sealed is None or key is None:
        return None
    fields = orjson.loads(payload.unseal(sealed, key))
    if not isinstance(fields, dict):
        raise StoreError("store/damaged", "a payload is not of its form")
    return fields


def document(found: FoundDecision) -> dict[str, object]:
    return {
        "entry": found.index,
        "at": write_moment(found.entry.at_ms),
        "decision": dict(found.entry.body),
        "private": found.private,
    }


def show(terminal: Terminal, found: FoundDecision) -> None:
    decision, body = found.decision, found.entry.body
    word = decision.outcome.word
    terminal.line(f"{decision.id}: {word}", style=STYLES[word])
    about = {"event": decision.kind.value, "component": body.get("component"), "agent": body.get("agent")}
    for name, value in about.items():
        if value:
            terminal.field(name, escape(str(value)), indent=2)
    terminal.field("left", "yes" if decision.left else "no: nothing of it was released", indent=2)
    terminal.field("recorded", f"entry {found.index}, {local(found.entry.at_ms)}", indent=2)
    if decision.case:
        terminal.field("case", escape(decision.case), indent=2)
        terminal.command(f"trilens approvals show {escape(decision.case)}", indent=2)
    _show_values(terminal, found)
    _show_why(terminal, found)
    terminal.heading("Guards")
    for verdict in decision.verdicts:
        said = verdict.outcome.word if verdict.ran is Ran.JUDGED else verdict.ran.value.replace("_", " ")
        terminal.line(f"{escape(verdict.guard)}: {said}", indent=2)


def _show_values(terminal: Terminal, found: FoundDecision) -> None:
    if found.private is None:
        terminal.line()
        terminal.line("what it was about was not kept, or was erased", style="yellow")
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
