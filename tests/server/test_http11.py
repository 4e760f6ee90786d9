"""Every wait on a client has an end, and so has every head."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from uvicorn.server import ServerState

from trilens.gateways import http11
from trilens.server import server_config

Install = Callable[..., Any]
FINE = json.dumps({"model": "chat", "messages": [{"role": "user", "content": "hello"}]}).encode()


@contextmanager
def connected(here: Any) -> Iterator[socket.socket]:
    host, _, port = here.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        yield connection


def rest(connection: socket.socket) -> bytes:
    """Everything until the server closes the connection."""
    got = b""
    while data := connection.recv(65_536):
        got += data
    return got


def head(here: Any, **more: str) -> bytes:
    lines = {"Host": "x", "Content-Type": "application/json", "X-Api-Key": here.key()} | more
    return b"POST /v1/chat/completions HTTP/1.1\r\n" + b"".join(f"{n}: {v}\r\n".encode() for n, v in lines.items())


def code(answer: bytes) -> tuple[bytes, str]:
    status, body = answer.split(b"\r\n", 1)[0], answer.partition(b"\r\n\r\n")[2]
    return status, json.loads(body)["error"]["code"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http11, "RECEIVE_S", 0.2)


@pytest.mark.usefixtures("impatient")
def test_a_head_that_never_ends_is_given_up(install: Install) -> None:
    here = install()
    with connected(here) as connection:
        connection.sendall(head(here))
        assert code(rest(connection)) == (b"HTTP/1.1 408 Request Timeout", "too_slow")


@pytest.mark.usefixtures("impatient")
def test_a_body_that_never_ends_is_given_up_and_nobody_is_asked(install: Install) -> None:
    here = install()
    with connected(here) as connection:
        connection.sendall(head(here) + b"Content-Length: 50\r\n\r\n" + b'{"model":')
        assert code(rest(connection)) == (b"HTTP/1.1 408 Request Timeout", "too_slow")
    assert here.model.count == 0
    assert here.outcomes() == []


@pytest.mark.usefixtures("impatient")
def test_a_connection_that_begins_nothing_is_closed_without_a_word(install: Install) -> None:
    with connected(install()) as connection:
        assert rest(connection) == b""


@pytest.mark.usefixtures("impatient")
def test_who_was_answered_may_wait_longer_than_a_request_may_take(install: Install) -> None:
    here = install(script="steps: [{say: ok, fault: {delay_ms: 400}}]")
    with connected(here) as connection:
        for _ in range(2):
            connection.sendall(head(here) + b"Content-Length: %d\r\n\r\n" % len(FINE) + FINE)
            got = b""
            while not got.endswith(b"}"):
                got += connection.recv(65_536)
            assert got.startswith(b"HTTP/1.1 200 OK")


class Transport(asyncio.Transport):
    """Takes down what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed


def test_a_head_that_is_too_large_is_refused_and_no_longer_kept(install: Install) -> None:
    async def flood() -> Transport:
        protocol = http11.BoundedProtocol(config=server_config(install()), server_state=ServerState(), app_state={})
        transport = Transport()
        protocol.connection_made(transport)
        protocol.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n")
        while not transport.is_closed and protocol.headers is not None and len(protocol.headers) < 10_000:
            protocol.data_received(b"X-More: " + b"x" * 990 + b"\r\n")
        assert len(protocol.headers) <= http11.LARGEST_HEAD / 1000 + 1
        protocol.connection_lost(None)
        return transport

    status, told = code(asyncio.run(flood()).written)
    assert (status[:12], told) == (b"HTTP/1.1 431", "head_too_large")


def test_too_many_headers_are_refused(install: Install) -> None:
    here = install()
    with connected(here) as connection:
        many = {f"X-{n}": "1" for n in range(http11.MOST_HEADERS)}
        connection.sendall(head(here, **many) + b"Content-Length: %d\r\n\r\n" % len(FINE) + FINE)
        status, told = code(rest(connection))
    assert (status[:12], told) == (b"HTTP/1.1 431", "head_too_large")
    assert here.model.count == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: x\r\n bad: folded\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"G\x00T / HTTP/1.1\r\n\r\n",
    ],
)
def test_what_could_be_framed_in_two_ways_is_no_request(install: Install, raw: bytes) -> None:
    here = install()
    with connected(here) as connection:
        connection.sendall(raw)
        status, told = code(rest(connection))
    assert (status, told) == (b"HTTP/1.1 400 Bad Request", "not_http")


@pytest.mark.usefixtures("impatient")
def test_a_slow_second_request_does_not_spoil_the_answer_to_the_first(install: Install) -> None:
    here = install(script="steps: [{say: ok, fault: {delay_ms: 600}}]")
    with connected(here) as connection:
        connection.sendall(head(here) + b"Content-Length: %d\r\n\r\n" % len(FINE) + FINE + b"POST /v1/ch")
        got = rest(connection)
    assert got == b"" or got.startswith(b"HTTP/1.1 200 OK")
