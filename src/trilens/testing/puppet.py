"""An upstream that sends what a test pushes, when the test pushes it: for what happens while an answer is still being written."""

import queue
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

_WAIT_S = 5


class Puppet:
    """One use: enter, push, leave. It takes one connection."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._pieces: queue.Queue[bytes | None] = queue.Queue()
        self._connection: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.asked = threading.Event()
        self.left = threading.Event()
        """The gateway has closed the connection."""
        self.requests: list[bytes] = []

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}/v1"

    def push(self, data: bytes) -> None:
        self._pieces.put(data)

    def head(self, media: str = "text/event-stream") -> None:
        """Answer 200, framed by the end of the connection."""
        self.push(b"HTTP/1.1 200 OK\r\nContent-Type: " + media.encode() + b"\r\nConnection: close\r\n\r\n")

    def end(self) -> None:
        self._pieces.put(None)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(_WAIT_S)

    def _run(self) -> None:
        with suppress(OSError):
            connection, _ = self._listening.accept()
            with connection:
                self.requests.append(connection.recv(1_000_000))
                self.asked.set()
                watch = threading.Thread(target=self._watch, args=(connection,), daemon=True)
                watch.start()
                while (piece := self._pieces.get()) is not None:
                    connection.sendall(piece)
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
                watch.join(_WAIT_S)

    def _watch(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while connection.recv(65_536):
                pass
        self.left.set()
