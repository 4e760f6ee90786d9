"""How many requests and answers are judged at once, and how many requests may wait: others are turned away, while that costs next to nothing.

A judgement holds the event loop for as long as it computes, and a request needs some eight turns of the loop: with many judged in each turn
everybody is late. Answers go before requests and are never turned away, so that what was let in comes to its end before more is let in.
Whoever waits for a model costs no processor time and is not counted; streams are judged in small parts, at the pace of their model, and are not
either. Connections are bounded elsewhere (`server.py`).
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trilens.errors import WireError

AT_ONCE = 16
"""Judgements: as many as fill a group commit (docs/design/performance.md)."""
WAITING = 64
"""Requests that wait for a place, first come, first served: a fifth of a second's work of one processor, which a burst may cost."""
RETRY_AFTER_S = 1


class OverloadedError(WireError):
    """The server has as many requests as it can judge in good time; nothing of this one was done or recorded."""

    def __init__(self) -> None:
        super().__init__(
            "wire/overloaded",
            "more requests wait to be judged than can be in good time",
            help=f"ask again after {RETRY_AFTER_S} s; a load that stays needs more servers",
            status=503,
        )


class Admission:
    """Places for judgements. Of one event loop."""

    def __init__(self) -> None:
        self._inside = 0
        self._requests: deque[asyncio.Future[None]] = deque()
        self._answers: deque[asyncio.Future[None]] = deque()

    def require_room(self) -> None:
        """Raises: OverloadedError."""
        if self._inside >= AT_ONCE and len(self._requests) >= WAITING:
            raise OverloadedError

    @asynccontextmanager
    async def request(self) -> AsyncIterator[None]:
        """A place for the judgement of a request. Raises: OverloadedError, before anything of it is done."""
        self.require_room()
        await self._enter(self._requests)
        try:
            yield
        finally:
            self._leave()

    @asynccontextmanager
    async def answer(self) -> AsyncIterator[None]:
        """A place for the judgement of an answer, before any request that waits."""
        await self._enter(self._answers)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, queue: deque[asyncio.Future[None]]) -> None:
        if self._inside < AT_ONCE:
            # INVARIANT: nobody waits while there is a place
            self._inside += 1
            return
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # the turn had come just then: it is the next one's
                self._leave()
            elif turn in queue:
                queue.remove(turn)
            raise

    def _leave(self) -> None:
        """Give the place to an answer, or else to the request that has waited longest."""
        for queue in (self._answers, self._requests):
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._inside -= 1
