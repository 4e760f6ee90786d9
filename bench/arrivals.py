"""Requests that arrive at a given rate, whether or not earlier ones were answered: as those of many people do."""

import asyncio
import statistics
from collections.abc import Iterator, Sequence

from bench.asking import Answer, Connection

_TICK_S = 0.005
_MOST_CONNECTIONS = 1024
_DRAIN_S = 30.0


class Arrivals:
    """Connections to one server, kept from one load to the next."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[Connection] = []
        self._opened = 0
        self.lost = 0
        """Requests the server ended without an answer."""
        self.unsent = 0
        """Requests that found every connection waiting: they would have waited longer still."""

    async def drive(self, requests: Iterator[bytes], *, rate: float, seconds: float) -> list[Answer]:
        """Send `rate` requests a second and wait for all answers."""
        loop = asyncio.get_running_loop()
        began_s, sent, asking = loop.time(), 0, list[asyncio.Task[Answer | None]]()
        while (passed_s := loop.time() - began_s) < seconds:
            while sent < rate * passed_s:
                asking.append(asyncio.create_task(self._ask(next(requests))))
                sent += 1
            await asyncio.sleep(_TICK_S)
        async with asyncio.timeout(_DRAIN_S):
            answers = await asyncio.gather(*asking)
        return [answer for answer in answers if answer is not None]

    async def _ask(self, request: bytes) -> Answer | None:
        connection = await self._connection()
        if connection is None:
            self.unsent += 1
            return None
        try:
            answer = await connection.ask(request)
        except ConnectionError:
            self.lost += 1
            self._opened -= 1
            return None
        self._free.append(connection)
        return answer

    async def _connection(self) -> Connection | None:
        while self._free:
            if (connection := self._free.pop()).is_open:
                return connection
            self._opened -= 1
        if self._opened >= _MOST_CONNECTIONS:
            return None
        self._opened += 1
        return await Connection.open(self._port)

    def close(self) -> None:
        for connection in self._free:
            connection.close()


def p99_s(answers: Sequence[Answer]) -> float:
    """Of the time to the whole answer."""
    return statistics.quantiles((answer.took_s for answer in answers), n=100)[98]
