"""X13: no secret leaves, in an answer, an argument, a link or an image, as it stands or in a coding.

A secret in an answer is taken out, and what is left is judged once more. A call is refused: its tool would get a torn argument, and a
model that puts a key into a call has been told to. Words of a prompt are not taken out, since what they say would stand around the gap.
"""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from trilens.lenses.lens import ALLOW, NOT_APPLICABLE, Answer, Context, deny, modify
from trilens.lenses.security.guards.secret_in_output.prompt_leak import PromptWatch, watch
from trilens.mechanisms.content.fold import Folded
from trilens.mechanisms.scanning.coded import undo
from trilens.mechanisms.scanning.plain import plain
from trilens.mechanisms.scanning.secret_forms import secret_forms
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind
from trilens.vocabulary.verdict import Edit, Finding

_MOST_FINDINGS = 20
_WHOLE = frozenset({"prompt_words", "marked_secret"})
"""What cannot be taken out: the words around it would say it, or its letters stand among marks."""
_MARKED = re.compile(r"[*~`\\<_]")
_MARKS = re.compile(r"</?[A-Za-z!][^<>]{0,200}>|[*~`\\]+|(?<![A-Za-z0-9\\])_+|_+(?![A-Za-z0-9])")
"""What a renderer of Markdown or HTML takes away: tags, emphasis, code, escapes, and lines under words at their edges."""


@dataclass(frozen=True, slots=True)
class _Leak:
    """What would leave, and where it stands in the text as it is scanned. What it says is not kept."""

    what: str
    message: str
    start: int
    stop: int
    rule: str = ""


def judge(event: Event, context: Context) -> Answer:
    texts = {value.path: value.value for value in event.values if isinstance(value.value, str) and value.value}
    if not texts:
        return NOT_APPLICABLE
    prompts = watch(context.system)
    findings = [finding for path, text in texts.items() for finding in _findings(path, plain(text), prompts)]
    if not findings:
        return ALLOW
    is_whole = any(finding.code.partition("/")[2] in _WHOLE for finding in findings)
    if is_whole or event.kind is EventKind.TOOL_CALL:
        return deny(*findings[:_MOST_FINDINGS])
    return modify(*_removals(findings), findings=tuple(findings[:_MOST_FINDINGS]))


def _findings(path: str, folded: Folded, prompts: PromptWatch) -> Iterator[Finding]:
    for leak in _leaks(folded.text, prompts):
        span = folded.original(leak.start, leak.stop)
        yield Finding(f"secret_in_output/{leak.what}", f"{leak.message} would leave", path, span, rule=leak.rule)


def _leaks(text: str, prompts: PromptWatch) -> Iterator[_Leak]:
    outright = tuple(_outright(text, prompts))
    yield from outright
    if _MARKED.search(text):
        yield from _marked(text, {leak.rule for leak in outright})
    for coded in undo(text):
        for leak in _outright(coded.text, prompts):
            # the whole piece counts: nobody can say which of its characters are the secret's
            what = "coded_secret" if leak.what == "secret" else leak.what
            message = f"{leak.message}, coded as {' in '.join(reversed(coded.codings))},"
            yield _Leak(what, message, coded.start, coded.stop, leak.rule)


def _marked(text: str, known: AbstractSet[str]) -> Iterator[_Leak]:
    """Secrets that are whole only once the text is rendered, and so are whole to whoever reads it."""
    for match in secret_forms().find(_MARKS.sub("", text)):
        if match.rule not in known:
            message = f"a secret of the form `{match.rule}` between marks of Markdown or HTML"
            yield _Leak("marked_secret", message, 0, len(text), match.rule)


def _outright(text: str, prompts: PromptWatch) -> Iterator[_Leak]:
    for match in secret_forms().find(text):
        message = f"a secret of the form `{match.rule}` ({match.stop - match.start} characters)"
        yield _Leak("secret", message, match.start, match.stop, match.rule)
    if stretch := prompts.stretch(text):
        yield _Leak("prompt_words", "a long stretch of a declared prompt", stretch.start, stretch.stop)
    if mark := prompts.mark(text):
        message = "a mark that stands in a declared prompt and nowhere public"
        yield _Leak("prompt_mark", message, mark.start, mark.stop)


def _removals(findings: Sequence[Finding]) -> Iterator[Edit]:
    """One edit for each value: every stretch is taken out, those of findings that are not listed too."""
    for path in dict.fromkeys(finding.path for finding in findings):
        spans = (finding.span for finding in findings if finding.path == path)
        yield Edit(path, tuple(dict.fromkeys(span for span in spans if span is not None)))
