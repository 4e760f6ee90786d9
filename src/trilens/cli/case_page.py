"""A case as a person reads it before deciding: what would happen, why it waits, who asks in which words, and what each answer does."""

from trilens.cli.findings import STYLES, show_finding, show_origin
from trilens.cli.moments import from_now, local, span_of
from trilens.cli.shown import cut, escape
from trilens.cli.terminal import Terminal
from trilens.people.approvals.shelf import OpenedCase
from trilens.people.approvals.shown import Card, ShownAction
from trilens.people.workflow import Stage
from trilens.vocabulary.canonical import Json
from trilens.vocabulary.outcome import EventKind, Outcome

_SHOWN_VALUE = 4_000
"""Characters of one value that are shown unless everything is asked for."""

_LISTED, _LISTED_VALUE = 160, 80
"""Characters of an action, and of one of its values, that a list shows."""

_STAGE_STYLES = {
    Stage.OPEN: "bold yellow",
    Stage.APPROVED: "bold green",
    Stage.REFUSED: "bold red",
    Stage.USED: "green",
    Stage.EXPIRED: "dim",
}

_NAMES = {
    EventKind.INPUT: "a person's message to",
    EventKind.MODEL_CALL: "a call of the model",
    EventKind.TOOL_CALL: "a call of the tool",
    EventKind.TOOL_RESULT: "a result of the tool",
    EventKind.OUTPUT: "an answer of",
}

_EFFECTS = {
    "read": "only reads",
    "write": "changes something",
    "send": "sends something out",
    "spend": "spends money",
    "execute": "runs something",
}


def show_in_list(terminal: Terminal, opened: OpenedCase) -> None:
    """A few lines: which, what, for whom, until when, by whom."""
    case = opened.case
    terminal.line(f"{escape(case.id)}: {opened.stage.value}", style=_STAGE_STYLES[opened.stage])
    if opened.card is None:
        terminal.line("what was asked has been erased", indent=2, style="yellow")
    else:
        for action in _held(opened.card):
            terminal.line(_action_line(action), indent=2)
            terminal.said(_one_line(action), indent=2)
        terminal.field("for", escape(opened.card.person) or "somebody who is not known", indent=2)
    terminal.field("asked", f"{local(case.opened_ms)}, {from_now(case.opened_ms, opened.now_ms)}", indent=2)
    if opened.stage is Stage.OPEN:
        terminal.field("until", f"{local(case.expires_ms)}, {from_now(case.expires_ms, opened.now_ms)}", indent=2)
        terminal.field("decided by", _names(case.by), indent=2)


def show_case(terminal: Terminal, opened: OpenedCase, *, everything: bool = False) -> None:
    """The whole card, with what every answer to it does.

    Args:
        everything: show values whole, however long.
    """
    case = opened.case
    terminal.line(f"{escape(case.id)}: {opened.stage.value}", style=_STAGE_STYLES[opened.stage])
    _show_standing(terminal, opened)
    if opened.card is None:
        terminal.line()
        terminal.line("what was asked has been erased, and can only be refused", style="yellow")
    else:
        for action in opened.card.actions:
            _show_action(terminal, action, most=None if everything else _SHOWN_VALUE)
        _show_asked(terminal, opened.card)
    terminal.heading("Who may decide, and what then")
    _show_consequences(terminal, opened)


def _show_standing(terminal: Terminal, opened: OpenedCase) -> None:
    case, now_ms = opened.case, opened.now_ms
    terminal.field("asked", f"{local(case.opened_ms)}, {from_now(case.opened_ms, now_ms)}", indent=2)
    terminal.field("until", f"{local(case.expires_ms)}, {from_now(case.expires_ms, now_ms)}", indent=2)
    if case.decided_by:
        edit = ", with an edit" if case.edit else ""
        open_for = span_of(case.decided_ms - case.opened_ms) or "under a second"
        terminal.field(
            "decided", f"by {escape(case.decided_by)}{edit}, {local(case.decided_ms)}, after {open_for}", indent=2
        )
    if opened.is_current is False:
        warning = "it was opened under another manifest than the one in force: an approval would match nothing"
        terminal.line(warning, style="bold yellow", indent=2)


def _show_asked(terminal: Terminal, card: Card) -> None:
    terminal.heading("Who asks")
    terminal.field("person", escape(card.person) or "not known", indent=2)
    terminal.field("through", f"agent {escape(card.agent)}, key {escape(card.key)}", indent=2)
    if card.purpose:
        terminal.field("purpose", escape(card.purpose), indent=2)
    terminal.line("in these words", style="dim", indent=2)
    terminal.said(card.asked or "(no words)", indent=2)


def _show_action(terminal: Terminal, action: ShownAction, *, most: int | None) -> None:
    terminal.heading(f"{_action_line(action)}: {_PARTICIPLES[action.outcome]}")
    if action.kind is EventKind.TOOL_CALL and action.effect:
        style = "" if action.reversible else "bold red"
        undo = "can be undone" if action.reversible else "cannot be undone"
        terminal.field("effect", f"{_EFFECTS.get(action.effect, escape(action.effect))}; {undo}", indent=2, style=style)
    for path, value in action.values:
        _show_value(terminal, action, path, value, most=most)
    if action.written:
        terminal.line("as the model wrote it", style="dim", indent=2)
        terminal.said(action.written, indent=2, most=most)
    reasons = [finding for finding in action.findings if not finding.is_explanation]
    if reasons or action.failed:
        terminal.line("why", style="bold", indent=2)
    for finding in reasons:
        show_finding(terminal, finding, indent=4)
    for guard, why in action.failed:
        terminal.line(f"{escape(guard)}: could not judge it: {escape(why)}", style=STYLES["deny"], indent=4)


_PARTICIPLES = {
    Outcome.ALLOW: "allowed",
    Outcome.MODIFY: "changed",
    Outcome.HOLD: "held",
    Outcome.DENY: "denied, whatever is decided here",
}


def _show_value(terminal: Terminal, action: ShownAction, path: str, value: Json, *, most: int | None) -> None:
    terminal.line(cut(path.removeprefix("args."), 120), style="bold", indent=2)
    terminal.said(_text(action, path, value), indent=2, most=most)
    # where the value comes from, when no reason below says so
    for finding in action.findings:
        if finding.path == path and finding.is_explanation:
            if finding.rule:
                terminal.field("rule", cut(finding.rule, 120), indent=4)
            for origin in finding.origins:
                show_origin(terminal, origin, indent=4)


def _text(action: ShownAction, path: str, value: Json) -> str:
    unit = action.units.get(path, "")
    match value:
        case None:
            return "(nothing)"
        case bool():
            return "true" if value else "false"
        case _:
            return f"{value} {unit}" if unit else str(value)


def _one_line(action: ShownAction) -> str:
    """The values of an action in short, for a list."""
    named = (f"{path.removeprefix('args.')}: {_text(action, path, value)}" for path, value in action.values)
    return _shortened(", ".join(_shortened(" ".join(one.split()), _LISTED_VALUE) for one in named), _LISTED)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "…"


def _show_consequences(terminal: Terminal, opened: OpenedCase) -> None:
    case = opened.case
    until = local(case.expires_ms)
    terminal.field("who", _names(case.by), indent=2)
    if opened.stage is not Stage.OPEN:
        terminal.line(_AFTERWARDS[opened.stage], indent=2)
        return
    if case.kept:
        released = "the answer that is kept is released, once, when the agent sends the same request again"
    else:
        released = "the agent may go on, once, when it asks for exactly this again"
    terminal.field("if approved", f"{released}, before {until}", indent=2)
    terminal.field(
        "if edited", "what you put in its place is released instead" if case.kept else "not possible here", indent=2
    )
    terminal.field("if refused", f"the agent is told no, and again for the same request until {until}", indent=2)
    terminal.field("otherwise", f"it counts as refused from {until} on", indent=2)
    for verb in ("approve", "edit", "reject") if case.kept else ("approve", "reject"):
        more = " --set NAME=VALUE" if verb == "edit" else ""
        terminal.command(f"trilens approvals {verb} {escape(case.id)}{more}", indent=2)


_AFTERWARDS = {
    Stage.OPEN: "",
    Stage.APPROVED: "it is approved and was not used yet",
    Stage.REFUSED: "it is refused; a new request opens a new case",
    Stage.USED: "it was approved and used; it is valid once, so a new request opens a new case",
    Stage.EXPIRED: "its time ran out, and it counts as refused; a new request opens a new case",
}


def _held(card: Card) -> list[ShownAction]:
    return [action for action in card.actions if action.outcome is Outcome.HOLD] or list(card.actions)


def _action_line(action: ShownAction) -> str:
    return f"{_NAMES[action.kind]} {cut(action.component, 80)}"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(escape(name) for name in names) or "nobody: the manifest names no one"
