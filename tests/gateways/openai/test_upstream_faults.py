"""An upstream that is dead, slow, elsewhere or wrong: the next one, or a clear error, and the reason in the ledger."""

import json
import socket
from collections.abc import Callable
from typing import Any

import openai
import pytest

from trilens.gateways import upstream
from trilens.lenses.lens import Answer, Context, allow, deny
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind
from trilens.vocabulary.verdict import Finding

pytestmark = pytest.mark.requirement("S13")

Install = Callable[..., Any]
ASK: list[Any] = [{"role": "user", "content": "hello"}]
FINE = "steps: [{say: from the spare}]"


def faulty(**fault: object) -> str:
    return f"steps: [{{say: hello there you, fault: {json.dumps(fault)}}}]"


def ask(here: Any, **more: object) -> Any:
    return here.post({"model": "chat", "messages": ASK} | more)


def faults(here: Any) -> list[tuple[str, str]]:
    return [(e.body["model"], e.body["what"]) for e in here.entries() if e.kind == "fault"]


@pytest.fixture
def dead() -> str:
    """An address nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"status": 500}, "upstream/status"),
        ({"status": 503}, "upstream/status"),
        ({"status": 429}, "upstream/status"),
        ({"status": 401}, "upstream/status"),
        ({"status": 404}, "upstream/status"),
        ({"redirect": "http://127.0.0.1:1/elsewhere"}, "upstream/redirect"),
        ({"headers": {"content-encoding": "gzip"}}, "upstream/encoded"),
    ],
)
def test_a_model_that_fails_is_followed_by_the_next(
    install: Install, fault: dict[str, object], code: str, stream: bool
) -> None:
    here = install(script=faulty(**fault), spare=FINE)
    got = ask(here, stream=stream)
    assert got.status == 200
    assert b"from the spa" in got.body
    assert faults(here) == [("chat", code)]
    assert here.spare.asked[0].body["model"] == "gpt-5.1-spare"
    assert here.spare.asked[0].headers["authorization"] == "Bearer sk-spare"
    assert [kind for kind, _ in here.outcomes()][:3] == ["input", "model_call", "model_call"]


def test_a_dead_model_is_followed_by_the_next(install: Install, dead: str) -> None:
    here = install(upstream=dead, spare=FINE)
    assert ask(here).status == 200
    assert faults(here) == [("chat", "upstream/unreachable")]


def test_a_model_that_is_silent_too_long_is_followed_by_the_next(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "FIRST_BYTE_S", 0.2)
    here = install(script=faulty(hang=True), spare=FINE)
    assert ask(here).status == 200
    assert faults(here) == [("chat", "upstream/timeout")]


def test_when_all_fail_the_client_hears_why_and_so_does_the_ledger(install: Install) -> None:
    here = install(script=faulty(status=500), spare=faulty(status=429))
    got = ask(here)
    assert (got.status, got.error["code"], got.error["type"]) == (502, "unavailable", "upstream_error")
    assert got.error["message"] == "no model answered: `chat` answered 500, `spare` answered 429"
    assert faults(here) == [("chat", "upstream/status"), ("spare", "upstream/status")]


def test_when_all_are_too_slow_it_is_a_timeout(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "FIRST_BYTE_S", 0.2)
    here = install(script=faulty(hang=True), spare=faulty(hang=True))
    assert ask(here).status == 504


@pytest.mark.requirement("C5")
def test_a_next_model_that_is_denied_is_skipped_recorded_and_never_asked(install: Install) -> None:
    def at_home(event: Event, _: Context) -> Answer:
        away = event.kind is EventKind.MODEL_CALL and event.component == "spare"
        return deny(Finding("g/other_region", "us")) if away else allow()

    here = install(at_home, script=faulty(status=500), spare=FINE)
    got = ask(here)
    assert got.status == 502
    assert got.error["message"] == (
        "no model answered: `chat` answered 500, `spare` was refused (security/g0: other region)"
    )
    assert here.spare.count == 0
    assert here.outcomes()[-1] == ("model_call", "deny")


@pytest.mark.parametrize("missing", ["UPSTREAM_KEY", "SPARE_KEY"])
def test_a_model_without_its_key_is_not_asked(install: Install, missing: str) -> None:
    here = install(script=faulty(status=500), spare=FINE)
    here.environment = {name: value for name, value in here.environment.items() if name != missing}
    got = ask(here)
    if missing == "UPSTREAM_KEY":
        assert (got.status, got.error["code"]) == (503, "not_configured")
        assert got.header("x-should-retry") == "false"
        assert "models.chat" in got.error["help"]
        assert here.model.count == here.spare.count == 0
    else:
        assert got.status == 502
        assert "the key of model `spare` is not set" in got.error["message"]
        assert here.spare.count == 0


def test_a_client_does_not_repeat_what_is_not_configured(install: Install) -> None:
    here = install()
    here.environment = {}
    with pytest.raises(openai.InternalServerError) as caught:
        here.client(max_retries=2).chat.completions.create(model="chat", messages=ASK)
    assert caught.value.status_code == 503
    assert here.outcomes() == [("input", "allow"), ("model_call", "allow")]


@pytest.mark.parametrize(
    "fault",
    [
        {"body": "<html>busy</html>"},
        {"body": ""},
        {"body": "[]"},
        {"body": "{}"},
        {"body": '{"choices":[]}'},
        {"body": '{"choices":[{"message":{"content":"a"}},{"message":{"content":"b"}}]}'},
        {"body": '{"choices":[{"message":{"content":"a","content":"b"}}]}'},
        {"body": '{"choices":[{"message":{"content":5}}]}'},
        {"body": '{"choices":[{"message":"hi"}]}'},
        {"body": '{"choices":[{"message":{"content":[{"type":"image_url"}]}}]}'},
        {"body": '{"choices":[{"message":{"function_call":{"name":"x","arguments":"{}"}}}]}'},
        {"body": '{"choices":[{"message":{"tool_calls":[{"id":"c","type":"custom","custom":{}}]}}]}'},
        {"body": '{"choices":[{"message":{"tool_calls":[{"function":{"name":"x","arguments":"{}"}}]}}]}'},
        {"content_type": "text/html"},
        {"content_type": "text/event-stream"},
        {"garbage": "\x00\x01}{"},
        {"cut": True},
    ],
)
def test_an_answer_that_cannot_be_read_is_none(install: Install, fault: dict[str, object]) -> None:
    here = install(script=faulty(**fault))
    got = ask(here)
    assert (got.status, got.error["type"]) == (502, "upstream_error")
    assert got.error["code"] in ("unreadable", "cut")
    assert b"hello there" not in got.body
    assert len(faults(here)) == 1
    assert ("output", "allow") not in here.outcomes()


def test_two_calls_of_one_answer_never_share_an_id(install: Install) -> None:
    calls = "call: [{tool: lookup, args: {order: A}}, {tool: send_email, args: {to: a}}]"
    here = install(script=f"steps: [{{{calls}, fault: {{duplicate_ids: true}}}}]")
    assert ask(here).error["code"] == "unreadable"


def test_an_endless_answer_is_cut_off(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "LARGEST_ANSWER", 10_000)
    here = install(script=faulty(body="x" * 20_000))
    assert ask(here).error["code"] == "too_large"


def test_an_answer_that_stalls_is_given_up(install: Install, puppet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "BETWEEN_BYTES_S", 0.2)
    here = install(upstream=puppet.base_url)
    puppet.head("application/json")
    puppet.push(b'{"choices":[')
    got = ask(here)
    assert (got.status, got.error["code"]) == (504, "timeout")
    assert puppet.left.wait(5)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_model_that_finds_fault_with_the_request_is_quoted_and_no_other_is_asked(
    install: Install, status: int
) -> None:
    told = {
        "error": {"message": "too long", "type": "x", "code": "context_length_exceeded", "secret": "s"},
        "choices": 1,
    }
    here = install(script=faulty(status=status, body=json.dumps(told)), spare=FINE)
    got = ask(here)
    assert got.status == status
    assert got.error == {
        "message": "too long",
        "type": "invalid_request_error",
        "param": None,
        "code": "context_length_exceeded",
    }
    assert here.spare.count == 0
    assert faults(here) == [("chat", "upstream/refused")]


def test_a_client_that_leaves_takes_the_request_upstream_with_it(
    install: Install, puppet: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trilens.gateways.presence.GRACE_S", 0.0)
    here = install(upstream=puppet.base_url)
    client = here.client(max_retries=0, timeout=0.5)
    with pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(model="chat", messages=ASK)
    assert puppet.left.wait(5)
