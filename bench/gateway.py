"""P1, P2, P3: CPU a request and p50 beside nginx `proxy_pass`, the same upstream behind both, in one run."""

import itertools
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.load import Load, load
from bench.peers import Peer, free_port, nginx, nginx_version, proxy, served
from bench.served import SHOP
from bench.table import ROUNDS, Row
from trilens.declare.parse import parse
from trilens.lenses.catalog import load as load_guards
from trilens.vocabulary.system import System

_SECONDS = 1.0
_CLIENTS = (1, 16, 64)
_NUMBER = b"00000000000"
_NUMBERS = itertools.count(time.time_ns() // 1000 % 10**10)
"""Of sessions: none is ever the same as another, nor its words."""
_QUESTIONS = f"""\
Hello! I ordered boots and a rain jacket last week, my basket was {_NUMBER.decode()}. The boots have come and the jacket has not. I need it for a trip to the mountains at the end of the month. Could you find out where it is?
Thank you. And if it comes too late for my trip, may I send it back even though I will have opened the parcel? I would not wear it, only try it on at home to see whether the size is right.
That is good to know. A friend of mine would like the same boots two sizes larger. Can I order them on my account and have them sent to another address, or does she have to make an account of her own?
One more thing: the invoice in the parcel had a coffee stain on it, and I need a clean one for my employer. Could you send it to me again? Thank you very much for your patience.
You have been a great help today. May I ask whether there is a shop of yours in the town I am travelling to, where I could buy the jacket if the parcel does not come in time?
""".splitlines()
_ANSWER = (
    "Thank you for asking, I have looked into it for you. The parcel has been handed to the carrier, and you can follow it in your account "
    "under the list of your orders, where the page of the carrier is linked as well. If anything is unclear there, write to us again at any "
    "time: a colleague from the support team reads every message and answers as soon as possible."
)
_UPSTREAM = (
    "server {{ listen 127.0.0.1:{port}; default_type application/json; location / {{ return 200 '{answer}'; }} }}"
)


@dataclass(frozen=True)
class Measure:
    cpu_us: float
    """A request."""
    p50_us: float


def run() -> list[Row]:
    """All three rows; none when nginx is not installed."""
    if shutil.which("nginx") is None:
        print("gateway: nginx is not on the PATH, so that P1, P2 and P3 are left out", file=sys.stderr)
        return []
    print(f"gateway: {nginx_version()}", file=sys.stderr)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trilens-bench-")))
        upstream = free_port()
        stack.enter_context(nginx(folder / "upstream", _UPSTREAM.format(port=upstream, answer=_answer())))
        peers = [
            stack.enter_context(proxy(folder / "proxy", upstream)),
            stack.enter_context(served("frame", upstream, folder)),
            stack.enter_context(served("whole", upstream, folder)),
        ]
        return _rows(_measure(peers, _bodies(), folder))


def _rows(found: "_Found") -> list[Row]:
    rows = []
    for row, name, target in (("P1", "frame", 5.5), ("P2", "whole", 9.0)):
        for clients in _CLIENTS[1:]:
            ratios = tuple(
                o.cpu_us / n.cpu_us for o, n in zip(found[name, clients], found["nginx", clients], strict=True)
            )
            what = f"{'pass-through' if row == 'P1' else 'all guards, durable ledger'}, CPU a request, c = {clients}"
            note = ", ".join(
                f"{peer} {statistics.median(m.cpu_us for m in found[peer, clients]):.0f} µs" for peer in ("nginx", name)
            )
            rows.append(Row(row, what, "nginx proxy_pass", ratios, target, note=note))
    floors = [2.0 * n.p50_us + 1.2 * f.p50_us for n, f in zip(found["nginx", 1], found["fdatasync", 1], strict=True)]
    ours = found["whole", 1]
    note = ", ".join(
        f"{peer} {statistics.median(m.p50_us for m in found[peer, 1]):.0f} µs"
        for peer in ("nginx", "frame", "whole", "fdatasync")
    )
    ratios = tuple(o.p50_us / f for o, f in zip(ours, floors, strict=True))
    rows.append(
        Row("P3", "all guards, durable ledger, p50, c = 1", "2.0 × nginx + 1.2 × fdatasync", ratios, 1.0, note=note)
    )
    return rows


_Found = Mapping[tuple[str, int], list[Measure]]


def _measure(peers: list[Peer], bodies: Sequence[bytes], folder: Path) -> _Found:
    """Every peer at every number of clients, in turns; the first round warms up and is not counted."""
    found: dict[tuple[str, int], list[Measure]] = defaultdict(list)
    for number in range(ROUNDS + 1):
        for clients in _CLIENTS:
            for peer in peers:
                before = peer.cpu_s()
                done = _ask(peer, bodies, clients)
                if number:
                    cpu_us = (peer.cpu_s() - before) / done.count * 1e6
                    found[peer.name, clients].append(Measure(cpu_us, done.p50_s * 1e6))
        if number:
            found["fdatasync", 1].append(Measure(0.0, sync_s(folder) * 1e6))
    return found


def _ask(peer: Peer, bodies: Sequence[bytes], clients: int, *, seconds: float = _SECONDS) -> Load:
    def sessions() -> Iterator[bytes]:
        while True:
            number = b"%011d" % next(_NUMBERS)
            for body in bodies:
                yield _request(peer, body).replace(_NUMBER, number)

    return load(peer.port, sessions, clients=clients, seconds=seconds)


def _request(peer: Peer, body: bytes) -> bytes:
    lines = {
        "Host": "localhost",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "X-Trilens-Session": _NUMBER.decode(),
        **peer.headers,
    }
    head = "POST /v1/chat/completions HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return head.encode() + b"\r\n" + body


def _bodies() -> tuple[bytes, ...]:
    """The requests of one session, 0.6 to 3 kB: each is the last one, the answer as it came back, and a new question."""
    system = _system()
    told = next(iter(system.disclosure.text.values())) if system.disclosure else ""
    messages = [{"role": "system", "content": next(iter(system.prompts.values())).text}]
    bodies = []
    for question in _QUESTIONS:
        messages.append({"role": "user", "content": question})
        bodies.append(_json(messages))
        messages.append({"role": "assistant", "content": f"{told}\n\n{_ANSWER}" if len(bodies) == 1 else _ANSWER})
    return tuple(bodies)


def _json(messages: list[dict[str, str]]) -> bytes:
    return json.dumps({"model": "chat", "messages": messages}, ensure_ascii=False, separators=(",", ":")).encode()


def _system() -> System:
    return parse(
        (SHOP / "system.yaml").read_text(encoding="utf-8"),
        [guard.sheet for guard in load_guards()],
        environment={},
        read=lambda path: (SHOP / path).read_text(encoding="utf-8"),
    )


def _answer() -> str:
    message = {"role": "assistant", "content": _ANSWER, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 500, "completion_tokens": 17, "total_tokens": 517}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-5.1", "choices": [choice]}
    return json.dumps(body | {"usage": usage}, separators=(",", ":"))


def sync_s(folder: Path) -> float:
    """The median of a write of 4 kB and its fdatasync."""
    took = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(100):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    return statistics.median(took)
