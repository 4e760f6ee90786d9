"""More than can be judged in good time is turned away at once, with a word on when to ask again; everybody inside is served."""

import asyncio
import json
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.gateways import admission
from trilens.gateways.admission import Admission, OverloadedError
from trilens.gateways.refusal import of_error
from trilens.testing.faulty_disk import FaultyDisk
from trilens.testing.installation import Got

pytestmark = pytest.mark.requirement("S13")


def test_who_waits_comes_in_order_and_one_more_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "AT_ONCE", 1)
    monkeypatch.setattr(admission, "WAITING", 2)

    async def act() -> list[str]:
        door, came, go = Admission(), list[str](), asyncio.Event()

        async def enter(name: str) -> None:
            async with door.request():
                came.append(name)
                await go.wait()

        tasks = [asyncio.create_task(enter(name)) for name in "abc"]
        await asyncio.sleep(0)
        with pytest.raises(OverloadedError):
            door.require_room()
        with pytest.raises(OverloadedError):
            await enter("d")
        assert came == ["a"]
        go.set()
        await asyncio.gather(*tasks)
        door.require_room()
        return came

    assert asyncio.run(act()) == ["a", "b", "c"]


def test_an_answer_goes_before_every_request_that_waits_and_is_never_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "AT_ONCE", 1)
    monkeypatch.setattr(admission, "WAITING", 1)

    async def act() -> list[str]:
        door, came, go = Admission(), list[str](), asyncio.Event()

        async def enter(name: str) -> None:
            async with door.answer() if name.startswith("answer") else door.request():
                came.append(name)
                await go.wait()

        tasks = [asyncio.create_task(enter(name)) for name in ("first", "request", "answer 1", "answer 2")]
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*tasks)
        return came

    assert asyncio.run(act()) == ["first", "answer 1", "answer 2", "request"]


class BrokenError(Exception):
    pass


@given(steps=st.lists(st.tuples(st.sampled_from(["enter", "leave", "fail", "cancel"]), st.integers(0, 9)), max_size=60))
def test_however_they_come_and_go_never_more_are_inside_and_no_place_is_lost(steps: list[tuple[str, int]]) -> None:
    async def act() -> None:
        door, inside = Admission(), 0
        tasks: list[asyncio.Task[None]] = []
        ends: list[asyncio.Future[None]] = []

        async def enter(end: "asyncio.Future[None]", *, is_answer: bool) -> None:
            nonlocal inside
            with suppress(OverloadedError, BrokenError):
                async with door.answer() if is_answer else door.request():
                    inside += 1
                    assert inside <= admission.AT_ONCE
                    try:
                        await end
                    finally:
                        inside -= 1

        for what, which in steps:
            match what:
                case "enter":
                    ends.append(asyncio.get_running_loop().create_future())
                    tasks.append(asyncio.create_task(enter(ends[-1], is_answer=which > 5)))
                case "leave" if ends and not ends[which % len(ends)].done():
                    ends[which % len(ends)].set_result(None)
                case "fail" if ends and not ends[which % len(ends)].done():
                    ends[which % len(ends)].set_exception(BrokenError())
                case "cancel" if tasks:
                    tasks[which % len(tasks)].cancel()
                case _:
                    pass
            if which % 2:
                await asyncio.sleep(0)
        for end in ends:
            if not end.done():
                end.set_result(None)
        await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            if not end.cancelled():
                end.exception()
        # all places are free again: so many come in without waiting
        async with AsyncExitStack() as stack:
            for _ in range(admission.AT_ONCE):
                async with asyncio.timeout(1):
                    await stack.enter_async_context(door.request())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(admission, "AT_ONCE", 2)
        patch.setattr(admission, "WAITING", 3)
        asyncio.run(act())


def test_who_is_turned_away_may_ask_again() -> None:
    refusal = of_error(OverloadedError())
    assert (refusal.status, refusal.code, refusal.retry_after_s, refusal.may_retry) == (503, "overloaded", 1, True)


def test_a_request_beyond_the_most_is_refused_at_once_unread_and_unrecorded_and_those_inside_are_answered(
    install: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "AT_ONCE", 1)
    monkeypatch.setattr(admission, "WAITING", 1)
    with FaultyDisk() as disk:
        here = install(script="steps: [{say: hello there}]")
        key, got = here.key(), list[Got]()
        assert ask(here, key, "warm").status == 200
        disk.hang()
        inside = [threading.Thread(target=lambda n=n: got.append(ask(here, key, f"inside {n}"))) for n in range(2)]
        for thread in inside:
            thread.start()
        wait_until(lambda: full(here, key))
        refused = ask(here, key, "outside")
        assert (refused.status, refused.error["code"], refused.header("retry-after")) == (503, "overloaded", "1")
        assert refused.header("x-should-retry") == ""
        # no body is waited for from somebody who will not be served
        assert here.post(b"{ no json", key=key).error["code"] == "overloaded"
        # a health check is no judgement
        assert here.post(b"", method="GET", path="/healthz", key="").status == 200
        disk.let_go()
        for thread in inside:
            thread.join(20)
        assert [one.status for one in got] == [200, 200]
        assert ask(here, key, "after").status == 200
        assert here.model.count == 4
        assert sum(kind == "input" for kind, _ in here.outcomes()) == 4
        here.stop()
        here.journal.close()
        here.keyring.close()


def ask(here: Any, key: str, words: str) -> Got:
    body = {"model": "chat", "messages": [{"role": "user", "content": words}]}
    got = here.post(json.dumps(body).encode(), key=key)
    assert isinstance(got, Got)
    return got


def full(here: Any, key: str) -> bool:
    """A request without a body tells: at the door it is `overloaded`, and past it no JSON."""
    return bool(here.post(b"{ no json", key=key).error["code"] == "overloaded")


def wait_until(is_so: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(400):
        if is_so():
            return
        pause.wait(0.02)
    raise AssertionError("it did not come to be")
