"""Answers that are under way, and how one is ended from outside: by a person who stops its agent, or by a server that closes.

A stop that was committed lets nothing more through whether it is known here or not (`Batch.unless_stopped`). What is done here is to tell the client at
once, instead of when the model next speaks.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from trilens.errors import TrilensError
from trilens.gateways.upstream import UpstreamReply
from trilens.storage.ports import Actor, Stopped


class HaltedError(TrilensError):
    """An answer was ended from outside."""

    def __init__(self, code: str, message: str, *, help: str = "", status: int) -> None:  # noqa: A002
        super().__init__(code, message, help=help)
        self.status = status


def stopped(what: Stopped) -> HaltedError:
    message = f"a person stopped the {what.scope.value}"
    return HaltedError("admit/stopped", message, help="it goes on once a person resumes it", status=403)


def closing() -> HaltedError:
    return HaltedError(
        "wire/shutting-down", "the server is being stopped", help="ask again, of another server or later", status=503
    )


class Halts:
    """The answers under way. Of one event loop; every method is called in it."""

    def __init__(self) -> None:
        self._running: dict[Halt, Actor] = {}
        self._stopped: set[Stopped] = set()
        self._is_closing = False

    def __len__(self) -> int:
        return len(self._running)

    @contextmanager
    def watching(self, actor: Actor, reply: UpstreamReply) -> Iterator["Halt"]:
        """The reply, which ends as soon as who asked for it is stopped; at once when they are already."""
        halt = Halt(reply)
        self._running[halt] = actor
        try:
            self._end_if_due(halt, actor)
            yield halt
        finally:
            del self._running[halt]

    def stop(self, what: Stopped) -> None:
        """End what a stop reaches, and what it will reach before `resume`."""
        self._stopped.add(what)
        self._end_due()

    def resume(self, what: Stopped) -> None:
        self._stopped.discard(what)

    def close(self) -> None:
        """End all of them, and those that begin yet."""
        self._is_closing = True
        self._end_due()

    def _end_due(self) -> None:
        for halt, actor in tuple(self._running.items()):
            self._end_if_due(halt, actor)

    def _end_if_due(self, halt: "Halt", actor: Actor) -> None:
        what = next((what for what in actor.reached_by if what in self._stopped), None)
        if what is not None:
            halt.end(stopped(what))
        elif self._is_closing:
            halt.end(closing())


class Halt:
    """An upstream's reply that can be ended while it is waited for. Raises: HaltedError, besides what the reply raises."""

    def __init__(self, reply: UpstreamReply) -> None:
        self._reply = reply
        self._error: HaltedError | None = None
        self._waiting: asyncio.Task[object] | None = None

    def end(self, error: HaltedError) -> None:
        """The first end stands."""
        if self._error is None:
            self._error = error
            if self._waiting is not None:
                self._waiting.cancel()

    @property
    def has_ended(self) -> bool:
        return self._error is not None

    def _require_going(self) -> None:
        if self._error is not None:
            raise self._error from None

    async def next(self) -> bytes:
        return await self._unless_ended(self._reply.next)

    async def read(self) -> bytes:
        return await self._unless_ended(self._reply.read)

    async def _unless_ended(self, act: Callable[[], Awaitable[bytes]]) -> bytes:
        self._require_going()
        self._waiting = task = asyncio.current_task()
        try:
            return await act()
        except asyncio.CancelledError:
            # cancelled by us and by nobody else
            if not self.has_ended or task is None or task.uncancel() > 0:
                raise
            self._require_going()
            raise
        finally:
            self._waiting = None

    @property
    def status(self) -> int:
        return self._reply.status

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        return self._reply.headers

    @property
    def content_type(self) -> str:
        return self._reply.content_type

    async def drain(self) -> None:
        await self._reply.drain()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._reply.__aexit__(kind, error, trace)
