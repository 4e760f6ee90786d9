"""Rule 2, designated record: a field that the record system asserts, in a record that is this person's or that their words name.

Ownership decides first: a record that belongs to this person is designated, one that belongs to another person never is. Any other is
designated when the person's or the operator's words name it by its key, or by a distinctive system field that no other record has.
"""

from enum import StrEnum

from trilens.mechanisms.flow.atoms import is_distinctive, scalar_keys, whole_text
from trilens.mechanisms.flow.explain.claim import Claim, Explanation, Ground, origin
from trilens.mechanisms.flow.flow import Flow, Passage, Record
from trilens.vocabulary.outcome import ValueClass
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import FieldTrust

RULE = "designated_record"


class Ownership(StrEnum):
    OWN = "own"
    OTHERS = "others"
    NOBODYS = "nobodys"
    """The record names no owner."""
    UNKNOWN = "unknown"
    """It does not say whose it is, belongs to a person of another role than the one who asks, or nobody is known to ask."""


class Designation(StrEnum):
    DESIGNATED = "designated"
    AMBIGUOUS = "ambiguous"
    OTHER_OWNER = "other_owner"
    NOT_NAMED = "not_named"


def ownership(record: Record, principal: Principal) -> Ownership:
    """Whose record it is, as its tool's sheet reads it."""
    if not record.owners:
        return Ownership.NOBODYS
    owner = record.owners.get(principal.role)
    if not owner or not principal.person:
        return Ownership.UNKNOWN
    return Ownership.OWN if owner == principal.person else Ownership.OTHERS


def designation(record: Record, flow: Flow, principal: Principal) -> Designation:
    """Whether the system fields of a record may be used."""
    match ownership(record, principal):
        case Ownership.OWN:
            return Designation.DESIGNATED
        case Ownership.OTHERS:
            return Designation.OTHER_OWNER
        case Ownership.NOBODYS | Ownership.UNKNOWN:
            return _named(record, flow)


def explain(claim: Claim, ground: Ground) -> Explanation | None:
    for passage in ground.mentions(claim):
        record = usable_record(passage, claim, ground.flow)
        if record is not None and designation(record, ground.flow, ground.principal) is Designation.DESIGNATED:
            return Explanation(RULE, (origin(passage),), _readers(record))
    return None


def usable_record(passage: Passage, claim: Claim, flow: Flow) -> Record | None:
    """The record whose system field holds the claimed value; None when the passage is none, or decides no value of this class."""
    record = flow.record_of(passage)
    if record is None or passage.trust is not FieldTrust.SYSTEM:
        return None
    if claim.cls is ValueClass.OBJECT_ID and not _may_be_id(passage, claim, record):
        return None
    return record


def _may_be_id(passage: Passage, claim: Claim, record: Record) -> bool:
    """An id must be the whole field; a short one, the key of its record or a field of the argument's own name."""
    whole = whole_text(passage.text)
    if whole != whole_text(claim.value):
        return False
    return is_distinctive("=" + whole) or passage.field in (record.key_field, claim.argument)


def _readers(record: Record) -> frozenset[str]:
    return frozenset(name for role, person in record.owners.items() if person for name in (role, f"{role}:{person}"))


def _named(record: Record, flow: Flow) -> Designation:
    if record.key and _is_said(record.key, flow):
        return Designation.DESIGNATED
    fits = False
    for passage in record.fields.values():
        if passage.trust is not FieldTrust.SYSTEM or not _is_said(passage.text, flow):
            continue
        if _is_unique(passage, record, flow):
            return Designation.DESIGNATED
        fits = True
    return Designation.AMBIGUOUS if fits else Designation.NOT_NAMED


def _is_said(text: str, flow: Flow) -> bool:
    """Whether the person's or the operator's words hold a distinctive value."""
    for key in scalar_keys(text):
        if is_distinctive(key) and flow.words_with(key) is not None:
            return True
    phrase = whole_text(text)
    return len(phrase) >= 5 and is_distinctive("=" + phrase) and flow.says(phrase) is not None


def _is_unique(passage: Passage, record: Record, flow: Flow) -> bool:
    """Whether no other record of the tool has the same value in the same field; the same record read twice is one."""
    key = next(iter(scalar_keys(passage.text)), "")
    same_field = (p for p in flow.mentions(key) if p.component == record.tool and p.field == passage.field)
    rivals = (flow.record_of(other) for other in same_field)
    return all(rival is None or rival is record or (rival.key and rival.key == record.key) for rival in rivals)
