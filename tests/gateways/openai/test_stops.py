"""A person stops what an agent does, and nothing more of it is let through: fresh requests, held ones, and streams that are running."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import openai
import pytest

from trilens.lenses.lens import Answer, Context, allow, hold
from trilens.prove.ledger.entry import encode
from trilens.storage.ports import Batch, CaseState, Stop, Stopped, StopScope
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind
from trilens.vocabulary.verdict import Finding

pytestmark = pytest.mark.requirement("S9")

Install = Callable[..., Any]
ASK: list[Any] = [{"role": "user", "content": "Gr\u00fcezi"}]
SAYS = "steps: [{say: hello}]"
MAILS = json.dumps({"steps": [{"call": [{"tool": "send_email", "args": {"to": "bo@shop.example", "body": "hi"}}]}]})
WITHIN_S = 1.0


def mails_are_held(event: Event, _: Context) -> Answer:
    return hold(Finding("g0/mail", "a mail")) if event.kind is EventKind.TOOL_CALL else allow()


def operate(
    here: Any, path: str, key: str, *, scope: str = "system", subject: str = "", reason: str = "a drill"
) -> Any:
    return here.post({"scope": scope, "subject": subject, "reason": reason}, key=key, path=f"/operator/stops{path}")


def ask(here: Any, key: str, session: str = "", **more: object) -> Any:
    headers = {"x-trilens-session": session} if session else {}
    return here.post({"model": "chat", "messages": ASK} | more, key=key, headers=headers)


def session_of(here: Any) -> str:
    return str([e.body["session"] for e in here.entries() if e.kind == "decision"][-1])


@pytest.mark.parametrize("scope", ["system", "agent", "session"])
def test_what_is_stopped_is_refused_with_its_own_code_until_it_is_resumed(install: Install, scope: str) -> None:
    here = install(script=SAYS)
    agent, lead = here.key(), here.operator_key()
    assert ask(here, agent, "s-1").status == 200
    subject = {"system": "", "agent": "support", "session": session_of(here)}[scope]

    stopped = operate(here, "", lead, scope=scope, subject=subject)

    assert stopped.status == 200, stopped.body
    answer = json.loads(stopped.body)
    assert here.entries()[answer["entry"]].kind == "stop.set"
    assert answer["was_seen"] is True
    before = here.model.count
    for more in ({}, {"stream": True}):
        got = ask(here, agent, "s-1", **more)
        assert (got.status, got.error["code"]) == (403, "stopped")
        assert got.error["type"] == "policy_violation"
    assert here.model.count == before
    refused = [e.body for e in here.entries() if e.kind == "decision" and e.body["outcome"] == "deny"]
    assert refused
    assert all(body["verdicts"][0] == ["enforce/admit", "judged", "deny", ["admit/stopped"]] for body in refused)
    resumed = operate(here, "/lift", lead, scope=scope, subject=subject)
    assert resumed.status == 200, resumed.body
    assert ask(here, agent, "s-1").status == 200


@pytest.mark.parametrize("kind", ["model_call", "output"])
def test_what_was_judged_before_a_stop_and_would_be_committed_after_it_does_not_leave(
    install: Install, kind: str
) -> None:
    here = install(script=SAYS)
    agent = here.key()
    here.address  # noqa: B018 - the server starts
    commit = here.journal.commit
    stopping: list[object] = []

    def late(batch: Batch) -> Any:
        if not stopping and f'"{kind}"'.encode() in b"".join(batch.leaves):
            stop = Stop(Stopped(StopScope.SYSTEM, ""), "lead", here.clock.now_ms, "sha256:reason")
            stopping.append(commit(Batch((encode("stop.set", here.clock.now_ms, {}),), stops=(stop,))).result(10))
        return commit(batch)

    here.journal.commit = late
    got = ask(here, agent)
    assert stopping
    assert (got.status, got.error["code"]) == (403, "stopped")
    assert here.model.count == (0 if kind == "model_call" else 1)


def test_a_stop_reaches_no_other_agent_and_no_other_session(install: Install) -> None:
    here = install(script=SAYS)
    agent, other, lead = here.key(), here.key("strict"), here.operator_key()
    assert ask(here, agent, "s-1").status == 200
    operate(here, "", lead, scope="session", subject=session_of(here))
    assert ask(here, agent, "s-1").status == 403
    assert ask(here, agent, "s-2").status == 200
    operate(here, "", lead, scope="agent", subject="support")
    assert ask(here, agent, "s-2").status == 403
    assert ask(here, other).status == 200


def test_a_stopped_client_is_told_by_the_client_library(install: Install) -> None:
    here = install(script=SAYS)
    operate(here, "", here.operator_key())
    with pytest.raises(openai.PermissionDeniedError) as refused:
        here.client(max_retries=0).chat.completions.create(model="chat", messages=ASK)
    assert refused.value.code == "stopped"


def test_no_key_of_an_agent_stops_or_resumes(install: Install) -> None:
    here = install(script=SAYS)
    for key, status in ((here.key(), 403), (here.key("strict", may_assert=True), 403), ("", 401)):
        assert operate(here, "", key).status == status
        assert operate(here, "/lift", key).status == status
    assert list(here.journal.stops()) == []
    operate(here, "", here.operator_key())
    assert operate(here, "/lift", here.key()).status == 403
    assert len(here.journal.stops()) == 1


def test_a_member_of_a_role_may_stop_and_only_an_owner_may_resume(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = install(script=SAYS)
    stranger = here.operator_key("nobody")
    assert operate(here, "", stranger).status == 403
    monkeypatch.setattr("trilens.people.stops.desk.operators_of", lambda _: ("lead", "nobody"))
    assert operate(here, "", stranger).status == 200
    assert operate(here, "/lift", stranger).status == 403
    assert operate(here, "/lift", here.operator_key()).status == 200


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ({"scope": "agent", "subject": "suport"}, 422),
        ({"scope": "session", "subject": "s-1"}, 422),
        ({"scope": "system", "subject": "x"}, 422),
        ({"scope": "everything"}, 422),
        ({"reason": "  "}, 422),
    ],
)
def test_what_cannot_be_meant_stops_nothing_and_says_so(install: Install, order: dict[str, str], status: int) -> None:
    here = install(script=SAYS)
    assert operate(here, "", here.operator_key(), **order).status == status
    assert list(here.journal.stops()) == []


def test_a_session_that_no_entry_names_is_stopped_and_said_to_be_unknown(install: Install) -> None:
    here = install(script=SAYS)
    got = operate(here, "", here.operator_key(), scope="session", subject="0" * 32)
    assert json.loads(got.body)["was_seen"] is False


def test_the_reason_stands_nowhere_in_the_open(install: Install) -> None:
    here = install(script=SAYS)
    lead = here.operator_key()
    operate(here, "", lead, reason="Bo Smith complained")
    assert not any(b"Bo Smith" in leaf for leaf in here.journal.leaves(0, here.journal.size()))
    shown = here.post(b"", key=lead, path="/operator/stops", method="GET")
    assert json.loads(shown.body)["stops"][0]["reason"] == "Bo Smith complained"


@pytest.mark.requirement("S10")
def test_an_approved_answer_is_not_released_while_its_agent_is_stopped_and_is_after(install: Install) -> None:
    here = install(mails_are_held, script=MAILS)
    agent, lead = here.key(), here.operator_key()
    assert ask(here, agent).error["code"] == "approval_required"
    [case] = here.journal.cases()
    operate(here, "", lead, scope="agent", subject="support")
    # waiting or approved: what is stopped gets the same answer
    assert ask(here, agent).error["code"] == "stopped"
    here.decide(case)
    got = ask(here, agent)
    assert (got.status, got.error["code"]) == (403, "stopped")
    assert here.journal.case(case.id).state is CaseState.APPROVED
    operate(here, "/lift", lead, scope="agent", subject="support")
    released = ask(here, agent)
    assert released.status == 200, released.body
    assert b"bo@shop.example" in released.body
    assert here.journal.case(case.id).state is CaseState.USED


def chunk(text: str, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": finish}
    return b"data: " + json.dumps({"id": "x", "model": "m", "created": 1, "choices": [choice]}).encode() + b"\n\n"


class Reading(threading.Thread):
    """A client of the library, reading a stream until it ends or fails."""

    def __init__(self, here: Any, key: str, **headers: str) -> None:
        super().__init__(daemon=True)
        self.text, self.ended_s = "", 0.0
        self.error: openai.APIError | None = None
        self.got_words = threading.Event()
        self._client = here.client(key, max_retries=0)
        self._headers = headers

    def run(self) -> None:
        try:
            answer = self._client.chat.completions.create(
                model="chat", messages=ASK, stream=True, extra_headers=self._headers
            )
            for part in answer:
                self.text += part.choices[0].delta.content or ""
                self.got_words.set()
        except openai.APIError as error:
            self.error = error
        self.ended_s = time.monotonic()


@pytest.mark.parametrize("is_silent", [True, False], ids=["silent model", "talking model"])
def test_a_running_stream_is_ended_openly_within_a_second(install: Install, puppet: Any, is_silent: bool) -> None:
    here = install(upstream=puppet.base_url)
    agent, lead = here.key(), here.operator_key()
    puppet.head()
    puppet.push(chunk("The first sentence is here. The second one follows it. ") + chunk("And more"))
    reading = Reading(here, agent)
    reading.start()
    assert reading.got_words.wait(10)
    if not is_silent:
        puppet.push(chunk(" words. And then some more of them. "))
    began_s = time.monotonic()

    assert operate(here, "", lead, scope="agent", subject="support").status == 200

    reading.join(10)
    assert reading.ended_s - began_s < WITHIN_S
    assert isinstance(reading.error, openai.APIError)
    assert reading.error.code == "stopped"
    assert puppet.left.wait(5), "the model is no longer listened to"
    [delivery] = [e.body for e in here.entries() if e.kind == "delivery"]
    assert (delivery["letters"], delivery["whole"], delivery["why"]) == (len(reading.text), False, "stopped")
    stop = next(n for n, e in enumerate(here.entries()) if e.kind == "stop.set")
    assert not any(e.kind == "decision" and e.body["left"] for e in here.entries()[stop:])


def test_a_stream_of_another_agent_goes_on(install: Install, puppet: Any) -> None:
    here = install(upstream=puppet.base_url)
    agent, lead = here.key("strict"), here.operator_key()
    puppet.head()
    puppet.push(chunk("The first sentence is here. The second one follows it. "))
    reading = Reading(here, agent)
    reading.start()
    assert reading.got_words.wait(10)
    assert operate(here, "", lead, scope="agent", subject="support").status == 200
    puppet.push(chunk("The end.", "stop") + b"data: [DONE]\n\n")
    puppet.end()
    reading.join(10)
    assert reading.error is None
    assert reading.text.endswith("The end.")


def test_an_answer_that_is_read_whole_is_given_up_within_a_second(install: Install, puppet: Any) -> None:
    here = install(upstream=puppet.base_url)
    agent, lead = here.key(), here.operator_key()
    puppet.head("application/json")
    puppet.push(b'{"choices": [')
    got: list[Any] = []
    asking = threading.Thread(target=lambda: got.append(ask(here, agent)), daemon=True)
    asking.start()
    assert puppet.asked.wait(10)
    began_s = time.monotonic()
    assert operate(here, "", lead).status == 200
    asking.join(10)
    assert time.monotonic() - began_s < WITHIN_S
    assert (got[0].status, got[0].error["code"]) == (403, "stopped")


def test_a_stop_is_in_force_after_a_restart(install: Install) -> None:
    here = install(script=SAYS)
    agent, lead = here.key(), here.operator_key()
    operate(here, "", lead)
    here.stop()
    here.server = None
    assert ask(here, agent).error["code"] == "stopped"
    assert operate(here, "/lift", lead).status == 200
    assert ask(here, agent).status == 200
