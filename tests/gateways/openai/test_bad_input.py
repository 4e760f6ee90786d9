"""Bad input gets a clear error in OpenAI's shape, and nothing goes through."""

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from trilens.errors import StoreError
from trilens.gateways import body as request_body

Install = Callable[..., Any]
ASK: list[Any] = [{"role": "user", "content": "hello"}]
FINE = {"model": "chat", "messages": ASK}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"{not json", "not_json"),
        (b'{"model":"chat","messages":[]} trailing', "not_json"),
        (b'{"model":"chat","model":"other","messages":[{"role":"user","content":"x"}]}', "duplicate_key"),
        (b'{"model":"chat","messages":[{"role":"user","content":"a","content":"b"}]}', "duplicate_key"),
        (b'{"model":"chat","messages":[{"role":"user","content":"\xff"}]}', "not_json"),
        (b'{"model":"chat","messages":[{"role":"user","content":"a\x00"}]}', "not_json"),
        (b'{"model":"chat","messages":[{"role":"user","content":"a\\u0000"}]}', "nul"),
        (b'{"model":"chat","seed":9007199254740993,"messages":[{"role":"user","content":"a"}]}', "number_out_of_range"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "too_deep"),
        (b"[" * 200_000, "too_deep"),
        (b'[{"model":"chat"}]', "not_object"),
        (b'{"model":"chat"}', "wrong_type"),
        (b'{"model":"chat","messages":[],"n":1}', "wrong_type"),
        (b'{"model":"chat","messages":[{"role":"user","content":"x"}],"n":2}', "unsupported"),
        (b'{"model":"chat","messages":[{"role":"user","content":[{"type":"image_url"}]}]}', "unsupported_content"),
    ],
)
def test_a_bad_body_is_a_400_with_its_code_and_reaches_nobody(install: Install, body: bytes, code: str) -> None:
    here = install()
    got = here.post(body)
    assert (got.status, got.error["code"], got.error["type"]) == (400, code, "invalid_request_error")
    assert got.error["param"] is None
    assert got.header("content-type") == "application/json"
    assert here.model.count == 0
    assert here.outcomes() == []


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"content-type": "text/plain"}, 415, "media_type"),
        ({"content-type": "application/x-www-form-urlencoded"}, 415, "media_type"),
        ({"content-type": "application/json; charset=utf-16"}, 415, "media_type"),
        ({"content-type": ""}, 415, "media_type"),
        ({"content-encoding": "gzip"}, 415, "encoded"),
        ({"content-encoding": "identity, br"}, 415, "encoded"),
        ({"x-trilens-session": "x" * 300}, 400, "header"),
        ({"x-trilens-on-behalf-of": "C-1"}, 403, "may_not_assert"),
    ],
)
def test_a_bad_header_is_an_error_with_its_code(
    install: Install, headers: dict[str, str], status: int, code: str
) -> None:
    here = install()
    got = here.post(FINE, headers=headers)
    assert (got.status, got.error["code"]) == (status, code)
    assert here.model.count == 0


@pytest.mark.parametrize(
    "charset", ["application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"']
)
def test_json_in_utf_8_is_what_is_taken(install: Install, charset: str) -> None:
    here = install(script="steps: [{say: ok}]")
    assert here.post(FINE, headers={"content-type": charset}).status == 200


def test_a_body_over_the_limit_is_refused_however_it_is_framed(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_body, "LARGEST", 1000)
    here = install()
    big = {"model": "chat", "messages": [{"role": "user", "content": "x" * 2000}]}
    got = here.post(big)
    assert (got.status, got.error["code"]) == (413, "too_large")
    told = json.dumps(big).encode()
    raw = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    raw += b"X-Api-Key: " + here.key().encode() + b"\r\n\r\n" + b"%x\r\n" % len(told) + told + b"\r\n0\r\n\r\n"
    assert b"413" in exchange(here, raw).split(b"\r\n")[0]
    assert here.model.count == 0


def exchange(here: Any, raw: bytes) -> bytes:
    """Everything the server says until it closes, or has nothing more to say."""
    host, _, port = here.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(raw)
        got = b""
        while (b"\r\n\r\n" not in got or b'"error"' not in got) and (data := connection.recv(65_536)):
            got += data
        return got


@pytest.mark.requirement("X5")
def test_nothing_is_served_without_a_key(install: Install) -> None:
    here = install()
    for key in ("", "sk-123", here.key()[:-1]):
        got = here.post(FINE, key=key)
        assert (got.status, got.error["code"]) == (401, "invalid_api_key")
    assert here.model.count == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_another_method_is_a_405_in_the_same_shape(install: Install, method: str) -> None:
    got = install().post(b"", method=method)
    assert (got.status, got.error["code"]) == (405, "method_not_allowed")


def test_tool_arguments_that_are_no_json_are_judged_and_denied(install: Install) -> None:
    here = install(script="steps: [{call: [{tool: lookup, args: 'not json'}]}]")
    got = here.post(FINE)
    assert got.status == 200
    assert "The call of lookup was refused by Trilens (enforce/admit: arguments are not JSON)" in got.body.decode()
    assert here.outcomes()[-1] == ("output", "allow")


@pytest.mark.parametrize("result", ["{'order': 1}", "None", "", "{", "\u0000".replace("\u0000", "x")])
def test_a_result_that_is_no_json_is_a_turn_like_any_other(install: Install, result: str) -> None:
    here = install(script="steps: [{say: ok}]")
    call = {"id": "c1", "type": "function", "function": {"name": "lookup", "arguments": '{"order":"1"}'}}
    messages = [
        *ASK,
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": result},
    ]
    assert here.post({"model": "chat", "messages": messages}).status == 200


def test_when_nothing_can_be_recorded_nothing_happens_and_clients_are_told_not_to_storm(install: Install) -> None:
    here = install(script="steps: [{say: ok}]")
    key = here.key()
    here.post(FINE, key=key)

    def full(_: object) -> None:
        raise StoreError("store/full", "the disk is full", help="make room")

    here.journal.commit = full
    got = here.post({**FINE, "seed": 1}, key=key)
    assert (got.status, got.error["code"], got.error["type"]) == (503, "store_full", "server_error")
    assert got.error["message"] == "nothing was done, since it could not be recorded: the disk is full"
    assert got.header("x-should-retry") == "false"
    assert here.model.count == 1


def test_an_answer_that_cannot_be_recorded_does_not_leave(install: Install) -> None:
    here = install(script="steps: [{say: ok}]")
    commit = here.journal.commit

    def full_later(batch: Any) -> Any:
        if b'"output"' in b"".join(batch.leaves):
            raise StoreError("store/full", "the disk is full")
        return commit(batch)

    here.journal.commit = full_later
    for stream in (False, True):
        got = here.post({**FINE, "stream": stream})
        assert got.status == 503
        assert b"ok" not in got.body.replace(b"could not be recorded", b"")
