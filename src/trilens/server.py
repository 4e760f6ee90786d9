"""The ASGI app: the gateways as raw callables beside FastAPI, which answers everything that is not on the hot path.

Nothing is served without a key, but for the two questions whether it lives and whether it is ready.
"""

import asyncio
import gc
import logging
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from trilens.enforce.drive import AsyncDriver
from trilens.enforce.policy import SealedPolicy
from trilens.errors import TrilensError, WireError
from trilens.gateways.asgi import Reply, refused, send_reply
from trilens.gateways.credentials import Credentials
from trilens.gateways.front import Front
from trilens.gateways.gateway import Gateway, asserting_headers
from trilens.gateways.halting import Halts, closing
from trilens.gateways.headers import read_head
from trilens.gateways.http11 import BoundedProtocol
from trilens.gateways.openai.routes import ChatCompletions
from trilens.gateways.refusal import Refusal, of_error
from trilens.gateways.upstream import AiohttpUpstream
from trilens.operators import routes as operators
from trilens.operators.problem import problem
from trilens.people.changes.desk import ChangeDesk, Proposal
from trilens.settings import served_from
from trilens.vocabulary.canonical import Json

_log = logging.getLogger("trilens.server")
_CHAT = (b"/v1/chat/completions", b"/chat/completions")
_OPERATOR = b"/operator/"
_ALIVE = b"/healthz"
_MOST_CONNECTIONS = 2048
"""Beyond it connections are refused with 503: each may hold a body of 10 MB."""
_SPARE_FILES = 64
"""Of the process: the ledger, the key ring, the listener, the event loop."""
_IDLE_S = 75
FINISH_S = 20.0
"""From the signal to the open end of the streams that still run."""
_GRACE_S = 30
"""From the signal to the end of everything: what is left is cut off."""
_COLLECT_AFTER = (20_000, 50, 100)
"""Objects made beyond those freed until the youngest are looked through, and how many such looks make one at the older, and the oldest."""
_CLOSE = (b"connection", b"close")
_BUG = Refusal(500, "server_error", "internal", "Trilens could not handle the request; nothing more was done")


class Parts(operators.Parts, Protocol):
    """What the server needs of the composition root."""

    @property
    def driver(self) -> AsyncDriver: ...
    @property
    def environment(self) -> Mapping[str, str]: ...


class Renewed(Protocol):
    """The same installation under the manifest that is on disk now, reviewed and not in force."""

    @property
    def parts(self) -> Parts: ...
    @property
    def policy(self) -> SealedPolicy: ...
    @property
    def body(self) -> Mapping[str, Json]:
        """What the entry of the manifest says besides its digest."""
        ...


@dataclass(frozen=True, slots=True)
class Renewal:
    """How a running server comes by another manifest."""

    reread: Callable[[], Renewed]
    """Raises: ManifestError, with the errors that `trilens check` shows."""
    adopted: Callable[[Parts], None]
    """Told what is in force from now on; cannot fail."""


@dataclass(frozen=True, slots=True)
class _Service:
    """Everything that answers under one manifest. A request ends under the one it began with."""

    parts: Parts
    front: Front
    chat: ASGIApp
    rest: ASGIApp


class Server:
    """Routes by the raw path, so that no other spelling of it reaches a gateway past a proxy's rules."""

    def __init__(self, plane: Parts, renewal: Renewal | None = None) -> None:
        self._halts = Halts()
        self._upstream: AiohttpUpstream | None = None
        self._renewal = renewal
        self._is_draining = False
        self._changes = self._change_desk(plane, renewal) if renewal else None
        self._service = self._under(plane)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await _guarded(self._serve, scope, receive, send)
            case "lifespan":
                await self._live(receive, send)
            case _:
                raise AssertionError("the server speaks HTTP only")

    def reload(self) -> None:
        """Bring the manifest on disk into force if it only tightens; what stands against it is logged. Blocks; of any thread."""
        log = structlog.get_logger()
        if self._changes is None:
            return
        try:
            asked = self._changes.ask(None)
        except TrilensError as error:
            log.warning("manifest_refused", code=error.code, reason=error.message)
            return
        log.info("manifest_reloaded", before=asked.before, after=asked.after, changes=len(asked.changes))

    def drain(self, finish_s: float) -> None:
        """Take nothing new; what is under way may finish within `finish_s`, and streams are then ended openly. In the server's loop."""
        self._is_draining = True
        asyncio.get_running_loop().call_later(finish_s, self._halts.close)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, service = scope["raw_path"], self._service
        try:
            service.front.admit(scope)
        except WireError as error:
            await _turned_away(error, path)(scope, receive, send)
            return
        if self._is_draining and path != _ALIVE:
            await _closing(path)(scope, receive, send)
        elif path in _CHAT:
            await service.chat(scope, receive, send)
        elif b"%" in path:
            # the other routes are found by the decoded path: no second spelling of one is an address
            await _response(_nothing_here(scope["method"], 404))(scope, receive, send)
        else:
            await service.rest(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            match (await receive())["type"]:
                case "lifespan.startup":
                    self._start()
                    await send({"type": "lifespan.startup.complete"})
                case _:
                    if self._upstream is not None:
                        await self._upstream.close()
                    await send({"type": "lifespan.shutdown.complete"})
                    return

    def _start(self) -> None:
        self._upstream = AiohttpUpstream()
        for stop in self._service.parts.journal.stops():
            self._halts.stop(stop.what)
        self._service = self._under(self._service.parts)

    def _under(self, plane: Parts) -> _Service:
        """What answers under the manifest of `plane`; requests to models only once the server has started."""
        system = plane.bench.system
        credentials = Credentials(plane.keystore, system, now_s=time.monotonic)
        routes = operators.operator_routes(plane, halts=self._halts, changes=self._changes)
        rest = _rest_of(plane, credentials, routes)
        front = Front(served_from(plane.environment), asserting_headers(system))
        if self._upstream is None:
            return _Service(plane, front, rest, rest)
        chat = ChatCompletions(
            Gateway(
                system=system,
                mac=plane.bench.mac,
                driver=plane.driver,
                credentials=credentials,
                upstream=self._upstream,
                environment=plane.environment,
                roles=asserting_headers(system),
                halts=self._halts,
            )
        )
        return _Service(plane, front, chat, rest)

    def _change_desk(self, plane: Parts, renewal: Renewal) -> ChangeDesk:
        return ChangeDesk(
            in_force=lambda: self._service.parts.bench.system,
            propose=lambda: self._proposal(renewal),
            journal=plane.journal,
            keyring=plane.keyring,
            clock=plane.clock,
            new_id=plane.bench.new_id,
        )

    def _proposal(self, renewal: Renewal) -> Proposal:
        renewed = renewal.reread()
        service = self._under(renewed.parts)

        def adopt() -> None:
            self._service = service
            renewal.adopted(renewed.parts)

        return Proposal(renewed.parts.bench.system, renewed.body, renewed.policy.sealed, renewed.policy.ref, adopt)


class DrainingServer(uvicorn.Server):
    """Serves until a signal says to stop; requests under way may finish, and streams that do not are ended openly."""

    def __init__(self, config: uvicorn.Config, *, finish_s: float = FINISH_S) -> None:
        super().__init__(config)
        self._finish_s = finish_s

    @property
    def app(self) -> Server:
        app = self.config.app
        if not isinstance(app, Server):
            raise TypeError("the app is not one of `build_app`")
        return app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.app.drain(self._finish_s)
        await super().shutdown(sockets)


def build_app(plane: Parts, renewal: Renewal | None = None) -> Server:
    """The server of one installation; serve it by one event loop, with lifespan events."""
    return Server(plane, renewal)


async def _guarded(handler: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a bug in the protocol's shape; the log says where it is, and nothing of what the request held."""
    try:
        await handler(scope, receive, send)
    except Exception as error:  # noqa: BLE001 - the last boundary: the text of an unknown error may hold anything, and goes nowhere
        where = "".join(traceback.format_tb(error.__traceback__))
        _log.error("unhandled %s\n%s", type(error).__name__, where)
        try:
            await send_reply(send, refused(_BUG))
        except RuntimeError:
            # the answer had begun: the connection is closed, so that nobody takes it for whole
            raise BrokenAnswerError from None


class BrokenAnswerError(Exception):
    """An answer ended by a bug after it had begun."""


def _rest_of(plane: Parts, credentials: Credentials, routes: APIRouter) -> FastAPI:
    """Everything off the hot path."""
    app = FastAPI(title="Trilens", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.include_router(routes)
    system = plane.bench.system
    roles = asserting_headers(system)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz")
    async def readyz() -> dict[str, str]:
        await plane.driver.ready()
        return {"status": "ready"}

    @app.get("/v1/models")
    @app.get("/models")
    async def models(request: Request) -> dict[str, object]:
        principal = credentials.principal(read_head(request.scope["headers"], roles))
        agent = system.agents.get(principal.agent)
        model = system.models.get(agent.model) if agent else None
        listed = [{"id": model.name, "object": "model", "created": 0, "owned_by": model.processor}] if model else []
        return {"object": "list", "data": listed}

    @app.exception_handler(TrilensError)
    async def of_trilens(_: Request, error: TrilensError) -> Response:
        return _response(refused(of_error(error)))

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> Response:
        return _response(_nothing_here(request.method, error.status_code), error.headers or {})

    return app


def _nothing_here(method: str, status: int) -> Reply:
    code = {404: "not_found", 405: "method_not_allowed"}.get(status, "http_error")
    return refused(Refusal(status, "invalid_request_error", code, f"nothing answers `{method}` here"))


def _closing(path: bytes) -> Response:
    error = closing()
    response = problem(error) if path.startswith(_OPERATOR) else _response(refused(of_error(error)))
    response.raw_headers.append(_CLOSE)
    return response


def _turned_away(error: WireError, path: bytes) -> Response:
    """In the shape of the route it was for; the connection ends where the framing of what follows is in doubt."""
    response = problem(error) if path.startswith(_OPERATOR) else _response(refused(of_error(error)))
    if error.status == 400:
        response.raw_headers.append(_CLOSE)
    return response


def _response(reply: Reply, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    response = Response(reply.body, reply.status, headers)
    response.raw_headers.extend(reply.headers)
    return response


def server_config(
    plane: Parts, *, host: str = "127.0.0.1", port: int = 8080, renewal: Renewal | None = None
) -> uvicorn.Config:
    """How the app is served: one process, one event loop, HTTP/1.1."""
    return uvicorn.Config(
        build_app(plane, renewal),
        host=host,
        port=port,
        http=BoundedProtocol,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        lifespan="on",
        ws="none",
        interface="asgi3",
        # who is behind a proxy is nothing we decide by, and its headers can be sent by anybody
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        backlog=2048,
        limit_concurrency=_most_connections(),
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=_GRACE_S,
    )


def _most_connections() -> int:
    """As many as files may be open for: each connection may need another to a model."""
    if sys.platform == "win32":
        return _MOST_CONNECTIONS
    import resource  # noqa: PLC0415 - not on Windows

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return max(1, min(_MOST_CONNECTIONS, (files - _SPARE_FILES) // 2))


def settle_memory() -> None:
    """Let the collector of this process look at what requests leave behind, more rarely, and not at all that was loaded before.

    A request makes some hundred objects that die with it; the default looks through a good part of them at every second request, and it
    was a sixth of the processor time of a small one (bench/gateway.py).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


def serve(plane: Parts, *, host: str = "127.0.0.1", port: int = 8080) -> None:
    """Serve until a signal says to stop; requests under way may finish within `FINISH_S`."""
    settle_memory()
    DrainingServer(server_config(plane, host=host, port=port)).run()
