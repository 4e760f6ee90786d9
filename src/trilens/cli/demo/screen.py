"""How a story is shown: each event with who did what, how it was judged, and why it was stopped."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from trilens.cli.demo.record import Found, Judged
from trilens.cli.demo.stage import Stage
from trilens.cli.gate_page import show_gate
from trilens.cli.shown import cut, escape
from trilens.cli.terminal import Terminal
from trilens.people.approvals.shelf import OpenedCase
from trilens.prove.gate import GateReport
from trilens.vocabulary.label import Integrity
from trilens.vocabulary.outcome import EventKind, Outcome

_STYLES = {Outcome.ALLOW: "green", Outcome.MODIFY: "cyan", Outcome.HOLD: "yellow", Outcome.DENY: "red"}
_SPEAKERS = {
    EventKind.INPUT: "customer",
    EventKind.MODEL_CALL: "gateway",
    EventKind.TOOL_CALL: "model",
    EventKind.TOOL_RESULT: "tool",
    EventKind.OUTPUT: "model",
}
_LONG = 400
_SHORT = 160
_AROUND = 100
_UNDER = 18
"""Indent of what stands under an event."""


class Screen:
    """Writes one line after the other; remembers only what it has explained."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self._explained: set[str] = set()

    def opening(self, stage: Stage) -> None:
        """What stands on the stage."""
        self.terminal.line(f"SAMPLE data: {stage.plane.system.id}, an invented system", style="bold")
        self.terminal.field("gateway", f"{stage.server.url}/v1", indent=2)
        scripted = "a script that obeys whatever it reads; nothing leaves this machine"
        self.terminal.field("model", escape(stage.endpoint) or scripted, indent=2)
        self.terminal.field("state", str(stage.folder), indent=2)

    def title(self, number: int, count: int, title: str, why: str) -> None:
        """The head of a step."""
        self.terminal.heading(f"{number} of {count}  {title}")
        self.terminal.line(why, style="dim", indent=8)

    def note(self, text: str) -> None:
        """The story's own words."""
        self.terminal.line(f"· {text}", style="dim", indent=2)

    def check(self, says: str, *, holds: bool) -> None:
        """What was claimed, and whether it is so."""
        self.terminal.line(
            f"{'✔' if holds else '✖'} {cut(says, _LONG)}", style="green" if holds else "bold red", indent=2
        )

    def answer(self, text: str) -> None:
        """What reached the customer."""
        self.terminal.field("customer", "reads:", indent=4)
        self.terminal.said(text, indent=_UNDER, most=_LONG)

    def refused(self, status: int, code: str, message: str) -> None:
        """What the agent got instead of an answer."""
        self.terminal.field("agent", f"gets {status} {cut(code, _SHORT)}: {cut(message, _LONG)}", indent=4)

    def judged(self, item: Judged) -> None:
        """One event and how it was judged: in one line when it was allowed, with all reasons when it was not."""
        if item.outcome is Outcome.ALLOW:
            self.terminal.field(_SPEAKERS[item.kind], _what(item) + _allowed(item), indent=4)
            return
        self.terminal.field(_SPEAKERS[item.kind], _what(item), indent=4)
        self.terminal.line(_verdicts(item), style=f"bold {_STYLES[item.outcome]}", indent=_UNDER)
        shown = _telling(item.reasons)
        for found in shown:
            self._reason(item, found)
        if len(shown) < len(item.reasons):
            more = len(item.reasons) - len(shown)
            self.terminal.line(f"and {more} more findings of the same kinds", style="dim", indent=_UNDER)
        if item.left is not None and item.kind is not EventKind.OUTPUT:
            self.terminal.line(f"leaves as “{cut(_text(item.left), _LONG)}”", style="cyan", indent=_UNDER)

    def case(self, opened: OpenedCase) -> None:
        """Who must decide, on which exact arguments, and why."""
        self.terminal.line(f"case {opened.case.id}", style="bold", indent=4)
        self.terminal.field("decides", " or ".join(opened.case.by), indent=6)
        for action in opened.card.actions if opened.card else ():
            arguments = ", ".join(f"{path.removeprefix('args.')}={value}" for path, value in action.values)
            self.terminal.field("on", f"{cut(action.component, _SHORT)}({cut(arguments, _LONG)})", indent=6)
            for found in action.findings:
                if found.outcome > Outcome.ALLOW:
                    self.terminal.field("because", f"{found.guard}: {cut(found.message, _LONG)}", indent=6)

    def commands(self, why: str, *commands: str) -> None:
        """What to type next."""
        self.terminal.line(why, indent=4)
        for command in commands:
            self.terminal.line(command, style="bold", indent=6)

    def verdicts(self, report: GateReport) -> None:
        """Three verdicts, never merged, with what is missing for each."""
        self.terminal.heading("Three verdicts over what was just recorded")
        show_gate(self.terminal, report)

    def next_steps(self, stage: Stage, *, is_kept: bool) -> None:
        """What to type next."""
        self.terminal.heading("Next")
        if is_kept:
            self.terminal.line(stage.command("ledger verify"), style="bold", indent=2)
            self.terminal.line("the record of what you just saw, checked", indent=4)
        self.terminal.line("trilens init my-shop", style="bold", indent=2)
        self.terminal.line("the same for a system of your own", indent=4)

    def _reason(self, item: Judged, found: Found) -> None:
        outcome = Outcome.of(found.outcome)
        self.terminal.line(f"{found.guard}: {cut(found.message, _LONG)}", style=_STYLES[outcome], indent=_UNDER)
        if found.code in self._explained:
            return
        self._explained.add(found.code)
        value = item.values.get(found.path)
        if found.span and isinstance(value, str):
            self.terminal.line(_marked(value, found.span), indent=_UNDER)
        elif value is not None and item.kind is not EventKind.OUTPUT:
            self.terminal.line(f"the value: {found.path} = {cut(str(value), _SHORT)}", indent=_UNDER)
        for origin in found.origins:
            trust = origin.integrity.replace("_", " ")
            place = f"{cut(origin.source, _SHORT)} ({cut(origin.path, _SHORT)}, {trust})"
            self.terminal.line(f"from {place}: “{cut(origin.excerpt, _LONG)}”", indent=_UNDER)


def _what(item: Judged) -> str:
    text, component = cut(_text(item.values), _SHORT), cut(item.component, _SHORT)
    match item.kind:
        case EventKind.MODEL_CALL:
            return f"sends the conversation to model `{component}`"
        case EventKind.TOOL_CALL:
            arguments = ", ".join(f"{path.removeprefix('args.')}={value}" for path, value in item.values.items())
            return f"calls {component}({cut(arguments, _SHORT)})"
        case EventKind.TOOL_RESULT:
            return f"{component} answers {text}"
        case EventKind.INPUT | EventKind.OUTPUT:
            return f"says “{text}”"
        case _:
            assert_never(item.kind)


def _telling(findings: Sequence[Found]) -> tuple[Found, ...]:
    """One finding of each code, since a mail with a list has one for every address in it: the strictest and most foreign first."""
    first: dict[str, Found] = {}
    for found in sorted(findings, key=_most_telling_first):
        first.setdefault(found.code, found)
    return tuple(first.values())


def _most_telling_first(found: Found) -> tuple[int, bool, bool]:
    is_foreign = any(origin.integrity == Integrity.THIRD_PARTY.word for origin in found.origins)
    return -Outcome.of(found.outcome), found.path == "args.body", not is_foreign


def _verdicts(item: Judged) -> str:
    """`DENY: safety –, security deny, compliance –`: a dash where no guard of a lens had anything to say."""
    words = (f"{lens.value} {outcome.word if outcome is not None else '–'}" for lens, outcome in item.lenses.items())
    return f"{item.outcome.name}: {', '.join(words)}"


def _allowed(item: Judged) -> str:
    """` → allow (safety, security)`, with the approval that let it through; nothing when no guard watches such events."""
    said = [lens.value for lens, outcome in item.lenses.items() if outcome is not None]
    by = f", approved in {item.case}" if item.case else ""
    return f"  → allow ({', '.join(said)}{by})" if said else ""


def _marked(text: str, span: tuple[int, int]) -> str:
    """The passage with what is wrong in it marked."""
    start, stop = span
    first, last = max(0, start - _AROUND), stop + _AROUND
    before, after = "…" if first else "", "…" if last < len(text) else ""
    passage = f"{escape(text[first:start])}«{cut(text[start:stop], _LONG)}»{escape(text[stop:last])}"
    return f"in “{before}{passage}{after}”"


def _text(values: Mapping[str, object]) -> str:
    return " ".join(str(value) for value in values.values())
