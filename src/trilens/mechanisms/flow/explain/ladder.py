"""The ladder: rules in order, the first that holds explains; otherwise the nearest origins and why they do not."""

from collections.abc import Callable
from typing import TypeAlias

from trilens.mechanisms.flow.explain import bounded_value, designated_record, literal
from trilens.mechanisms.flow.explain.claim import Claim, Explanation, Ground, Reason, Unexplained, origin
from trilens.mechanisms.flow.explain.designated_record import Designation, designation, usable_record
from trilens.mechanisms.flow.flow import Passage
from trilens.vocabulary.system import FieldTrust

Rule: TypeAlias = Callable[[Claim, Ground], Explanation | None]

RULES: tuple[Rule, ...] = (literal.explain, designated_record.explain, bounded_value.explain)

_NEAREST = 4


def explain(claim: Claim, ground: Ground) -> Explanation | Unexplained:
    """Why the value may stand where it stands, by the first rule that holds."""
    for rule in RULES:
        found = rule(claim, ground)
        if found is not None:
            return found
    return _unexplained(claim, ground)


def _unexplained(claim: Claim, ground: Ground) -> Unexplained:
    found: dict[Reason, list[Passage]] = {reason: [] for reason in Reason}
    for passage in ground.mentions(claim):
        found[_reason(passage, claim, ground)].append(passage)
    for reason in (Reason.OTHER_OWNER, Reason.AMBIGUOUS, Reason.THIRD_PARTY, Reason.NONE):
        if found[reason]:
            return Unexplained(reason, tuple(origin(passage) for passage in found[reason][:_NEAREST]))
    return Unexplained(Reason.NONE)


def _reason(passage: Passage, claim: Claim, ground: Ground) -> Reason:
    record = usable_record(passage, claim, ground.flow)
    if record is None:
        return Reason.THIRD_PARTY if _is_third_party(passage) else Reason.NONE
    match designation(record, ground.flow, ground.principal):
        case Designation.OTHER_OWNER:
            return Reason.OTHER_OWNER
        case Designation.AMBIGUOUS:
            return Reason.AMBIGUOUS
        case Designation.NOT_NAMED | Designation.DESIGNATED:
            return Reason.NONE


def _is_third_party(passage: Passage) -> bool:
    return passage.trust is FieldTrust.THIRD_PARTY and passage.label.integrity is passage.label.integrity.THIRD_PARTY
