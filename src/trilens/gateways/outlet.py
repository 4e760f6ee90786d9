"""The client's end of a stream: nothing is sent, not even the status, before the first thing that may leave."""

from collections.abc import Sequence

from starlette.types import Send


class Outlet:
    def __init__(self, send: Send, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self._send = send
        self._headers = headers
        self.is_started = False

    async def write(self, data: bytes, *, decisions: bytes = b"") -> None:
        """Send; `decisions` stand in a header when these are the first bytes."""
        if not self.is_started:
            self.is_started = True
            more = [(b"x-trilens-decision", decisions)] if decisions else []
            await self._send({"type": "http.response.start", "status": 200, "headers": [*self._headers, *more]})
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def finish(self) -> None:
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
