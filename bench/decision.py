"""P5: one decision with every guard on a 10 kB session, beside `json.loads` + `json.dumps` of the same body."""

import itertools
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.conversation import body_of, conversation
from bench.table import Row, interleaved
from trilens.declare.parse import parse
from trilens.enforce.pipeline import Bench, judge_exchange
from trilens.enforce.told import Untold
from trilens.lenses.catalog import load
from trilens.mechanisms import events
from trilens.mechanisms.budget.accounts import claims_of
from trilens.mechanisms.flow.cache import FlowCache
from trilens.storage.ports import Snapshot
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.event import Call, Event, Exchange
from trilens.vocabulary.principal import Principal

_SHOP = Path(__file__).parent.parent / "examples" / "support"
_CALLS = 2_000
ADA = Principal("k1", "support", "customer", "C-17", "eu")


def run() -> list[Row]:
    """The whole pure path of one tool call in a long session, and of one reply."""
    guards = load()
    system = parse(
        (_SHOP / "system.yaml").read_text(encoding="utf-8"),
        [g.sheet for g in guards],
        environment={},
        read=lambda path: (_SHOP / path).read_text(encoding="utf-8"),
    )
    bench = Bench(system, guards, "bench", Mac(b"k" * 32), lambda: "0" * 20)
    body = body_of(conversation(system, 10_000))
    rows = []
    for what, decide in (
        ("a tool call, ×json", _tool_call(bench)),
        ("a reply, ×json", _reply(bench)),
    ):
        ratios = interleaved(partial(_time, decide), lambda: _time(lambda: json.dumps(json.loads(body))))
        rows.append(
            Row("P5", f"one decision, 10 kB session, {len(guards)} guards: {what}", "json.loads + dumps", ratios, 1.5)
        )
    return rows


def _tool_call(bench: Bench) -> Callable[[], object]:
    call = Call("c_now", "refund", '{"order_id":"O-1001","amount":"30 EUR"}')
    return _decision(bench, lambda scene: events.tool_call(scene, call))


def _reply(bench: Bench) -> Callable[[], object]:
    text = "Items can be returned within 30 days of delivery, and the refund is paid to the method you paid with."
    # no two answers are alike, so that nothing remembered of one stands in for the next
    number = itertools.count()
    return _decision(bench, lambda scene: events.output(scene, f"Reference R-{next(number)}. {text}"))


def _decision(bench: Bench, make: Callable[[events.Scene], Event]) -> Callable[[], object]:
    turns = conversation(bench.system, 10_000)
    flows, mac = FlowCache(), bench.mac
    released = {events.call_mac(c, ADA, mac) for t in turns for c in t.calls}
    flow = flows.after(
        turns, system=bench.system, agent="support", principal=ADA, session="", released=released, mac=mac
    )
    scene = events.Scene(bench.system, ADA, "", mac, bench.new_id)
    told = Untold(0, len(turns))

    def decide() -> object:
        event = make(scene)
        spent = {c.account: 0 for c in claims_of(event, bench.system, mac, 0)}
        exchange = Exchange((event,), turns, ADA, "", "r", proposes_answer=True)
        return judge_exchange(
            exchange, bench, flow=flow, snapshot=Snapshot(spent=spent), now_ms=1_800_000_000_000, untold=told
        )

    return decide


def _time(work: Callable[[], object]) -> float:
    started = time.thread_time()
    for _ in range(_CALLS):
        work()
    return time.thread_time() - started
