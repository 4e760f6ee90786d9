"""Keys of agents at the operator's routes: given, and taken back."""

from dataclasses import dataclass

from trilens.operators.body import field_of, no_others
from trilens.operators.door import Answer, Call
from trilens.people.access import KeyDesk, require_active, require_agent, require_keeper


@dataclass(frozen=True, slots=True)
class KeyDeeds:
    desk: KeyDesk

    def give(self, call: Call) -> Answer:
        no_others(call.body, "agent", "may_assert", "dry_run")
        agent = field_of(call.body, "agent", str)
        may_assert = field_of(call.body, "may_assert", bool, default=False)
        if call.is_dry_run:
            require_keeper(self.desk.system, call.by.name)
            require_agent(self.desk.system, agent)
            return {"v": 1, "id": None, "key": None}
        made = self.desk.give_to_agent(agent, may_assert=may_assert, by=call.by.name)
        return {"v": 1, "id": made.record.id, "key": made.text}

    def revoke(self, call: Call) -> Answer:
        no_others(call.body, "dry_run")
        if call.is_dry_run:
            require_keeper(self.desk.system, call.by.name)
            require_active(self.desk.keystore, call.item)
        else:
            self.desk.take_back(call.item, by=call.by.name)
        return {"v": 1, "id": call.item}
