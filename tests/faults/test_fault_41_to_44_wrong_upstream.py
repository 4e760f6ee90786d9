"""An upstream that only fails, talks nonsense, never stops or points elsewhere: asked once a request, never followed, and it uses up no budget."""

import http.client
import itertools
import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trilens.gateways import upstream
from trilens.prove.ledger.entry import Kind, decode
from trilens.storage.sqlite.journal import open_journal
from trilens.testing.canned import Canned, head
from trilens.testing.faulty_wire import Fault, FaultyWire
from trilens.testing.installation import Installation, open_installation
from trilens.testing.scripted_model.script import parse_script
from trilens.testing.scripted_model.server import ScriptedModel

if TYPE_CHECKING:
    from tests.faults.conftest import Installed, Served

pytestmark = pytest.mark.requirement("S13")

DEAD = "steps: [{say: no, fault: {status: 500}}]"


@pytest.fixture
def canned() -> Iterator[Canned]:
    with Canned() as made:
        yield made


@pytest.fixture
def here(tmp_path: Path, canned: Canned) -> Iterator[Installation]:
    with open_installation(tmp_path / "state", spare=DEAD, upstream=canned.base_url) as made:
        yield made


def body(words: str = "hello", *, stream: bool = False) -> dict[str, object]:
    return {"model": "chat", "stream": stream, "messages": [{"role": "user", "content": words}]}


def faults(here: Installation, model: str = "chat") -> list[object]:
    return [e.body["what"] for e in here.entries() if e.kind is Kind.FAULT and e.body["model"] == model]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
def test_fault_41_a_storm_costs_each_request_one_question_a_model_and_an_entry_for_each(
    tmp_path: Path, times: Callable[[str, int], int], status: int
) -> None:
    count = times("STORM", 40)
    faulty = json.dumps({"status": status, "headers": {"retry-after": "0"}})
    script = f"steps: [{{say: no, fault: {faulty}}}]"
    with open_installation(tmp_path / "state", script=script, spare=script) as here:
        key = here.key()
        with ThreadPoolExecutor(8) as pool:
            got = list(pool.map(lambda n: here.post(body(f"number {n}"), key=key), range(count)))
        assert {(one.status, one.error["code"]) for one in got} == {(502, "unavailable")}
        assert here.model.count == here.spare.count == count
        assert faults(here) == faults(here, "spare") == ["upstream/status"] * count
        here.model.play(parse_script("steps: [{say: well again}]"))
        assert here.post(body("and now"), key=key).status == 200


def test_fault_33_to_43_no_fault_of_an_upstream_uses_up_a_budget(installed: "Installed") -> None:
    """1000 EUR a day: whatever broke before, all of them are still there, and then they are gone (the control)."""
    refund = {"tool": "refund", "args": {"order_id": "ORD-20417", "amount": "1000 EUR", "reason": "damaged"}}
    key = installed.type("keys", "create", "--agent", "support", "--may-assert").stdout.strip()
    with (
        ScriptedModel(parse_script(json.dumps({"steps": [{"call": [refund]}]}))) as model,
        FaultyWire(int(model.base_url.split(":")[2][:-3])) as wire,
    ):
        installed.upstream = wire.base_url
        with installed.serving() as server:
            for number, (fault, at) in enumerate([(Fault.REFUSE, 0), *itertools.product(BROKEN, (60, 300, 420))]):
                wire.be(fault, at=at)
                status, _ = refunded(server, key, f"{REFUND} ({number})")
                assert status == 502
            wire.be(Fault.NONE)
            assert refunded(server, key, REFUND) == (200, ["refund"])
            assert refunded(server, key, f"{REFUND} (again)") == (200, [])
    journal = open_journal(installed.home, read_only=True)
    entries = [decode(leaf) for leaf in journal.leaves(0, journal.size())]
    journal.close()
    assert sum(entry.kind is Kind.FAULT for entry in entries) == 10


REFUND = "Please refund 1000 EUR for order ORD-20417, it came damaged."
BROKEN = (Fault.CUT, Fault.RESET, Fault.GARBLE)


def refunded(server: "Served", key: str, words: str) -> tuple[int, list[str]]:
    host = server.base_url.removeprefix("http://").removesuffix("/v1")
    connection = http.client.HTTPConnection(host, timeout=20)
    try:
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json", "x-customer": "C-17"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body(words)), headers)
        got = connection.getresponse()
        answer = json.loads(got.read())
    finally:
        connection.close()
    if got.status != 200:
        return got.status, [answer["error"]["message"]]
    calls = answer["choices"][0]["message"].get("tool_calls") or []
    return got.status, [call["function"]["name"] for call in calls]


FINE = b'{"choices":[{"index":0,"message":{"role":"assistant","content":"sent"},"finish_reason":"stop"}]}'
NONSENSE = [
    b"",
    b" ",
    b"null",
    b"NaN",
    b"\xef\xbb\xbf" + FINE,
    FINE + FINE,
    FINE[:-1],
    FINE.replace(b"sent", b"\xff"),
    FINE.replace(b"sent", b"\\ud800"),
    FINE.replace(b"sent", b"a\x00b"),
    FINE.replace(b'"content":"sent"', b'"content":"sent","content":"other"'),
    FINE.replace(b'"content":"sent"', b'"content":Infinity'),
    FINE.replace(b'"index":0', b'"index":' + b"[" * 5000 + b"]" * 5000),
    FINE.replace(b'"assistant"', b'"system"'),
    FINE.decode().encode("utf-16"),
]


@pytest.mark.parametrize("said", NONSENSE, ids=range(len(NONSENSE)))
def test_fault_42_bad_json_is_no_answer(here: Installation, canned: Canned, said: bytes) -> None:
    canned.say(head("application/json"), said)
    got = here.post(body())
    assert (got.status, got.error["type"]) == (502, "upstream_error")
    assert faults(here) in (["upstream/unreadable"], ["upstream/cut"])
    assert ("output", "allow") not in here.outcomes()
    canned.say(head("application/json"), FINE)
    assert here.post(body("again")).status == 200


@pytest.mark.parametrize("said", [*NONSENSE[2:5], b"{}", b'{"choices":7}', b'{"error":{"message":"x"}}'])
def test_fault_42_bad_json_in_a_stream_is_no_answer(here: Installation, canned: Canned, said: bytes) -> None:
    canned.say(head("text/event-stream"), b"data: " + said + b"\n\ndata: [DONE]\n\n")
    got = here.post(body(stream=True))
    assert (got.status, got.error["type"]) == (502, "upstream_error")
    assert len(faults(here)) == 1


def event(words: str) -> bytes:
    chunk = {"id": "x", "choices": [{"index": 0, "delta": {"content": words}, "finish_reason": None}]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


LONG, LATE, DEAD_WAY = "upstream/too-large", "upstream/timeout", "upstream/unreachable"
ENDLESS = {
    "words": (head("text/event-stream"), event("All of it is on its way to you. " * 40), {LONG, LATE}),
    "comments": (head("text/event-stream"), b": still here\n\n" * 500, {LONG, LATE}),
    "one event": (head("text/event-stream") + b"data: ", b"x" * 20_000, {LONG}),
    "one answer": (head("application/json") + b'{"a":"', b"x" * 20_000, {LONG}),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 4000 + b"\r\n", {DEAD_WAY}),
    "one header": (b"HTTP/1.1 200 OK\r\nX-More: ", b"x" * 20_000, {DEAD_WAY}),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500, {DEAD_WAY}),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_fault_43_what_never_ends_is_ended_and_its_connection_closed(
    here: Installation, canned: Canned, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(upstream, "LARGEST_ANSWER", 2_000_000)
    monkeypatch.setattr(upstream, "FIRST_BYTE_S", 2.0)
    begun, more, codes = ENDLESS[what]
    canned.say(begun, then=itertools.repeat(more))
    got = here.post(body(stream=b"event-stream" in begun))
    assert canned.left.acquire(timeout=10)
    assert b"[DONE]" not in got.body
    [code] = faults(here)
    assert code in codes
    if got.status == 200:
        told = json.loads(got.body.rpartition(b"data: ")[2])["error"]["code"]
        [delivery] = [entry.body for entry in here.entries() if entry.kind is Kind.DELIVERY]
        assert (delivery["whole"], delivery["why"]) == (False, told)
        assert delivery["letters"]
    else:
        assert got.status in (502, 504)
        assert got.error["type"] == "upstream_error"


@pytest.fixture
def inside() -> Iterator[list[bytes]]:
    """A service that nobody outside may reach: what it was asked."""
    listening, asked = socket.create_server(("127.0.0.1", 0)), list[bytes]()

    def listen() -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                with client:
                    asked.append(client.recv(65_536))

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    asked.append(f"http://127.0.0.1:{listening.getsockname()[1]}/latest/meta-data".encode())
    yield asked
    with suppress(OSError):
        listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(5)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", ["300 x", "301 x", "302 x", "303 x", "305 x", "307 x", "308 x", "201 x", "200 OK"])
def test_fault_44_a_redirect_inside_is_not_followed(
    here: Installation, canned: Canned, inside: list[bytes], status: str, stream: bool
) -> None:
    address = inside.pop().decode()
    more = f"Location: {address}\r\nRefresh: 0; url={address}\r\nContent-Location: {address}\r\nAlt-Svc: {address}\r\n"
    canned.say(head("application/json", status=status, more=more))
    got = here.post(body(stream=stream))
    assert got.status == 502
    assert len(faults(here)) == 1
    assert inside == []
    assert address.encode() not in got.body
