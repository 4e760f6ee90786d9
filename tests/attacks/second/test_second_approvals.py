"""Somebody moves the clock, races the operators, or asks under another name for what was approved."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from trilens.people.access import KeyDesk
from trilens.testing.scripted_model.script import Step


@pytest.fixture
def held(northwind: Any) -> Iterator[Any]:
    """A story whose refund waits for the support lead."""
    story = northwind.own()
    story.says("Please refund A-1003.", northwind.refund("A-1003", 450))
    assert story.answers[-1].case
    yield story
    northwind.clock.ahead_ms = 0


@pytest.mark.requirement("S10")
def test_a_clock_that_was_set_back_decides_nothing_and_repeats_nothing(northwind: Any, held: Any) -> None:
    case = held.answers[-1].case
    northwind.clock.ahead_ms = -3_600_000
    assert northwind.decide(case) == 409
    northwind.clock.ahead_ms = 0
    assert northwind.decide(case) == 200
    assert [tool for tool, _ in held.ask().calls] == ["refund"]
    for ahead_ms in (0, -600_000, 600_000):
        northwind.clock.ahead_ms = ahead_ms
        northwind.plays(northwind.refund("A-1003", 450))
        assert held.ask().calls == []


@pytest.mark.requirement("S10")
def test_of_ten_decisions_at_once_one_counts(northwind: Any, held: Any) -> None:
    case = held.answers[-1].case
    with ThreadPoolExecutor(10) as pool:
        got = list(pool.map(lambda action: northwind.decide(case, action), ["approve", "refuse"] * 5))
    assert sorted(got) == [200, *[409] * 9]


@pytest.mark.requirement("X5")
def test_an_approved_answer_is_kept_for_the_key_person_and_session_that_asked(northwind: Any, held: Any) -> None:
    assert northwind.decide(held.answers[-1].case) == 200
    plane = northwind.plane
    desk = KeyDesk(plane.system, plane.journal, plane.keystore, plane.clock, os.urandom)
    other = desk.give_to_agent("support", may_assert=True, by="").text
    body = northwind.body(*held.messages)
    northwind.plays(Step(say="Nothing."))
    assert northwind.post(body, person=held.person, session=held.session, key=other).calls == []
    assert northwind.post(body, person=northwind.name(), session=held.session).calls == []
    assert northwind.post(body, person=held.person, session=northwind.name()).calls == []
    assert [tool for tool, _ in held.ask().calls] == ["refund"]


@pytest.mark.requirement("S6")
def test_a_clock_that_was_set_back_gives_no_limit_anew(northwind: Any) -> None:
    story = northwind.own()
    [refund] = northwind.refund("A-1003", 49).call
    story.says("Please refund A-1003.", Step(call=(refund,) * 21))
    assert story.given.count("refund") == 20
    northwind.clock.ahead_ms = -172_800_000
    try:
        again = story.fork()
        again.says("And once more.", northwind.refund("A-1003", 49))
        assert again.given == []
    finally:
        northwind.clock.ahead_ms = 0


FORMS = [
    ("POST", "/operator/keys/x/revoke", "application/x-www-form-urlencoded", b"a=b", 415),
    ("POST", "/operator/keys", "text/plain", b'{"agent":"support"}', 415),
    ("POST", "/operator/keys", "multipart/form-data", b'{"agent":"support"}', 415),
    ("POST", "/operator/keys", "application/json", b'{"agent":"support","agent":"x"}', 400),
    ("POST", "/operator/keys?agent=support", "application/json", b"", 422),
    ("POST", "/operator//keys", "application/json", b'{"agent":"support"}', 404),
    ("POST", "/operator/keys/", "application/json", b'{"agent":"support"}', 404),
    ("PUT", "/operator/keys", "application/json", b'{"agent":"support"}', 405),
    ("GET", "/operator/cases/x/decide", "application/json", b"", 405),
]


@pytest.mark.requirement("X9")
@pytest.mark.parametrize(("method", "path", "media", "body", "status"), FORMS)
def test_no_form_of_a_page_is_an_operators_word(
    northwind: Any, method: str, path: str, media: str, body: bytes, status: int
) -> None:
    before = northwind.plane.journal.size()
    headers = [("content-type", media), ("authorization", f"Bearer {northwind.other}")]
    assert northwind.send(method, path, body, headers).status == status
    assert northwind.plane.journal.size() == before
