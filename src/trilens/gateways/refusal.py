"""Why a request does not go through, in words a person can act on and no protocol's form."""

from collections.abc import Sequence
from dataclasses import dataclass

from trilens.enforce.plan import Plan
from trilens.enforce.words import what_of, why_of
from trilens.errors import StoreError, TrilensError, WireError
from trilens.gateways.admission import RETRY_AFTER_S, OverloadedError
from trilens.gateways.halting import HaltedError
from trilens.storage.ports import Case
from trilens.vocabulary.outcome import Outcome
from trilens.vocabulary.system import System


@dataclass(frozen=True, slots=True)
class Refusal:
    """A no, or a not yet."""

    status: int
    kind: str
    """`policy_violation`, `approval_required`, or whose fault it is: `invalid_request_error`, `upstream_error`, `server_error`."""
    code: str
    message: str
    help: str = ""
    decision: str = ""
    case: str = ""
    may_retry: bool = True
    """False tells clients that repeat by themselves that it is of no use."""
    retry_after_s: int = 0
    """When to ask again; 0 to say nothing about it."""


def of_error(error: TrilensError) -> Refusal:
    """What a client is told of an error; nothing was recorded, reserved or released unless its message says so."""
    code = error.code.partition("/")[2].replace("-", "_")
    match error:
        case OverloadedError():
            return Refusal(error.status, "server_error", code, error.message, error.help, retry_after_s=RETRY_AFTER_S)
        case HaltedError(status=403):
            return Refusal(403, "policy_violation", code, error.message, error.help)
        case HaltedError():
            return Refusal(error.status, "server_error", code, error.message, error.help, retry_after_s=RETRY_AFTER_S)
        case WireError():
            is_upstream = error.code.startswith("upstream/")
            kind = "upstream_error" if is_upstream else "invalid_request_error"
            return Refusal(error.status, kind, code, error.message, error.help, may_retry=error.status != 503)
        case StoreError():
            message = f"nothing was done, since it could not be recorded: {error.message}"
            return Refusal(503, "server_error", f"store_{code}", message, error.help, may_retry=False)
        case _:
            return Refusal(500, "server_error", code, "Trilens could not handle the request; nothing was done")


def of_plan(plan: Plan, system: System) -> Refusal:
    """What a client is told of an exchange that is held or denied."""
    worst = max(plan.rulings, key=lambda ruling: ruling.decision.outcome)
    what, why = what_of(worst.event, system), why_of(worst)
    if plan.outcome is Outcome.HOLD:
        by = plan.draft.opens.by if plan.draft.opens else ()
        return _waits(f"{what} needs a person's approval ({why})", plan.case, by, decision=worst.decision.id)
    return Refusal(
        403,
        "policy_violation",
        worst.decision.findings[0].code.partition("/")[2] if worst.decision.findings else "denied",
        f"{what} was refused by Trilens ({why})",
        help=f"`trilens explain {worst.decision.id}` shows the decision",
        decision=worst.decision.id,
    )


def of_open_case(case: Case) -> Refusal:
    """The same request again, while nobody has decided."""
    return _waits("this request still needs a person's approval", case.id, case.by)


def of_refused_case(case: Case) -> Refusal:
    """The same request again, after a person refused it."""
    return Refusal(
        403,
        "policy_violation",
        "approval_refused",
        "this request was refused by a person",
        help=f"`trilens approvals show {case.id}` shows by whom",
        case=case.id,
    )


def _waits(message: str, case: str, by: Sequence[str], *, decision: str = "") -> Refusal:
    who = f" by {' or '.join(by)}" if by else ""
    return Refusal(
        403,
        "approval_required",
        "approval_required",
        message,
        help=f"`trilens approvals show {case}`; decided{who}, the same request gets its answer",
        decision=decision,
        case=case,
    )
