"""X12: what a person cannot see does not pass between people, models and tools.

proposed    invisible characters are taken out of text; a value that decides and holds any waits for a person, since whoever put
            them there wanted two readings of it; so does whatever hides a link or an address
observed    it has happened, and a request is passed on as it came or without one tool's result: it is noted, and stopped only
            where invisible characters spell out words, which nothing honest does
"""

from collections.abc import Iterator
from dataclasses import dataclass

from trilens.lenses.lens import NOT_APPLICABLE, Answer, Context, allow, deny, hold, modify
from trilens.lenses.security.guards.hidden_text.addresses import Visible, is_in_address
from trilens.mechanisms.scanning.coded import Coding, undo
from trilens.mechanisms.unicode.invisible import Hidden, hidden_in, without
from trilens.mechanisms.unicode.lookalikes import mixed_words
from trilens.vocabulary.event import Event, Value
from trilens.vocabulary.outcome import Outcome, Phase, ValueClass
from trilens.vocabulary.verdict import Edit, Finding, Span

_FEWEST_LETTERS = 8
"""That invisible or coded characters must spell. A torn flag emoji leaves five."""
_MOST_FINDINGS = 20


@dataclass(frozen=True, slots=True)
class _Found:
    outcome: Outcome
    finding: Finding


def judge(event: Event, context: Context) -> Answer:
    texts = [(value, value.value) for value in event.values if isinstance(value.value, str) and value.value]
    if not texts:
        return NOT_APPLICABLE
    found: list[_Found] = []
    edits: list[Edit] = []
    for value, text in texts:
        hidden = hidden_in(text)
        if hidden:
            edits.append(Edit(value.path, tuple(Span(one.start, one.stop) for one in hidden)))
        seen = without(text, hidden)
        visible = Visible(seen, context.system.own_hosts)
        found += _invisible(event, value, hidden, visible)
        found += _coded(event, value, seen, visible)
        found += _mixed(event, value, text)
    return _answer(found, edits)


def _answer(found: list[_Found], edits: list[Edit]) -> Answer:
    """The strictest outcome decides, and its findings come first."""
    found.sort(key=lambda one: one.outcome, reverse=True)
    findings = tuple(one.finding for one in found[:_MOST_FINDINGS])
    match found[0].outcome if found else Outcome.ALLOW:
        case Outcome.DENY:
            return deny(*findings)
        case Outcome.HOLD:
            return hold(*findings)
        case Outcome.MODIFY:
            return modify(*edits, findings=findings)
        case Outcome.ALLOW:
            return allow(*findings)


def _invisible(event: Event, value: Value, hidden: tuple[Hidden, ...], visible: Visible) -> Iterator[_Found]:
    """One finding for each kind; what the characters spell is counted and never repeated."""
    for kind in dict.fromkeys(one.kind for one in hidden):
        runs = [one for one in hidden if one.kind is kind]
        count = sum(one.stop - one.start for one in runs)
        said = "".join(one.said for one in runs)
        letters = sum(letter.isalpha() for letter in said)
        message = f"{count} {kind} that nothing needs where they stand"
        what, outcome = "invisible", _of_invisible(event, value)
        if letters >= _FEWEST_LETTERS:
            what, message = "spelled_words", f"{message}, and that spell {letters} letters"
            outcome = Outcome.DENY if event.phase is Phase.OBSERVED else outcome
            if event.phase is Phase.PROPOSED and visible.lacks_address_of(said):
                what, outcome = "spelled_address", Outcome.HOLD
        yield _found(outcome, what, message, value.path, Span(runs[0].start, runs[0].stop), kind.name.lower())


def _of_invisible(event: Event, value: Value) -> Outcome:
    if event.phase is Phase.OBSERVED:
        return Outcome.ALLOW
    return Outcome.MODIFY if value.cls is ValueClass.TEXT else Outcome.HOLD


def _coded(event: Event, value: Value, seen: str, visible: Visible) -> Iterator[_Found]:
    """Readable text in a coding that no reader undoes; one layer of percent signs any browser does, and untrusted_sink reads through it."""
    for coded in undo(seen):
        letters = sum(letter.isalpha() for letter in coded.text)
        if coded.codings == (Coding.PERCENT,) or letters < _FEWEST_LETTERS:
            continue
        spelled = " in ".join(reversed(coded.codings))
        message, what, outcome = f"{len(coded.text)} readable characters in {spelled}", "coded_text", Outcome.ALLOW
        if event.phase is Phase.PROPOSED and visible.lacks_address_of(coded.text):
            message, what, outcome = f"{message}, with a link or an address", "coded_address", Outcome.HOLD
        yield _found(outcome, what, message, value.path, None, spelled)


def _mixed(event: Event, value: Value, text: str) -> Iterator[_Found]:
    for word in mixed_words(text):
        what, outcome, message = "mixed_word", Outcome.ALLOW, "a word of two scripts that look like one"
        if is_in_address(text, word.start, word.stop):
            what, message = "mixed_address", f"{message}, in a link or an address"
            outcome = Outcome.HOLD if event.phase is Phase.PROPOSED else Outcome.ALLOW
        yield _found(outcome, what, message, value.path, Span(word.start, word.stop), "mixed scripts")


def _found(outcome: Outcome, what: str, message: str, path: str, span: Span | None, rule: str) -> _Found:
    return _Found(outcome, Finding(f"hidden_text/{what}", message, path, span, rule=rule))
