"""Secrets that were written where they do not belong: found, and masked before any line is shown to anybody."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MASK = "•"

_ASSIGNED = (
    r"(?i)\b(?:password|passwd|passphrase|api[_ -]?key|secret|access[_ -]?token)\b[\"']?\s{0,3}(?:[:=]|\bis\b)\s{0,3}[\"'`]?"
    r"(?P<value>(?!env:|\$|\{|<)(?=[^\s\"'`]{0,200}\d)[^\s\"'`]{8,200})"
)

_KINDS: tuple[tuple[str, str], ...] = (
    ("a private key", r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY-----"),
    ("an API key", r"\bsk-(?=[A-Za-z0-9_-]{0,200}[0-9])[A-Za-z0-9_-]{20,200}"),
    ("a payment key", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{10,200}"),
    ("a Trilens key", r"\btl[ko]_[A-Za-z0-9]{6,12}[_.-][A-Za-z0-9_-]{16,200}"),
    ("an AWS access key", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{30,200}|github_pat_[A-Za-z0-9_]{30,200})"),
    ("a Google API key", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("a Slack token", r"\bxox[abprs]-[A-Za-z0-9-]{10,200}"),
    ("a signed token", r"\beyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,2000}"),
    ("a password in an address", r"(?<=://)[^\s/:@]{1,100}:[^\s/@]{1,200}(?=@)"),
    ("a password", _ASSIGNED),
)
_PATTERNS = tuple((kind, re.compile(pattern)) for kind, pattern in _KINDS)


@dataclass(frozen=True, slots=True)
class Secret:
    """A stretch of text that looks like a secret; what it says is not kept."""

    kind: str
    start: int
    stop: int


def find_secrets(text: str) -> Iterator[Secret]:
    """Secrets of well-known forms, each stretch once; a form nobody knows is not found."""
    found = sorted(
        (*match.span("value" if "value" in pattern.groupindex else 0), rank)
        for rank, (_, pattern) in enumerate(_PATTERNS)
        for match in pattern.finditer(text)
    )
    reached = 0
    for start, stop, rank in found:
        if start >= reached:
            yield Secret(_PATTERNS[rank][0], start, stop)
            reached = stop


def masked(text: str) -> str:
    """The same text, of the same length, with every secret replaced by `•`."""
    for secret in find_secrets(text):
        text = text[: secret.start] + MASK * (secret.stop - secret.start) + text[secret.stop :]
    return text
