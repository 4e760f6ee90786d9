"""A witness as people run it: a process of its own, over HTTP on loopback."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

from trilens.cli.ending import Ending
from trilens.prove.ledger.witness import LARGEST_REQUEST, Answer

if TYPE_CHECKING:
    from tests.cli.conftest import Shop


class Served:
    """A running witness."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "trilens.cli.main", "witness", "serve", str(folder), "--port", "0", "--json"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PATH": os.environ["PATH"]})
        document = json.loads(_document(self.process.stdout))
        self.url, self.key = document["url"], document["key"]

    def ask(self, method: str, path: str, body: bytes = b"") -> Answer:
        host, _, port = self.url.removeprefix("http://").partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return Answer(response.status, response.read(), response.headers["Content-Type"])
        finally:
            connection.close()

    def stop(self) -> int:
        """How it ended: 0 when it was told to stop, a signal's number below 0 when it was killed before."""
        if self.process.poll() is None:
            self.process.terminate()
        ended = self.process.wait(20)
        if self.process.stdout:
            self.process.stdout.close()
        return ended


def _document(stream: IO[str] | None) -> str:
    lines = []
    for line in stream or ():
        lines.append(line)
        if line == "}\n":
            return "".join(lines)
    return ""


@pytest.fixture
def witnessed(shop: "Shop") -> Iterator[Served]:
    """The shop's own ledger, and a witness that knows its key."""
    key = shop.type("ledger", "checkpoint-key").out.strip()
    made = shop.type("witness", "init", "auditor", "--name", "auditor.example/w1", "--log", key)
    assert made.ending == 0, made.err
    served = Served(shop.folder / "auditor")
    yield served
    assert served.stop() in (0, -signal.SIGKILL)


@pytest.mark.requirement("X6", "C13")
def test_a_ledger_is_witnessed_proven_and_verified_with_the_witness(shop: "Shop", witnessed: Served) -> None:
    shop.held()
    asked = shop.type("ledger", "checkpoint", "--witness", witnessed.url, "--witness-key", witnessed.key)
    assert (asked.ending, asked.out.count("\n— ")) == (0, 2), asked.err
    assert shop.type("ledger", "checkpoint").out == asked.out
    verified = shop.type("ledger", "verify", "--witness-key", witnessed.key)
    assert (verified.ending, "signed by `auditor.example/w1`" in verified.out) == (0, True), verified.out
    # what is newer is not witnessed yet, and can be proven under what is
    shop.held(words="one more")
    assert "auditor" not in shop.type("ledger", "checkpoint").out
    assert shop.type("ledger", "checkpoint", "--cosigned").out == asked.out
    key = shop.type("ledger", "checkpoint-key").out.strip()
    assert shop.type("ledger", "prove", "1", "--cosigned", "--out", "proof").ending == 0
    assert shop.type("ledger", "check", "proof", "--key", key, "--witness-key", witnessed.key).ending == 0
    assert shop.type("ledger", "prove", "1", "--out", "newer").ending == 0
    assert shop.type("ledger", "check", "newer", "--key", key, "--witness-key", witnessed.key).ending == Ending.UNKNOWN
    assert shop.type("ledger", "export", "out", "--cosigned").ending == 0
    assert shop.type("ledger", "verify", "--export", "out", "--key", key, "--witness-key", witnessed.key).ending == 0
    again = shop.type("ledger", "checkpoint", "--witness", witnessed.url, "--witness-key", witnessed.key)
    assert (again.ending, again.out != asked.out) == (0, True), again.err


@pytest.mark.requirement("X6")
def test_a_ledger_that_was_made_anew_with_its_own_key_is_told_by_the_witness(shop: "Shop", witnessed: Served) -> None:
    shop.held()
    for word in ("two", "three"):
        shop.held(words=word)
    assert shop.type("ledger", "checkpoint", "--witness", witnessed.url, "--witness-key", witnessed.key).ending == 0
    keys = (shop.home / "keys.db").read_bytes()
    shop.home.rename(shop.folder / "away")
    assert shop.type("init").ending == 0
    (shop.home / "keys.db").write_bytes(keys)
    shop.held(words="as if nothing had been")
    told = shop.type("ledger", "checkpoint", "--witness", witnessed.url, "--witness-key", witnessed.key)
    assert (told.ending, "error[ledger/forked]" in told.err) == (Ending.FAULT, True), told


@pytest.mark.requirement("X6")
def test_a_witness_that_was_killed_remembers(shop: "Shop", witnessed: Served) -> None:
    shop.held()
    assert shop.type("ledger", "checkpoint", "--witness", witnessed.url, "--witness-key", witnessed.key).ending == 0
    witnessed.process.kill()
    witnessed.process.wait(20)
    other = Served(shop.folder / "auditor")
    try:
        ours = shop.type("ledger", "checkpoint").out.encode()
        refused = other.ask("POST", "/add-checkpoint", b"old 0\n\n" + ours)
        size = ours.split(b"\n")[1]
        assert (refused.status, refused.body, refused.content_type) == (409, size + b"\n", "text/x.tlog.size")
    finally:
        other.stop()


def test_what_is_no_request_is_refused_over_http(witnessed: Served) -> None:
    for method, path, body, status in (
        ("GET", "/add-checkpoint", b"", 405),
        ("POST", "/", b"", 404),
        ("POST", "/add-checkpoint/", b"", 404),
        ("POST", "/add-checkpoint", b"", 400),
        (
            "POST",
            "/add-checkpoint",
            b"old 0\n\nother.example\n1\n" + b"A" * 43 + b"=\n\n\xe2\x80\x94 x AAAAAAA=\n",
            404,
        ),
    ):
        assert witnessed.ask(method, path, body).status == status, (method, path)
    assert witnessed.ask("POST", "/add-checkpoint", b"x" * (LARGEST_REQUEST + 1)).status == 413
    assert witnessed.ask("POST", "/add-checkpoint", b"old 0\n").status == 400


def test_a_witness_that_does_not_answer_or_is_another_is_named(shop: "Shop", witnessed: Served) -> None:
    shop.held()
    nobody = shop.type("ledger", "checkpoint", "--witness", "http://127.0.0.1:9", "--witness-key", witnessed.key)
    assert (nobody.ending, "error[ledger/witness]" in nobody.err) == (Ending.FAULT, True)
    for url in ("ftp://x", "auditor", "http://", "http://u:p@127.0.0.1:1", "http://127.0.0.1:1?x"):
        wrong = shop.type("ledger", "checkpoint", "--witness", url, "--witness-key", witnessed.key)
        assert "error[settings/witness]" in wrong.err, url
    other = shop.type("witness", "init", "else", "--name", "else.example").out.strip()
    lied = shop.type("ledger", "checkpoint", "--witness", witnessed.url, "--witness-key", other)
    assert "error[ledger/signature]" in lied.err
    assert "error[cli/usage]" in shop.type("ledger", "checkpoint", "--witness", witnessed.url).err
    assert "error[settings/no-checkpoint]" in shop.type("ledger", "checkpoint", "--cosigned").err
    stays = shop.type("ledger", "checkpoint", "--witness", witnessed.url, "--witness-key", witnessed.key, "--dry-run")
    assert (stays.ending, (shop.home / "checkpoint.cosigned").exists()) == (0, False)


def test_a_witness_is_made_once_and_shows_its_key(bare: "Shop") -> None:
    assert (
        json.loads(bare.type("witness", "init", "w", "--name", "w.example", "--dry-run", "--json").out)["key"] is None
    )
    assert not bare.folder.joinpath("w").exists()
    made = bare.type("witness", "init", "w", "--name", "w.example")
    assert bare.type("witness", "key", "w").out == made.out
    assert json.loads(bare.type("witness", "key", "w", "--json").out) == {
        "v": 1,
        "kind": "witness.key",
        "key": made.out.strip(),
        "logs": [],
    }
    assert "error[store/exists]" in bare.type("witness", "init", "w", "--name", "w.example").err
    assert "error[settings/key-name]" in bare.type("witness", "init", "v", "--name", "two words").err
    assert "error[settings/verifier-key]" in bare.type("witness", "init", "v", "--name", "v", "--log", "sesame").err
    assert "error[settings/no-witness]" in bare.type("witness", "key", "nowhere").err
    assert "error[settings/no-witness]" in bare.type("witness", "serve", "nowhere").err
