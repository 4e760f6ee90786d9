"""A second terminal beside a running server: decisions go through it, with the same answers as without one."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import openai
import pytest

from trilens.cli.ending import Ending
from trilens.operators.address import FILE, Address, published
from trilens.people.keys import parse_key
from trilens.plane import open_plane
from trilens.prove.ledger.entry import Kind, decode
from trilens.settings import Settings
from trilens.storage.sqlite.journal import open_journal
from trilens.storage.sqlite.lock import FolderLock
from trilens.testing.scripted_model.script import parse_script
from trilens.testing.scripted_model.server import ScriptedModel
from trilens.testing.serving import Serving

if TYPE_CHECKING:
    from tests.cli.conftest import Shop

pytestmark = pytest.mark.requirement("S10")

REFUND = {"order_id": "A-1001", "amount": 450, "reason": "broken"}
SCRIPT = json.dumps({"steps": [{"call": [{"tool": "refund", "args": REFUND}]}]})
MESSAGES = [{"role": "user", "content": "Grüezi, please refund 450 EUR for order A-1001."}]


@contextmanager
def serving(shop: "Shop") -> Iterator[Serving]:
    """The shop's own server, in this process and by the shop's clock."""
    settings = Settings(shop.folder / "system.yaml", shop.home)
    plane = open_plane(settings, os.environ, clock=lambda: shop.now_ms)
    try:
        with Serving(plane) as server:
            port = int(server.address.rpartition(":")[2])
            with published(shop.home, Address("127.0.0.1", port, os.getpid(), plane.system.digest)):
                yield server
    finally:
        plane.close()


def entries(shop: "Shop", kind: Kind) -> list[dict[str, object]]:
    journal = open_journal(shop.home, read_only=True)
    try:
        found = [decode(leaf) for leaf in journal.leaves(0, journal.size())]
    finally:
        journal.close()
    return [dict(e.body) for e in found if e.kind is kind]


def test_a_case_is_seen_edited_and_released_while_the_server_runs(shop: "Shop") -> None:
    lead = shop.key()
    agent = shop.type("keys", "create", "--agent", "support", "--may-assert").out.strip()
    with ScriptedModel(parse_script(SCRIPT)) as model:
        shop.monkeypatch.setenv("UPSTREAM_URL", model.base_url)
        with serving(shop) as server, openai.OpenAI(base_url=server.base_url, api_key=agent, max_retries=0) as client:
            headers = {"x-customer": "C-17"}

            def ask() -> str:
                answer = client.chat.completions.create(model="gpt-5.1", messages=MESSAGES, extra_headers=headers)  # type: ignore[arg-type]
                [call] = answer.choices[0].message.tool_calls or []
                return call.function.arguments  # type: ignore[union-attr]

            with pytest.raises(openai.PermissionDeniedError) as refused:
                ask()
            found = re.search(r"apr_[0-9a-f]+", refused.value.response.text)
            assert found is not None, refused.value
            case = found[0]
            assert case in shop.type("approvals", "list").out
            assert "customer:C-17" in shop.type("approvals", "show", case).out
            assert "error[people/no-key]" in shop.type("approvals", "approve", case).err
            assert "error[people/not-yours]" in shop.type("approvals", "approve", case, key=agent_of(shop)).err
            dry = shop.type("approvals", "edit", case, "--set", "amount=225", "--dry-run", key=lead)
            assert "would be approved with an edit" in dry.out, dry.err
            assert entries(shop, Kind.CASE_DECIDED) == []

            typed = shop.type("approvals", "edit", case, "--set", "amount=225", key=lead)

            assert typed.ending == 0, typed.err
            assert [body["by"] for body in entries(shop, Kind.CASE_DECIDED)] == ["lead"]
            assert json.loads(ask()) == {**REFUND, "amount": 225}
            with pytest.raises(openai.PermissionDeniedError):
                ask()
            again = shop.type("approvals", "approve", case, key=lead)
            assert (again.ending, "error[people/already-used]" in again.err) == (Ending.USAGE, True)


def agent_of(shop: "Shop") -> str:
    """A key of an operator the case does not name; made before the server runs in most tests."""
    return shop.folder.joinpath("stranger.key").read_text(encoding="utf-8").strip()


@pytest.fixture(autouse=True)
def stranger(shop: "Shop") -> None:
    shop.folder.joinpath("stranger.key").write_text(shop.key("dpo"), encoding="utf-8")


def test_keys_are_made_and_revoked_through_the_server_and_operators_only_without_it(shop: "Shop") -> None:
    lead, owner = shop.key("lead"), shop.key("secops")
    with serving(shop):
        assert "error[people/no-key]" in shop.type("keys", "create", "--agent", "support").err
        assert "error[people/not-keeper]" in shop.type("keys", "create", "--agent", "support", key=lead).err
        typed = shop.type("keys", "create", "--agent", "support", key=owner)
        parsed = parse_key(typed.out.strip())
        assert parsed is not None, typed.err
        assert "error[settings/server-runs]" in shop.type("keys", "create", "--operator", "lead", key=owner).err
        assert "error[people/not-keeper]" in shop.type("keys", "revoke", parsed.id, key=lead).err
        assert shop.type("keys", "revoke", parsed.id, key=owner).ending == 0
    assert [body["by"] for body in entries(shop, Kind.KEY_ADDED)] == ["", "", "", "secops"]
    assert [body["by"] for body in entries(shop, Kind.KEY_REVOKED)] == ["secops"]


def test_a_gate_beside_a_running_server_is_answered_and_not_recorded(shop: "Shop") -> None:
    with serving(shop):
        typed = shop.type("gate", "--json")
        assert json.loads(typed.out)["entry"] is None
        assert "writes the journal" in json.loads(typed.out)["not_recorded"]
    assert entries(shop, Kind.GATE) == []


def test_a_key_is_never_sent_to_an_address_that_a_killed_server_left_behind(shop: "Shop") -> None:
    """Somebody else may listen there by now."""
    lead, case = shop.key(), shop.held()
    with published(shop.home, Address("127.0.0.1", 9, os.getpid(), "sha256:0")):
        typed = shop.type("approvals", "approve", case, key=lead)
    assert typed.ending == 0, typed.err


def test_a_lock_that_no_server_holds_is_named(shop: "Shop") -> None:
    lead, case = shop.key(), shop.held()
    with FolderLock.take(shop.home), published(shop.home, Address("127.0.0.1", 9, os.getpid() + 1, "sha256:0")):
        typed = shop.type("approvals", "approve", case, key=lead)
    assert typed.ending == Ending.FAULT
    assert "error[store/locked]" in typed.err
    assert entries(shop, Kind.CASE_DECIDED) == []


def test_a_server_that_does_not_answer_is_a_fault(shop: "Shop") -> None:
    lead, case = shop.key(), shop.held()
    with FolderLock.take(shop.home), published(shop.home, Address("127.0.0.1", 9, os.getpid(), "sha256:0")):
        typed = shop.type("approvals", "approve", case, key=lead)
    assert typed.ending == Ending.FAULT
    assert "error[store/no-answer]" in typed.err


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_serve_says_where_it_is_and_ends_in_order_on_a_signal(shop: "Shop", how: signal.Signals) -> None:
    program = [sys.executable, "-m", "trilens.cli.main", "serve", "--port", "0", "--json"]
    with subprocess.Popen(program, cwd=shop.folder, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1] != "}\n":
            lines.append(server.stdout.readline())
        said = json.loads("".join(lines))
        assert (said["kind"], said["system"], said["pid"], said["serving"]) == (
            "serve",
            "corner-shop",
            server.pid,
            True,
        )
        assert json.loads((shop.home / FILE).read_text(encoding="utf-8"))["port"] == said["port"]
        taken = shop.type("serve", "--port", str(said["port"]))
        assert "error[settings/address]" in taken.err
        second = shop.type("serve", "--port", "0")
        assert (second.ending, "error[store/locked]" in second.err) == (Ending.FAULT, True)
        server.send_signal(how)
        assert server.wait(20) == 0
    assert not (shop.home / FILE).exists()
    assert len(entries(shop, Kind.STOPPED)) == 1
    assert shop.type("ledger", "verify").ending == 0
