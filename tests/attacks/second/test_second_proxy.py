"""A client behind a real proxy that keeps the operators' routes to itself wants to reach them, or to be somebody else, by how a request is framed."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from trilens.testing.scripted_model.script import Step

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx on this machine")

CONFIGURATION = """daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; keepalive_timeout 0;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  upstream trilens {{ server {server}; keepalive 4; }}
  server {{
    listen 127.0.0.1:{port}; underscores_in_headers on; ignore_invalid_headers off; merge_slashes off;
    location /operator/ {{ return 403; }}
    location / {{
      proxy_pass http://trilens; proxy_http_version 1.1; proxy_request_buffering off;
      proxy_set_header Connection ""; proxy_set_header Host localhost;
    }}
  }}
}}
"""


@pytest.fixture(scope="module")
def proxy(northwind: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("proxy")
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    server = northwind.server.address.removeprefix("http://")
    (folder / "conf").write_text(CONFIGURATION.format(folder=folder, server=server, port=port), encoding="utf-8")
    nginx = subprocess.Popen(
        ["nginx", "-c", str(folder / "conf"), "-p", str(folder), "-e", str(folder / "error.log")],
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(folder / "pid")
        yield port
    finally:
        nginx.terminate()
        nginx.wait(10)


def _wait_for(path: Path) -> None:
    # nginx listens before it writes the file
    for _ in range(2_000_000):
        if path.exists() and path.read_text(encoding="utf-8"):
            return
    raise AssertionError("nginx did not start")


def talk(port: int, data: bytes) -> bytes:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=5)) as connection:
        connection.sendall(data)
        got = b""
        while part := connection.recv(65_536):
            got += part
        return got


def request_of(shop: Any, *headers: str, session: str = "") -> bytes:
    lines = [
        "POST /v1/chat/completions HTTP/1.1",
        *("Host: shop", "Content-Type: application/json", f"Authorization: Bearer {shop.key}"),
        *("X-Trilens-On-Behalf-Of: C-17", f"X-Trilens-Session: {session or shop.name()}", *headers),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


BEHIND = (
    "Content-Length: {n}\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding: xchunked",
)
TWICE = (
    "X-Trilens-On-Behalf-Of: C-23",
    "x-trilens-ON-behalf-of: C-23",
    "X_Trilens_On_Behalf_Of: C-23",
    "X: a\r\n X-Trilens-On-Behalf-Of: C-23",
)


@pytest.mark.requirement("X5")
@pytest.mark.parametrize(
    "header", [*BEHIND, *TWICE, "Content-Length: 0\r\nContent-Length: {n}", "Transfer_Encoding: chunked", "X: a\rY: b"]
)
def test_no_framing_and_no_second_name_gets_past_both(northwind: Any, proxy: int, header: str) -> None:
    body = json.dumps(northwind.body({"role": "user", "content": "Hello"})).encode()
    behind = (
        f"GET /operator/cases HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {northwind.lead}\r\n\r\n".encode()
    )
    length = () if "Length" in header or "ransfer-E" in header else (f"Content-Length: {len(body)}",)
    since = northwind.model.count
    got = talk(proxy, request_of(northwind, header.format(n=len(body)), *length) + body + behind)
    assert got.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501"))
    assert b'"cases"' not in got
    assert northwind.model.count == since


@pytest.mark.requirement("X5")
@pytest.mark.parametrize(
    "ending",
    ["Upgrade: h2c\r\nConnection: Upgrade", "Expect: 100-continue", "Connection: authorization", "Connection: close"],
)
def test_what_comes_behind_a_request_is_not_another(northwind: Any, proxy: int, ending: str) -> None:
    body = json.dumps(northwind.body({"role": "user", "content": "Hello"})).encode()
    behind = (
        f"GET /operator/cases HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {northwind.lead}\r\n\r\n".encode()
    )
    northwind.plays(Step(say="Hello."))
    since = northwind.model.count
    got = talk(proxy, request_of(northwind, ending, f"Content-Length: {len(body)}") + body + behind)
    assert b'"cases"' not in got
    assert northwind.model.count == since + 1


PATHS = [
    *(
        "//operator/cases",
        "/%6fperator/cases",
        "/operator%2fcases",
        "/x/../operator/cases",
        "/./operator/cases",
        "/Operator/cases",
    ),
    *(
        "/operator;x/cases",
        "/\\operator/cases",
        "/operator\\cases",
        "/foo%00/../operator/cases",
        "/v1/chat/completions/../../../operator/cases",
    ),
]


@pytest.mark.requirement("X5")
@pytest.mark.parametrize("path", PATHS)
def test_no_spelling_of_a_path_opens_the_operators_routes(northwind: Any, proxy: int, path: str) -> None:
    got = talk(proxy, f"GET {path} HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {northwind.lead}\r\n\r\n".encode())
    assert got.startswith((b"HTTP/1.1 400", b"HTTP/1.1 403", b"HTTP/1.1 404"))
    assert b'"cases"' not in got
