"""A person's decision on a case: pure, and written down in one batch with the move it makes."""

from trilens.errors import PeopleError
from trilens.people.approvals.edit import Weighed
from trilens.people.operators import Operator
from trilens.people.workflow import Action, Stage, next_stage, stage_of
from trilens.prove.ledger import entry
from trilens.storage.ports import Batch, Case, CaseMove, CaseState, Sealed

RETENTION = "conversation"
"""An edit is kept as long as the card it changes."""

_STATES = {Stage.APPROVED: CaseState.APPROVED, Stage.REFUSED: CaseState.REFUSED}


def decide(
    case: Case, action: Action, *, by: Operator, now_ms: int, edit: Sealed | None = None, weighed: Weighed | None = None
) -> CaseMove:
    """The move that a decision makes.

    Args:
        edit: with `Action.EDIT` and only then: the sealed edit, and in `weighed` what it does to the intents.

    Raises:
        PeopleError: `people/not-yours`, or what the table of `people/workflow.py` bars.
    """
    if action is Action.USE or (action is Action.EDIT) != (edit is not None and weighed is not None):
        raise AssertionError("a person approves, refuses, or edits with an edit")
    require_named(case, by)
    reached = next_stage(stage_of(case, now_ms), action)
    return CaseMove(
        case=case.id,
        before=CaseState.OPEN,
        after=_STATES[reached],
        by=by.name,
        at_ms=now_ms,
        edit=edit.commitment if edit else "",
        adds_intents=weighed.adds if weighed else (),
        drops_intents=weighed.drops if weighed else (),
    )


def require_named(case: Case, by: Operator) -> None:
    """Raises: PeopleError `people/not-yours` when the operator may not decide this case."""
    if by.name not in case.by:
        named = ", ".join(f"`{name}`" for name in case.by)
        raise PeopleError(
            "people/not-yours", f"`{by.name}` may not decide this case", help=f"those who may: {named}" if named else ""
        )


def write_decision(case: Case, move: CaseMove, *, action: Action, by: Operator, edit: Sealed | None = None) -> Batch:
    """The batch of a decision: its entry, the sealed edit, and the move, in one commit."""
    refs = (entry.PayloadRef(edit.commitment, edit.ring, RETENTION),) if edit else ()
    body = {
        "case": case.id,
        "action": action.value,
        "by": by.name,
        "key": by.key,
        "open_ms": move.at_ms - case.opened_ms,
        "edited": edit is not None,
    }
    return Batch(
        leaves=(entry.encode(entry.Kind.CASE_DECIDED, move.at_ms, body, payload=refs),),
        payloads=(edit,) if edit else (),
        moved=(move,),
    )
