"""Changes of the manifest at the operator's routes: asked for, listed, and decided by another owner."""

from collections.abc import Iterable
from dataclasses import dataclass

from trilens.declare.change import Change
from trilens.errors import WireError
from trilens.operators.body import field_of, no_others
from trilens.operators.door import Answer, Call
from trilens.people.changes.desk import ChangeDesk
from trilens.people.workflow import Action
from trilens.vocabulary.canonical import Json
from trilens.vocabulary.written import write_moment

_ACTIONS = {action.value: action for action in (Action.APPROVE, Action.REFUSE)}


@dataclass(frozen=True, slots=True)
class ChangeDeeds:
    desk: ChangeDesk

    def list(self, call: Call) -> Answer:
        shown = [
            {
                "id": waiting.case.id,
                "by": list(waiting.case.by),
                "expires": write_moment(waiting.case.expires_ms),
                "changes": changes_document(waiting.changes),
            }
            for waiting in self.desk.waiting()
            if call.wants_all or call.by.name in waiting.case.by
        ]
        return {"v": 1, "changes": shown}

    def ask(self, call: Call) -> Answer:
        no_others(call.body, "dry_run")
        asked = self.desk.ask(call.by, is_dry_run=call.is_dry_run)
        return {
            "v": 1,
            "before": asked.before,
            "after": asked.after,
            "changes": changes_document(asked.changes),
            "entry": asked.index,
            "case": asked.case.id if asked.case else None,
            "by": list(asked.case.by) if asked.case else [],
        }

    def decide(self, call: Call) -> Answer:
        no_others(call.body, "action", "dry_run")
        action = _ACTIONS.get(field_of(call.body, "action", str))
        if action is None:
            raise WireError("wire/operator-body", "`action` must be `approve` or `refuse`", status=422)
        decided = self.desk.decide(call.item, action, by=call.by, is_dry_run=call.is_dry_run)
        return {"v": 1, "case": call.item, "stage": decided.stage.value, "by": call.by.name, "entry": decided.index}


def changes_document(changes: Iterable[Change]) -> list[Json]:
    return [{"path": c.path, "before": c.before, "after": c.after, "loosens": c.loosens} for c in changes]
