"""Laws of a stream's release, for any text, any cuts and any guard: with the real release, and a driver that keeps its promises in memory."""

import asyncio
import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from trilens.enforce.drive import Answered, Asked, Ruled
from trilens.enforce.plan import Draft, Plan, Ruling
from trilens.gateways.openai.backlog import Backlog
from trilens.gateways.openai.release import StreamRelease
from trilens.gateways.openai.stream import Piece
from trilens.gateways.outlet import Outlet
from trilens.gateways.refusal import Refusal
from trilens.storage.ports import Committed
from trilens.testing.installation import shop
from trilens.vocabulary.event import Call, Event, Value
from trilens.vocabulary.outcome import EventKind, Lens, Outcome, Phase, Ran, ValueClass
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.verdict import Basis, Decision, Finding, Verdict

WHO = Principal("k", "support")
ASKED = Asked((), WHO, "", "mac", "chat")
BAD = "bad"
TOLD = "I am an AI. "


@dataclass
class Bench:
    system: Any = field(default_factory=lambda: shop("", ""))


@dataclass
class MemoryDriver:
    """Denies or holds every text with `BAD` in it, and every mail; puts `TOLD` in front when it discloses."""

    on_bad: Outcome
    discloses: bool
    bench: Bench = field(default_factory=Bench)
    committed: list[str] = field(default_factory=list)
    """Texts that were judged and may leave."""
    calls: list[Call] = field(default_factory=list)

    async def judge_window(self, _: Asked, text: str, *, text_ref: str, is_first: bool) -> Ruled | None:
        await asyncio.sleep(0)
        left = self._left(text)
        if left is None or not (left == text or is_first):
            return None
        self.committed.append(left)
        return self._ruled([self._ruling(EventKind.OUTPUT, text, left)], Outcome.ALLOW)

    async def judge_answer(self, _: Asked, answered: Answered, *, kept: bytes = b"", kept_case: str = "") -> Ruled:
        await asyncio.sleep(0)
        rulings = []
        if answered.text:
            left = self._left(answered.text)
            rulings.append(self._ruling(EventKind.OUTPUT, answered.text, left))
        for call in answered.calls:
            may = call.tool != "send_email"
            rulings.append(self._ruling(EventKind.TOOL_CALL, call.tool, call.tool if may else None))
        stopped = [ruling for ruling in rulings if ruling.leaves is None]
        if stopped and self.on_bad is Outcome.HOLD:
            return self._ruled([Ruling(r.event, r.decision, None) for r in rulings], Outcome.HOLD)
        for ruling, call in zip(rulings[len(rulings) - len(answered.calls) :], answered.calls, strict=True):
            if ruling.leaves:
                self.calls.append(call)
        if answered.text and rulings[0].leaves:
            self.committed.append(rulings[0].leaves.text)
        return self._ruled(rulings, Outcome.MODIFY if stopped else Outcome.ALLOW)

    def _left(self, text: str) -> str | None:
        if BAD in text:
            return None
        return text if not self.discloses or text.startswith(TOLD) else TOLD + text

    def _ruling(self, kind: EventKind, said: str, left: str | None) -> Ruling:
        def event(text: str) -> Event:
            values = (Value("text", text, ValueClass.TEXT),) if kind is EventKind.OUTPUT else ()
            return Event("e", kind, Phase.PROPOSED, "", WHO, said if kind is EventKind.TOOL_CALL else "", "", values)

        before = event(said)
        outcome = self.on_bad if left is None else Outcome.ALLOW
        verdict = Verdict("security/g", Lens.SECURITY, Ran.JUDGED, outcome, (Finding("g/no", ""),))
        decision = Decision("dec_1", "e", outcome, (verdict,), Basis("", "", "", 0))
        leaves = None if left is None else before if left == said else event(left)
        return Ruling(before, decision, leaves)

    def _ruled(self, rulings: list[Ruling], outcome: Outcome) -> Ruled:
        return Ruled(Plan(tuple(rulings), outcome, "", Draft(())), Committed(0, 1))


@dataclass
class Client:
    """Takes what is sent, and checks at every byte that it was judged before."""

    driver: MemoryDriver
    body: bytes = b""

    async def send(self, message: Any) -> None:
        if message["type"] != "http.response.body":
            return
        self.body += message["body"]
        text = self.text
        own = text.partition("The ")[0] if "refused by Trilens" in text else text
        assert own.strip() == "" or any(judged.startswith(own.rstrip()) for judged in self.driver.committed)

    @property
    def deltas(self) -> list[dict[str, Any]]:
        events = [line[6:] for line in self.body.split(b"\n\n") if line.startswith(b"data: {")]
        choices = [choice for event in events for choice in json.loads(event)["choices"]]
        return [choice["delta"] for choice in choices]

    @property
    def text(self) -> str:
        return "".join(delta.get("content") or "" for delta in self.deltas)

    @property
    def tools(self) -> list[str]:
        parts = [call for delta in self.deltas for call in delta.get("tool_calls", [])]
        return [call["function"]["name"] for call in parts if call["function"].get("name")]


def wire(text: str, cuts: list[int], tools: list[str]) -> bytes:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        body = {"id": "x", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        return b"data: " + json.dumps(body).encode() + b"\n\n"

    at = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    pieces = [chunk({"content": text[start:stop]}) for start, stop in itertools.pairwise(at)]
    calls = [
        chunk(
            {
                "tool_calls": [
                    {"index": n, "id": f"c{n}", "type": "function", "function": {"name": name, "arguments": "{}"}}
                ]
            }
        )
        for n, name in enumerate(tools)
    ]
    end = chunk({}, "tool_calls" if tools else "stop")
    return b"".join((chunk({"role": "assistant", "content": ""}), *pieces, *calls, end, b"data: [DONE]\n\n"))


TEXTS = st.lists(
    st.sampled_from(["Good. ", "A b c. ", "b", "ad", "bad", " ", "\n", "Äö. ", "x" * 700, "3.5 "]), max_size=14
).map("".join)
CUTS = st.lists(st.integers(0, 10_000), max_size=30)
TOOLS = st.lists(st.sampled_from(["lookup", "send_email"]), max_size=3)


@given(TEXTS, CUTS, CUTS, TOOLS, st.sampled_from([Outcome.DENY, Outcome.HOLD]), st.booleans())
def test_whatever_is_said_and_however_it_is_cut_only_judged_words_leave_and_bad_ones_never(
    text: str, pieces: list[int], packets: list[int], tools: list[str], on_bad: Outcome, discloses: bool
) -> None:
    body = wire(text, pieces, tools)
    driver = MemoryDriver(on_bad, discloses)
    client = Client(driver)
    refusal = asyncio.run(send(body, packets, driver, client))
    assert BAD not in client.text
    assert "send_email" not in client.tools
    assert set(client.tools) <= {call.tool for call in driver.calls}
    is_clean = BAD not in text and "send_email" not in tools
    if is_clean:
        assert refusal is None
        assert client.text == (TOLD if discloses and text else "") + text
        assert client.tools == tools
        if not discloses:
            assert client.body == body
    elif on_bad is Outcome.HOLD:
        assert refusal is not None
        assert b"[DONE]" not in client.body
    elif refusal is None:
        assert client.body.endswith(b"data: [DONE]\n\n")
        assert "refused by Trilens" in client.text


def test_a_call_waits_for_its_own_judgement_though_words_before_it_may_leave() -> None:
    backlog = Backlog()
    words, call, end = Piece(b"words", "Good. "), Piece(b"call", has_calls=True), Piece(b"end", finish_reason="stop")
    for piece in (Piece(b"role", has_role=True), words, Piece(b"ping"), call, Piece(b"pong"), end):
        backlog.add(piece)
    backlog.judged = 6
    assert backlog.take_judged() == b"rolewordsping"
    assert backlog.take_judged() == b""
    assert backlog.take_all() == b"callpongend"


def test_a_call_that_carries_words_as_well_waits_with_them() -> None:
    backlog = Backlog()
    for piece in (Piece(b"a", "Good. "), Piece(b"b", "Bye. ", has_calls=True)):
        backlog.add(piece)
    backlog.judged = 11
    assert backlog.take_judged() == b"a"


async def send(body: bytes, packets: list[int], driver: MemoryDriver, client: Client) -> Refusal | None:
    outlet = Outlet(client.send, [])
    release = StreamRelease(driver, ASKED, model="chat", outlet=outlet)  # type: ignore[arg-type]
    at = sorted({0, len(body), *(cut % len(body) for cut in packets)})
    for start, stop in itertools.pairwise(at):
        release.take(body[start:stop])
        if release.is_done:
            break
        await release.release()
    return await release.end()
