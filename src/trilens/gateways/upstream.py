"""The way to a model: a port, and `aiohttp` behind it.

An address and a key come from the manifest alone and belong together; nothing a client sends chooses either. Redirects are not
followed. Every wait has an end, and so has every body.
"""

import asyncio
import contextlib
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError, RawResponseMessage
from multidict import CIMultiDict
from yarl import URL

from trilens.errors import WireError
from trilens.vocabulary.system import Model

CONNECT_S = 5.0
"""A live endpoint accepts within a round trip or two; the rest is for the next model."""
FIRST_BYTE_S = 120.0
"""Models that think first may be silent this long."""
BETWEEN_BYTES_S = 60.0
"""A stream that stalls longer is dead: providers send keep-alive comments every 15 to 30 s."""
TOTAL_S = 900.0
"""From the first byte to the last: longer than the slowest models write."""
LARGEST_ANSWER = 16 * 1024 * 1024
"""A megabyte is over 200 000 tokens of English; with log probabilities an answer grows tenfold."""
MOST_INTERIM = 16
"""Answers of status 1xx before the one that counts; none is of use to us, and some servers send one or two."""
_IDLE_S = 15.0
_DRAIN_S = 0.2
_AUTOMATIC = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a model is asked, and with what key."""

    url: URL
    authorization: str = field(repr=False)


class UpstreamReply(Protocol):
    """An answer of which the head has arrived."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]: ...

    @property
    def content_type(self) -> str:
        """Lower case, without parameters."""
        ...

    async def read(self) -> bytes:
        """The whole body. Raises: as `next`."""
        ...

    async def next(self) -> bytes:
        """What has come of the body since; empty at its end. Raises: WireError, `upstream/timeout`, `upstream/cut` or `upstream/too-large`."""
        ...

    async def drain(self) -> None:
        """Read what little comes after a terminal event, so that the connection can be used again; never raises."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go: a connection whose answer was read to its end is used again, any other is closed."""
        ...


class Upstream(Protocol):
    async def ask(self, target: Target, headers: Sequence[tuple[str, str]], body: bytes) -> UpstreamReply:
        """POST, and wait for the head of the answer.

        Raises:
            WireError: `upstream/unreachable` (502), `upstream/timeout` (504), `upstream/redirect` or `upstream/encoded` (502).
        """
        ...

    async def close(self) -> None: ...


def target_of(model: Model, path: str, environment: Mapping[str, str]) -> Target:
    """Where `model` is asked.

    Raises:
        WireError: the manifest's variables for its address or key are not set; `upstream/not-configured` (503).
    """
    if not model.base_url:
        raise _not_configured(model, "address")
    name = model.key.removeprefix("env:")
    key = environment.get(name, "")
    if not key:
        raise _not_configured(model, "key")
    return Target(URL(model.base_url.rstrip("/") + path), f"Bearer {key}")


def _not_configured(model: Model, what: str) -> WireError:
    return WireError(
        "upstream/not-configured",
        f"the {what} of model `{model.id}` is not set",
        help=f"set the environment variable that `models.{model.id}` names in the manifest",
        status=503,
    )


class AiohttpUpstream:
    """One pooled session for all models. Make it inside the event loop that uses it."""

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=_Connector(limit=0, keepalive_timeout=_IDLE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_AUTOMATIC,
            auto_decompress=False,
            # what takes longer than a connection has its end below: one timer a wait instead of three
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=None),
        )

    async def ask(self, target: Target, headers: Sequence[tuple[str, str]], body: bytes) -> UpstreamReply:
        sent = CIMultiDict(headers)
        sent["Authorization"] = target.authorization
        sent["Content-Type"] = "application/json"
        sent["Accept-Encoding"] = "identity"
        try:
            async with asyncio.timeout(FIRST_BYTE_S):
                response = await self._session.post(target.url, data=body, headers=sent, allow_redirects=False)
        except TimeoutError as error:
            raise _timeout("did not answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise WireError("upstream/unreachable", "cannot be reached", status=502) from error
        problem = _problem(response)
        if problem is not None:
            response.close()
            raise problem
        return _AiohttpReply(response)

    async def close(self) -> None:
        await self._session.close()


class _Connector(aiohttp.TCPConnector):
    """Its connections end an upstream that goes on and on before its answer begins."""

    def __init__(self, *, limit: int, keepalive_timeout: float) -> None:
        super().__init__(limit=limit, keepalive_timeout=keepalive_timeout)
        self._factory = functools.partial(_bounded, loop=self._loop)


class _BoundedHandler(ResponseHandler):
    """The library takes interim answers one after the other without giving the event loop a turn, and keeps all that have come."""

    _interim = 0

    def feed_data(self, data: tuple[RawResponseMessage, aiohttp.StreamReader], size: int = 0) -> None:
        self._interim = self._interim + 1 if 100 <= data[0].code < 200 else 0
        if self._interim <= MOST_INTERIM:
            super().feed_data(data, size)
            return
        if self.transport is not None:
            self.transport.abort()
        self.set_exception(HttpProcessingError(code=502, message="interim answers without end"))


def _bounded(*, loop: asyncio.AbstractEventLoop) -> ResponseHandler:
    return _BoundedHandler(loop=loop)


def _problem(response: aiohttp.ClientResponse) -> WireError | None:
    if 300 <= response.status < 400:
        return WireError("upstream/redirect", "redirected the request, which is not followed", status=502)
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        return WireError("upstream/encoded", "compressed its answer, which was not asked for", status=502)
    return None


class _AiohttpReply:
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self._size = 0
        self._now_s = asyncio.get_running_loop().time
        self._end_s = self._now_s() + TOTAL_S

    @property
    def status(self) -> int:
        return self._response.status

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        return self._response.raw_headers

    @property
    def content_type(self) -> str:
        return self._response.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    async def read(self) -> bytes:
        parts: list[bytes] = []
        while part := await self.next():
            parts.append(part)
            if self._response.content.at_eof():
                break
        return b"".join(parts)

    async def next(self) -> bytes:
        try:
            if self._response.content.is_eof():
                # all of it is here: nothing is waited for
                part = await self._response.content.readany()
            else:
                async with asyncio.timeout(BETWEEN_BYTES_S):
                    part = await self._response.content.readany()
        except TimeoutError as error:
            raise _timeout("stopped in the middle of its answer") from error
        except (aiohttp.ClientError, OSError) as error:
            raise WireError("upstream/cut", "broke off its answer", status=502) from error
        self._size += len(part)
        if self._size > LARGEST_ANSWER:
            raise WireError("upstream/too-large", f"sent more than {LARGEST_ANSWER} bytes", status=502)
        if self._now_s() > self._end_s:
            raise _timeout("did not come to an end")
        return part

    async def drain(self) -> None:
        with contextlib.suppress(TimeoutError, aiohttp.ClientError, OSError):
            async with asyncio.timeout(_DRAIN_S):
                while await self._response.content.readany():
                    pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # a connection whose answer ended went back to the pool already, and then this does nothing
        self._response.close()


def _timeout(message: str) -> WireError:
    return WireError("upstream/timeout", message, status=504)
