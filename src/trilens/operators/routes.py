"""The operator's routes: look at cases, decide them, give and take keys of agents, stop and resume, change the manifest.

    GET  /operator/cases[?all=true]          cases this operator may decide, newest first
    GET  /operator/cases/{id}
    POST /operator/cases/{id}/decide         {"action": "approve" | "edit" | "refuse", "edit": {…}}
    POST /operator/keys                      {"agent": "…", "may_assert": false}: the key, this once
    POST /operator/keys/{id}/revoke          {}
    GET  /operator/stops                     what is stopped, by whom and why
    POST /operator/stops                     {"scope": "session" | "agent" | "system", "subject": "…", "reason": "…"}
    POST /operator/stops/lift                the same: it goes on
    POST /operator/reload                    {}: bring the manifest on disk into force, or open the case that it takes
    GET  /operator/changes[?all=true]        changes this operator may decide
    POST /operator/changes/{id}/decide       {"action": "approve" | "refuse"}

Every body may say `"dry_run": true`. An operator's key as Bearer, for every route; an agent's key opens none. Keys are given and taken by the
owner of the security lens alone. Operators' own keys are made where the state folder is, with no server running, so that one operator cannot
make themselves another. Errors are RFC 9457 problems.
"""

import os
from collections.abc import Callable
from typing import Protocol

from fastapi import APIRouter

from trilens.enforce.pipeline import Bench
from trilens.gateways.halting import Halts
from trilens.operators.cases import CaseDeeds
from trilens.operators.changes import ChangeDeeds
from trilens.operators.door import Door
from trilens.operators.keys import KeyDeeds
from trilens.operators.stops import StopDeeds
from trilens.people.access import KeyDesk
from trilens.people.approvals.desk import Desk
from trilens.people.approvals.shelf import Shelf
from trilens.people.changes.desk import ChangeDesk
from trilens.people.stops.desk import StopDesk
from trilens.storage.ports import Journal, KeyRing, KeyStore


class Parts(Protocol):
    """What the routes need of the composition root."""

    @property
    def bench(self) -> Bench: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def keyring(self) -> KeyRing: ...
    @property
    def keystore(self) -> KeyStore: ...
    @property
    def clock(self) -> Callable[[], int]: ...


def operator_routes(plane: Parts, *, halts: Halts, changes: ChangeDesk | None) -> APIRouter:
    """The routes, ready to be included in the server's application; without `changes` the manifest in force is for ever."""
    system = plane.bench.system
    door = Door(plane.keystore)
    cases = CaseDeeds(Desk(Shelf(plane.journal, plane.keyring, plane.clock, system.digest), system, plane.bench.mac))
    keys = KeyDeeds(KeyDesk(system, plane.journal, plane.keystore, plane.clock, os.urandom))
    stops = StopDeeds(StopDesk(system, plane.journal, plane.keyring, plane.clock), halts)
    router = APIRouter(prefix="/operator", tags=["operator"])
    router.add_api_route("/cases", door.looks(cases.list), methods=["GET"])
    router.add_api_route("/cases/{item}", door.looks(cases.show), methods=["GET"])
    router.add_api_route("/cases/{item}/decide", door.acts(cases.decide), methods=["POST"])
    router.add_api_route("/keys", door.acts(keys.give), methods=["POST"])
    router.add_api_route("/keys/{item}/revoke", door.acts(keys.revoke), methods=["POST"])
    router.add_api_route("/stops", door.looks(stops.list), methods=["GET"])
    router.add_api_route("/stops", door.acts(stops.stop), methods=["POST"])
    router.add_api_route("/stops/lift", door.acts(stops.resume), methods=["POST"])
    if changes is not None:
        manifest = ChangeDeeds(changes)
        router.add_api_route("/reload", door.acts(manifest.ask), methods=["POST"])
        router.add_api_route("/changes", door.looks(manifest.list), methods=["GET"])
        router.add_api_route("/changes/{item}/decide", door.acts(manifest.decide), methods=["POST"])
    return router
