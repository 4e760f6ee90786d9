"""P8: one decision about a call, with ten rules in the manifest and with a thousand: grants, limits and conditions are looked up by tool.

Cedar is not measured: its binding is no dependency.
"""

import json
import time
from collections.abc import Callable

from bench.decision import ADA
from bench.table import Row, interleaved
from trilens.declare.parse import parse
from trilens.enforce.pipeline import Bench, judge_exchange
from trilens.lenses.catalog import load
from trilens.mechanisms import events
from trilens.mechanisms.budget.accounts import claims_of
from trilens.mechanisms.flow.cache import FlowCache
from trilens.storage.ports import Snapshot
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.event import Call, Exchange, Turn
from trilens.vocabulary.outcome import Outcome, Role

_FEW, _MANY = 10, 1_000
_CALLS = 500
_MANIFEST = """\
trilens: 1
system: many-tools
purposes: {{support: Answer customers about their orders.}}
people:
  customer: {{from: x-customer, region: eu}}
  leads: {{members: [lead, second-lead]}}
owners: {{safety: lead, security: secops, compliance: dpo}}
models:
  chat: {{name: gpt-5.1, base_url: "https://model.example/v1", key: "env:KEY", region: eu, processor: upstream}}
prompts:
  support: {{path: prompt.md}}
tools:
{tools}
agents:
  support: {{model: chat, prompt: support, channel: chat, purpose: support, user_turns: verbatim, tools: [{names}]}}
safety:
  hazards: [{{id: wrong-refund, harm: financial, to: customers, severity: major, reduced_by: [action_limits]}}]
security:
  own_hosts: []
compliance:
  disclosure: {{shown_in: reply, text: {{en: You are talking to an AI system.}}}}
  regions: [eu]
  retention: {{decision: 183d, conversation: 30d}}
"""
_TOOL = (
    "  refund_{n}: {{effect: spend, reversible: false, args: {{order_id: object_id, amount: {{class: amount, unit: EUR}}}}, "
    "limits: [{{max: {most} EUR, per: customer, window: 1d}}], approval: {{when: args.amount > {n} + 40, by: [leads], expires: 15m}}}}"
)
_ASKED = "Please refund 30 EUR for order ORD-20417, it came damaged."


def run() -> list[Row]:
    """One row: every guard, the condition of the call's tool evaluated."""
    few, many = _decision(_FEW), _decision(_MANY)
    ratios = interleaved(_timed(many), _timed(few))
    note = f"{_timed(few)() / _CALLS * 1e6:.0f} µs a decision with {_FEW}"
    what = f"decision about a call, {_FEW} → {_MANY} conditions"
    return [Row("P8", what, "itself", ratios, 1.3, note=note)]


def _decision(count: int) -> Callable[[], object]:
    guards = load()
    tools = "\n".join(_TOOL.format(n=n, most=1_000 + n) for n in range(count))
    names = ", ".join(f"refund_{n}" for n in range(count))
    text = _MANIFEST.format(tools=tools, names=names)
    system = parse(text, [g.sheet for g in guards], environment={}, read=lambda _: "You answer customers.\n")
    bench = Bench(system, guards, "bench", Mac(b"k" * 32), lambda: "0" * 20)
    turns = (Turn(Role.USER, _ASKED, bytes(32)),)
    flow = FlowCache().after(
        turns, system=system, agent="support", principal=ADA, session="", released=(), mac=bench.mac
    )
    scene = events.Scene(system, ADA, "", bench.mac, bench.new_id)
    call = Call("c_now", f"refund_{count // 2}", json.dumps({"order_id": "ORD-20417", "amount": "30 EUR"}))

    def decide() -> Outcome:
        event = events.tool_call(scene, call)
        spent = {c.account: 0 for c in claims_of(event, system, bench.mac, 0)}
        exchange = Exchange((event,), turns, ADA, "", "r", proposes_answer=True)
        snapshot = Snapshot(spent=spent)
        return judge_exchange(exchange, bench, flow=flow, snapshot=snapshot, now_ms=1_800_000_000_000).outcome

    if decide() is not Outcome.ALLOW:
        raise AssertionError("the call that is measured must be allowed, so that every rule is looked at")
    return decide


def _timed(work: Callable[[], object]) -> Callable[[], float]:
    def seconds() -> float:
        began = time.thread_time()
        for _ in range(_CALLS):
            work()
        return time.thread_time() - began

    return seconds
