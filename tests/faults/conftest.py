"""What every fault is looked at with: a state folder, a shop whose tools count what reaches them, and how long a form is asked for."""

import http.client
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from trilens.cli.main import main
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.verify import Standing, verify
from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.journal import open_journal
from trilens.testing.installation import Got, Installation, open_installation

SIGNER = Signer("shop.example/ledger", bytes(32))
SCRIPT = json.dumps({"steps": [{"call": [{"tool": "send_email", "args": {"to": "a@b.example", "body": "Grüezi"}}]}]})


MANIFEST = """\
trilens: 1
system: corner-shop
purposes: {support: Answer customers about their orders.}
people:
  customer: {from: x-customer, region: eu}
  leads: {members: [lead, second-lead]}
owners: {safety: lead, security: secops, compliance: dpo}
models:
  chat: {name: gpt-5.1, base_url: $UPSTREAM_URL, key: env:UPSTREAM_KEY, region: eu, processor: upstream}
prompts:
  support: {path: prompt.md}
tools:
  refund:
    effect: spend
    reversible: false
    args: {order_id: object_id, amount: {class: amount, unit: EUR}, reason: text}
    limits: [{max: 1000 EUR, per: customer, window: 1d}]
    approval: {never: "small sums, capped by the day", accepted_by: lead}
agents:
  support: {model: chat, prompt: support, channel: chat, purpose: support, user_turns: verbatim, tools: [refund]}
safety:
  hazards: [{id: wrong-refund, harm: financial, to: customers, severity: major, reduced_by: [action_limits]}]
security:
  own_hosts: []
compliance:
  disclosure: {shown_in: reply, text: {en: You are talking to an AI system.}}
  regions: [eu]
  retention: {decision: 183d, conversation: 30d}
"""


@dataclass(frozen=True)
class Typed:
    """What a command did."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class Installed:
    """A folder that `trilens init` has made, and a way to type commands at it."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    upstream: str = "https://upstream.example/v1"

    @property
    def home(self) -> Path:
        return self.folder / ".trilens"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TRILENS_")}
        return {**kept, "UPSTREAM_URL": self.upstream, "UPSTREAM_KEY": "set", "TZ": "UTC"}

    def type(self, *words: str, **more: str) -> Typed:
        """Run a command to its end, in this process, with nothing of its environment but what is given here and in `more`."""
        on_terminate = signal.getsignal(signal.SIGTERM)
        out, err = io.StringIO(), io.StringIO()
        with self.monkeypatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(self.folder)
            for name in os.environ:
                patch.delenv(name)
            for name, value in (self.environment | more).items():
                patch.setenv(name, value)
            try:
                ending = main(words)
            finally:
                signal.signal(signal.SIGTERM, on_terminate)
        return Typed(ending, out.getvalue(), err.getvalue())

    @contextmanager
    def serving(self) -> "Iterator[Served]":
        """The server in a process of its own; killed in the end, unless it has ended before."""
        program = [sys.executable, "-m", "trilens.cli.main", "serve", "--port", "0", "--json"]
        with subprocess.Popen(
            program, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            lines: list[str] = []
            while "}\n" not in lines[-1:]:
                lines.append(process.stdout.readline())
                assert lines[-1], process.communicate(timeout=60)
            try:
                yield Served(process, json.loads("".join(lines))["base_url"])
            finally:
                process.kill()


@dataclass
class Served:
    process: "subprocess.Popen[str]"
    base_url: str

    def post(self, key: str, words: str, *, timeout_s: float = 20) -> tuple[int, dict[str, object]]:
        body = {"model": "gpt-5.1", "messages": [{"role": "user", "content": words}]}
        host = self.base_url.removeprefix("http://").removesuffix("/v1")
        connection = http.client.HTTPConnection(host, timeout=timeout_s)
        try:
            headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
            connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
            got = connection.getresponse()
            return got.status, json.loads(got.read())
        finally:
            connection.close()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    folder = tmp_path / "installed"
    folder.mkdir()
    folder.joinpath("system.yaml").write_text(MANIFEST, encoding="utf-8")
    folder.joinpath("prompt.md").write_text("You answer customers of the corner shop.\n", encoding="utf-8")
    made = Installed(folder, monkeypatch)
    typed = made.type("init")
    assert typed.returncode == 0, typed.stderr
    return made


@pytest.fixture
def times() -> Callable[[str, int], int]:
    """How often: `TRILENS_TEST_<NAME>` when it is set (`make faults`), and otherwise what CI has time for."""
    return lambda name, short: int(os.environ.get(f"TRILENS_TEST_{name}", "") or short)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder that `create` has made."""
    folder = tmp_path / "home"
    create(folder)
    return folder


@dataclass
class Shop:
    """An agent's side of a real gateway: it runs every tool call it is given, and counts."""

    here: Installation
    key: str
    ran: int = 0
    """Calls the tools saw: counted by nobody else."""
    took_s: list[float] = field(default_factory=list)
    asked: int = 0

    def ask(self) -> Got:
        began = time.monotonic()
        # different words each time, so that nothing is remembered
        self.asked += 1
        body = {"model": "chat", "messages": [{"role": "user", "content": f"write to them, please: {self.asked}"}]}
        got = self.here.post(body, key=self.key)
        self.took_s.append(time.monotonic() - began)
        if got.status == 200:
            self.ran += len(json.loads(got.body)["choices"][0]["message"].get("tool_calls") or [])
        return got

    def require_allowed(self) -> None:
        before = self.ran
        got = self.ask()
        assert (got.status, self.ran) == (200, before + 1), got

    def require_denied(self, code: str) -> None:
        """D: an error within a second, and nothing reached a tool."""
        before = self.ran
        got = self.ask()
        assert (got.status, got.error["code"]) == (503, code), got
        assert self.ran == before
        assert self.took_s[-1] < 1.0

    def end(self) -> None:
        """Stop, and close every file while the disk they were opened on is there."""
        self.here.stop()
        self.here.journal.close()
        self.here.keyring.close()
        self.here.keystore.close()

    def require_every_effect_recorded(self) -> None:
        """Always: no effect without entry."""
        assert self.ran <= self.recorded()

    def recorded(self) -> int:
        decisions = [entry.body for entry in self.here.entries() if entry.kind == "decision"]
        return sum(body["event"][1] == "tool_call" and bool(body["left"]) for body in decisions)  # type: ignore[index]


@pytest.fixture
def open_shop(tmp_path: Path) -> Iterator[Callable[[], Shop]]:
    with ExitStack() as stack:

        def opened() -> Shop:
            here = stack.enter_context(open_installation(tmp_path / "shop", script=SCRIPT))
            return Shop(here, here.key())

        yield opened


@pytest.fixture
def require_verified() -> Callable[[Path], list[bytes]]:
    """V: the next start signs and verifies everything; answers the entries."""

    def act(home: Path) -> list[bytes]:
        journal = open_journal(home, now_ms=lambda: 6)
        try:
            Checkpointer(journal, SIGNER).advance()
            leaves = list(journal.leaves(0, journal.size()))
            if leaves:
                found = verify(journal, SIGNER.verifier, checkpoint=journal.checkpoint())
                assert found.standing is Standing.OK, found
            return leaves
        finally:
            journal.close()

    return act
