"""An answer that is cut, reset or garbled anywhere: without its terminal event it is no answer, what left is what was judged, and no call of it leaves.

Framed as chunks, and by nothing but the end of the connection, where the client library takes a cut and a reset for an end in order.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from trilens.prove.ledger.entry import Kind
from trilens.testing.canned import Canned, head
from trilens.testing.faulty_wire import Fault, FaultyWire
from trilens.testing.installation import Installation, open_installation
from trilens.testing.scripted_model.completion import Header, Reply, events, whole
from trilens.vocabulary.event import Call

pytestmark = pytest.mark.requirement("S13")

WORDS = "I have looked into it. The parcel has left us — it is on its way. It should be with you on Friday.\n"
REPLY = Reply(WORDS, (Call("c1", "send_email", json.dumps({"to": "a@b.example", "body": "Grüezi"})),))
EVENTS = list(events(REPLY, Header(1, "gpt-5.1", 100), include_usage=True))
WHOLE = whole(REPLY, Header(1, "gpt-5.1", 100))
STEP = 131
"""Prime, so that no two places fall on the same part of an event."""


def chunked(pieces: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def framed(media: str, body: bytes) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {media}\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + body


STREAMS = {
    "framed": framed("text/event-stream", chunked(EVENTS)),
    "unframed": head("text/event-stream") + b"".join(EVENTS),
}
ANSWERS = {
    "framed": framed("application/json", chunked([WHOLE])),
    "unframed": head("application/json") + WHOLE,
    "measured": head("application/json", more=f"Content-Length: {len(WHOLE)}\r\n") + WHOLE,
}


@dataclass(frozen=True)
class Reached:
    """What a client could make of a stream."""

    text: str
    calls: int
    is_done: bool
    error: str


def read(body: bytes) -> Reached:
    text, calls, is_done, error = "", 0, False, ""
    for block in body.split(b"\n\n"):
        data = block.removeprefix(b"data: ")
        if data == b"[DONE]":
            is_done = True
        elif data:
            chunk = json.loads(data)
            error = error or str(chunk.get("error", {}).get("code", ""))
            for choice in chunk.get("choices", []):
                text += choice["delta"].get("content") or ""
                calls += len(choice["delta"].get("tool_calls") or [])
    return Reached(text, calls, is_done, error)


@pytest.fixture
def canned() -> Iterator[Canned]:
    with Canned() as made:
        yield made


@pytest.fixture
def wire(canned: Canned) -> Iterator[FaultyWire]:
    with FaultyWire(canned.port) as made:
        yield made


@pytest.fixture
def here(tmp_path: Path, wire: FaultyWire) -> Iterator[Installation]:
    dead = "steps: [{say: no, fault: {status: 500}}]"
    with open_installation(tmp_path / "state", spare=dead, upstream=wire.base_url) as made:
        yield made


def places(said: bytes, times: Callable[[str, int], int]) -> list[int]:
    """Before its terminal event, evenly, and at the end of every event, where nothing but the missing end tells."""
    evenly = range(0, len(said), max(1, STEP // times("BROKEN_STREAMS", 1)))
    ends = (found.end() for found in re.finditer(rb"\n\n(\r\n)?", said))
    end = said.index(b"[DONE]")
    return sorted(at for at in {*evenly, *ends} if at < end)


@pytest.mark.parametrize("framing", STREAMS)
@pytest.mark.parametrize("fault", [Fault.CUT, Fault.RESET, Fault.GARBLE], ids=["38 cut", "39 reset", "40 garbled"])
def test_a_stream_that_breaks_anywhere_is_no_answer_and_the_entry_says_how_much_left(
    here: Installation, canned: Canned, wire: FaultyWire, times: Callable[[str, int], int], fault: Fault, framing: str
) -> None:
    said = STREAMS[framing]
    canned.say(said)
    in_head = said.index(b"\r\n\r\n") + 4
    key, seen, begun = here.key(), 0, 0
    for at in places(said, times):
        wire.be(fault, at=at)
        body = {"model": "chat", "stream": True, "messages": [{"role": "user", "content": f"where is it? {at}"}]}
        got = here.post(body, key=key)
        new, seen = here.entries()[seen:], here.journal.size()
        if at < in_head and got.status == 200 and fault is Fault.GARBLE:
            # a garbled header that says nothing about the answer, which came whole
            assert read(got.body).is_done
            continue
        assert [entry.kind for entry in new].count(Kind.FAULT) in (1, 2), at
        assert not any(e.kind is Kind.DECISION and e.body["event"][1] == "tool_call" for e in new)  # type: ignore[index]
        delivered = [entry.body for entry in new if entry.kind is Kind.DELIVERY]
        if got.status != 200:
            assert (got.status, delivered) == (502, []), at
            continue
        begun += 1
        reached = read(got.body)
        assert (reached.is_done, reached.calls) == (False, 0)
        assert reached.error in ("unreadable", "cut")
        assert WORDS.startswith(reached.text)
        assert reached.text
        assert delivered == [{"letters": len(reached.text), "whole": False, "why": reached.error}]
    # what is garbled comes in one packet with what is before it, and is read before any of it leaves
    assert (begun > 3) is (fault is not Fault.GARBLE)


@pytest.mark.parametrize("framing", STREAMS)
def test_a_stream_that_comes_to_its_end_is_an_answer(
    here: Installation, canned: Canned, wire: FaultyWire, framing: str
) -> None:
    """The control: the same bytes, with the way whole."""
    canned.say(STREAMS[framing])
    got = here.post({"model": "chat", "stream": True, "messages": [{"role": "user", "content": "where is it?"}]})
    reached = read(got.body)
    assert (reached.text, reached.is_done, reached.calls > 0, reached.error) == (WORDS, True, True, "")
    assert here.outcomes()[-1] == ("tool_call", "allow")


@pytest.mark.parametrize("framing", ANSWERS)
@pytest.mark.parametrize("fault", [Fault.CUT, Fault.RESET, Fault.GARBLE], ids=["38 cut", "39 reset", "40 garbled"])
def test_an_answer_in_one_piece_that_breaks_anywhere_is_none(
    here: Installation, canned: Canned, wire: FaultyWire, times: Callable[[str, int], int], fault: Fault, framing: str
) -> None:
    said = ANSWERS[framing]
    canned.say(said)
    in_head, key = said.index(b"\r\n\r\n") + 4, here.key()
    for at in range(0, len(said), max(1, 23 // times("BROKEN_STREAMS", 1))):
        wire.be(fault, at=at)
        size = here.journal.size()
        body = {"model": "chat", "messages": [{"role": "user", "content": f"where is it? {at}"}]}
        got = here.post(body, key=key)
        if at < in_head and got.status == 200 and fault is Fault.GARBLE:
            assert json.loads(got.body)["choices"][0]["message"]["content"] == WORDS
            continue
        assert (got.status, got.error["type"]) == (502, "upstream_error"), at
        new = here.entries()[size:]
        assert any(entry.kind is Kind.FAULT for entry in new), at
        assert not any(e.kind is Kind.DECISION and str(e.body["event"][1]) in ("output", "tool_call") for e in new)  # type: ignore[index]
