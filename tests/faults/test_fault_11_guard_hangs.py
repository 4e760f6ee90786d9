"""A guard that never comes back holds the whole server: nothing is released by it or beside it, the health check stays silent, and a kill ends it.

Nothing in the process stops a guard: it runs where everything else does, so that its verdict and the commit are of one moment.
A supervisor that asks `/healthz` with a time-out is what ends it; what it finds then is what any SIGKILL leaves.
"""

import http.client
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from trilens.prove.ledger.entry import Kind, decode

pytestmark = pytest.mark.requirement("S13")

SCRIPT = 'steps: [{call: [{tool: send_email, args: {to: a@b.example, body: "Grüezi"}}]}]'
_HANGS = """
import json, sys, threading
from pathlib import Path
from trilens.lenses.lens import allow
from trilens.testing.installation import open_installation
from trilens.vocabulary.outcome import EventKind

def judge(event, context):
    if event.kind is EventKind.TOOL_CALL:
        print("hangs", flush=True)
        threading.Event().wait()
    return allow()

with open_installation(Path(sys.argv[1]), judge, script=sys.argv[2]) as here:
    print(json.dumps([here.address, here.key()]), flush=True)
    threading.Event().wait()
"""


def test_fault_11_a_guard_that_hangs_releases_nothing_is_noticed_from_outside_and_a_kill_loses_nothing(
    tmp_path: Path, require_verified: Callable[[Path], list[bytes]]
) -> None:
    home = tmp_path / "state"
    with subprocess.Popen([sys.executable, "-c", _HANGS, str(home), SCRIPT], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            address, key = json.loads(process.stdout.readline())
            host = address.removeprefix("http://")
            assert answered(host, "GET", "/healthz") == 200
            waiting = send(host, key, "write to them")
            assert process.stdout.readline() == b"hangs\n"
            # nobody else is served either, and whoever watches can see it
            assert answered(host, "GET", "/healthz", timeout_s=1.0) is None
            beside = send(host, key, "good morning")
            for connection in (waiting, beside):
                with pytest.raises(TimeoutError):
                    connection.getresponse()
                connection.close()
        finally:
            process.kill()
    entries = [decode(leaf) for leaf in require_verified(home)]
    judged = [(e.body["event"][1], e.body["left"]) for e in entries if e.kind is Kind.DECISION]  # type: ignore[index]
    assert judged == [("input", True), ("model_call", True)]


def send(host: str, key: str, words: str) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(host, timeout=1.0)
    body = json.dumps({"model": "chat", "messages": [{"role": "user", "content": words}]})
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    connection.request("POST", "/v1/chat/completions", body, headers)
    return connection


def answered(host: str, method: str, path: str, *, timeout_s: float = 20.0) -> int | None:
    """The status; None when no answer comes in time."""
    connection = http.client.HTTPConnection(host, timeout=timeout_s)
    try:
        connection.request(method, path)
        return connection.getresponse().status
    except TimeoutError:
        return None
    finally:
        connection.close()
