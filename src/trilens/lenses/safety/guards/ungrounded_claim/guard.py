"""S3: what is said to a person in numbers is supported by what the manifest says it must rest on."""

from collections.abc import Iterator

from trilens.lenses.lens import ALLOW, NOT_APPLICABLE, Answer, Context, deny, hold
from trilens.lenses.safety.guards.ungrounded_claim.evidence import Gathered, gather
from trilens.mechanisms.content.claim import ClaimKind
from trilens.mechanisms.content.grounding import (
    NearestField,
    NearestSentence,
    Unsupported,
    may_claim,
    read_answer,
    unsupported_claims,
)
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import Effect, EventKind, Outcome, ValueClass
from trilens.vocabulary.system import System
from trilens.vocabulary.verdict import Finding, Origin

_MOST_FINDINGS = 10
_LONGEST_EXCERPT = 200


def judge(event: Event, context: Context) -> Answer:
    """Compare each typed claim of the text with the evidence of this conversation."""
    grounding = context.system.grounding
    texts = list(_texts(event, context.system))
    if grounding is None or not texts:
        return NOT_APPLICABLE
    kinds = frozenset(ClaimKind(name) for name in grounding.claims)
    readings = [(path, text, read_answer(text)) for path, text in texts]
    if not any(may_claim(read, kinds) for _, _, read in readings):
        return ALLOW
    gathered = gather(grounding, context)
    findings = [
        _finding(path, text, found, gathered)
        for path, text, read in readings
        for found in unsupported_claims(read, gathered.evidence, kinds, most=_MOST_FINDINGS)
    ]
    if not findings:
        return ALLOW
    shown = findings[:_MOST_FINDINGS]
    return hold(*shown) if grounding.otherwise is Outcome.HOLD else deny(*shown)


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
