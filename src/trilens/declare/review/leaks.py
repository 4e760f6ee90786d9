"""Secrets, and text nobody can see, in the manifest and in the files it names."""

from collections.abc import Iterator

from trilens.declare.compose import find_unseen
from trilens.declare.diagnosis import Diagnosis, Review, Severity
from trilens.declare.document import Page, Span
from trilens.declare.secrets import find_secrets


def _files(review: Review) -> Iterator[Page]:
    system = review.manifest.system
    yield from (Page(prompt.path, prompt.text) for prompt in system.prompts.values())
    yield from (Page(source.path, source.text) for source in system.sources.values())


def secret_written(review: Review) -> Iterator[Diagnosis]:
    """A secret where every reader of the repository, and every reader of the prompt, sees it."""
    for page in (review.document.page, *_files(review)):
        for secret in find_secrets(page.text):
            yield Diagnosis(
                "manifest/secret-written",
                Severity.ERROR,
                f"{secret.kind} is written into `{page.file}`",
                "take it out, replace it where it was issued, and refer to it as `env:NAME`",
                page.place(
                    Span(secret.start, secret.stop), review.document.hidden if page is review.document.page else ()
                ),
            )


def hidden_text(review: Review) -> Iterator[Diagnosis]:
    """Characters of a prompt or source that a model reads and a reviewer does not see."""
    for page in _files(review):
        has_mark = page.text.startswith("\ufeff")  # a byte order mark, which editors write
        span = next((span for span in find_unseen(page.text) if span.start or not has_mark), None)
        if span is not None:
            yield Diagnosis(
                "manifest/hidden-text",
                Severity.ERROR,
                f"`{page.file}` holds character U+{ord(page.text[span.start]):04X}, which a model reads and nobody sees",
                "delete it, and find out who wrote it",
                page.place(span),
            )
