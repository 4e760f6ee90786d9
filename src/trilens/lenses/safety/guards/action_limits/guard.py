"""S6: a call within all limits of its tool reserves what it takes; any other is denied, with what is left."""

from decimal import Decimal

from trilens.lenses.lens import NOT_APPLICABLE, Answer, Context, allow, deny
from trilens.mechanisms.budget.accounts import Claim, all_claims_of, reservations_of
from trilens.vocabulary.amount import MICRO, Amount
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import ValueClass
from trilens.vocabulary.system import LimitPer
from trilens.vocabulary.verdict import Finding

_LENGTHS = (("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000), ("second", 1_000))


def judge(event: Event, context: Context) -> Answer:
    """Compare every claim of the call with what its account still holds."""
    if event.component not in context.system.tools:
        return deny(Finding("action_limits/unknown_tool", "an undeclared tool has no limits to stay within"))
    claims = all_claims_of(event, context.system, context.mac, context.now_ms)
    if not claims:
        return NOT_APPLICABLE
    over = [claim for claim in claims if not claim.fits(context.spent)]
    if over:
        return deny(*(_finding(claim, event, context) for claim in over))
    return allow(reserve=reservations_of(claims))


def _finding(claim: Claim, event: Event, context: Context) -> Finding:
    path = next((v.path for v in event.values if v.cls is ValueClass.AMOUNT), "")
    rule = f"tools.{event.component}.limits[{claim.index}]"
    if claim.defect:
        return Finding(
            "action_limits/unreadable_amount", f"the limit cannot be checked: {claim.defect}", path, rule=rule
        )
    if claim.limit.per is LimitPer.CALL:
        message = f"{_amount(claim, claim.amount)} is over the limit of {_amount(claim, claim.ceiling)} for one call"
        return Finding("action_limits/over_call_limit", message, path, rule=rule)
    left = max(0, claim.left(context.spent))
    whole = f"{_amount(claim, claim.ceiling)} per {_holder(claim)}{_window(claim.limit.window_ms)}"
    message = f"{_amount(claim, claim.amount)} is over what is left of {whole}: {_amount(claim, left)}"
    return Finding("action_limits/over_total_limit", message, path, rule=rule)


def _amount(claim: Claim, micros: int) -> str:
    amount = Amount(Decimal(micros) / MICRO, claim.limit.max.unit)
    if amount.unit:
        return str(amount)
    return f"{amount} call" if amount.number == 1 else f"{amount} calls"


def _holder(claim: Claim) -> str:
    return claim.limit.role if claim.limit.per is LimitPer.PERSON else claim.limit.per.value


def _window(window_ms: int) -> str:
    if not window_ms:
        return ""
    for name, length in _LENGTHS:
        count, rest = divmod(window_ms, length)
        if not rest:
            return f" in {count} {name}{'' if count == 1 else 's'}"
    return f" in {window_ms} milliseconds"
