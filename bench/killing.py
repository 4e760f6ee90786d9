"""`trilens serve` under load, ended by SIGKILL: what clients were told is in the ledger afterwards, and it serves again."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import openai

from bench.commands import COMMAND, MODELS, environment, trilens
from bench.seen import Seen
from trilens.clock import wall_clock_ms
from trilens.people.keys import make_key
from trilens.prove.ledger.entry import Kind, decode
from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.journal import open_journal
from trilens.storage.sqlite.keystore import open_keystore
from trilens.testing.scripted_model import Script, ScriptedModel, Step

_CLIENTS = 8
_ENOUGH = 200
_TIMEOUT_S = 30
_ANSWER = Script(steps=(Step(say="Hello! What can I do for you?"),))


@dataclass
class Told:
    """The ids of decisions that answers named, before they could be known to be kept."""

    decisions: list[str] = field(default_factory=list)
    answers: int = 0
    is_enough: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, header: str) -> None:
        with self.lock:
            self.answers += 1
            self.decisions += [one.strip() for one in header.split(",") if one.strip()]
        if self.answers >= _ENOUGH:
            self.is_enough.set()


def killed(example: Path, home: Path) -> Seen:
    """Every acknowledged decision is there, the ledger verifies, and a new start goes on with it."""
    create(home)
    key = make_key(agent="support", operator="", may_assert=True, now_ms=wall_clock_ms(), random=os.urandom)
    open_keystore(home).add(key.record)
    told = Told()
    with ScriptedModel(_ANSWER) as model:
        with _serving(example, home, model.base_url) as (server, url):
            clients = [threading.Thread(target=_ask, args=(url, key.text, n, told)) for n in range(_CLIENTS)]
            for client in clients:
                client.start()
            told.is_enough.wait(_TIMEOUT_S)
            busy = sum(client.is_alive() for client in clients)
            server.kill()
            server.wait(_TIMEOUT_S)
            for client in clients:
                client.join(_TIMEOUT_S)
        after = trilens("ledger", "verify", folder=example, home=home)
        with _serving(example, home, model.base_url) as (again, url):
            more = Told()
            _ask(url, key.text, _CLIENTS, more, most=1)
    kept = len(set(told.decisions) & _decisions(home))
    last = trilens("ledger", "verify", folder=example, home=home)
    return Seen(
        f"{len(told.decisions)} → {kept} decisions of {told.answers} answers, {busy} clients asking; verify: exit {after.code};"
        f" started again: {more.answers} answered, {_notices(last.out)}; verify: exit {last.code}",
        holds=kept == len(told.decisions) and after.code in (0, 3),
        is_clean=after.code == last.code == 0 and more.answers == 1 and again.returncode == 0,
        was_tried=server.returncode == -signal.SIGKILL and busy == _CLIENTS and told.answers >= _ENOUGH,
    )


@contextmanager
def _serving(example: Path, home: Path, model: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """The server as a process of its own, and its address; ended by SIGTERM unless it ended before."""
    variables = environment(home, {**MODELS, "UPSTREAM_URL": model})
    server = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--json"], cwd=example, env=variables, stdout=subprocess.PIPE, text=True
    )
    try:
        yield server, str(json.loads(_document(server))["base_url"])
    finally:
        server.terminate()
        try:
            server.wait(_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(_TIMEOUT_S)
        if server.stdout is not None:
            server.stdout.close()


def _document(server: "subprocess.Popen[str]") -> str:
    """What it announces, once it listens; empty when it ends before."""
    lines = []
    for line in server.stdout or ():
        lines.append(line)
        if line.startswith("}"):
            break
    return "".join(lines) or "{}"


def _ask(url: str, key: str, number: int, told: Told, most: int = 10 * _ENOUGH) -> None:
    """Ask one question after the other until nobody answers any more."""
    headers = {"x-trilens-on-behalf-of": "C-17", "x-trilens-session": f"killed-{number}"}
    with openai.OpenAI(base_url=url, api_key=key, max_retries=0, default_headers=headers, timeout=_TIMEOUT_S) as client:
        for count in range(most):
            try:
                answer = client.chat.completions.with_raw_response.create(
                    model="gpt-5.1", messages=[{"role": "user", "content": f"Hello, {number} {count}"}]
                )
            except openai.APIError:
                return
            told.add(answer.headers["x-trilens-decision"])


def _decisions(home: Path) -> set[str]:
    journal = open_journal(home, read_only=True)
    try:
        entries = [decode(leaf) for leaf in journal.leaves(0, journal.size())]
    finally:
        journal.close()
    return {str(entry.body["id"]) for entry in entries if entry.kind is Kind.DECISION}


def _notices(shown: str) -> str:
    found = next((line.strip() for line in shown.splitlines() if "without their acknowledgement" in line), "")
    return found or "nothing found unacknowledged"
