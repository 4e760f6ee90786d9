"""Whether the client is still there while somebody else is waited for."""

import asyncio
from types import TracebackType

from starlette.types import Receive

from trilens.gateways.body import ClientLeftError

GRACE_S = 1.0
"""A wait shorter than this is not watched: the watch is a task of its own, and costs as much as a small request."""


class Presence:
    """Ends what is inside `async with` once the client has closed the connection.

    Raises:
        ClientLeftError: from the end of the block, after what was inside has been cancelled.
    """

    def __init__(self, receive: Receive, *, after_s: float = GRACE_S) -> None:
        self._receive = receive
        self._after_s = after_s
        self._scope = asyncio.timeout(None)
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._after_s, self._start)
        await self._scope.__aenter__()

    def _start(self) -> None:
        self._watch = asyncio.get_running_loop().create_task(self._until_left())

    async def _until_left(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._scope.reschedule(asyncio.get_running_loop().time())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
        try:
            await self._scope.__aexit__(kind, error, trace)
        except TimeoutError:
            raise ClientLeftError from error
