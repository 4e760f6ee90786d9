"""Rule 1, literal: the person's own words, or the operator's, hold the value."""

from trilens.mechanisms.flow.atoms import is_distinctive
from trilens.mechanisms.flow.explain.claim import Claim, Explanation, Ground, names_of, origin
from trilens.mechanisms.flow.flow import Passage, Speaker
from trilens.vocabulary.outcome import ValueClass

RULE = "literal"


_ANY_WORD = (ValueClass.VALUE, ValueClass.TIME)
"""Classes that any of the person's words may stand for; what says where an effect goes, or on what, needs a distinctive one."""


def explain(claim: Claim, ground: Ground) -> Explanation | None:
    """Held by the first such words. A bare short number never stands for an id, nor a short word for a place.

    An id with digits is the id itself: with other words around it, the tool decides what it means.
    """
    if claim.cls is ValueClass.OBJECT_ID and " " in claim.phrase and any(map(str.isdigit, claim.phrase)):
        return None
    for key in claim.keys:
        if claim.cls is ValueClass.OBJECT_ID and not is_distinctive(key):
            continue
        passage = ground.flow.words_with(key)
        if passage is not None:
            return _by(passage, ground)
    if claim.phrase and (claim.cls in _ANY_WORD or is_distinctive("=" + claim.phrase)):
        said = ground.flow.says(claim.phrase)
        if said is not None:
            return _by(said, ground)
    return None


def _by(passage: Passage, ground: Ground) -> Explanation:
    # an address the person names receives in that person's name; one the operator names is nobody's in particular
    readers: frozenset[str] = names_of(ground.principal) if passage.speaker is Speaker.USER else frozenset()
    return Explanation(RULE, (origin(passage),), readers)
