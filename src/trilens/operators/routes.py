"""The operator's routes: look at cases, decide them, give and take keys of agents.

    GET  /operator/cases[?all=true]          cases this operator may decide, newest first
    GET  /operator/cases/{id}
    POST /operator/cases/{id}/decide         {"action": "approve" | "edit" | "refuse", "edit": {…}}
    POST /operator/keys                      {"agent": "…", "may_assert": false}: the key, this once
    POST /operator/keys/{id}/revoke          {}

Every body may say `"dry_run": true`. An operator's key as Bearer, for every route; an agent's key opens none. Keys are given and taken by the
owner of the security lens alone. Operators' own keys are made where the state folder is, with no server running, so that one operator cannot
make themselves another. Errors are RFC 9457 problems.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import orjson
from fastapi import APIRouter, Request, Response

from trilens.enforce.pipeline import Bench
from trilens.errors import PeopleError, TrilensError, WireError
from trilens.operators.body import field_of, no_others, read_body
from trilens.operators.problem import problem
from trilens.people.access import KeyDesk, require_active, require_agent, require_keeper
from trilens.people.approvals.decide import require_named
from trilens.people.approvals.desk import Desk
from trilens.people.approvals.document import case_document
from trilens.people.approvals.edit import Edit, read_edit
from trilens.people.approvals.shelf import Shelf
from trilens.people.operators import Operator, operator_of
from trilens.people.workflow import Action
from trilens.storage.ports import Journal, KeyRing, KeyStore
from trilens.vocabulary.canonical import Json

Body: TypeAlias = Mapping[str, object]
Answer: TypeAlias = dict[str, Json]

_ACTIONS = {action.value: action for action in (Action.APPROVE, Action.EDIT, Action.REFUSE)}


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


def operator_routes(plane: Parts) -> APIRouter:
    """The routes, ready to be included in the server's application."""
    window = _Window(plane)
    router = APIRouter(prefix="/operator", tags=["operator"])
    router.add_api_route("/cases", window.looks(_Window.cases), methods=["GET"])
    router.add_api_route("/cases/{item}", window.looks(_Window.case), methods=["GET"])
    router.add_api_route("/cases/{item}/decide", window.acts(_Window.decide), methods=["POST"])
    router.add_api_route("/keys", window.acts(_Window.give_key), methods=["POST"])
    router.add_api_route("/keys/{item}/revoke", window.acts(_Window.revoke_key), methods=["POST"])
    return router


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a known operator."""

    by: Operator
    item: str
    """The id in the path; empty where there is none."""
    body: Body
    wants_all: bool = False

    @property
    def is_dry_run(self) -> bool:
        return field_of(self.body, "dry_run", bool, default=False)


Endpoint: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]
Deed: TypeAlias = "Callable[[_Window, Call], Answer]"


class _Window:
    """The window the operator stands at. Deeds block, and run in threads."""

    def __init__(self, plane: Parts) -> None:
        system = plane.bench.system
        self._keystore = plane.keystore
        self._desk = Desk(Shelf(plane.journal, plane.keyring, plane.clock, system.digest), system, plane.bench.mac)
        self._keys = KeyDesk(system, plane.journal, plane.keystore, plane.clock, os.urandom)

    def looks(self, deed: Deed) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            return await self._answer(request, deed, {})

        return endpoint

    def acts(self, deed: Deed) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            return await self._answer(request, deed, None)

        return endpoint

    async def _answer(self, request: Request, deed: Deed, body: Body | None) -> Response:
        """Who asks comes first: nothing of a body is read for a stranger."""
        try:
            by = await asyncio.to_thread(operator_of, _bearer(request), self._keystore)
            given = await read_body(request) if body is None else body
            call = Call(by, request.path_params.get("item", ""), given, request.query_params.get("all") == "true")
            answer = await asyncio.to_thread(deed, self, call)
        except TrilensError as error:
            return problem(error)
        return Response(orjson.dumps(answer), media_type="application/json", headers={"Cache-Control": "no-store"})

    def cases(self, call: Call) -> Answer:
        found = self._desk.shelf.cases(everything=call.wants_all)
        return {"v": 1, "cases": [case_document(opened) for opened in found if call.by.name in opened.case.by]}

    def case(self, call: Call) -> Answer:
        opened = self._desk.shelf.case(call.item)
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
            stage = self._desk.rehearse(call.item, action, by=call.by, edit=edit)
            return {"v": 1, "case": call.item, "stage": stage.value, "by": call.by.name, "entry": None}
        decided = self._desk.decide(call.item, action, by=call.by, edit=edit)
        return {
            "v": 1,
            "case": call.item,
            "stage": decided.stage.value,
            "by": call.by.name,
            "entry": decided.index,
        }

    def give_key(self, call: Call) -> Answer:
        no_others(call.body, "agent", "may_assert", "dry_run")
        agent = field_of(call.body, "agent", str)
        may_assert = field_of(call.body, "may_assert", bool, default=False)
        if call.is_dry_run:
            require_keeper(self._keys.system, call.by.name)
            require_agent(self._keys.system, agent)
            return {"v": 1, "id": None, "key": None}
        made = self._keys.give_to_agent(agent, may_assert=may_assert, by=call.by.name)
        return {"v": 1, "id": made.record.id, "key": made.text}

    def revoke_key(self, call: Call) -> Answer:
        no_others(call.body, "dry_run")
        if call.is_dry_run:
            require_keeper(self._keys.system, call.by.name)
            require_active(self._keystore, call.item)
        else:
            self._keys.take_back(call.item, by=call.by.name)
        return {"v": 1, "id": call.item}


def _bearer(request: Request) -> str:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def _edit(body: Body, action: Action) -> Edit | None:
    if (action is Action.EDIT) != ("edit" in body):
        raise PeopleError("people/edit-form", "`edit` is given exactly when the action is `edit`")
    return read_edit(orjson.dumps(body["edit"])) if "edit" in body else None
