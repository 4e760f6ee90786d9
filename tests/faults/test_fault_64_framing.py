"""Fault 64 (framing) and 66 (bombs): raw requests that two readers could read in two ways, against a server that really runs.

For each case of raw_requests.yaml: one answer, the one that is written there; no second request is done, nothing is asked of a model and
nothing recorded but what is written there; the connection ends or is still in step; the next honest request is served.
"""

import contextlib
import json
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import pytest
import uvicorn
from ruamel.yaml import YAML
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from trilens.explanations import explain
from trilens.testing.installation import Installation, open_installation

pytestmark = pytest.mark.requirement("X4", "X5")

BODY = json.dumps({"model": "chat", "messages": [{"role": "user", "content": "hello"}]})
POST = "POST /v1/chat/completions HTTP/1.1\r\n"
LENGTH = f"Content-Length: {len(BODY)}\r\n"
ALIVE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
REPEATED = re.compile(r"<([^<>]+)\*(\d+)>")


@dataclass(frozen=True)
class Case:
    name: str
    send: str
    answer: tuple[int, str]
    asked: int = 0
    alone: str = "refused"

    def bytes(self, key: str) -> bytes:
        head = f"Host: localhost\r\nContent-Type: application/json\r\nX-Api-Key: {key}\r\n"
        words = {
            "again": f"{POST}{head}{LENGTH}\r\n{BODY}",
            "post": POST,
            "head": head,
            "length": LENGTH,
            "digits": str(len(BODY)),
            "size": f"{len(BODY):x}",
            "chunks": f"{len(BODY):x}\r\n{BODY}\r\n0\r\n\r\n",
            "body": BODY,
            "key": key,
        }
        text = REPEATED.sub(lambda found: found[1] * int(found[2]), self.send)
        for word, meaning in words.items():
            text = text.replace(f"<{word}>", meaning)
        return text.encode("latin-1")


def cases() -> list[Case]:
    groups = YAML(typ="safe").load(Path(__file__).with_name("raw_requests.yaml"))
    found = []
    for group, members in groups.items():
        for name, fields in members.items():
            answer = fields.pop("answer")
            found.append(Case(f"{group}: {name}", answer=(answer[0], answer[1]), **fields))
    return found


CASES = cases()


@dataclass(frozen=True)
class Answered:
    status: int
    code: str
    left: bytes
    """What came behind the answer."""
    is_closed: bool


class Wire:
    """One connection, read answer by answer."""

    def __init__(self, address: str) -> None:
        host, _, port = address.removeprefix("http://").partition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=10)
        self._got = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        # it may be refused while it is still being sent
        with contextlib.suppress(OSError):
            self._socket.sendall(data)

    def _more(self) -> bool:
        try:
            data = self._socket.recv(65_536)
        except OSError:
            return False
        self._got += data
        return bool(data)

    def answer(self, *, is_head: bool = False) -> Answered:
        """The next answer."""
        while b"\r\n\r\n" not in self._got and self._more():
            pass
        head, _, self._got = self._got.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        wanted = int(length[1]) if length and not is_head else 0
        while len(self._got) < wanted and self._more():
            pass
        body, self._got = self._got[:wanted], self._got[wanted:]
        return Answered(int(head[9:12] or b"0"), code_of(body), self._got, b"connection: close" in head)

    def rest(self) -> bytes:
        while self._more():
            pass
        return self._got


def code_of(body: bytes) -> str:
    told = json.loads(body) if body[:1] == b"{" else {}
    code = told.get("code") or told.get("error", {}).get("code", "")
    assert isinstance(code, str)
    return code


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("framing") / "state"
    with open_installation(folder, script="steps: [{say: ok}]") as opened:
        yield opened


@pytest.fixture(scope="module")
def key(here: Installation) -> str:
    made = here.key(may_assert=True)
    assert here.post(BODY.encode(), key=made).status == 200
    return made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_raw_request_gets_its_one_answer_and_no_second_one_is_done(here: Installation, key: str, case: Case) -> None:
    asked, size = here.model.count, here.journal.size()
    with Wire(here.address) as wire:
        wire.send(case.bytes(key))
        got = wire.answer(is_head="behind a HEAD" in case.name)
        if got.status == 0:
            # a flood is cut off: the client may lose the answer with what it had not sent
            assert len(case.send) < 200 < len(case.bytes(key))
        else:
            assert (got.status, got.code) == case.answer
        if got.is_closed or got.status == 0:
            assert wire.rest() == b""
        else:
            wire.send(ALIVE)
            in_step = wire.answer()
            assert (in_step.status, wire.rest()) == (200, b"")
    assert here.model.count - asked == case.asked
    assert (here.journal.size() == size) == (case.asked == 0)
    assert here.post(BODY.encode(), key=key).status == 200


def test_every_code_of_the_corpus_is_explained() -> None:
    codes = {case.answer[1].removeprefix("wire/").replace("_", "-") for case in CASES} - {""}
    plain = {"not-found", "method-not-allowed"}
    assert [code for code in sorted(codes - plain) if explain(f"wire/{code}") is None] == []


def test_cases_have_names_of_their_own_and_known_words() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert {case.alone for case in CASES} == {"refused", "served", "served twice"}
    assert [case.name for case in CASES if re.search(rb"<[a-z]+>", case.bytes("k"))] == []


class Counting:
    """An application that does what it is told, and counts."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            if not message.get("more_body"):
                break
        self.count += 1
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture(scope="module")
def alone() -> Iterator[tuple[str, Counting]]:
    """Uvicorn with httptools, and nothing of ours."""
    app = Counting()
    config = uvicorn.Config(app, http=HttpToolsProtocol, lifespan="off", ws="none", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=partial(server.run, [listener]), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", app
        server.should_exit = True
        thread.join(10)


REFUSED_BY_US: Mapping[str, int] = {"refused": 0, "served": 1, "served twice": 2}


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.alone != "refused"], ids=lambda case: f"{case.name}: {case.alone}"
)
def test_the_parser_alone_would_have_served_it(alone: tuple[str, Counting], key: str, case: Case) -> None:
    """A control: where it fails, a newer parser refuses the case itself, and the table should say so."""
    address, app = alone
    before, wanted = app.count, REFUSED_BY_US[case.alone]
    with Wire(address) as wire:
        wire.send(case.bytes(key))
        for _ in range(wanted):
            wire.answer(is_head="HEAD" in case.name)
    assert app.count - before == wanted
