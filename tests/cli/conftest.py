"""A shop on disk and a way to type commands at it: in this process, with real files, a real ledger and the real guards."""

import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from trilens.cli import installation
from trilens.cli.main import main
from trilens.enforce.drive import Answered, Asked, Ruled
from trilens.plane import open_plane
from trilens.settings import Settings
from trilens.vocabulary.event import Call, Turn
from trilens.vocabulary.outcome import Outcome, Role
from trilens.vocabulary.principal import Principal

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
    args: {order_id: object_id, amount: {class: amount, unit: EUR}, reason: text, note: text}
    limits: [{max: 1000 EUR, per: customer, window: 1d}]
    approval: {always: true, by: [leads], expires: 15m}
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
ENVIRONMENT = {"UPSTREAM_URL": "https://upstream.example/v1", "UPSTREAM_KEY": "set", "TZ": "UTC"}
FORGOTTEN = ("TRILENS_HOME", "TRILENS_SYSTEM", "TRILENS_OPERATOR_KEY", "NO_COLOR", "COLUMNS", "FORCE_COLOR")
WORDS = "Grüezi, please refund 450 EUR for order A-1001."


@dataclass(frozen=True)
class Typed:
    """What a command did."""

    ending: int
    out: str
    err: str


NOW_MS = 1_795_561_200_000
"""24 November 2026, 23:00 UTC."""


@dataclass
class Shop:
    """A folder, a clock that stands, and everything that can be typed."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    now_ms: int = NOW_MS

    @property
    def home(self) -> Path:
        return self.folder / ".trilens"

    def type(self, *words: str, columns: int | None = None, key: str = "") -> Typed:
        """Type a command, in a terminal that is so wide, or not in one."""
        with self.monkeypatch.context() as patch:
            if columns is not None:
                patch.setenv("COLUMNS", str(columns))
            if key:
                patch.setenv("TRILENS_OPERATOR_KEY", key)
            ending = main(words)
        said = self.capsys.readouterr()
        return Typed(ending, said.out, said.err)

    def key(self, operator: str = "lead") -> str:
        typed = self.type("keys", "create", "--operator", operator)
        assert typed.ending == 0, typed.err
        return typed.out.strip()

    def answer(
        self,
        arguments: str = '{"order_id": "A-1001", "amount": 450, "reason": "broken"}',
        *,
        words: str = WORDS,
        kept_case: str = "",
    ) -> Ruled:
        """What the gateway would do with a model's answer that calls `refund`."""
        settings = Settings(self.folder / "system.yaml", self.home)
        plane = open_plane(settings, os.environ, clock=lambda: self.now_ms)
        try:
            turn = Turn(Role.USER, words, hashlib.sha256(words.encode("utf-8", "replace")).digest())
            principal = Principal("tlk_aaaaaaaa", "support", "customer", "C-17", "eu")
            request = plane.bench.mac.of("request", principal.account_holder, turn.digest)
            asked = Asked((turn,), principal, "", request, "chat")
            answered = Answered("", (Call("c1", "refund", arguments),))
            return plane.sync_driver.judge_answer(asked, answered, kept=b"kept", kept_case=kept_case)
        finally:
            plane.close()

    def held(
        self, arguments: str = '{"order_id": "A-1001", "amount": 450, "reason": "broken"}', words: str = WORDS
    ) -> str:
        ruled = self.answer(arguments, words=words)
        assert ruled.plan.outcome is Outcome.HOLD, ruled
        return ruled.plan.case

    def bytes_on_disk(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self.home.rglob("*")) if path.is_file())


@pytest.fixture
def bare(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A folder with a manifest and nothing else, and an environment with nothing of the machine's in it."""
    for name in FORGOTTEN:
        monkeypatch.delenv(name, raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    time.tzset()
    folder = tmp_path / "shop"
    folder.mkdir()
    folder.joinpath("system.yaml").write_text(MANIFEST, encoding="utf-8")
    folder.joinpath("prompt.md").write_text("You answer customers of the corner shop.\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    shop = Shop(folder, capsys, monkeypatch)
    monkeypatch.setattr(installation, "now_ms", lambda: shop.now_ms)
    yield shop
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def shop(bare: Shop) -> Shop:
    """The same with a ledger."""
    typed = bare.type("init")
    assert typed.ending == 0, typed.err
    return bare
