"""Groups: who is waited for, how long, and what happens at the ends. The clock is ours, so nothing here depends on the machine."""

from collections.abc import Callable
from threading import Thread

from trilens.storage.sqlite.queue import LINGER_S, GroupQueue


class Clock:
    """Moves on by a fixed step whenever it is read: waiting ends after so many looks."""

    def __init__(self, step_s: float) -> None:
        self.now_s = 0.0
        self.step_s = step_s

    def __call__(self) -> float:
        self.now_s += self.step_s
        return self.now_s


def queue(*, capacity: int = 100, largest: int = 50, clock: Callable[[], float] | None = None) -> GroupQueue[int]:
    return GroupQueue(capacity=capacity, largest=largest, clock=clock or Clock(1.0))


def filled(items: int, *, capacity: int = 100, largest: int = 50) -> GroupQueue[int]:
    made = queue(capacity=capacity, largest=largest)
    for item in range(items):
        assert made.put(item)
    return made


def test_items_come_out_in_order_and_in_groups_of_the_largest_size() -> None:
    waiting = filled(7, largest=3)
    assert [waiting.group(1.0) for _ in range(3)] == [[0, 1, 2], [3, 4, 5], [6]]


def test_a_full_queue_takes_nothing() -> None:
    waiting = filled(2, capacity=2)
    assert not waiting.put(9)
    assert waiting.group(0) == [0, 1]
    assert waiting.put(9)


def test_one_producer_is_not_kept_waiting() -> None:
    clock = Clock(0.0)
    waiting = queue(clock=clock)
    waiting.expect(1)
    waiting.put(0)
    # a clock that stands still would linger for ever
    assert waiting.group(LINGER_S) == [0]


def test_whoever_may_come_is_waited_for() -> None:
    waiting = queue(clock=Clock(0.0))
    waiting.expect(3)
    got: list[list[int]] = []
    writer = Thread(target=lambda: got.append(waiting.group(LINGER_S)))
    writer.start()
    for item in range(3):
        waiting.put(item)
    writer.join(60)
    assert got == [[0, 1, 2]]


def test_those_that_waited_meanwhile_count_as_who_may_come() -> None:
    waiting = filled(2)
    waiting.expect(2)
    got: list[list[int]] = []
    waiting._clock = Clock(0.0)
    writer = Thread(target=lambda: got.append(waiting.group(LINGER_S)))
    writer.start()
    for item in (2, 3):
        waiting.put(item)
    writer.join(60)
    assert got == [[0, 1, 2, 3]]


def test_nobody_is_waited_for_longer_than_the_last_write_took_nor_than_the_limit() -> None:
    for linger_s, looks in ((0.0003, 3), (1.0, 10)):
        clock = Clock(0.0001)
        waiting = queue(clock=clock)
        waiting.expect(5)
        waiting.put(0)
        assert waiting.group(linger_s) == [0]
        assert clock.now_s <= 0.0001 * (looks + 2)


def test_a_closed_queue_takes_nothing_and_hands_out_the_rest() -> None:
    waiting = filled(2)
    waiting.close()
    assert not waiting.put(9)
    assert waiting.group(1.0) == [0, 1]
    assert waiting.group(1.0) == []


def test_a_drained_queue_is_empty_and_closed() -> None:
    waiting = filled(2)
    assert waiting.drain() == [0, 1]
    assert not waiting.put(9)
    assert waiting.group(1.0) == []


def test_closing_wakes_a_writer_that_waits() -> None:
    waiting = queue()
    got: list[list[int]] = []
    writer = Thread(target=lambda: got.append(waiting.group(1.0)))
    writer.start()
    waiting.close()
    writer.join(60)
    assert got == [[]]
