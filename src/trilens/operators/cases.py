"""Cases at the operator's routes: looked at, and decided."""

from dataclasses import dataclass

import orjson

from trilens.errors import PeopleError, WireError
from trilens.operators.body import field_of, no_others
from trilens.operators.door import Answer, Body, Call
from trilens.people.approvals.decide import require_named
from trilens.people.approvals.desk import Desk
from trilens.people.approvals.document import case_document
from trilens.people.approvals.edit import Edit, read_edit
from trilens.people.workflow import Action

_ACTIONS = {action.value: action for action in (Action.APPROVE, Action.EDIT, Action.REFUSE)}


@dataclass(frozen=True, slots=True)
class CaseDeeds:
    desk: Desk

    def list(self, call: Call) -> Answer:
        found = self.desk.shelf.cases(everything=call.wants_all)
        return {"v": 1, "cases": [case_document(opened) for opened in found if call.by.name in opened.case.by]}

    def show(self, call: Call) -> Answer:
        opened = self.desk.shelf.case(call.item)
        require_named(opened.case, call.by)
        return case_document(opened)

    def decide(self, call: Call) -> Answer:
        no_others(call.body, "action", "edit", "dry_run")
        word = field_of(call.body, "action", str)
        action = _ACTIONS.get(word)
        if action is None:
            raise WireError("wire/operator-body", "`action` must be `approve`, `edit` or `refuse`", status=422)
        edit = _edit(call.body, action)
        if call.is_dry_run:
            stage = self.desk.rehearse(call.item, action, by=call.by, edit=edit)
            return {"v": 1, "case": call.item, "stage": stage.value, "by": call.by.name, "entry": None}
        decided = self.desk.decide(call.item, action, by=call.by, edit=edit)
        return {
            "v": 1,
            "case": call.item,
            "stage": decided.stage.value,
            "by": call.by.name,
            "entry": decided.index,
        }


def _edit(body: Body, action: Action) -> Edit | None:
    if (action is Action.EDIT) != ("edit" in body):
        raise PeopleError("people/edit-form", "`edit` is given exactly when the action is `edit`")
    return read_edit(orjson.dumps(body["edit"])) if "edit" in body else None
