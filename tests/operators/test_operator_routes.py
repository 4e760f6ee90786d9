"""The operator's routes on the real server: an operator's key for everything, problems with codes, and no decision by GET."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from trilens.lenses.lens import Answer, Context, allow, hold
from trilens.operators.body import LARGEST
from trilens.people.keys import parse_key
from trilens.testing.installation import Got, Installation, open_installation
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind
from trilens.vocabulary.verdict import Finding

pytestmark = pytest.mark.requirement("S10", "X5")

MAIL = {"to": "bo@example.com", "body": "hello"}
SCRIPT = json.dumps({"steps": [{"call": [{"tool": "send_email", "args": MAIL}]}]})
ASKED = {"model": "gpt-5.1", "messages": [{"role": "user", "content": "Grüezi"}]}
GETS = ["/operator/cases", "/operator/cases/x"]
POSTS = ["/operator/cases/x/decide", "/operator/keys", "/operator/keys/x/revoke"]


def mails_are_held(event: Event, _: Context) -> Answer:
    return hold(Finding("g0/mail", "a mail")) if event.kind is EventKind.TOOL_CALL else allow()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    with open_installation(tmp_path / "state", mails_are_held, script=SCRIPT) as opened:
        yield opened


def held(here: Installation, agent: str) -> str:
    got = here.post(ASKED, key=agent)
    assert got.status == 403, got.body
    [case] = here.journal.cases()
    return case.id


def code(got: Got) -> object:
    problem = json.loads(got.body)
    assert got.header("content-type") == "application/problem+json"
    assert problem["status"] == got.status
    assert set(problem) == {"type", "title", "status", "code", "help"}
    return problem["code"]


def test_an_operator_sees_and_approves_a_case_and_the_same_request_gets_its_answer_once(here: Installation) -> None:
    agent, lead = here.key(), here.operator_key()
    case = held(here, agent)
    listed = json.loads(here.post(b"", key=lead, path="/operator/cases", method="GET").body)
    assert [one["id"] for one in listed["cases"]] == [case]
    assert listed["cases"][0]["card"]["actions"][0]["component"] == "send_email"
    shown = json.loads(here.post(b"", key=lead, path=f"/operator/cases/{case}", method="GET").body)
    assert shown == listed["cases"][0]

    decided = here.post({"action": "approve"}, key=lead, path=f"/operator/cases/{case}/decide")

    assert decided.status == 200, decided.body
    assert decided.header("cache-control") == "no-store"
    answer = json.loads(decided.body)
    assert (answer["v"], answer["case"], answer["stage"], answer["by"]) == (1, case, "approved", "lead")
    assert here.entries()[answer["entry"]].kind == "case.decided"
    released = here.post(ASKED, key=agent)
    assert released.status == 200
    assert b"bo@example.com" in released.body
    assert here.post(ASKED, key=agent).status == 403
    assert json.loads(here.post(b"", key=lead, path="/operator/cases", method="GET").body)["cases"][0]["id"] != case
    everything = json.loads(here.post(b"", key=lead, path="/operator/cases?all=true", method="GET").body)["cases"]
    assert {one["id"]: one["stage"] for one in everything}[case] == "used"


def test_an_edit_is_released_in_place_of_what_was_asked(here: Installation) -> None:
    agent, lead = here.key(), here.operator_key()
    case = held(here, agent)
    edit = {"calls": {"0": {"to": "bo@example.com", "body": "good bye"}}}
    decided = here.post({"action": "edit", "edit": edit}, key=lead, path=f"/operator/cases/{case}/decide")
    assert decided.status == 200, decided.body
    released = here.post(ASKED, key=agent)
    assert released.status == 200
    call = json.loads(released.body)["choices"][0]["message"]["tool_calls"][0]
    assert json.loads(call["function"]["arguments"]) == edit["calls"]["0"]


def test_a_refused_request_is_told_so(here: Installation) -> None:
    agent, lead = here.key(), here.operator_key()
    case = held(here, agent)
    assert here.post({"action": "refuse"}, key=lead, path=f"/operator/cases/{case}/decide").status == 200
    got = here.post(ASKED, key=agent)
    assert (got.status, got.error["code"]) == (403, "approval_refused")


@pytest.mark.parametrize(("method", "path"), [("GET", path) for path in GETS] + [("POST", path) for path in POSTS])
def test_nothing_is_served_without_an_operators_key(here: Installation, method: str, path: str) -> None:
    lead = here.operator_key()
    for key, status, why in (
        ("", 401, "people/no-key"),
        ("sesame", 401, "people/mistyped-key"),
        (lead[:-1], 401, "people/mistyped-key"),
        (here.key(), 403, "people/agent-key"),
    ):
        got = here.post(b"{not even read", key=key, path=path, method=method)
        assert (got.status, code(got)) == (status, why)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_nothing_is_done_by_another_method_than_post(here: Installation, path: str, method: str) -> None:
    assert here.post(b"", key=here.operator_key(), path=path, method=method).status == 405


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"{", 400, "wire/not-json"),
        (b"[]", 400, "wire/not-object"),
        (b'{"action": "approve", "action": "refuse"}', 400, "wire/duplicate-key"),
        (b"{}", 422, "wire/operator-body"),
        (b'{"action": 1}', 422, "wire/operator-body"),
        (b'{"action": "use"}', 422, "wire/operator-body"),
        (b'{"action": "approve", "dryrun": true}', 422, "wire/operator-body"),
        (b'{"action": "approve", "dry_run": 1}', 422, "wire/operator-body"),
        (b'{"action": "edit"}', 422, "people/edit-form"),
        (b'{"action": "approve", "edit": {"text": "x"}}', 422, "people/edit-form"),
        (b'{"action": "edit", "edit": {"calls": {"0": 1}}}', 422, "people/edit-form"),
        (b'{"action": "edit", "edit": {"calls": {"7": {}}}}', 422, "people/edit-not-possible"),
        (b'{"action": "' + b"x" * LARGEST + b'"}', 413, "wire/too-large"),
    ],
)
def test_a_decision_that_cannot_be_meant_decides_nothing(
    here: Installation, body: bytes, status: int, why: str
) -> None:
    case = held(here, here.key())
    got = here.post(body, key=here.operator_key(), path=f"/operator/cases/{case}/decide")
    assert (got.status, code(got)) == (status, why)
    assert all(entry.kind != "case.decided" for entry in here.entries())


def test_a_form_is_no_decision(here: Installation) -> None:
    case = held(here, here.key())
    form = {"content-type": "application/x-www-form-urlencoded"}
    path = f"/operator/cases/{case}/decide"
    got = here.post(b'{"action": "approve"}', key=here.operator_key(), path=path, headers=form)
    assert (got.status, code(got)) == (415, "wire/media-type")


def test_decided_twice_late_or_unknown_is_a_problem(here: Installation) -> None:
    lead, agent = here.operator_key(), here.key()
    case = held(here, agent)
    path = f"/operator/cases/{case}/decide"
    assert here.post({"action": "approve", "dry_run": True}, key=lead, path=path).status == 200
    assert here.post({"action": "approve"}, key=lead, path=path).status == 200
    again = here.post({"action": "refuse"}, key=lead, path=path)
    assert (again.status, code(again)) == (409, "people/already-decided")
    here.clock.now_ms += 10**9
    late = here.post({"action": "refuse"}, key=lead, path=path)
    assert (late.status, code(late)) == (409, "people/expired")
    none = here.post({"action": "refuse"}, key=lead, path="/operator/cases/apr_none/decide")
    assert (none.status, code(none)) == (404, "people/unknown-case")


def test_an_operator_sees_only_cases_they_may_decide(here: Installation) -> None:
    case = held(here, here.key())
    stranger = here.operator_key("stranger")
    listed = json.loads(here.post(b"", key=stranger, path="/operator/cases?all=true", method="GET").body)
    assert listed["cases"] == []
    got = here.post(b"", key=stranger, path=f"/operator/cases/{case}", method="GET")
    assert (got.status, code(got)) == (403, "people/not-yours")
    got = here.post({"action": "approve"}, key=stranger, path=f"/operator/cases/{case}/decide")
    assert (got.status, code(got)) == (403, "people/not-yours")


def test_a_key_for_an_agent_is_made_once_and_works_at_once_until_it_is_revoked(here: Installation) -> None:
    lead = here.operator_key()
    assert (
        json.loads(here.post({"agent": "support", "dry_run": True}, key=lead, path="/operator/keys").body)["key"]
        is None
    )
    made = json.loads(here.post({"agent": "support", "may_assert": True}, key=lead, path="/operator/keys").body)
    parsed = parse_key(made["key"])
    assert parsed is not None
    assert (parsed.id, parsed.is_operator) == (made["id"], False)
    assert here.post(ASKED, key=made["key"]).error["code"] == "approval_required"
    assert here.post({}, key=lead, path=f"/operator/keys/{made['id']}/revoke").status == 200
    assert [entry.kind for entry in here.entries() if entry.kind.startswith("key.")] == ["key.added", "key.revoked"]
    record = here.keystore.find(made["id"])
    assert record is not None
    assert record.revoked_ms == here.clock.now_ms
    again = here.post({}, key=lead, path=f"/operator/keys/{made['id']}/revoke")
    assert (again.status, code(again)) == (409, "people/already-revoked")


def test_keys_are_given_and_taken_by_the_owner_of_the_security_lens_alone(here: Installation) -> None:
    owner, stranger = here.operator_key("lead"), here.operator_key("stranger")
    made = json.loads(here.post({"agent": "support"}, key=owner, path="/operator/keys").body)
    before = here.keystore.list()
    asked: list[tuple[str, dict[str, object]]] = [
        ("/operator/keys", {"agent": "support", "may_assert": True}),
        ("/operator/keys", {"agent": "support"}),
        ("/operator/keys", {"agent": "nobody"}),
        (f"/operator/keys/{made['id']}/revoke", {}),
        ("/operator/keys/tlk_none/revoke", {}),
    ]
    for path, body in asked:
        for more in ({}, {"dry_run": True}):
            got = here.post({**body, **more}, key=stranger, path=path)
            assert (got.status, code(got)) == (403, "people/not-keeper")
    assert here.keystore.list() == before
    assert here.post(ASKED, key=made["key"]).error["code"] == "approval_required"


def test_no_route_makes_an_operator(here: Installation) -> None:
    lead = here.operator_key()
    for body in ({"operator": "lead"}, {"agent": "support", "operator": "lead"}, {"agent": "nobody"}):
        assert here.post(body, key=lead, path="/operator/keys").status == 422
    assert [key.operator for key in here.keystore.list()] == ["lead"]
