"""An upstream that answers every connection with the same bytes, however wrong or endless, and closes it.

with Canned() as upstream:
    upstream.say(head("text/event-stream"), events)
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from types import TracebackType
from typing import Self

_HOST = "127.0.0.1"
_READ = 1_000_000
_LISTEN_S = 5.0
_WAIT_S = 5


def head(media: str, *, status: str = "200 OK", more: str = "") -> bytes:
    """A head without framing: the body ends with the connection. `more` are header lines, each with its end."""
    return f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\nConnection: close\r\n{more}\r\n".encode("latin-1")


class Canned:
    """One use: enter, say, leave. What it says and how it proves who it is may change between two connections."""

    def __init__(self) -> None:
        self._listening = socket.create_server((_HOST, 0))
        self._pieces: Iterable[bytes] = ()
        self._threads: list[threading.Thread] = []
        self.tls: ssl.SSLContext | None = None
        self.asked: list[bytes] = []
        """The first bytes of every request that arrived, as they were meant: without TLS."""
        self.left = threading.Semaphore(0)
        """Released for each client that left before all was said."""

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    @property
    def base_url(self) -> str:
        return f"http://{_HOST}:{self.port}/v1"

    def say(self, *pieces: bytes, then: Iterable[bytes] = ()) -> None:
        """`then` may be without end; each connection begins it anew."""
        self._pieces = _Said(b"".join(pieces), then)

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(_WAIT_S)

    def _start(self, act: object, *arguments: object) -> None:
        thread = threading.Thread(target=act, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._start(self._converse, client, self._pieces, self.tls)

    def _converse(self, plain: socket.socket, pieces: Iterable[bytes], tls: ssl.SSLContext | None) -> None:
        plain.settimeout(_LISTEN_S)
        try:
            client = tls.wrap_socket(plain, server_side=True) if tls else plain
            with client:
                asked = client.recv(_READ)
                if asked:
                    self.asked.append(asked)
                for piece in pieces:
                    client.sendall(piece)
        except OSError:
            # TLS that was not accepted is one, too
            self.left.release()
        finally:
            plain.close()


@dataclass(frozen=True, slots=True)
class _Said:
    first: bytes
    then: Iterable[bytes]

    def __iter__(self) -> Iterator[bytes]:
        return chain((self.first,), self.then)
