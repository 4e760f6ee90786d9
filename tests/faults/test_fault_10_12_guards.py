"""A guard that raises, exits or takes the process with it: a failed verdict, or a process that is gone, and never an effect."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from trilens.lenses.lens import Answer, Context, allow
from trilens.prove.ledger.entry import Kind, decode
from trilens.testing.installation import open_installation
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind

pytestmark = pytest.mark.requirement("S13")

SCRIPT = 'steps: [{call: [{tool: send_email, args: {to: a@b.example, body: "Grüezi"}}]}]'
BODY = {"model": "chat", "messages": [{"role": "user", "content": "write to them"}]}


def on_calls(act: Callable[[], None]) -> Callable[[Event, Context], Answer]:
    def judge(event: Event, _: Context) -> Answer:
        if event.kind is EventKind.TOOL_CALL:
            act()
        return allow()

    return judge


def fail() -> None:
    raise RuntimeError("a secret that must not be told")


def exhaust() -> None:
    raise MemoryError


def recurse() -> None:
    recurse()


def leave() -> None:
    sys.exit(3)


@pytest.mark.parametrize("act", [fail, exhaust, recurse, leave])
def test_fault_10_12_a_guard_that_raises_denies_and_the_entry_says_which_failed(
    tmp_path: Path, act: Callable[[], None]
) -> None:
    with open_installation(tmp_path / "state", on_calls(act), script=SCRIPT) as here:
        got = here.post(BODY)
        assert b'"tool_calls"' not in got.body
        assert b"secret" not in got.body
        last = [e.body for e in here.entries() if e.kind is Kind.DECISION and e.body["event"][1] == "tool_call"]  # type: ignore[index]
        assert [(body["outcome"], body["left"]) for body in last] == [("deny", False)]
        verdict = last[0]["verdicts"][0]  # type: ignore[index]
        assert verdict[:3] == ["security/g0", "failed", "deny"]  # type: ignore[index]
        assert "secret" not in str(last)
        # and the next request is served
        assert here.post(b"", method="GET", path="/healthz", key="").status == 200


_ABORTS = """
import os, sys, threading
from pathlib import Path
from trilens.lenses.lens import allow
from trilens.testing.installation import open_installation
from trilens.vocabulary.outcome import EventKind

def judge(event, context):
    if event.kind is EventKind.TOOL_CALL:
        os.abort()
    return allow()

with open_installation(Path(sys.argv[1]), judge, script=sys.argv[2]) as here:
    got = here.post({"model": "chat", "messages": [{"role": "user", "content": "write to them"}]})
    print("released", got.status)
"""


def test_fault_12_a_guard_that_takes_the_process_with_it_releases_nothing(
    tmp_path: Path, require_verified: Callable[[Path], list[bytes]]
) -> None:
    home = tmp_path / "state"
    done = subprocess.run(
        [sys.executable, "-c", _ABORTS, str(home), SCRIPT], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (-signal.SIGABRT, ""), done.stderr
    entries = [decode(leaf) for leaf in require_verified(home)]
    left = [e.body["event"][1] for e in entries if e.kind is Kind.DECISION and e.body["left"]]  # type: ignore[index]
    assert left == ["input", "model_call"]
    assert not any(name.startswith("core") for name in os.listdir(home))  # noqa: PTH208 - names alone
