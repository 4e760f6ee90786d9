"""The faulty way does what its table says, so that a test that survives it has met it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from trilens.testing.faulty_wire import Fault, FaultyWire

SAID = b"0123456789" * 10


@pytest.fixture
def upstream() -> Iterator[int]:
    """Answers every connection with `SAID` once it has been asked."""
    listening = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                with client:
                    client.recv(10)
                    client.sendall(SAID)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    with suppress(OSError):
        listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(5)


def ask(wire: FaultyWire, *, timeout_s: float = 10.0) -> bytes:
    host, _, port = wire.base_url.removeprefix("http://").removesuffix("/v1").partition(":")
    with socket.create_connection((host, int(port)), timeout=timeout_s) as connection:
        connection.sendall(b"x")
        got = b""
        while data := connection.recv(65_536):
            got += data
        return got


@pytest.mark.parametrize(
    ("fault", "at", "said"),
    [
        (Fault.NONE, 0, SAID),
        (Fault.DELAY, 0, SAID),
        (Fault.DRIP, 0, SAID),
        (Fault.CUT, 0, b""),
        (Fault.CUT, 33, SAID[:33]),
        (Fault.GARBLE, 12, SAID[:12] + b"\xff\x00\xfe\x80\xff\x00\xfe\x80" + SAID[20:]),
        (Fault.GARBLE, 500, SAID),
    ],
)
def test_an_answer_comes_as_the_mode_says(upstream: int, fault: Fault, at: int, said: bytes) -> None:
    with FaultyWire(upstream) as wire:
        wire.be(fault, at=at)
        assert ask(wire) == said


def test_a_reset_is_one(upstream: int) -> None:
    with FaultyWire(upstream) as wire:
        wire.be(Fault.RESET, at=33)
        with pytest.raises(ConnectionResetError):
            ask(wire)


def test_nothing_listens_nothing_accepts_and_nothing_answers(upstream: int) -> None:
    with FaultyWire(upstream) as wire:
        wire.be(Fault.REFUSE)
        with pytest.raises(ConnectionRefusedError):
            ask(wire)
        for fault in (Fault.BLACKHOLE, Fault.HANG):
            wire.be(fault)
            with pytest.raises(TimeoutError):
                ask(wire, timeout_s=0.2)
        wire.be(Fault.NONE)
        assert ask(wire) == SAID
        assert wire.connections == 2
