"""A decision as a person would tell it: what was about to happen, who asked, what stopped it, where the value came from, and what now.

Who asked is told as a role: whose it was stands in the record, and nobody needs the name to understand the decision.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trilens.cli.findings import STYLES
from trilens.cli.moments import local
from trilens.cli.shown import cut, escape
from trilens.cli.terminal import Terminal
from trilens.explanations import Explanation, explain
from trilens.people.approvals.shown import ShownFinding
from trilens.prove.decision import RecordedDecision
from trilens.storage.ports import Case, CaseState
from trilens.vocabulary.canonical import Json
from trilens.vocabulary.outcome import EventKind, Outcome, Ran

_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Told:
    """What a story is made of."""

    decision: RecordedDecision
    body: Mapping[str, Json]
    private: Mapping[str, Json] | None
    """None when it was erased."""
    findings: tuple[ShownFinding, ...]
    case: Case | None
    now_ms: int

    @property
    def deciding(self) -> tuple[ShownFinding, ...]:
        """The findings of the guards that were strictest, when they stopped or changed anything."""
        strictest = max((v.outcome for v in self.decision.verdicts), default=Outcome.DENY)
        stopping = [f for f in self.findings if f.outcome is strictest and not f.is_explanation]
        return tuple(stopping) if strictest is not Outcome.ALLOW else ()

    @property
    def codes(self) -> tuple[tuple[str, str], ...]:
        """(guard, code) of the strictest verdicts, from the leaf, which nothing erases."""
        rows = self.body.get("verdicts")
        strictest = max((v.outcome for v in self.decision.verdicts), default=Outcome.DENY).word
        stopping = (
            [row for row in rows if isinstance(row, list) and row[2] == strictest] if isinstance(rows, list) else []
        )
        return tuple((str(row[0]), str(code)) for row in stopping for code in _list(row[3]) if "/" in str(code))


def tell(terminal: Terminal, told: Told) -> None:
    """The story, in a few lines."""
    word = told.decision.outcome.word
    terminal.line(f"{_what_was_about_to_happen(told)} {_how_it_ended(told)}", style=STYLES[word])
    if told.decision.outcome is not Outcome.ALLOW or told.decision.case:
        _tell_why(terminal, told)
    if told.private is None:
        gone = "its words, values and where they came from"
        terminal.line(
            f"Erased since, or no longer to be opened: {gone}. What is told here stands in the entry itself.",
            style="yellow",
        )
    _tell_path(terminal, told)
    for text in _what_would_let_it_through(told):
        terminal.field("let through", text)
    for text in _who_can_decide(told):
        terminal.field("who decides", text)
    if told.case is not None:
        terminal.command(f"trilens approvals show {escape(told.case.id)}", indent=2)


def _what_was_about_to_happen(told: Told) -> str:
    agent = escape(str(told.body.get("agent", ""))) or "an agent"
    component = escape(str(told.body.get("component", "")))
    who = _role(told)
    match told.decision.kind:
        case EventKind.TOOL_CALL:
            return f"Agent {agent} was about to call {component or 'a tool nobody declared'}, for {who}."
        case EventKind.MODEL_CALL:
            return f"Agent {agent} was about to ask {f'model {component}' if component else 'a model nobody declared'}, for {who}."
        case EventKind.OUTPUT:
            return f"Agent {agent} was about to answer {who}."
        case EventKind.INPUT:
            return f"Something was said to agent {agent}, by {who}."
        case EventKind.TOOL_RESULT:
            return f"A result of {component or 'no call that was let out'} came in, for agent {agent} and {who}."


def _role(told: Told) -> str:
    person = (told.private or {}).get("person")
    role = person.partition(":")[0] if isinstance(person, str) else ""
    if role:
        return f"a {cut(role, 40)}"
    return "somebody who is not known" if told.private is not None else "somebody"


def _how_it_ended(told: Told) -> str:
    decision = told.decision
    match decision.outcome:
        case Outcome.ALLOW if decision.case:
            return "A person had approved it, and it went ahead." if decision.left else "It had a person's approval."
        case Outcome.ALLOW if decision.left:
            return "Nothing stood in the way, and it went ahead."
        case Outcome.ALLOW:
            return "Nothing was wrong with it; it was kept back with what was decided beside it."
        case Outcome.MODIFY if decision.left:
            return "It was changed, and went ahead as changed."
        case Outcome.MODIFY:
            return "It would have been changed; it was kept back with what was decided beside it."
        case Outcome.HOLD:
            return "It was held for a person to decide."
        case Outcome.DENY:
            return "It was refused, and nothing of it was released."


_DID = {
    Outcome.ALLOW: "let it through",
    Outcome.MODIFY: "changed it",
    Outcome.HOLD: "held it",
    Outcome.DENY: "stopped it",
}


def _tell_why(terminal: Terminal, told: Told) -> None:
    strictest = max((v.outcome for v in told.decision.verdicts), default=Outcome.DENY)
    if strictest is Outcome.ALLOW:
        return
    guards = [v for v in told.decision.verdicts if v.outcome is strictest]
    lenses = list(dict.fromkeys(v.guard.partition("/")[0] for v in guards))
    names = " and ".join(escape(lens).capitalize() if lens != "enforce" else "The pipeline itself" for lens in lenses)
    sentences = [f"{names} {_DID[strictest]}."]
    sentences += [f"{escape(v.guard)} could not judge it, which counts as no." for v in guards if v.ran is Ran.FAILED]
    if told.deciding:
        sentences += [f"{_begun(cut(finding.message, _LONGEST))}." for finding in told.deciding[:3]]
    else:
        sentences += [f"{_begun(one.what)}." for one in _explanations(told)]
    sentences += [f"{_begun(one.why)}." for one in _explanations(told)[:1]]
    terminal.line(" ".join(sentences))


def _begun(text: str) -> str:
    """As a sentence begins; the rest, names and values among it, as it is."""
    return text[:1].upper() + text[1:]


def _explanations(told: Told) -> list[Explanation]:
    codes = [f.code for f in told.deciding] or [code for _, code in told.codes]
    found = (explain(code) for code in dict.fromkeys(codes))
    return [one for one in found if one is not None][:3]


def _tell_path(terminal: Terminal, told: Told) -> None:
    """From where the deciding value was read to where it was going."""
    finding = next((f for f in told.deciding if f.origins), None)
    if finding is None:
        return
    origin = finding.origins[0]
    trust = escape(origin.integrity.replace("_", " "))
    target = f"{escape(str(told.body.get('component', '')))} {cut(finding.path, 120)}".strip()
    read = f"read in {cut(origin.source, 120)} ({cut(origin.path, 120)}), {trust}"
    terminal.field("the value", f"{read} → carried by the model → {target}")


def _what_would_let_it_through(told: Told) -> Iterator[str]:
    if told.decision.outcome in (Outcome.HOLD, Outcome.DENY):
        for one in _explanations(told):
            yield one.fix


def _who_can_decide(told: Told) -> Iterator[str]:
    case = told.case
    if told.decision.outcome is Outcome.DENY:
        yield "nobody: what is denied is denied whoever approves; only the event or the manifest can change that"
        return
    if case is None:
        return
    names = ", ".join(escape(name) for name in case.by) or "nobody: the manifest names no one"
    match case.state:
        case CaseState.OPEN if case.is_live(told.now_ms):
            yield f"{names}, until {local(case.expires_ms)}"
        case CaseState.OPEN:
            yield f"nobody any more: its time ran out {local(case.expires_ms)}, and it counts as refused"
        case CaseState.APPROVED | CaseState.USED | CaseState.REFUSED:
            yield f"{escape(case.decided_by)} did, {local(case.decided_ms)}: {case.state.value}"


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
