"""A TCP proxy on loopback between a gateway and an upstream: it breaks the way in one way at a time, which can be changed in between.

with FaultyWire(model.port) as wire:
    wire.be(Fault.CUT, at=900)

| Fault | What the gateway meets |
|---|---|
| `REFUSE` | nothing listens |
| `BLACKHOLE` | its SYN is not answered (Linux: the queue of a listener that accepts nobody is full) |
| `DELAY` | the answer begins `for_s` later |
| `DRIP` | the answer comes a byte at a time, `for_s` apart |
| `HANG` | the request is taken, and nothing comes back |
| `CUT` | the connection ends in order (FIN) after `at` bytes of the answer |
| `RESET` | it ends with RST after `at` bytes |
| `GARBLE` | eight bytes from `at` on are other bytes, which are neither UTF-8 nor JSON nor HTTP |
"""

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self

_HOST = "127.0.0.1"
_READ = 65_536
_GARBLED = b"\xff\x00\xfe\x80" * 2
_WAIT_S = 5
_FILLERS = 4
_RESET = struct.pack("ii", 1, 0)
"""Linger for no time: what closes the connection is a RST."""


class Fault(StrEnum):
    NONE = "none"
    REFUSE = "refuse"
    BLACKHOLE = "blackhole"
    DELAY = "delay"
    DRIP = "drip"
    HANG = "hang"
    CUT = "cut"
    RESET = "reset"
    GARBLE = "garble"


@dataclass(frozen=True, slots=True)
class _Mode:
    fault: Fault
    at: int
    for_s: float


class FaultyWire:
    """One use: enter, be, leave. A mode holds for connections that are made after it was set; those that are idle then are ended."""

    def __init__(self, port: int) -> None:
        """`port`: where the upstream listens."""
        self._upstream = port
        self._mode = _Mode(Fault.NONE, 0, 0.0)
        self._end = threading.Event()
        self._threads: list[threading.Thread] = []
        self._fillers: list[socket.socket] = []
        self._clients: set[socket.socket] = set()
        self._listening = socket.create_server((_HOST, 0))
        self._port: int = self._listening.getsockname()[1]
        self.connections = 0
        """That were accepted so far."""

    @property
    def base_url(self) -> str:
        return f"http://{_HOST}:{self._port}/v1"

    def be(self, fault: Fault, *, at: int = 0, for_s: float = 0.0) -> None:
        """Break the way from the next connection on."""
        self._stop_listening()
        self._end_connections()
        self._mode = _Mode(fault, at, for_s)
        match fault:
            case Fault.REFUSE:
                return
            case Fault.BLACKHOLE:
                self._listening = socket.create_server((_HOST, self._port), backlog=0)
                self._fill()
            case _:
                self._listening = socket.create_server((_HOST, self._port))
                self._start(self._accept, self._listening, self._mode)

    def __enter__(self) -> Self:
        self.be(Fault.NONE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._stop_listening()
        self._end_connections()
        for thread in self._threads:
            thread.join(_WAIT_S)

    def _fill(self) -> None:
        """Take the places in the queue, so that the next one's SYN is dropped."""
        for _ in range(_FILLERS):
            filler = socket.socket()
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect((_HOST, self._port))
            self._fillers.append(filler)

    def _stop_listening(self) -> None:
        # a thread that waits in `accept` is woken by the shutdown alone
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()

    def _end_connections(self) -> None:
        for client in tuple(self._clients):
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def _start(self, act: object, *arguments: object) -> None:
        thread = threading.Thread(target=act, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self, listening: socket.socket, mode: _Mode) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                self.connections += 1
                self._clients.add(client)
                self._start(self._carry, client, mode)

    def _carry(self, client: socket.socket, mode: _Mode) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection((_HOST, self._upstream)) as upstream:
            there = threading.Thread(target=_pump, args=(client, upstream), daemon=True)
            there.start()
            if mode.fault is Fault.HANG:
                there.join()
            else:
                self._answer(upstream, client, mode)
            with contextlib.suppress(OSError):
                # wakes who reads there, and tells the other end nothing
                client.shutdown(socket.SHUT_RD)
            there.join(_WAIT_S)
            if mode.fault is Fault.RESET:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._clients.discard(client)

    def _answer(self, upstream: socket.socket, client: socket.socket, mode: _Mode) -> None:
        sent = 0
        while data := upstream.recv(_READ):
            if mode.fault is Fault.DELAY and not sent:
                self._end.wait(mode.for_s)
            if mode.fault in (Fault.CUT, Fault.RESET) and sent + len(data) >= mode.at:
                client.sendall(data[: mode.at - sent])
                return
            if mode.fault is Fault.GARBLE:
                data = _garbled(data, mode.at - sent)
            if mode.fault is Fault.DRIP:
                self._drip(client, data, mode.for_s)
            else:
                client.sendall(data)
            sent += len(data)

    def _drip(self, client: socket.socket, data: bytes, pause_s: float) -> None:
        for number in range(len(data)):
            client.sendall(data[number : number + 1])
            if self._end.wait(pause_s):
                return


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_READ):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def _garbled(data: bytes, at: int) -> bytes:
    """`data` with other bytes from `at` on, as far as it reaches; `at` may lie before it or behind it."""
    start, stop = max(at, 0), min(at + len(_GARBLED), len(data))
    if start >= stop:
        return data
    return data[:start] + _GARBLED[start - at : stop - at] + data[stop:]
