"""Values and findings as canonical JSON: one spelling for the card an approver sees, the sealed payload and the reports."""

import datetime as dt

from trilens.vocabulary.canonical import Json, plain
from trilens.vocabulary.verdict import Finding, Origin, Verdict


def printable(text: str) -> str:
    """Text that has a canonical form: a lone surrogate becomes `?`, everything else stays."""
    return text.encode("utf-8", "replace").decode()


def write_value(value: object) -> Json:
    """A scalar as JSON; decimals as text in their shortest plain spelling."""
    written = plain(value)
    return printable(written) if isinstance(written, str) else written


def write_moment(at_ms: int) -> str:
    """Milliseconds since 1970 UTC as RFC 3339 text in UTC: `2026-11-24T22:24:05.123Z`."""
    moment = dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write_finding(verdict: Verdict, finding: Finding) -> Json:
    """A finding with the guard that made it and its outcome."""
    return {
        "guard": verdict.guard,
        "lens": verdict.lens.value,
        "outcome": verdict.outcome.word,
        "code": printable(finding.code),
        "message": printable(finding.message),
        "path": printable(finding.path),
        "span": [finding.span.start, finding.span.stop] if finding.span else None,
        "rule": printable(finding.rule),
        "origins": [_write_origin(o) for o in finding.origins],
    }


def _write_origin(origin: Origin) -> Json:
    readers = origin.label.readers
    return {
        "source": printable(origin.source),
        "path": printable(origin.path),
        "integrity": origin.label.integrity.word,
        "readers": ["public"] if readers.everyone else sorted(readers.names),
        "excerpt": printable(origin.excerpt),
    }
