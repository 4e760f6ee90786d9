"""Stops at the operator's routes: set, lifted, listed; what is under way hears of it at once."""

from dataclasses import dataclass

from trilens.gateways.halting import Halts
from trilens.operators.body import field_of, no_others
from trilens.operators.door import Answer, Call
from trilens.people.stops.desk import Done, StopDesk, stopped_of
from trilens.storage.ports import Stopped
from trilens.vocabulary.written import write_moment


@dataclass(frozen=True, slots=True)
class StopDeeds:
    desk: StopDesk
    halts: Halts

    def list(self, _: Call) -> Answer:
        shown = [
            {
                "scope": found.stop.what.scope.value,
                "subject": found.stop.what.subject,
                "by": found.stop.by,
                "at": write_moment(found.stop.at_ms),
                "reason": found.reason,
            }
            for found in self.desk.stops()
        ]
        return {"v": 1, "stops": shown}

    def stop(self, call: Call) -> Answer:
        what, reason = _order(call)
        if call.is_dry_run:
            self.desk.require_stop(what, reason, by=call.by)
            return _done(call, None)
        done = self.desk.stop(what, reason, by=call.by)
        call.loop.call_soon_threadsafe(self.halts.stop, what)
        return _done(call, done)

    def resume(self, call: Call) -> Answer:
        what, reason = _order(call)
        if call.is_dry_run:
            self.desk.require_resume(what, reason, by=call.by)
            return _done(call, None)
        done = self.desk.resume(what, reason, by=call.by)
        call.loop.call_soon_threadsafe(self.halts.resume, what)
        return _done(call, done)


def _order(call: Call) -> tuple[Stopped, str]:
    no_others(call.body, "scope", "subject", "reason", "dry_run")
    what = stopped_of(field_of(call.body, "scope", str), field_of(call.body, "subject", str, default=""))
    return what, field_of(call.body, "reason", str, default="")


def _done(call: Call, done: Done | None) -> Answer:
    return {
        "v": 1,
        "by": call.by.name,
        "entry": done.index if done else None,
        "was_seen": done.was_seen if done else True,
    }
