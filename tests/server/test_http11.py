"""Every wait on a client has an end, and so has every head."""

import asyncio
import json
import socket
import threading
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
    lines = {"Host": "localhost", "Content-Type": "application/json", "X-Api-Key": here.key()} | more
    return b"POST /v1/chat/completions HTTP/1.1\r\n" + b"".join(f"{n}: {v}\r\n".encode() for n, v in lines.items())


def code(answer: bytes) -> tuple[bytes, str]:
    status, body = answer.split(b"\r\n", 1)[0], answer.partition(b"\r\n\r\n")[2]
    return status, json.loads(body)["error"]["code"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http11, "HEAD_S", 0.2)
    monkeypatch.setattr(http11, "BODY_S", 0.2)


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


@pytest.mark.usefixtures("impatient")
def test_a_slow_second_request_does_not_spoil_the_answer_to_the_first(install: Install) -> None:
    here = install(script="steps: [{say: ok, fault: {delay_ms: 600}}]")
    with connected(here) as connection:
        connection.sendall(head(here) + b"Content-Length: %d\r\n\r\n" % len(FINE) + FINE + b"POST /v1/ch")
        got = rest(connection)
    assert got.startswith(b"HTTP/1.1 200 OK")
    assert got.count(b"HTTP/1.1") == 1


def test_a_head_in_two_packets_may_be_followed_by_a_large_body(install: Install) -> None:
    here = install(script="steps: [{say: ok}]")
    body = json.dumps({"model": "chat", "messages": [{"role": "user", "content": "x" * 200_000}]}).encode()
    whole = head(here) + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with connected(here) as connection:
        for part in (whole[:7], whole[7:30], whole[30:]):
            connection.sendall(part)
            # answered by nothing, and by then on its own
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")


class Trickle:
    """A protocol fed packet by packet, with no socket in between."""

    def __init__(self, here: Any) -> None:
        self.transport = Transport()
        self.protocol = http11.BoundedProtocol(config=server_config(here), server_state=ServerState(), app_state={})
        self.protocol.connection_made(self.transport)

    def feed(self, *packets: bytes) -> bytes:
        for packet in packets:
            if not self.transport.is_closed:
                self.protocol.data_received(packet)
        self.protocol.connection_lost(None)
        return self.transport.written


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"GET  /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "not_http"),
        (b"POST /v1/chat/completions RTSP/1.0\r\nHost: localhost\r\n\r\n", "not_http"),
        (b"GET /healthz HTTP/2.0\r\nHost: localhost\r\n\r\n", "not_http"),
        (b"GET http://x/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "target"),
        (b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", "upgrade"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: b\r\n\r\n", "trailer"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "not_http"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_request_is_refused_alike_however_it_is_cut_into_packets(
    install: Install, raw: bytes, told: str, size: int
) -> None:
    async def ask() -> bytes:
        return Trickle(here).feed(*(raw[start : start + size] for start in range(0, len(raw), size)))

    here = install()
    assert code(asyncio.run(ask()))[1] == told


def test_a_body_that_is_broken_after_the_answer_gets_no_second_answer(install: Install) -> None:
    here = install()
    with connected(here) as connection:
        connection.sendall(b"POST /nope HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        first = connection.recv(65_536)
        assert first.startswith(b"HTTP/1.1 404")
        connection.sendall(b"zz\r\n")
        assert rest(connection) == b""


def test_a_body_that_is_expected_is_asked_for_and_one_that_is_refused_ends_the_connection(install: Install) -> None:
    here = install(script="steps: [{say: ok}]")
    with connected(here) as connection:
        connection.sendall(head(here, Expect="100-continue") + b"Content-Length: %d\r\n\r\n" % len(FINE))
        assert connection.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(FINE)
        assert rest(connection).startswith(b"HTTP/1.1 200 OK")
    with connected(here) as connection:
        connection.sendall(head(here, Expect="100-continue") + b"X-Api-Key: other\r\nContent-Length: 10\r\n\r\n")
        assert rest(connection).startswith(b"HTTP/1.1 400")
    with connected(here) as connection:
        wrong = {"X-Api-Key": "wrong", "Expect": "100-continue"}
        connection.sendall(head(here, **wrong) + b"Content-Length: 10\r\n\r\n")
        assert code(rest(connection)) == (b"HTTP/1.1 401 Unauthorized", "invalid_api_key")
    assert here.model.count == 1


def test_whoever_reads_a_body_that_breaks_is_told_at_once_that_there_is_no_more(install: Install) -> None:
    async def ask() -> Trickle:
        made = Trickle(here)
        made.protocol.data_received(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        made.protocol.data_received(b"zz\r\n")
        # the transport is still sending the refusal
        assert made.protocol.cycle.disconnected
        assert made.protocol.cycle.message_event.is_set()
        made.protocol.connection_lost(None)
        return made

    here = install()
    assert code(asyncio.run(ask()).transport.written)[1] == "not_http"


@pytest.mark.parametrize("size", [0, 1000, 16_384])
def test_a_large_body_in_many_packets_or_chunks_is_served(install: Install, size: int) -> None:
    here = install(script="steps: [{say: ok}]")
    body = json.dumps({"model": "gpt-5.1", "messages": [{"role": "user", "content": "x" * 1_000_000}]}).encode()
    if size:
        pieces = (body[start : start + size] for start in range(0, len(body), size))
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        whole = head(here) + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    else:
        whole = head(here) + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with connected(here) as connection:
        connection.sendall(whole)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")
    assert here.model.asked[0].raw == body


def test_a_body_that_comes_behind_its_refusal_is_passed_over_and_the_next_request_is_served(install: Install) -> None:
    here = install(script="steps: [{say: ok}]")
    with connected(here) as connection:
        connection.sendall(b"POST /nope HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 404")
        connection.sendall(b"x" * 10)
        [protocol] = here.server._server.server_state.connections
        pause, tries = threading.Event(), 0
        while protocol._stage is not http11._Stage.BETWEEN and tries < 500:
            tries += 1
            pause.wait(0.01)
        connection.sendall(head(here) + b"Content-Length: %d\r\n\r\n" % len(FINE) + FINE)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")
