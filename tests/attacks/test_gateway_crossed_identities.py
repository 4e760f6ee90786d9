"""Somebody wants the answer, the case or the approval of somebody else, by asking in the very same words."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from trilens.lenses.lens import Answer, Context, allow, hold
from trilens.vocabulary.event import Event
from trilens.vocabulary.verdict import Finding

pytestmark = pytest.mark.requirement("X5", "S10")

Install = Callable[..., Any]
ASK = {"model": "chat", "messages": [{"role": "user", "content": "send me my papers"}]}
MAIL = """
steps:
  - {when: {user: papers}, times: 1, say: "Papers of the first.", call: [{tool: send_email, args: {to: first@shop.example}}]}
  - {when: {user: papers}, say: "Papers of the second.", call: [{tool: send_email, args: {to: second@shop.example}}]}
"""


def hold_mail(event: Event, _: Context) -> Answer:
    return hold(Finding("g/x", "")) if event.component == "send_email" else allow()


def ways(here: Any) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Two askers of the same words, by what tells them apart."""
    one, two = here.key(may_assert=True), here.key(may_assert=True)
    strict = here.key("strict", may_assert=True)
    person, other = {"x-trilens-on-behalf-of": "C-1"}, {"x-trilens-on-behalf-of": "C-2"}
    return {
        "two keys": ({"key": one}, {"key": two}),
        "two keys for one person": ({"key": one, "headers": person}, {"key": two, "headers": person}),
        "two agents for one person": ({"key": one, "headers": person}, {"key": strict, "headers": person}),
        "two people": ({"key": one, "headers": person}, {"key": one, "headers": other}),
        "a person and nobody": ({"key": one, "headers": person}, {"key": one}),
        "two sessions": (
            {"key": one, "headers": {"x-trilens-session": "a"}},
            {"key": one, "headers": {"x-trilens-session": "b"}},
        ),
        "one session name of two keys": (
            {"key": one, "headers": {"x-trilens-session": "a"}},
            {"key": two, "headers": {"x-trilens-session": "a"}},
        ),
    }


WAYS = (
    "two keys",
    "two keys for one person",
    "two agents for one person",
    "two people",
    "a person and nobody",
    "two sessions",
    "one session name of two keys",
)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_two_who_ask_in_the_same_words_never_meet(install: Install, way: str, stream: bool) -> None:
    here = install(hold_mail, script=MAIL)
    first, second = ways(here)[way]
    body = ASK | {"stream": stream}

    held = here.post(body, **first)
    assert held.status == 403
    [case] = here.journal.cases()
    here.decide(case)

    stolen = here.post(body, **second)
    assert b"first" not in stolen.body
    assert case.id.encode() not in stolen.body
    assert here.model.count == 2

    own = here.post(body, **first)
    assert own.status == 200
    assert b"Papers of " in own.body
    assert b"second" not in own.body
    assert here.model.count == 2


def test_a_case_of_one_key_is_not_shown_to_another_while_it_is_open(install: Install) -> None:
    here = install(hold_mail, script=MAIL)
    one, two = here.key(), here.key()
    mine, theirs = here.post(ASK, key=one).error, here.post(ASK, key=two).error
    assert mine["case"] != theirs["case"]
    assert mine["decision_id"] != theirs["decision_id"]


@pytest.mark.requirement("X5")
def test_a_key_without_leave_cannot_put_on_anothers_name(install: Install) -> None:
    here = install(script="steps: [{say: hi}]")
    for header in ("x-trilens-on-behalf-of", "X-Trilens-On-Behalf-Of"):
        got = here.post(ASK, headers={header: "C-1"})
        assert (got.status, got.error["code"]) == (403, "may_not_assert")
    assert here.model.count == 0


def test_a_name_that_runs_into_the_next_field_is_still_another_name(install: Install) -> None:
    """Digests are made of length-prefixed parts: no choice of names makes two identities one."""
    here = install(hold_mail, script=MAIL)
    key = here.key(may_assert=True)
    names = ["C-1", "C-1 ", "c-1", "C-1:x", "customer:C-1", "C-1/a"]
    cases = {here.post(ASK, key=key, headers={"x-trilens-on-behalf-of": name}).error["case"] for name in names}
    assert len(cases) == len({name.strip() for name in names})
    sessions = [("C-1", "a"), ("C-1a", ""), ("C-1", "aa"), ("C-1a", "a")]
    headers = [
        {"x-trilens-on-behalf-of": person} | ({"x-trilens-session": session} if session else {})
        for person, session in sessions
    ]
    macs = {json.dumps(here.post(ASK, key=key, headers=header).error["case"]) for header in headers}
    assert len(macs) == len(sessions)
