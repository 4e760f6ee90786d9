"""The ASGI app: the gateways as raw callables beside FastAPI, which answers everything that is not on the hot path.

Nothing is served without a key, but for the two questions whether it lives and whether it is ready.
"""

import gc
import logging
import sys
import time
import traceback
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from trilens.enforce.drive import AsyncDriver
from trilens.errors import TrilensError, WireError
from trilens.gateways.asgi import Reply, refused, send_reply
from trilens.gateways.credentials import Credentials
from trilens.gateways.front import Front
from trilens.gateways.gateway import Gateway, asserting_headers
from trilens.gateways.headers import read_head
from trilens.gateways.http11 import BoundedProtocol
from trilens.gateways.openai.routes import ChatCompletions
from trilens.gateways.refusal import Refusal, of_error
from trilens.gateways.upstream import AiohttpUpstream
from trilens.operators import routes as operators
from trilens.operators.problem import problem
from trilens.settings import served_from

_log = logging.getLogger("trilens.server")
_CHAT = (b"/v1/chat/completions", b"/chat/completions")
_OPERATOR = b"/operator/"
_MOST_CONNECTIONS = 2048
"""Beyond it connections are refused with 503: each may hold a body of 10 MB."""
_SPARE_FILES = 64
"""Of the process: the ledger, the key ring, the listener, the event loop."""
_IDLE_S = 75
_GRACE_S = 30
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


class Server:
    """Routes by the raw path, so that no other spelling of it reaches a gateway past a proxy's rules."""

    def __init__(self, plane: Parts) -> None:
        self._plane = plane
        self._front = Front(served_from(plane.environment), asserting_headers(plane.bench.system))
        self._credentials = Credentials(plane.keystore, plane.bench.system, now_s=time.monotonic)
        self._rest = _rest_of(plane, self._credentials)
        self._upstream: AiohttpUpstream | None = None
        self._chat: ASGIApp = self._rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await _guarded(self._serve, scope, receive, send)
            case "lifespan":
                await self._live(receive, send)
            case _:
                raise AssertionError("the server speaks HTTP only")

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["raw_path"]
        try:
            self._front.admit(scope)
        except WireError as error:
            await _turned_away(error, path)(scope, receive, send)
            return
        if path in _CHAT:
            await self._chat(scope, receive, send)
        elif b"%" in path:
            # the other routes are found by the decoded path: no second spelling of one is an address
            await _response(_nothing_here(scope["method"], 404))(scope, receive, send)
        else:
            await self._rest(scope, receive, send)

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
        plane = self._plane
        self._upstream = AiohttpUpstream()
        self._chat = ChatCompletions(
            Gateway(
                system=plane.bench.system,
                mac=plane.bench.mac,
                driver=plane.driver,
                credentials=self._credentials,
                upstream=self._upstream,
                environment=plane.environment,
                roles=asserting_headers(plane.bench.system),
            )
        )


def build_app(plane: Parts) -> ASGIApp:
    """The server of one installation; serve it by one event loop, with lifespan events."""
    return Server(plane)


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


def _rest_of(plane: Parts, credentials: Credentials) -> FastAPI:
    """Everything off the hot path."""
    app = FastAPI(title="Trilens", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.include_router(operators.operator_routes(plane))
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


def server_config(plane: Parts, *, host: str = "127.0.0.1", port: int = 8080) -> uvicorn.Config:
    """How the app is served: one process, one event loop, HTTP/1.1."""
    return uvicorn.Config(
        build_app(plane),
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
    """Serve until a signal says to stop; requests under way may finish within `_GRACE_S`."""
    settle_memory()
    uvicorn.Server(server_config(plane, host=host, port=port)).run()
