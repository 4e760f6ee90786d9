"""A client wants the upstream's key sent to a server of its own, or the conversation of another to leak with it."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from trilens.testing.puppet import Puppet

Install = Callable[..., Any]
ASK = {"model": "chat", "messages": [{"role": "user", "content": "CANARY-WORDS"}]}


@pytest.mark.requirement("X9")
def test_nothing_a_client_sends_chooses_where_the_key_goes(install: Install, caplog: pytest.LogCaptureFixture) -> None:
    here = install(script="steps: [{say: ok}]")
    with Puppet() as canary:
        url = canary.base_url
        refused = ("base_url", "api_base", "api_key", "custom_llm_provider", "model_list", "user_config", "headers")
        headers = (
            *("x-upstream", "x-base-url", "x-portkey-custom-host", "x-forwarded-host", "forwarded", "host-override"),
            *("x-trilens-upstream", "x-http-method-override", "x-original-url", "x-rewrite-url"),
        )
        for name in refused:
            assert here.post(ASK | {name: url}).status == 400
        for name in ("url", "proxy", "endpoint"):
            assert here.post(ASK | {name: url}).status == 200
        for name in headers:
            assert here.post(ASK, headers={name: url}).status == 200
        for model in (url, f"chat@{url}", f"openai/{url}"):
            assert here.post(ASK | {"model": model}).status == 403
        for path in (f"/v1/chat/completions?base_url={url}", f"/v1/chat/completions?api_base={url}"):
            assert here.post(ASK, path=path).status == 200
        assert not canary.asked.is_set()
    assert {asked.headers["authorization"] for asked in here.model.asked} == {"Bearer sk-up"}
    assert {asked.headers["host"] for asked in here.model.asked} == {here.model.base_url[7:-3]}


@pytest.mark.requirement("X9")
@pytest.mark.parametrize("stream", [False, True])
def test_an_upstream_that_redirects_gets_the_key_to_nowhere(install: Install, stream: bool) -> None:
    with Puppet() as canary:
        step = {"fault": {"redirect": f"{canary.base_url}/chat/completions"}}
        here = install(script=json.dumps({"steps": [step]}), spare=json.dumps({"steps": [step]}))
        got = here.post(ASK | {"stream": stream})
        assert (got.status, got.error["code"]) == (502, "unavailable")
        assert not canary.asked.is_set()


@pytest.mark.requirement("X9")
def test_the_clients_own_key_goes_no_further(install: Install) -> None:
    here = install(script="steps: [{say: ok}]")
    key = here.key()
    here.post(ASK, key=key, headers={"x-api-key": key, "cookie": "session=CANARY", "proxy-authorization": "CANARY"})
    sent = here.model.asked[0]
    assert key not in json.dumps(dict(sent.headers)) + sent.raw.decode()
    assert "CANARY" not in json.dumps(dict(sent.headers))


@pytest.mark.requirement("X6")
def test_no_key_no_person_and_no_word_stands_in_a_leaf_a_log_or_an_error(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    here = install(script="steps: [{when: {user: WORDS}, say: CANARY-ANSWER}, {fault: {body: CANARY-GARBAGE}}]")
    key = here.key(may_assert=True)
    person = {"x-trilens-on-behalf-of": "CANARY-PERSON", "x-trilens-session": "CANARY-SESSION"}
    fine = here.post(ASK, key=key, headers=person)
    assert b"CANARY-ANSWER" in fine.body
    said: list[bytes] = []
    for body in (
        b'{"CANARY":',
        b'{"model":"CANARY","model":"CANARY"}',
        json.dumps(ASK | {"model": "CANARY-MODEL"}).encode(),
        json.dumps(ASK | {"messages": [{"role": "CANARY", "content": "x"}]}).encode(),
        json.dumps(ASK | {"messages": [{"role": "user", "content": "CANARY"}]}).encode(),
        json.dumps(ASK | {"messages": [{"role": "user", "content": "CANARY"}], "stream": True}).encode(),
    ):
        got = here.post(body, key=key, headers=person)
        assert got.status >= 400
        said.append(got.body)
    said.append(here.post(ASK, key=key + "CANARY").body)
    leaves = b"".join(here.journal.leaves(0, here.journal.size()))
    for told in (*said, leaves, caplog.text.encode()):
        assert b"CANARY" not in told
        assert key.encode() not in told
        assert b"sk-up" not in told
