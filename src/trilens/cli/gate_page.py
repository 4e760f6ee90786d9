"""Three verdicts as people read them: the word first, then the one thing to look at, then what to type."""

from trilens.cli.moments import local
from trilens.cli.shown import cut, escape
from trilens.cli.terminal import Terminal
from trilens.prove.gate import ControlStatus, GateReport, LensVerdict
from trilens.prove.questions import Question
from trilens.prove.recorded import RecordState
from trilens.prove.status import Status, Word
from trilens.vocabulary.outcome import Lens

_STYLES = {
    Word.PASS: "bold green",
    Word.FAIL: "bold red",
    Word.UNKNOWN: "bold yellow",
    Word.WAIVED: "bold magenta",
    Word.NOT_APPLICABLE: "dim",
}
_MARKS = {Word.PASS: "✔", Word.FAIL: "✖", Word.UNKNOWN: "?", Word.WAIVED: "~", Word.NOT_APPLICABLE: "–"}
"""Beside the word, so that colour is never alone."""

QUESTIONS = {
    Lens.SAFETY: "Will it cause harm in ordinary use?",
    Lens.SECURITY: "Can someone make it do harm?",
    Lens.COMPLIANCE: "Does it meet its duties, and can that be proven?",
}


def show_gate(terminal: Terminal, report: GateReport, *, everything: bool = False) -> None:
    """All verdicts of the report; with `everything` each control and the three questions too."""
    name = escape(report.system) or "no manifest"
    terminal.line(f"{name}, stage {escape(report.stage.id)} ({escape(report.stage.moment)})", style="bold")
    terminal.line(_record(report), style="dim")
    for verdict in report.verdicts:
        _show_verdict(terminal, verdict, everything=everything)
    if report.failure_mode.name:
        terminal.line()
        terminal.line(f"together: {report.failure_mode.name}", style="bold red")
    if everything:
        shown = {verdict.lens for verdict in report.verdicts}
        for question in report.questions:
            if question.lens in shown:
                _show_question(terminal, question)
    else:
        terminal.line()
        terminal.line("trilens gate --full shows every control and the three questions", style="dim")


def _record(report: GateReport) -> str:
    check = report.check
    match check.state:
        case RecordState.VERIFIED:
            return (
                f"{local(report.now_ms)}; the record verifies, {check.size} {'entry' if check.size == 1 else 'entries'}"
            )
        case RecordState.BROKEN:
            return f"{local(report.now_ms)}; THE RECORD DOES NOT VERIFY: {escape(check.why)}"
        case RecordState.NOT_ESTABLISHED:
            return f"{local(report.now_ms)}; the record was not verified: {escape(check.why)}"


def _show_verdict(terminal: Terminal, verdict: LensVerdict, *, everything: bool) -> None:
    word = verdict.word
    terminal.line()
    terminal.line(f"{verdict.lens.value.capitalize():<11} {_MARKS[word]} {word.value}", style=_STYLES[word])
    terminal.line(QUESTIONS[verdict.lens], style="dim", indent=2)
    terminal.field("controls", _counts(verdict), indent=2)
    terminal.field("owner", escape(verdict.owner) or "nobody is named", indent=2)
    worst = verdict.worst
    if worst is not None:
        item = f", {escape(worst.item)}" if worst.item else ""
        terminal.field("look at", f"{escape(worst.control)}{item}: {_status(worst.status)}", indent=2)
        terminal.field("missing", cut(worst.missing, 400), indent=2)
        terminal.field("next", escape(worst.command), indent=2)
    if everything:
        for status in verdict.controls:
            _show_control(terminal, status)


def _counts(verdict: LensVerdict) -> str:
    statuses = [control.rating.status for control in verdict.controls]
    counted = [(status, statuses.count(status)) for status in Status if status in statuses]
    return ", ".join(f"{number} {_status(status)}" for status, number in counted) or "none is asked at this stage"


def _status(status: Status) -> str:
    return status.value.replace("_", " ")


def _show_control(terminal: Terminal, status: ControlStatus) -> None:
    rating = status.rating
    terminal.line()
    terminal.line(
        f"{_MARKS[status.word]} {escape(status.control.id)}: {_status(rating.status)}",
        style=_STYLES[status.word],
        indent=4,
    )
    terminal.line(escape(status.control.question), indent=6)
    if rating.why:
        terminal.line(escape(rating.why), indent=6)
    if rating.population or rating.failing:
        terminal.line(f"shown by {rating.population}, contradicted by {rating.failing}", indent=6)
    for text in status.control.does_not_show:
        terminal.line(f"does not show: {escape(text)}", style="dim", indent=6)


def _show_question(terminal: Terminal, question: Question) -> None:
    terminal.heading(question.asks)
    if question.unanswered:
        terminal.line(escape(question.unanswered), style="yellow", indent=2)
    for fact in question.answer:
        terminal.line(f"· {cut(fact.what, 400)}", indent=2)
        behind = ", ".join(escape(name) for name in fact.behind)
        terminal.line(f"by {behind}" if behind else "by nothing", style="" if behind else "yellow", indent=4)
