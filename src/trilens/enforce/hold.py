"""Hold and retry: what the same request again gets, while its case is open and once it is decided.

case                         the same request again
none, used, expired          is judged afresh
open                         waits: the same answer and the same case
refused                      is refused, until the case expires
approved, with a kept answer gets that answer, once, without asking the model
approved, nothing was kept   goes on; its intents are approved
"""

from dataclasses import dataclass
from typing import TypeAlias

from trilens.storage.ports import Case, CaseState


@dataclass(frozen=True, slots=True)
class Fresh:
    """No case stands in the way."""


@dataclass(frozen=True, slots=True)
class Waiting:
    case: Case


@dataclass(frozen=True, slots=True)
class Refused:
    case: Case


@dataclass(frozen=True, slots=True)
class Approved:
    """The kept answer may be released, after it was judged again."""

    case: Case


Standing: TypeAlias = Fresh | Waiting | Refused | Approved


def standing_of(held: Case | None, now_ms: int) -> Standing:
    """Where a request stands that may have been held before."""
    if held is None or not held.is_live(now_ms):
        return Fresh()
    match held.state:
        case CaseState.OPEN:
            return Waiting(held)
        case CaseState.REFUSED:
            return Refused(held)
        case CaseState.APPROVED if held.kept and not held.used:
            return Approved(held)
        case CaseState.APPROVED | CaseState.USED:
            return Fresh()
