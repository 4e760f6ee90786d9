"""What the server answers beside the gateways, and how it fails."""

import http.client
import json
import logging
import resource
import socket
from collections.abc import Callable
from typing import Any

import pytest

from trilens import server
from trilens.errors import StoreError
from trilens.gateways import credentials
from trilens.server import server_config

Install = Callable[..., Any]
SECRET = "C-17 paid"
FINE = {"model": "chat", "messages": [{"role": "user", "content": "hello"}]}


def get(here: Any, path: str, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(here.address.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        got = connection.getresponse()
        return got.status, json.loads(got.read())
    finally:
        connection.close()


def test_whether_it_lives_and_is_ready_is_told_to_everybody(install: Install) -> None:
    here = install()
    assert get(here, "/healthz") == (200, {"status": "ok"})
    assert get(here, "/readyz") == (200, {"status": "ready"})


def test_a_server_whose_journal_does_not_answer_lives_and_is_not_ready(install: Install) -> None:
    here = install()

    def broken(_: object) -> None:
        raise StoreError("store/read", "the journal cannot be read")

    here.journal.snapshot = broken
    assert get(here, "/healthz")[0] == 200
    status, body = get(here, "/readyz")
    assert (status, body["error"]["code"]) == (503, "store_read")


@pytest.mark.requirement("X5")
def test_the_models_are_shown_to_nobody_without_a_key(install: Install) -> None:
    here = install()
    assert get(here, "/v1/models")[1]["error"]["code"] == "invalid_api_key"
    status, body = get(here, "/v1/models", x_api_key=here.key())
    assert (status, [model["id"] for model in body["data"]]) == (200, ["gpt-5.1"])


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/chat/completions/",
        "/v1//chat/completions",
        "/v1/chat%2Fcompletions",
        "/v1/chat/completion%73",
        "/V1/chat/completions",
        "/v1/chat/completions;x",
        "/v1/embeddings",
        "/v1/responses",
        "/docs",
        "/openapi.json",
    ],
)
def test_an_unknown_address_is_a_404_in_the_same_shape(install: Install, path: str) -> None:
    here = install()
    got = here.post(FINE, path=path)
    assert (got.status, got.error["code"], got.error["type"]) == (404, "not_found", "invalid_request_error")
    assert here.model.count == 0


def test_a_query_is_no_part_of_the_address_and_goes_nowhere(install: Install) -> None:
    here = install(script="steps: [{say: ok}]")
    assert here.post(FINE, path="/v1/chat/completions?base_url=http://127.0.0.1:1").status == 200


def test_another_method_of_a_known_address_is_a_405(install: Install) -> None:
    got = install().post(b"", path="/healthz")
    assert (got.status, got.error["code"]) == (405, "method_not_allowed")
    assert got.header("allow") == "GET"


@pytest.mark.requirement("X5")
def test_a_revoked_key_is_refused_by_a_running_server(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_REMEMBERED_S", 0.0)
    here = install(script="steps: [{say: ok}]")
    key = here.key()
    assert here.post(FINE, key=key).status == 200
    assert here.keystore.revoke(key[:12], here.clock.now_ms)
    assert here.post(FINE, key=key).status == 401


def test_a_bug_is_told_in_the_protocols_shape_and_its_words_go_nowhere(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    here = install()

    def broken(*_: object) -> None:
        raise KeyError(SECRET)

    here.driver.standing = broken
    with caplog.at_level(logging.ERROR):
        got = here.post(FINE)
    assert (got.status, got.error["code"]) == (500, "internal")
    assert SECRET not in got.body.decode()
    assert SECRET not in caplog.text
    assert "KeyError" in caplog.text
    assert "routes.py" in caplog.text


def test_a_bug_in_the_middle_of_an_answer_closes_the_connection(
    install: Install, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError(SECRET)

    here = install(script="steps: [{say: One sentence. Another one.}]")
    monkeypatch.setattr("trilens.gateways.outlet.Outlet.finish", broken)
    with pytest.raises(http.client.IncompleteRead):
        here.post(FINE | {"stream": True})
    assert SECRET not in caplog.text


def test_it_listens_to_this_machine_alone_unless_told_otherwise(install: Install) -> None:
    config = server_config(install())
    assert config.host == "127.0.0.1"
    assert not config.proxy_headers
    assert not config.access_log


def request(here: Any, path: bytes = b"/v1/chat/completions") -> bytes:
    body = json.dumps(FINE).encode()
    head = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-Api-Key: %s\r\n"
    return head % (path, here.key().encode()) + b"Content-Length: %d\r\n\r\n" % len(body) + body


def test_one_connection_serves_request_after_request(install: Install) -> None:
    here = install(script="steps: [{say: ok}]")
    host, _, port = here.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        for path in (b"/v1/chat/completions", b"/nope", b"/v1/chat/completions"):
            connection.sendall(request(here, path))
            got = b""
            while not got.endswith(b"}"):
                got += connection.recv(65_536)
            assert got.startswith(b"HTTP/1.1 404" if path == b"/nope" else b"HTTP/1.1 200")
    assert here.model.count == 2


def test_a_second_request_before_the_answer_to_the_first_is_never_done(install: Install) -> None:
    here = install(script="steps: [{say: ok, fault: {delay_ms: 300}}]")
    host, _, port = here.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request(here))
        connection.sendall(request(here))
        got = b""
        while data := connection.recv(65_536):
            got += data
    assert got.count(b"HTTP/1.1 200") == 1
    assert b"connection: close" in got
    assert here.model.count == 1


def test_the_number_of_connections_leaves_files_for_the_models(monkeypatch: pytest.MonkeyPatch) -> None:
    for files, most in ((1024, 480), (100_000, 2048), (10, 1), (resource.RLIM_INFINITY, 2048)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, files=files: (files, files))
        assert server._most_connections() == most
