"""What may become of a case: one table of stage × action, for everybody who decides or uses one.

            approve      edit         refuse       use
open        approved     approved     refused      not-approved
approved    decided      decided      decided      used
refused     decided      decided      decided      not-approved
used        used-up      used-up      used-up      used-up
expired     expired      expired      expired      expired

A decision is final: who changes their mind lets the approval expire, or stops the agent. Expiry is read off the clock, never written,
so that a case nobody looks at expires all the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from trilens.errors import PeopleError
from trilens.storage.ports import Case, CaseState


class Stage(StrEnum):
    """Where a case stands at a moment."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    USED = "used"
    EXPIRED = "expired"
    """Its time ran out while it was open, or approved and not used: it counts as refused."""


class Action(StrEnum):
    APPROVE = "approve"
    EDIT = "edit"
    """Approve something else than was asked."""
    REFUSE = "refuse"
    USE = "use"
    """Done by the pipeline alone, when what was approved is released."""


@dataclass(frozen=True, slots=True)
class Barred:
    """Why an action is not possible at a stage."""

    code: str
    message: str
    help: str


_NOT_APPROVED = Barred("people/not-approved", "the case was not approved", "only an approved case can be used")
_DECIDED = Barred(
    "people/already-decided", "the case was decided already", "a decision is final; a new request opens a new case"
)
_USED_UP = Barred(
    "people/already-used", "the approval was used already", "an approval is valid once; a new request opens a new case"
)
_EXPIRED = Barred(
    "people/expired", "the case expired and counts as refused", "the agent may ask again, which opens a new case"
)

TABLE: Mapping[tuple[Stage, Action], Stage | Barred] = MappingProxyType(
    {
        (Stage.OPEN, Action.APPROVE): Stage.APPROVED,
        (Stage.OPEN, Action.EDIT): Stage.APPROVED,
        (Stage.OPEN, Action.REFUSE): Stage.REFUSED,
        (Stage.OPEN, Action.USE): _NOT_APPROVED,
        (Stage.APPROVED, Action.APPROVE): _DECIDED,
        (Stage.APPROVED, Action.EDIT): _DECIDED,
        (Stage.APPROVED, Action.REFUSE): _DECIDED,
        (Stage.APPROVED, Action.USE): Stage.USED,
        (Stage.REFUSED, Action.APPROVE): _DECIDED,
        (Stage.REFUSED, Action.EDIT): _DECIDED,
        (Stage.REFUSED, Action.REFUSE): _DECIDED,
        (Stage.REFUSED, Action.USE): _NOT_APPROVED,
        (Stage.USED, Action.APPROVE): _USED_UP,
        (Stage.USED, Action.EDIT): _USED_UP,
        (Stage.USED, Action.REFUSE): _USED_UP,
        (Stage.USED, Action.USE): _USED_UP,
        (Stage.EXPIRED, Action.APPROVE): _EXPIRED,
        (Stage.EXPIRED, Action.EDIT): _EXPIRED,
        (Stage.EXPIRED, Action.REFUSE): _EXPIRED,
        (Stage.EXPIRED, Action.USE): _EXPIRED,
    }
)


def stage_of(case: Case, now_ms: int) -> Stage:
    """Where the case stands at `now_ms`; the moment of expiry itself is too late, and so is one before it was opened."""
    match case.state:
        case CaseState.OPEN:
            return Stage.OPEN if case.is_live(now_ms) else Stage.EXPIRED
        case CaseState.APPROVED:
            return Stage.APPROVED if case.is_live(now_ms) else Stage.EXPIRED
        case CaseState.REFUSED:
            return Stage.REFUSED
        case CaseState.USED:
            return Stage.USED


def next_stage(stage: Stage, action: Action) -> Stage:
    """The stage that `action` leads to.

    Raises:
        PeopleError: the table bars it; `people/already-decided`, `people/already-used`, `people/expired`, `people/not-approved`.
    """
    reached = TABLE[stage, action]
    if isinstance(reached, Barred):
        raise PeopleError(reached.code, reached.message, help=reached.help)
    return reached
