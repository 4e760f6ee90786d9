"""Fault 65: clients that send or read slowly, or not at all, are let go in time, and keep nobody else waiting."""

import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from trilens import server
from trilens.gateways import http11
from trilens.testing.installation import Installation, open_installation
from trilens.testing.puppet import Puppet

pytestmark = pytest.mark.requirement("X7")

FINE = json.dumps({"model": "chat", "messages": [{"role": "user", "content": "hello"}]}).encode()
PATIENCE_S = 20.0
"""After which a test says that a connection is kept for ever."""
SENTENCE = "This is a sentence of an answer that nobody reads. "


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Callable[[str], Installation]]:
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(open_installation(tmp_path / "state", script=script))


@pytest.fixture
def here(install: Callable[[str], Installation]) -> Installation:
    return install("steps: [{say: ok}]")


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_S", "BODY_S", "SEND_S"):
        monkeypatch.setattr(http11, name, 0.4)


def connect(here: Installation, *, buffer: int = 0) -> socket.socket:
    host, _, port = here.address.removeprefix("http://").partition(":")
    made = socket.socket()
    if buffer:
        assert here.server is not None
        # accepted sockets inherit it; else megabytes of an answer fit in the kernel
        here.server._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    made.settimeout(PATIENCE_S)
    made.connect((host, int(port)))
    return made


def head(here: Installation, length: int = len(FINE), more: str = "") -> bytes:
    lines = f"Host: localhost\r\nContent-Type: application/json\r\nX-Api-Key: {here.key()}\r\n{more}"
    return f"POST /v1/chat/completions HTTP/1.1\r\n{lines}Content-Length: {length}\r\n\r\n".encode()


def drip(connection: socket.socket, drop: bytes) -> bytes:
    """Send `drop` again and again, a twentieth of a second apart, until the server ends it; what it said."""
    got, end_s = b"", time.monotonic() + PATIENCE_S
    connection.settimeout(0.05)
    while time.monotonic() < end_s:
        try:
            connection.send(drop)
            data = connection.recv(65_536)
        except TimeoutError:
            continue
        except OSError:
            return got
        if not data:
            return got
        got += data
    raise AssertionError("the server kept the connection")


def connections(here: Installation) -> int:
    assert here.server is not None
    return len(here.server._server.server_state.connections)


def wait_until(is_so: Callable[[], bool]) -> None:
    pause, end_s = threading.Event(), time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end_s, "it did not come to be"
        pause.wait(0.02)


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize(
    ("begun", "drop", "told"),
    [
        ("", b"\r\n", b""),
        ("GET /healthz HT", b"", b"HTTP/1.1 408"),
        ("POST /", b"a", b"HTTP/1.1 408"),
        ("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n", b"X-A: b\r\n", b"HTTP/1.1 408"),
        ("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nX-A: ", b"b", b"HTTP/1.1 408"),
        ("GET /healthz\r\n", b"", b"HTTP/1.1 408"),
    ],
    ids=["nothing but line ends", "half a line", "a long target", "header by header", "letter by letter", "HTTP/0.9"],
)
def test_a_head_that_drips_is_given_up(here: Installation, begun: str, drop: bytes, told: bytes) -> None:
    with connect(here) as connection:
        connection.send(begun.encode())
        assert drip(connection, drop)[: len(told) or None] == told


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_body_that_drips_is_given_up_and_nothing_is_done(here: Installation, framing: str) -> None:
    key = here.key()
    begun = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-Api-Key: {key}\r\n"
    begun += "Content-Length: 100000\r\n\r\n" if framing == "length" else "Transfer-Encoding: chunked\r\n\r\n"
    with connect(here) as connection:
        connection.send(begun.encode())
        got = drip(connection, b" " if framing == "length" else b"1\r\n \r\n")
    assert got.startswith(b"HTTP/1.1 408")
    assert b'"too_slow"' in got
    assert (here.model.count, here.journal.size()) == (0, 0)


@pytest.mark.usefixtures("limits")
def test_a_body_that_drips_behind_its_refusal_is_given_up_without_a_second_answer(here: Installation) -> None:
    with connect(here) as connection:
        connection.send(b"POST /nope HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
        got = drip(connection, b" ")
    assert got.startswith(b"HTTP/1.1 404")
    assert got.count(b"HTTP/1.1") == 1


@pytest.mark.usefixtures("limits")
def test_line_ends_behind_an_answer_do_not_keep_the_connection(here: Installation) -> None:
    with connect(here) as connection:
        connection.send(head(here) + FINE)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        assert drip(connection, b"\r\n") == b""


def test_a_connection_that_is_not_used_again_is_closed(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_IDLE_S", 0.3)
    with connect(here) as connection:
        connection.send(head(here) + FINE)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        assert connection.recv(1) == b""


def event_of(text: str) -> bytes:
    chunk = {"id": "x", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


@pytest.mark.usefixtures("limits")
def test_a_stream_that_nobody_reads_is_given_up_with_its_upstream_and_the_record_says_so(tmp_path: Path) -> None:
    with Puppet() as puppet, open_installation(tmp_path / "state", upstream=puppet.base_url) as here:
        assert here.address
        asked = {"model": "chat", "stream": True, "messages": [{"role": "user", "content": "hello"}]}
        body = json.dumps(asked).encode()
        with connect(here, buffer=4096) as connection:
            connection.send(head(here, len(body)) + body)
            assert puppet.asked.wait(PATIENCE_S)
            puppet.head()

            def is_let_go() -> bool:
                puppet.push(event_of(SENTENCE * 200))
                return connections(here) == 0

            wait_until(is_let_go)
            wait_until(lambda: any(entry.kind == "delivery" for entry in here.entries()))
            assert puppet.left.wait(PATIENCE_S)
        [delivery] = [entry for entry in here.entries() if entry.kind == "delivery"]
        assert (delivery.body["whole"], delivery.body["why"]) == (False, "client_left")


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize("more", ["", "Connection: close\r\n"])
def test_an_answer_that_nobody_reads_is_given_up(
    install: Callable[[str], Installation], monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    """Less than what pauses the sender: it has been sent as far as the application knows, and waits in the transport."""
    monkeypatch.setattr(server, "_IDLE_S", 0.3)
    here = install(f"steps: [{{say: {json.dumps(SENTENCE * 800)}}}]")
    assert here.address
    with connect(here, buffer=4096) as connection:
        connection.send(head(here, more=more) + FINE)
        wait_until(lambda: connections(here) == 1 and here.model.count == 1)
        wait_until(lambda: connections(here) == 0)


def test_200_slow_clients_do_not_stop_an_honest_one_and_are_all_let_go(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http11, "HEAD_S", 3.0)
    monkeypatch.setattr(http11, "BODY_S", 3.0)
    key = here.key()
    begun = [
        b"",
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: local",
        head(here) + FINE[:9],
        head(here, 9_000_000) + b"{",
    ]
    with ExitStack() as stack:
        slow = [stack.enter_context(connect(here)) for _ in range(200)]
        for number, connection in enumerate(slow):
            connection.sendall(begun[number % len(begun)])
        wait_until(lambda: connections(here) == 200)
        took_s = []
        for number in range(10):
            for connection in slow[number::10]:
                with suppress(OSError):
                    connection.send(b"x")
            began_s = time.monotonic()
            assert here.post(FINE, key=key).status == 200
            took_s.append(time.monotonic() - began_s)
        assert statistics.median(took_s) < 1.0
        for connection in slow:
            with suppress(ConnectionResetError):
                while connection.recv(65_536):
                    pass
    assert here.model.count == 10


def test_more_connections_than_can_be_served_are_told_so_and_cost_nobody_else(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_MOST_CONNECTIONS", 3)
    with ExitStack() as stack:
        held = [stack.enter_context(connect(here)) for _ in range(3)]
        wait_until(lambda: connections(here) == 3)
        with connect(here) as fourth:
            got = fourth.recv(65_536)
            assert got.startswith(b"HTTP/1.1 503")
            assert b'"too_many_connections"' in got
        held[0].send(head(here) + FINE)
        assert held[0].recv(65_536).startswith(b"HTTP/1.1 200")
        held[1].close()
        wait_until(lambda: connections(here) == 2)
        assert here.post(FINE).status == 200
