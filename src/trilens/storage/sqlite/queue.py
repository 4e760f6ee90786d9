"""What waits to be written: bounded, in order, and gathered into groups.

Lingering is adaptive. The writer knows how many producers its last group answered and how many waited meanwhile; so many it waits for,
but never longer than `LINGER_S`, nor longer than its last write took. One producer is never kept waiting.
"""

import time
from collections import deque
from collections.abc import Callable
from threading import Condition
from typing import Generic, TypeVar

LINGER_S = 0.001

T = TypeVar("T")


class GroupQueue(Generic[T]):
    """Many producers, one writer."""

    __slots__ = ("_capacity", "_clock", "_expected", "_is_closed", "_is_writer_waiting", "_items", "_largest", "_ready")

    def __init__(self, *, capacity: int, largest: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._items: deque[T] = deque()
        self._ready = Condition()
        self._capacity = capacity
        self._largest = largest
        self._clock = clock
        self._expected = 1
        self._is_writer_waiting = False
        self._is_closed = False

    def put(self, item: T, *, beyond: bool = False) -> bool:
        """False when it is closed, or full and not to be filled `beyond` that; the item is then not in it."""
        with self._ready:
            if self._is_closed or (len(self._items) >= self._capacity and not beyond):
                return False
            self._items.append(item)
            if self._is_writer_waiting and (len(self._items) >= self._expected or len(self._items) == 1):
                self._ready.notify()
            return True

    def group(self, linger_s: float) -> list[T]:
        """Wait for work and take at most `largest` items of it; nothing once it is closed and empty."""
        with self._ready:
            self._is_writer_waiting = True
            while not self._items and not self._is_closed:
                self._ready.wait()
            deadline = self._clock() + min(linger_s, LINGER_S)
            while len(self._items) < min(self._expected, self._largest) and not self._is_closed:
                left = deadline - self._clock()
                if left <= 0:
                    break
                self._ready.wait(left)
            self._is_writer_waiting = False
            return [self._items.popleft() for _ in range(min(len(self._items), self._largest))]

    def expect(self, producers: int) -> None:
        """So many are about to be answered: they, and those that wait already, are who may come next."""
        with self._ready:
            self._expected = max(1, producers + len(self._items))

    def close(self) -> None:
        """Nothing more gets in; what is in it is still handed out."""
        with self._ready:
            self._is_closed = True
            self._ready.notify_all()

    def drain(self) -> list[T]:
        """Close, and take everything out at once."""
        with self._ready:
            self._is_closed = True
            items = list(self._items)
            self._items.clear()
            self._ready.notify_all()
            return items
