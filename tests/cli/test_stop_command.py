"""`trilens stop` beside a running server and without one: who may, what is recorded, and what a second terminal sees."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import openai
import pytest

import trilens
from trilens.cli.ending import Ending
from trilens.gateways.sdk.refusal import ActionDenied
from trilens.operators.address import Address, published
from trilens.plane import open_plane
from trilens.settings import Settings
from trilens.testing.scripted_model.script import parse_script
from trilens.testing.scripted_model.server import ScriptedModel
from trilens.testing.serving import Serving
from trilens.vocabulary.outcome import Outcome

if TYPE_CHECKING:
    from tests.cli.conftest import Shop

pytestmark = pytest.mark.requirement("S9")

MESSAGES = [{"role": "user", "content": "Gr\u00fcezi"}]


@contextmanager
def serving(shop: "Shop") -> Iterator[Serving]:
    plane = open_plane(Settings(shop.folder / "system.yaml", shop.home), os.environ, clock=lambda: shop.now_ms)
    try:
        with Serving(plane) as server:
            port = int(server.address.rpartition(":")[2])
            with published(shop.home, Address("127.0.0.1", port, os.getpid(), plane.system.digest)):
                yield server
    finally:
        plane.close()


def test_without_a_server_a_stop_is_written_directly_and_in_force_for_whatever_opens_the_ledger(shop: "Shop") -> None:
    lead, dpo = shop.key("second-lead"), shop.key("dpo")
    assert "error[people/no-key]" in shop.type("stop", "agent", "support", "--reason", "drill").err
    dry = shop.type("stop", "agent", "support", "--reason", "drill", "--dry-run", key=lead)
    assert "would be stopped by second-lead" in dry.out, dry.err
    assert "nothing is stopped" in shop.type("stop", "list").out

    stopped = shop.type("stop", "agent", "support", "--reason", "it promises too much", key=lead)

    assert stopped.ending == 0, stopped.err
    listed = json.loads(shop.type("stop", "list", "--json").out)["stops"]
    assert [(one["scope"], one["subject"], one["by"]) for one in listed] == [("agent", "support", "second-lead")]
    assert "it promises too much" in shop.type("stop", "list").out
    assert shop.answer().plan.outcome is Outcome.DENY
    assert "error[people/already-stopped]" in shop.type("stop", "agent", "support", "--reason", "again", key=lead).err
    assert (
        "error[people/not-resumer]" in shop.type("stop", "resume", "agent", "--reason", "ok", "support", key=lead).err
    )
    assert shop.type("stop", "resume", "agent", "support", "--reason", "ok", key=dpo).ending == 0
    assert shop.answer().plan.outcome is Outcome.HOLD
    assert "error[people/not-stopped]" in shop.type("stop", "resume", "system", "--reason", "ok", key=dpo).err
    assert shop.type("ledger", "verify").ending == 0


def test_a_reason_is_asked_for(shop: "Shop") -> None:
    assert shop.type("stop", "system", key=shop.key()).ending == Ending.USAGE
    assert "error[people/stop-form]" in shop.type("stop", "system", "--reason", "", key=shop.key()).err


def test_beside_a_running_server_a_stop_reaches_its_clients(shop: "Shop") -> None:
    lead = shop.key("lead")
    agent = shop.type("keys", "create", "--agent", "support").out.strip()
    with ScriptedModel(parse_script("steps: [{say: hello}]")) as model:
        shop.monkeypatch.setenv("UPSTREAM_URL", model.base_url)
        with serving(shop) as server, openai.OpenAI(base_url=server.base_url, api_key=agent, max_retries=0) as client:
            client.chat.completions.create(model="gpt-5.1", messages=MESSAGES)  # type: ignore[arg-type]
            assert "error[people/agent-key]" in shop.type("stop", "system", "--reason", "x", key=agent).err
            stopped = shop.type("stop", "system", "--reason", "x", "--json", key=lead)
            assert stopped.ending == 0, stopped.err
            assert json.loads(stopped.out)["written"] is True
            with pytest.raises(openai.PermissionDeniedError) as refused:
                client.chat.completions.create(model="gpt-5.1", messages=MESSAGES)  # type: ignore[arg-type]
            assert refused.value.code == "stopped"
            assert "the whole system" in shop.type("stop", "list").out
            assert shop.type("stop", "resume", "system", "--reason", "x", key=lead).ending == 0
            client.chat.completions.create(model="gpt-5.1", messages=MESSAGES)  # type: ignore[arg-type]


def test_an_embedded_system_obeys_the_stops_of_its_ledger(shop: "Shop") -> None:
    lead = shop.key("lead")
    assert shop.type("stop", "agent", "support", "--reason", "drill", key=lead).ending == 0
    with trilens.open(shop.folder / "system.yaml") as system, system.session(person="C-17") as session:
        with pytest.raises(ActionDenied):
            session.user("Please refund order A-1001.")
        with pytest.raises(ActionDenied):
            session.reply("Your refund is on its way.")
    assert shop.type("stop", "resume", "agent", "support", "--reason", "done", key=lead).ending == 0
    with trilens.open(shop.folder / "system.yaml") as system, system.session(person="C-17") as session:
        session.user("Please refund order A-1001.")
