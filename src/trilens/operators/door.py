"""The door of the operator's routes: who asks, then what of; nothing of a body is read for a stranger."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson
from fastapi import Request, Response

from trilens.errors import TrilensError
from trilens.operators.body import field_of, read_body
from trilens.operators.problem import problem
from trilens.people.operators import Operator, operator_of
from trilens.storage.ports import KeyStore
from trilens.vocabulary.canonical import Json

Body: TypeAlias = Mapping[str, object]
Answer: TypeAlias = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a known operator."""

    by: Operator
    item: str
    """The id in the path; empty where there is none."""
    body: Body
    loop: asyncio.AbstractEventLoop
    """The server's; deeds run in threads."""
    wants_all: bool = False

    @property
    def is_dry_run(self) -> bool:
        return field_of(self.body, "dry_run", bool, default=False)


Deed: TypeAlias = Callable[[Call], Answer]
Endpoint: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class Door:
    keystore: KeyStore

    def looks(self, deed: Deed) -> Endpoint:
        """An endpoint that reads no body."""

        async def endpoint(request: Request) -> Response:
            return await self._answer(request, deed, {})

        return endpoint

    def acts(self, deed: Deed) -> Endpoint:
        """An endpoint that takes a body. Deeds block, and run in threads."""

        async def endpoint(request: Request) -> Response:
            return await self._answer(request, deed, None)

        return endpoint

    async def _answer(self, request: Request, deed: Deed, body: Body | None) -> Response:
        try:
            by = await asyncio.to_thread(operator_of, _bearer(request), self.keystore)
            given = await read_body(request) if body is None else body
            wants_all = request.query_params.get("all") == "true"
            call = Call(by, request.path_params.get("item", ""), given, asyncio.get_running_loop(), wants_all)
            answer = await asyncio.to_thread(deed, call)
        except TrilensError as error:
            return problem(error)
        return Response(orjson.dumps(answer), media_type="application/json", headers={"Cache-Control": "no-store"})


def _bearer(request: Request) -> str:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""
