"""C2: nobody gets an answer before they were told, in this conversation, that it comes from an AI system."""

from collections.abc import Mapping

from trilens.lenses.compliance.guards.missing_disclosure.opening import opens_with
from trilens.lenses.lens import ALLOW, NOT_APPLICABLE, Answer, Context, modify
from trilens.mechanisms.flow.flow import Speaker
from trilens.vocabulary.event import Event
from trilens.vocabulary.verdict import Edit, Finding


def judge(event: Event, context: Context) -> Answer:
    """Look for the declared text at the opening of this answer and of those before it; put it in front when none opens with it."""
    disclosure = context.system.disclosure
    if disclosure is None or not event.text.strip():
        return NOT_APPLICABLE
    language = _language(disclosure.text, context.facts.get("language"))
    text = disclosure.text[language]
    if opens_with(text, event.text) or (_has_begun(context) and _was_shown(text, context)):
        return ALLOW
    finding = Finding(
        "missing_disclosure/not_shown",
        f"the person has not been told in this conversation that this is an AI system (`{language}`)",
        path="text",
        rule=f"compliance.disclosure.text.{language}",
    )
    return modify(Edit("text", prepended=f"{text}\n\n"), findings=(finding,))


def _has_begun(context: Context) -> bool:
    """Whether earlier answers count: the gateway may know that this is the first one, whatever the conversation claims."""
    return context.facts.get("is_first_output") is not True


def _was_shown(text: str, context: Context) -> bool:
    answers = (p.text for p in context.flow.passages if p.speaker is Speaker.ASSISTANT)
    return any(opens_with(text, answer) for answer in answers)


def _language(texts: Mapping[str, str], wanted: object) -> str:
    """The declared language nearest to the wanted one (`de` for `de-AT`); the first when it is unknown or not declared."""
    tag = wanted.lower() if isinstance(wanted, str) else ""
    by_tag = {name.lower(): name for name in texts}
    while tag:
        if tag in by_tag:
            return by_tag[tag]
        tag = tag.rpartition("-")[0]
    return next(iter(texts))
