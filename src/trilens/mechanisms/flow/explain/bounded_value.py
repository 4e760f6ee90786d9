"""Rule 3, bounded value: a computed amount under its cap, once everything that says where the effect goes is explained.

What is computed has no origin to trace, so it is bounded instead.
"""

from decimal import Decimal

from trilens.mechanisms.flow.explain.claim import Claim, Explanation, Ground
from trilens.vocabulary.label import EVERYONE, Integrity, Label
from trilens.vocabulary.outcome import ValueClass
from trilens.vocabulary.system import LimitPer, Tool
from trilens.vocabulary.verdict import Origin

RULE = "bounded_value"

_DECLARED = Label(Integrity.USER, EVERYONE)


def explain(claim: Claim, ground: Ground) -> Explanation | None:
    tool, value = ground.tool, claim.value
    if tool is None or not ground.is_destined or claim.cls is not ValueClass.AMOUNT:
        return None
    cap = _cap(tool, claim.argument)
    if cap is None or isinstance(value, bool) or not isinstance(value, (int, Decimal)) or not 0 <= value <= cap:
        return None
    return Explanation(RULE, (Origin(f"the limit of {tool.id}", f"tools.{tool.id}.limits", _DECLARED),))


def _cap(tool: Tool, argument: str) -> Decimal | None:
    """The tightest limit on one call's amount in the argument's unit; where there is none, a limit over a window bounds one call too."""
    declared = tool.args.get(argument)
    if declared is None or not declared.unit:
        return None
    limits = [limit for limit in tool.limits if limit.max.unit == declared.unit]
    per_call = [limit for limit in limits if limit.per is LimitPer.CALL]
    return min((limit.max.number for limit in per_call or limits), default=None)
