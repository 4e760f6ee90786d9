"""How a stopped action reaches Python code that called it: as an exception that carries the ruling, since there is no answer to return."""

from trilens.enforce.drive import Ruled
from trilens.vocabulary.outcome import Outcome
from trilens.vocabulary.verdict import Finding


class ActionStopped(Exception):  # noqa: N818 - it is not an error of anybody's: it is a decision
    """The action did not happen. `ruled` says who stopped it and why."""

    def __init__(self, ruled: Ruled) -> None:
        self.ruled = ruled
        super().__init__("; ".join(f.message for f in self.findings) or "stopped")

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Of the verdicts that stopped it."""
        rulings = self.ruled.plan.rulings
        return tuple(f for r in rulings for v in r.decision.verdicts if v.outcome > Outcome.ALLOW for f in v.findings)

    @property
    def decision_id(self) -> str:
        """The decision that stopped it; `trilens explain` tells it."""
        rulings = self.ruled.plan.rulings
        stopped = [r.decision for r in rulings if r.leaves is None]
        changed = [r.decision for r in rulings if r.leaves is not r.event]
        return next((d.id for d in (*stopped, *changed)), "")


class ActionDenied(ActionStopped):
    """Refused, or changed in a way that cannot be put into its arguments. The same action will be stopped again under the same policy."""


class ActionHeld(ActionStopped):
    """Waits for a person. Once they approve, the same action goes through, once."""

    @property
    def case(self) -> str:
        """The approval it waits for; `trilens approvals show CASE` has it in full view."""
        return self.ruled.plan.case


def stopped(ruled: Ruled) -> ActionStopped:
    """The exception for a judgement that let something not happen."""
    return ActionHeld(ruled) if ruled.plan.outcome is Outcome.HOLD else ActionDenied(ruled)
