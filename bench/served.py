"""`python -m bench.served frame|whole UPSTREAM FOLDER`: the servers that `gateway` measures, each in a process of its own.

frame   what carries a request, and nothing that judges or records it: headers sorted, the body read and parsed strictly, the model asked,
        the answer parsed, and sent on
whole   `trilens serve` with the example shop: every guard, durable ledger
"""

import os
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from yarl import URL

from trilens.gateways.asgi import Reply, send_reply
from trilens.gateways.body import read_body
from trilens.gateways.headers import answer_headers, read_head
from trilens.gateways.http11 import BoundedProtocol
from trilens.gateways.openai.inbound import read_request
from trilens.gateways.openai.outbound import read_answer
from trilens.gateways.upstream import AiohttpUpstream, Target
from trilens.people.keys import make_key
from trilens.plane import Plane, open_plane
from trilens.server import server_config, settle_memory
from trilens.settings import Settings
from trilens.storage.sqlite.create import create

SHOP = Path(__file__).parent.parent / "examples" / "support"


@dataclass
class Frame:
    """The path of a request without the steps that judge."""

    target: Target
    upstream: AiohttpUpstream | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] == "lifespan.startup":
                self.upstream = AiohttpUpstream()
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        if self.upstream is None:
            raise AssertionError("asked before it was started")
        head = read_head(scope["headers"], {})
        inbound = read_request(await read_body(receive, head))
        async with await self.upstream.ask(self.target, head.onward, inbound.raw) as reply:
            said = read_answer(await reply.read())
        await send_reply(send, Reply(reply.status, tuple(answer_headers(reply.headers)), said.raw))


def main(kind: str, upstream: str, folder: str) -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    if kind == "frame":
        url = URL(f"{upstream}/v1/chat/completions")
        config = _config(Frame(Target(url, "Bearer sk-bench")))
        key = "none"
    else:
        plane, key = _plane(Path(folder), upstream)
        config = server_config(plane)
    print(listening.getsockname()[1], key, flush=True)
    settle_memory()
    uvicorn.Server(config).run(sockets=[listening])


def _config(app: ASGIApp) -> uvicorn.Config:
    """As `server_config` has it, for another app."""
    return uvicorn.Config(
        app,
        http=BoundedProtocol,
        loop="uvloop",
        ws="none",
        interface="asgi3",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
    )


def _plane(folder: Path, upstream: str) -> tuple[Plane, str]:
    shutil.copytree(SHOP, folder / "shop")
    home = folder / "state"
    create(home)
    environment = {
        "UPSTREAM_URL": f"{upstream}/v1",
        "SPARE_URL": f"{upstream}/v1",
        "UPSTREAM_KEY": "sk-bench",
        "SPARE_KEY": "sk-bench",
    }
    plane = open_plane(Settings(folder / "shop" / "system.yaml", home), environment)
    made = make_key(agent="support", operator="", may_assert=True, now_ms=plane.clock(), random=os.urandom)
    plane.keystore.add(made.record)
    return plane, made.text


if __name__ == "__main__":
    main(*sys.argv[1:4])
