"""What the guard says of each value, in words for people, and which outcome each code stands for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from trilens.mechanisms.flow.audience import Leak
from trilens.mechanisms.flow.explain.claim import Explanation, Reason, Unexplained, origin
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import Outcome
from trilens.vocabulary.verdict import Finding, Origin, Span

_SHOWN = 120


class Kind(Enum):
    """What a value decides; the word is how people are told."""

    DESTINATION = "destination"
    ADDRESS = "address"
    LINK = "link"
    VALUE = "value"
    UNDECLARED = "undeclared argument"

    @property
    def says_where(self) -> bool:
        return self in (Kind.DESTINATION, Kind.ADDRESS, Kind.LINK)


@dataclass(frozen=True, slots=True)
class Judged:
    """A value and what came of explaining it."""

    kind: Kind
    path: str
    shown: str
    answer: Explanation | Unexplained


_OUTCOMES = {
    "explained": Outcome.ALLOW,
    "unreadable": Outcome.DENY,
    "third_party_destination": Outcome.DENY,
    "other_owner": Outcome.DENY,
    "ambiguous_destination": Outcome.HOLD,
    "composed_link": Outcome.HOLD,
    "unknown_destination": Outcome.HOLD,
    "third_party_value": Outcome.HOLD,
    "ambiguous_value": Outcome.HOLD,
    "unexplained_value": Outcome.HOLD,
    "not_for_this_reader": Outcome.DENY,
    "no_known_reader": Outcome.HOLD,
}


def outcome_of(finding: Finding) -> Outcome:
    return _OUTCOMES[finding.code.partition("/")[2]]


def too_long(length: int) -> Finding:
    """What is not read to its end is not judged, and so does not leave."""
    return Finding("untrusted_sink/unreadable", f"{length} characters are more than are read to their end")


def too_coded() -> Finding:
    return Finding("untrusted_sink/unreadable", "the text is coded in more ways, one in another, than are read")


def too_many(path: str, count: int) -> Finding:
    message = f"one call names {count} destinations, more than are weighed against what it carries; split it"
    return Finding("untrusted_sink/too_many_destinations", message, path=path)


def unreadable(event: Event) -> Finding:
    why = event.defect or "its tool is not declared"
    return Finding("untrusted_sink/unreadable", f"nothing in this call can be explained: {why}")


def finding(judged: Judged, event: Event) -> Finding:
    """One finding for each value that decides: the rule that explained it, or why none did."""
    value = f"{judged.kind.value} `{_short(judged.shown)}`"
    path, span = _place(judged, event)
    match judged.answer:
        case Explanation(rule=rule, origins=origins):
            where = origins[0].source if origins else rule
            return Finding("untrusted_sink/explained", f"{value} is explained by {where}", path, span, origins, rule)
        case Unexplained(reason=reason, nearest=nearest):
            code, why = _refusal(judged.kind, reason, nearest)
            return Finding(f"untrusted_sink/{code}", f"{value} {why}", path, span, nearest)


def leak_finding(leak: Leak, event: Event, *, receiver: str, is_known: bool = True) -> Finding:
    """A value that would reach somebody it is not for. The message does not quote it: the refusal may be read by the same somebody."""
    passage = leak.passage
    names = sorted(passage.label.readers.names)
    for_whom = f"only for {', '.join(f'`{name}`' for name in names)}" if names else "for nobody that was declared"
    # what has an audience and goes to somebody known to be outside it is refused; otherwise a person decides
    code = "not_for_this_reader" if names and is_known else "no_known_reader"
    path, span = _find(leak.atom, event)
    message = f"a value from {passage.source} is {for_whom}, and would reach {receiver}"
    return Finding(f"untrusted_sink/{code}", message, path, span, (origin(passage),))


def gathered(findings: Sequence[Finding]) -> list[Finding]:
    """One finding for all refusals of one code from one source: a list of a hundred addresses is one thing to read."""
    groups: dict[tuple[str, str, int], list[Finding]] = {}
    for at, one in enumerate(findings):
        is_single = not one.origins or outcome_of(one) is Outcome.ALLOW
        source = one.origins[0].source if one.origins else ""
        groups.setdefault((one.code, source, at if is_single else -1), []).append(one)
    return [_with_count(group[0], len(group) - 1) for group in groups.values()]


def _with_count(first: Finding, more: int) -> Finding:
    return replace(first, message=f"{first.message} (and {more} more like it)") if more else first


def _refusal(kind: Kind, reason: Reason, nearest: tuple[Origin, ...]) -> tuple[str, str]:
    where = nearest[0].source if nearest else ""
    match reason:
        case Reason.OTHER_OWNER:
            return "other_owner", f"comes from {where}, and that record belongs to another person"
        case Reason.THIRD_PARTY:
            code = "third_party_destination" if kind.says_where else "third_party_value"
            return code, f"comes from {where}, written by a third party; you never named it"
        case Reason.AMBIGUOUS:
            code = "ambiguous_destination" if kind.says_where else "ambiguous_value"
            return code, f"comes from {where}, and your words fit more than one record"
        case Reason.COMPOSED:
            return "composed_link", "leads to a host that was named and carries more than was named"
        case Reason.NONE:
            code = "unknown_destination" if kind.says_where else "unexplained_value"
            return (
                code,
                f"comes from {where}, which nobody named" if where else "was never named and stands in no record",
            )


def _place(judged: Judged, event: Event) -> tuple[str, Span | None]:
    if judged.path not in ("args", "text"):
        return judged.path, None
    path, span = _find(judged.shown, event)
    return path or judged.path, span


def _find(shown: str, event: Event) -> tuple[str, Span | None]:
    """Where a folded value stands word for word; no span where it is spelled in another way."""
    for value in event.values:
        if isinstance(value.value, str) and value.value.isascii():
            at = value.value.lower().find(shown)
            if at >= 0:
                return value.path, Span(at, at + len(shown))
    texts = [value.path for value in event.values if isinstance(value.value, str)]
    return texts[-1] if len(texts) == 1 else "", None


def _short(text: str) -> str:
    plain = " ".join(text.split()).replace("`", "'")
    return plain if len(plain) <= _SHOWN else plain[: _SHOWN - 1] + "…"
