"""Random bytes for ids and nonces, drawn from the system in blocks.

Each draw from the system lets go of the interpreter's lock, which on the path of an event costs more than the draw. Bytes are given once
and in order.

INVARIANT: a forked child never gives bytes its parent may give: a nonce used twice under one AES-GCM key opens both payloads.
"""

import os
from threading import Lock

_BLOCK = 4_096


class EntropyPool:
    """Safe for use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._block, self._used = b"", 0

    def draw(self, size: int) -> bytes:
        """`size` bytes fit for secrets, 0 <= size <= 4096, never given before."""
        with self._lock:
            if self._used + size > len(self._block):
                self._block, self._used = os.urandom(_BLOCK), 0
            start, self._used = self._used, self._used + size
            return self._block[start : self._used]
