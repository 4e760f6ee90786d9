"""No memory, no descriptors: what cannot be done is refused, nothing is half done, and it goes on when there is room again."""

import http.client
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trilens.prove.ledger.entry import Kind, decode
from trilens.storage.sqlite.journal import SqliteJournal, open_journal
from trilens.testing.scripted_model.script import parse_script
from trilens.testing.scripted_model.server import ScriptedModel

if TYPE_CHECKING:
    from tests.faults.conftest import Installed, Shop

pytestmark = pytest.mark.requirement("S13", "X6")

_STARVE = """
import resource, sys
from pathlib import Path
from trilens.errors import StoreError
from trilens.prove.ledger.entry import encode
from trilens.storage.ports import Batch, Sealed
from trilens.storage.sqlite.journal import open_journal

def batch(number, size):
    payload = Sealed(f"sha256:{number}", "ring", bytes(size), 1)
    return Batch((encode("decision", 1, {"n": number}),), payloads=(payload,))

journal = open_journal(Path(sys.argv[1]))
for number in range(5):
    journal.commit(batch(number, 1000)).result(60)
pages = int(Path("/proc/self/statm").read_text().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * 4096 + 30_000_000, resource.RLIM_INFINITY))
acknowledged, refused = list(range(5)), 0
for number in range(5, 80):
    try:
        error = journal.commit(batch(number, number * 1_000_000)).exception(60)
    except MemoryError:
        refused += 1
        continue
    if error is None:
        acknowledged.append(number)
    else:
        assert isinstance(error, StoreError), error
        refused += 1
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(refused, *acknowledged)
journal.close()
"""


def test_fault_08_without_memory_commits_are_refused_and_the_acknowledged_ones_are_kept(
    home: Path, require_verified: Callable[[Path], list[bytes]]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _STARVE, str(home)], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    refused, *acknowledged = map(int, done.stdout.split())
    assert refused > 0
    assert len(acknowledged) > 5
    numbers = [e.body.get("n") for e in map(decode, require_verified(home)) if e.kind is Kind.DECISION]
    assert set(acknowledged) <= set(numbers)
    assert numbers == sorted(numbers, key=str) or len(numbers) == len(set(numbers))


@pytest.mark.parametrize("where", ["snapshot", "commit"])
def test_fault_08_a_gateway_without_memory_answers_an_error_and_releases_nothing(
    open_shop: "Callable[[], Shop]", monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    shop = open_shop()
    shop.require_allowed()
    size = shop.here.journal.size()

    def exhausted(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(SqliteJournal, where, exhausted)
        got = shop.ask()
    assert (got.status, got.error["code"], shop.ran) == (500, "internal", 1)
    assert shop.took_s[-1] < 1.0
    assert shop.here.journal.size() == size
    shop.require_allowed()


def test_fault_09_without_descriptors_it_is_denied_and_an_entry_says_so(installed: "Installed") -> None:
    key = installed.type("keys", "create", "--agent", "support").stdout.strip()
    with ScriptedModel(parse_script("steps: [{say: hello there}]")) as model:
        installed.upstream = model.base_url
        with installed.serving() as server:
            host = server.base_url.removeprefix("http://").removesuffix("/v1")
            connection = http.client.HTTPConnection(host, timeout=20)
            assert ask(connection, "GET", "/healthz", key)[0] == 200
            pid = server.process.pid
            soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            open_now = max(int(name) for name in os.listdir(f"/proc/{pid}/fd")) + 1  # noqa: PTH208 - names alone
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_now, hard))
            began = time.monotonic()
            status, answer = ask(connection, "POST", "/v1/chat/completions", key)
            # a guard that reads its lists only now could not judge, and denies; else the model cannot be reached
            assert status in (403, 502, 503), answer
            assert time.monotonic() - began < 1.0
            assert model.count == 0
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
            assert ask(connection, "POST", "/v1/chat/completions", key)[0] == 200
            assert model.count == 1
            connection.close()
    journal = open_journal(installed.home, read_only=True)
    entries = [decode(leaf) for leaf in journal.leaves(0, journal.size())]
    journal.close()
    assert any(e.kind is Kind.FAULT or '"failed"' in json.dumps(e.body) for e in entries)


def ask(connection: http.client.HTTPConnection, method: str, path: str, key: str) -> tuple[int, bytes]:
    body = (
        json.dumps({"model": "gpt-5.1", "messages": [{"role": "user", "content": "hello"}]}) if method == "POST" else ""
    )
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    connection.request(method, path, body, headers)
    got = connection.getresponse()
    return got.status, got.read()
