"""Another manifest while the server runs: reviewed and recorded first, by two people when it loosens, and never under a running exchange."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import openai
import pytest

from trilens.cli.ending import Ending
from trilens.errors import StoreError
from trilens.operators.address import Address, publish, published, read_address
from trilens.plane import Plane, open_plane, reread
from trilens.prove.ledger.entry import Entry, Kind, decode
from trilens.server import Parts, Renewal
from trilens.settings import Settings
from trilens.storage.sqlite.journal import open_journal
from trilens.testing.puppet import Puppet
from trilens.testing.scripted_model.script import parse_script
from trilens.testing.scripted_model.server import ScriptedModel
from trilens.testing.serving import Serving

if TYPE_CHECKING:
    from tests.cli.conftest import Shop

pytestmark = pytest.mark.requirement("C7")

ASK: list[Any] = [{"role": "user", "content": "Gr\u00fcezi"}]
TIGHTER = ("max: 1000 EUR", "max: 900 EUR")
LOOSER = ("max: 1000 EUR", "max: 9000 EUR")


@dataclass
class Running:
    server: Serving
    first: str
    """Digest of the manifest it began with."""
    adopted: list[Plane] = field(default_factory=list)


@contextmanager
def serving(shop: "Shop") -> Iterator[Running]:
    plane = open_plane(Settings(shop.folder / "system.yaml", shop.home), os.environ, clock=lambda: shop.now_ms)
    adopted: list[Plane] = []
    port = 0

    def adopt(parts: Parts) -> None:
        assert isinstance(parts, Plane)
        adopted.append(parts)
        publish(shop.home, Address("127.0.0.1", port, os.getpid(), parts.system.digest))

    try:
        with Serving(plane, renewal=Renewal(lambda: reread(plane), adopt)) as server:
            port = int(server.address.rpartition(":")[2])
            with published(shop.home, Address("127.0.0.1", port, os.getpid(), plane.system.digest)):
                yield Running(server, plane.system.digest, adopted)
    finally:
        plane.close()


def edit(shop: "Shop", old: str, new: str) -> None:
    path = shop.folder / "system.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def entries(shop: "Shop", *kinds: Kind) -> list[Entry]:
    journal = open_journal(shop.home, read_only=True)
    try:
        found = [decode(leaf) for leaf in journal.leaves(0, journal.size())]
    finally:
        journal.close()
    return [one for one in found if one.kind in kinds]


def in_force(shop: "Shop") -> str:
    address = read_address(shop.home)
    assert address is not None
    return address.policy


def test_what_only_tightens_is_in_force_at_once_and_on_record_with_both_digests(shop: "Shop") -> None:
    lead = shop.key("lead")
    with serving(shop) as run:
        edit(shop, *TIGHTER)
        dry = shop.type("reload", "--dry-run", key=lead)
        assert "it would be in force" in dry.out, dry.err
        assert in_force(shop) == run.first
        assert entries(shop, Kind.SYSTEM_DECLARED) == []
        done = shop.type("reload", key=lead)
        assert done.ending == 0, done.err
        assert "tightens" in done.out
        [declared] = entries(shop, Kind.SYSTEM_DECLARED)
        assert (declared.body["replaces"], declared.body["by"], declared.body["case"]) == (run.first, "lead", "")
        assert declared.body["policy"] == in_force(shop) == run.adopted[0].system.digest != run.first
        assert declared.payload
        assert "in force already" in shop.type("reload", key=lead).out
        assert len(entries(shop, Kind.SYSTEM_DECLARED)) == 1
    assert shop.type("ledger", "verify").ending == 0


def test_what_does_not_hold_together_is_refused_with_the_errors_of_check_and_changes_nothing(shop: "Shop") -> None:
    lead = shop.key("lead")
    with serving(shop) as run:
        for old, new in (("tools: [refund]", "tools: [refnd]"), ("by: [leads]", "by: [customer]")):
            edit(shop, old, new)
            checked = json.loads(shop.type("check", "--json").out)["problems"]
            refused = shop.type("reload", "--json", key=lead)
            assert refused.ending != 0
            told = json.loads(refused.err)["errors"]
            wanted = [one["code"] for one in checked if one["severity"] == "error"]
            assert wanted
            assert [one["code"] for one in told] == wanted
            assert told[0]["place"]["line"] == checked[0]["place"]["line"]
            edit(shop, new, old)
        assert in_force(shop) == run.first
        assert entries(shop, Kind.SYSTEM_DECLARED) == []


def test_what_loosens_takes_another_owner(shop: "Shop") -> None:
    lead, member, other = shop.key("lead"), shop.key("second-lead"), shop.key("secops")
    with serving(shop) as run:
        edit(shop, *LOOSER)
        assert "error[people/not-changer]" in shop.type("reload", key=member).err
        asked = shop.type("reload", key=lead)
        assert asked.ending == 0, asked.err
        assert "is not in force" in asked.out
        assert "loosens" in asked.out
        [opened] = entries(shop, Kind.CASE_OPENED)
        case = str(opened.body["id"])
        assert (opened.body["case"], opened.body["by"]) == ("change", "lead")
        listed = shop.type("reload", "--waiting").out
        assert case in listed
        assert "9000 EUR" in listed
        assert "error[people/already-asked]" in shop.type("reload", key=lead).err
        for key, code in ((lead, "not-yours"), (member, "not-yours"), ("", "no-key")):
            assert f"error[people/{code}]" in shop.type("reload", "--confirm", case, key=key).err
        # it is none of the approvals
        assert "error[people/unknown-case]" in shop.type("approvals", "approve", case, key=other).err
        assert in_force(shop) == run.first
        done = shop.type("reload", "--confirm", case, key=other)
        assert done.ending == 0, done.err
        [declared] = entries(shop, Kind.SYSTEM_DECLARED)
        assert (declared.body["replaces"], declared.body["by"], declared.body["case"]) == (run.first, "secops", case)
        assert in_force(shop) == declared.body["policy"] != run.first
        assert "error[people/already-used]" in shop.type("reload", "--confirm", case, key=other).err
    assert shop.type("ledger", "verify").ending == 0


@pytest.mark.parametrize("how", ["refused", "edited since", "expired"])
def test_a_change_that_is_not_confirmed_as_it_was_shown_is_not_in_force(shop: "Shop", how: str) -> None:
    lead, other = shop.key("lead"), shop.key("secops")
    with serving(shop) as run:
        edit(shop, *LOOSER)
        assert shop.type("reload", key=lead).ending == 0
        case = str(entries(shop, Kind.CASE_OPENED)[0].body["id"])
        if how == "refused":
            assert shop.type("reload", "--refuse", case, key=other).ending == 0
            code = "already-decided"
        elif how == "edited since":
            edit(shop, "max: 9000 EUR", "max: 90000 EUR")
            code = "changed-since"
        else:
            shop.now_ms += 86_400_000
            code = "expired"
        assert f"error[people/{code}]" in shop.type("reload", "--confirm", case, key=other).err
        assert in_force(shop) == run.first
        assert entries(shop, Kind.SYSTEM_DECLARED) == []


def test_no_key_of_an_agent_and_nobody_without_one_changes_anything(shop: "Shop") -> None:
    agent = shop.type("keys", "create", "--agent", "support").out.strip()
    with serving(shop) as run:
        edit(shop, *TIGHTER)
        assert "error[people/agent-key]" in shop.type("reload", key=agent).err
        assert "error[people/no-key]" in shop.type("reload").err
        assert in_force(shop) == run.first


def test_a_change_that_cannot_be_recorded_is_not_in_force(shop: "Shop", monkeypatch: pytest.MonkeyPatch) -> None:
    lead = shop.key("lead")
    with serving(shop) as run:
        edit(shop, *TIGHTER)

        def fails(*_: object) -> None:
            raise StoreError("store/full", "no space left")

        with monkeypatch.context() as patch:
            patch.setattr("trilens.people.changes.desk.ChangeDesk._commit", fails)
            assert "error[store/full]" in shop.type("reload", key=lead).err
        assert run.adopted == []
        assert in_force(shop) == run.first


def test_without_a_server_there_is_nothing_to_reload(shop: "Shop") -> None:
    refused = shop.type("reload", key=shop.key("lead"))
    assert (refused.ending, "error[settings/no-server]" in refused.err) == (Ending.USAGE, True)


def chunk(text: str, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": finish}
    return b"data: " + json.dumps({"id": "x", "model": "m", "created": 1, "choices": [choice]}).encode() + b"\n\n"


def test_an_exchange_ends_under_the_manifest_it_began_with_and_the_next_begins_under_the_new(shop: "Shop") -> None:
    lead = shop.key("lead")
    agent = shop.type("keys", "create", "--agent", "support").out.strip()
    with Puppet() as puppet:
        shop.monkeypatch.setenv("UPSTREAM_URL", puppet.base_url)
        with serving(shop) as run, openai.OpenAI(base_url=run.server.base_url, api_key=agent, max_retries=0) as client:
            seen: list[str] = []
            got_words = threading.Event()

            def read() -> None:
                for part in client.chat.completions.create(model="chat", messages=ASK, stream=True):
                    seen.append(part.choices[0].delta.content or "")
                    got_words.set()

            reader = threading.Thread(target=read, daemon=True)
            puppet.head()
            puppet.push(chunk("The first sentence is here. The second one follows it. "))
            reader.start()
            assert got_words.wait(20)
            edit(shop, *TIGHTER)
            assert shop.type("reload", key=lead).ending == 0
            puppet.push(chunk("The end.", "stop") + b"data: [DONE]\n\n")
            puppet.end()
            reader.join(20)
            assert "".join(seen).endswith("The end.")
            policies = [e.body["basis"]["policy"] for e in entries(shop, Kind.DECISION)]  # type: ignore[index, call-overload]
            assert set(policies) == {run.first}
    with ScriptedModel(parse_script("steps: [{say: hello}]")) as model:
        shop.monkeypatch.setenv("UPSTREAM_URL", model.base_url)
        with serving(shop) as run, openai.OpenAI(base_url=run.server.base_url, api_key=agent, max_retries=0) as client:
            edit(shop, "max: 900 EUR", "max: 800 EUR")
            assert shop.type("reload", key=lead).ending == 0
            client.chat.completions.create(model="chat", messages=ASK)
            last = entries(shop, Kind.DECISION)[-1]
            assert last.body["basis"]["policy"] == run.adopted[0].system.digest != run.first  # type: ignore[index, call-overload]


@pytest.mark.parametrize("change", [TIGHTER, LOOSER], ids=["tightens", "loosens"])
def test_a_signal_brings_into_force_what_only_tightens(shop: "Shop", change: tuple[str, str]) -> None:
    program = [sys.executable, "-m", "trilens.cli.main", "serve", "--port", "0", "--json"]
    with subprocess.Popen(program, cwd=shop.folder, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1] != "}\n":
            lines.append(server.stdout.readline())
        before = in_force(shop)
        edit(shop, *change)
        server.send_signal(signal.SIGHUP)
        said = server.stdout.readline()
        assert ("manifest_reloaded" if change is TIGHTER else "people/loosens") in said, said
        assert (in_force(shop) != before) is (change is TIGHTER)
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
    declared = [e.body["replaces"] for e in entries(shop, Kind.SYSTEM_DECLARED)]
    assert declared == ([before] if change is TIGHTER else [])
    # the end of the run is recorded under what was in force
    assert (entries(shop, Kind.STOPPED)[-1].body["policy"] == before) is (change is LOOSER)
