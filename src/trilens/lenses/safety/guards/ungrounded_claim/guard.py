"""S3: what is said to a person in numbers is supported by what the manifest says it must rest on."""

import re
from collections.abc import Iterator

from trilens.lenses.lens import ALLOW, NOT_APPLICABLE, Answer, Context, allow, deny, hold
from trilens.lenses.safety.guards.ungrounded_claim.evidence import Gathered, gather
from trilens.mechanisms.content.claim import ClaimKind
from trilens.mechanisms.content.claims import may_hold_value
from trilens.mechanisms.content.grounding import (
    Derived,
    NearestField,
    NearestSentence,
    Unsupported,
    compare,
    read_answer,
)
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import Effect, EventKind, Outcome, ValueClass
from trilens.vocabulary.system import System
from trilens.vocabulary.verdict import Finding, Origin

_MOST_FINDINGS = 10
_LONGEST_EXCERPT = 200
_MOST_CLEAN, _LONGEST_CLEAN = 64, 8_192
"""Answers of one conversation that are remembered as supported, and characters of each."""
_PARAGRAPH = re.compile(r"[.!?]\n[ \t]*\n")
_LONGEST_OPENING = 500
"""Characters in which the first paragraph of an answer is looked for."""


def judge(event: Event, context: Context) -> Answer:
    """Compare each typed claim of the text with the evidence of this conversation."""
    grounding = context.system.grounding
    texts = list(_texts(event, context.system))
    if grounding is None or not texts:
        return NOT_APPLICABLE
    kinds = frozenset(ClaimKind(name) for name in grounding.claims)
    texts = [(path, text) for path, text in texts if may_hold_value(text)]
    if not texts:
        return ALLOW
    gathered = gather(grounding, context)
    unsupported: list[Finding] = []
    derived: list[Finding] = []
    for path, text in texts:
        if _is_clean(text, gathered):
            continue
        compared = compare(read_answer(text), gathered.evidence, kinds, most=_MOST_FINDINGS)
        unsupported += (_finding(path, text, found, gathered) for found in compared.unsupported)
        derived += (_derived(path, text, found) for found in compared.derived)
        if not compared.unsupported and not compared.derived:
            _remember(text, gathered)
    if not unsupported:
        return allow(*derived[:_MOST_FINDINGS])
    shown = (*unsupported, *derived)[:_MOST_FINDINGS]
    return hold(*shown) if grounding.otherwise is Outcome.HOLD else deny(*shown)


def _is_clean(text: str, gathered: Gathered) -> bool:
    """Whether the text, or all of it but an opening paragraph without values (a disclosure), was compared with the same evidence before."""
    if text in gathered.clean:
        return True
    end = _PARAGRAPH.search(text[:_LONGEST_OPENING])
    return end is not None and text[end.end() :] in gathered.clean and not may_hold_value(text[: end.end()])


def _remember(text: str, gathered: Gathered) -> None:
    if len(text) > _LONGEST_CLEAN:
        return
    if len(gathered.clean) >= _MOST_CLEAN:
        gathered.clean.clear()
    gathered.clean[text] = None


def _texts(event: Event, system: System) -> Iterator[tuple[str, str]]:
    """Path and text of what a person would read."""
    tool = system.tools.get(event.component) if event.kind is EventKind.TOOL_CALL else None
    is_sent = tool is not None and tool.effect is Effect.SEND
    if event.kind is not EventKind.OUTPUT and not is_sent:
        return
    for value in event.values:
        if value.cls is ValueClass.TEXT and isinstance(value.value, str) and value.value.strip():
            yield value.path, value.value


def _finding(path: str, text: str, found: Unsupported, gathered: Gathered) -> Finding:
    claim = found.claim
    said = " ".join(text[claim.span.start : claim.span.stop].split())
    origins = tuple(_origins(found, gathered))
    nearest = f"; the nearest is in {origins[0].source}" if origins else " and nothing speaks of it"
    return Finding(
        code=f"ungrounded_claim/unsupported_{claim.kind}",
        message=f"`{said}` is not what the sources say{nearest}",
        path=path,
        span=claim.span,
        origins=origins,
        rule="safety.grounding",
    )


def _derived(path: str, text: str, found: Derived) -> Finding:
    claim = found.claim
    said = " ".join(text[claim.span.start : claim.span.stop].split())
    message = f"`{said}` follows from what the sources say: {found.basis}"
    return Finding("ungrounded_claim/derived_value", message, path=path, span=claim.span, rule="safety.grounding")


def _origins(found: Unsupported, gathered: Gathered) -> Iterator[Origin]:
    match found.nearest:
        case NearestSentence(document=index, text=sentence):
            passage = gathered.documents[index]
            yield Origin(passage.source, passage.path, passage.label, sentence[:_LONGEST_EXCERPT])
        case NearestField(field=index):
            passage = gathered.fields[index]
            yield Origin(passage.source, passage.path, passage.label, passage.text[:_LONGEST_EXCERPT])
        case None:
            return
