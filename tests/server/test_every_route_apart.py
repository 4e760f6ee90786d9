"""Two keys and two tenants never see each other, on any route of the application, whatever headers they send.

A route that is not in the table below fails the test: whoever adds one says whose it is.
"""

import itertools
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from trilens import server
from trilens.lenses.lens import Answer, Context, allow, hold
from trilens.testing.installation import Got, Installation, open_installation
from trilens.vocabulary.event import Event
from trilens.vocabulary.verdict import Finding

pytestmark = pytest.mark.requirement("X5", "S10")

OPEN, AGENT, OPERATOR = "anybody", "an agent's key", "an operator's key"
ROUTES = {
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("POST", "/v1/chat/completions"): AGENT,
    ("POST", "/chat/completions"): AGENT,
    ("GET", "/v1/models"): AGENT,
    ("GET", "/models"): AGENT,
    ("GET", "/operator/cases"): OPERATOR,
    ("GET", "/operator/cases/{item}"): OPERATOR,
    ("POST", "/operator/cases/{item}/decide"): OPERATOR,
    ("POST", "/operator/keys"): OPERATOR,
    ("POST", "/operator/keys/{item}/revoke"): OPERATOR,
    ("GET", "/operator/stops"): OPERATOR,
    ("POST", "/operator/stops"): OPERATOR,
    ("POST", "/operator/stops/lift"): OPERATOR,
}
ASK = {"model": "chat", "messages": [{"role": "user", "content": "send me my papers"}]}
BODIES: dict[str, dict[str, object]] = {
    "/operator/cases/{item}/decide": {"action": "approve"},
    "/operator/keys": {"agent": "support"},
    "/operator/stops": {"scope": "system", "reason": "no reason"},
    "/operator/stops/lift": {"scope": "system", "reason": "no reason"},
    "/operator/keys/{item}/revoke": {},
}
FIRST = """
steps:
  - {times: 1, say: "Papers of the first.", call: [{tool: send_email, args: {to: first@shop.example}}]}
  - {say: "Papers of another.", call: [{tool: send_email, args: {to: another@shop.example}}]}
"""
UNKNOWN = "0" * 20


def hold_mail(event: Event, _: Context) -> Answer:
    return hold(Finding("g/x", "")) if event.component == "send_email" else allow()


def routes_of(here: Installation) -> set[tuple[str, str]]:
    """Every method and path the application answers."""
    app = server.Server(here)
    found = {("POST", path.decode()) for path in server._CHAT}
    pending: list[Any] = list(app._service.rest.routes)  # type: ignore[attr-defined]
    while pending:
        route = pending.pop()
        if hasattr(route, "original_router"):
            pending.extend(route.original_router.routes)
            continue
        assert hasattr(route, "path"), route
        methods = getattr(route, "methods", None)
        assert methods, f"`{route.path}` mounts something that nobody has looked into"
        found |= {(method, route.path) for method in methods}
    return found


@dataclass
class Secrets:
    """What the first asker has: nobody else may ever be told any of it."""

    case: str
    decisions: tuple[str, ...]
    key: str
    key_id: str

    def leaks(self, got: Got, *, asked_for: str) -> list[str]:
        told = got.body.decode("latin-1") + repr(got.headers)
        words = (
            self.case,
            *self.decisions,
            self.key,
            self.key_id,
            "Papers of the first",
            "first@shop",
            "C-first",
            "s-first",
        )
        return [word for word in words if word in told and word != asked_for]


@dataclass
class Apart:
    here: Installation
    other: Installation
    secrets: Secrets


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Apart]:
    with ExitStack() as stack:
        here = stack.enter_context(open_installation(tmp_path / "one", hold_mail, script=FIRST))
        other = stack.enter_context(open_installation(tmp_path / "two", hold_mail, script=FIRST))
        key = here.key(may_assert=True)
        held = here.post(ASK, key=key, headers={"x-trilens-on-behalf-of": "C-first", "x-trilens-session": "s-first"})
        assert held.status == 403
        [case] = here.journal.cases()
        decisions = tuple(str(entry.body["id"]) for entry in here.entries() if entry.kind == "decision")
        assert len(decisions) > 2
        yield Apart(here, other, Secrets(case.id, decisions, key, key[:12]))


def strangers(apart: Apart) -> dict[str, str]:
    return {
        "nobody": "",
        "another key of the same agent": apart.here.key(),
        "another key that may assert": apart.here.key(may_assert=True),
        "a key of another agent": apart.here.key("strict"),
        "an agent of another tenant": apart.other.key(may_assert=True),
        "an operator of another tenant": apart.other.operator_key(),
        "the first key with its end cut off": apart.secrets.key[:-1],
        "the first key's name alone": apart.secrets.key_id,
    }


def confusions(apart: Apart) -> list[dict[str, str]]:
    """Headers by which somebody might be taken for the first."""
    person, session = "x-trilens-on-behalf-of", "x-trilens-session"
    return [
        {},
        {session: "s-first"},
        {person: "C-first"},
        {person: "C-first", session: "s-first"},
        {person.replace("-", "_"): "C-first", session: "s-first"},
        {
            "x-forwarded-user": "C-first",
            "x-remote-user": "C-first",
            "cookie": f"session=s-first; key={apart.secrets.key_id}",
        },
        {"x-trilens-case": apart.secrets.case, "x-trilens-decision": apart.secrets.decisions[0]},
        {"x-trilens-principal": "C-first", "x-trilens-key": apart.secrets.key_id, "x-trilens-agent": "support"},
        {"connection": f"{session}, authorization"},
        {"x-http-method-override": "GET", "x-original-url": f"/operator/cases/{apart.secrets.case}"},
    ]


def ask(here: Installation, route: tuple[str, str], item: str, key: str, headers: dict[str, str]) -> Got:
    method, path = route
    body: object = ASK if "chat" in path else BODIES.get(path, b"")
    return here.post(body, method=method, path=path.replace("{item}", item), key=key, headers=headers)  # type: ignore[arg-type]


def test_every_route_is_somebodys(apart: Apart) -> None:
    assert routes_of(apart.here) == set(ROUTES)


@pytest.mark.parametrize("route", [route for route, whose in ROUTES.items() if whose != AGENT], ids=" ".join)
def test_no_stranger_is_told_anything_of_the_first_nor_that_it_exists(apart: Apart, route: tuple[str, str]) -> None:
    here, secrets = apart.here, apart.secrets
    size = here.journal.size()
    for (who, key), headers in itertools.product(strangers(apart).items(), confusions(apart)):
        items = (secrets.case, secrets.key_id, secrets.decisions[0], UNKNOWN) if "{item}" in route[1] else ("",)
        answers = []
        for item in items:
            got = ask(here, route, item, key, headers)
            assert secrets.leaks(got, asked_for=item) == [], (who, headers, item)
            assert got.status == 200 if ROUTES[route] == OPEN and got.status < 400 else got.status in {400, 401, 403}
            answers.append((got.status, got.body.replace(item.encode(), b"")))
        assert len(set(answers)) == 1, (who, headers, answers)
    assert here.journal.size() == size
    [case] = here.journal.cases()
    assert (case.id, case.state.value) == (secrets.case, "open")


@pytest.mark.parametrize("route", [route for route, whose in ROUTES.items() if whose == AGENT], ids=" ".join)
@pytest.mark.parametrize("is_approved", [False, True])
def test_no_other_key_gets_the_answer_the_case_or_the_approval(
    apart: Apart, route: tuple[str, str], is_approved: bool
) -> None:
    here, secrets = apart.here, apart.secrets
    if is_approved:
        here.decide(here.journal.cases()[0])
    for (who, key), headers in itertools.product(strangers(apart).items(), confusions(apart)):
        got = ask(here, route, "", key, headers)
        assert secrets.leaks(got, asked_for="") == [], (who, headers)
    if is_approved and "chat" in route[1]:
        mine = {"x-trilens-on-behalf-of": "C-first", "x-trilens-session": "s-first"}
        got = ask(here, route, "", secrets.key, mine)
        assert b"Papers of the first" in got.body, "the approval was used up by somebody else"


def test_an_agents_key_opens_no_operators_route_whatever_it_is_sent_as(apart: Apart) -> None:
    here, key = apart.here, apart.secrets.key
    for route in (route for route, whose in ROUTES.items() if whose == OPERATOR):
        for headers in ({"authorization": f"Bearer {key}"}, {"x-api-key": key}, {"api-key": key}):
            got = ask(here, route, apart.secrets.case, "", headers)
            assert got.status in {401, 403}
            assert json.loads(got.body)["code"].startswith("people/")


def test_an_operators_key_opens_no_agents_route(apart: Apart) -> None:
    for route in (route for route, whose in ROUTES.items() if whose == AGENT):
        got = ask(apart.here, route, "", apart.here.operator_key(), {})
        assert (got.status, got.error["code"]) == (401, "invalid_api_key")


def test_an_operator_who_is_not_named_in_a_case_reads_nothing_of_it_and_decides_nothing(apart: Apart) -> None:
    here, secrets, guest = apart.here, apart.secrets, apart.here.operator_key("guest")
    assert here.journal.cases()[0].by
    for route in (
        ("GET", "/operator/cases"),
        ("GET", "/operator/cases/{item}"),
        ("POST", "/operator/cases/{item}/decide"),
    ):
        got = ask(here, route, secrets.case, guest, {})
        assert secrets.leaks(got, asked_for=secrets.case) == []
        assert got.status in {200, 403, 404}
        assert not re.search(rb'"cases":\s*\[[^]]', got.body)
    assert here.journal.cases()[0].state.value == "open"
