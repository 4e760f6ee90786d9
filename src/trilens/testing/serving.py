"""The real server on loopback, in a thread of its own: what tests, demos and measurements put clients in front of.

with Serving(plane) as server:
    client = openai.OpenAI(base_url=server.base_url, api_key=key)
"""

import socket
import threading
from types import TracebackType
from typing import Self

import uvicorn

from trilens.server import FINISH_S, DrainingServer, Parts, Renewal, server_config

_START_S = 20.0


class _Announcing(DrainingServer):
    """A server that tells when it listens, or has given up."""

    def __init__(self, config: uvicorn.Config, *, finish_s: float) -> None:
        super().__init__(config, finish_s=finish_s)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.settled.set()


class Serving:
    """One use: enter, ask, leave. Leaving waits until the last request has ended."""

    def __init__(self, plane: Parts, *, renewal: Renewal | None = None, finish_s: float = FINISH_S) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._server = _Announcing(server_config(plane, renewal=renewal), finish_s=finish_s)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="trilens-server", daemon=True
        )

    @property
    def base_url(self) -> str:
        return f"{self.address}/v1"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        """Raises: RuntimeError when it does not start."""
        self._thread.start()
        self._server.settled.wait(_START_S)
        if not self._server.started:
            raise RuntimeError("the server did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(_START_S)
