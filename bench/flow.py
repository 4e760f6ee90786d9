"""Information flow: what a new turn and a judged call cost, and that neither grows with the session. `python -m bench.flow` alone."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bench.conversation import body_of, conversation
from bench.table import Row, interleaved, lines, machine
from trilens.declare.parse import parse
from trilens.lenses.catalog import load
from trilens.lenses.lens import Context, Guard
from trilens.mechanisms import events
from trilens.mechanisms.flow.cache import FlowCache
from trilens.mechanisms.flow.flow import Flow
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.event import Call, Event, Turn
from trilens.vocabulary.outcome import Lens, Role
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import System

_SHOP = Path(__file__).parent.parent / "examples" / "support"
_REPEATS = 300
_ADA = Principal("k1", "support", "customer", "C-17", "eu")
_MAC = Mac(b"k" * 32)
_MAIL = {"to": "ada@example.org", "subject": "Your order", "body": "Order O-1001 over 120.50 EUR is on its way."}


class _Everything:
    def __contains__(self, _: object) -> bool:
        return True


def run() -> list[Row]:
    """Four costs beside reading and writing the body once, and two beside themselves in a session a hundred times as long."""
    guards = load()
    system = parse(
        (_SHOP / "system.yaml").read_text(encoding="utf-8"),
        [guard.sheet for guard in guards],
        environment={},
        read=lambda path: (_SHOP / path).read_text(encoding="utf-8"),
    )
    ours = [guard for guard in guards if guard.sheet.lens is Lens.SECURITY]
    short, long = conversation(system, 10_000), conversation(system, 1_000_000)
    body = body_of(short)

    def reading() -> float:
        return _time(lambda: json.dumps(json.loads(body)))

    works = {
        "one new turn, an order, labelled and indexed": _one_turn(system, short),
        "a refund judged by both guards": _judged(system, short, ours, "refund", {"order_id": "O-1001", "amount": 30}),
        "a mail judged by both guards": _judged(system, short, ours, "send_email", _MAIL),
        "a reply judged": _judged(system, short, ours, "", {}),
    }
    rows = [
        Row("P5", what, "json.loads + dumps, 10 kB", interleaved(work, reading), 1.5) for what, work in works.items()
    ]
    grown = f"{len(short)} → {len(long)} turns"
    turn = interleaved(_one_turn(system, long), _one_turn(system, short))
    mail = interleaved(*(_judged(system, turns, ours, "send_email", _MAIL) for turns in (long, short)))
    rows.append(Row("P7", f"one new turn, {grown}", "itself, 10 kB", turn, 1.2))
    rows.append(Row("P7", f"a mail, {grown}", "itself, 10 kB", mail, 1.2))
    return rows


def _flow(cache: FlowCache, system: System, turns: tuple[Turn, ...]) -> Flow:
    return cache.after(
        turns, system=system, agent="support", principal=_ADA, session="s", released=_Everything(), mac=_MAC
    )


def _one_turn(system: System, turns: tuple[Turn, ...]) -> Callable[[], float]:
    """Seconds to extend a remembered session by one result whose values are new, many times over."""

    def work() -> float:
        cache = FlowCache()
        grown = turns[:-1]
        _flow(cache, system, grown)
        spent = 0.0
        for number in range(_REPEATS):
            call = Call(f"n{number}", "lookup_order", "{}")
            order = {
                "order_id": f"O-{number}",
                "customer_id": "C-17",
                "customer_email": f"a{number}@example.org",
                "total": number,
            }
            text = json.dumps({**order, "note": f"Left with neighbour {number}, call +49 170 {number:07}."})
            asked = Turn(Role.ASSISTANT, "", number.to_bytes(32, "big"), (call,))
            grown = (*grown, asked, Turn(Role.TOOL, text, (number + 1_000_000).to_bytes(32, "big"), (), call.id))
            started = time.thread_time()
            _flow(cache, system, grown)
            spent += time.thread_time() - started
        return spent

    return work


def _judged(
    system: System, turns: tuple[Turn, ...], guards: Sequence[Guard], tool: str, arguments: Mapping[str, object]
) -> Callable[[], float]:
    flow = _flow(FlowCache(), system, turns)
    scene = events.Scene(system, _ADA, "s", _MAC, lambda: "e")
    reply = (
        "You can send unworn items of order O-1001 back within 30 days; the refund of 120.50 EUR follows within a week."
    )
    event: Event = (
        events.tool_call(scene, Call("now", tool, json.dumps(arguments))) if tool else events.output(scene, reply)
    )
    context = Context(system, system.agents["support"], _ADA, flow, {}, _MAC, 1_800_000_000_000, {})
    watching = [guard for guard in guards if event.kind in guard.sheet.watches]

    def judge() -> None:
        for guard in watching:
            guard.judge(replace(event), context)

    return lambda: _time(judge)


def _time(work: Callable[[], object]) -> float:
    started = time.thread_time()
    for _ in range(_REPEATS):
        work()
    return time.thread_time() - started


if __name__ == "__main__":
    print(machine(), end="\n\n")
    print("\n".join(lines(run())))
