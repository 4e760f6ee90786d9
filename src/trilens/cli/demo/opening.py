"""Build the stage: models, state, keys and a serving gateway, and take all of it down again, whatever happens in between."""

import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import openai
import uvicorn

from trilens.cli.demo.stage import Stage
from trilens.errors import SettingsError
from trilens.operators.address import Address, published
from trilens.people.access import KeyDesk
from trilens.people.keys import NewKey
from trilens.plane import Plane, open_plane
from trilens.server import DrainingServer, server_config
from trilens.settings import Settings
from trilens.storage.sqlite.create import create
from trilens.testing.scripted_model import Script, ScriptedModel, read_script
from trilens.vocabulary.system import System

MODEL_URL = "TRILENS_DEMO_MODEL_URL"
_START_S = 15.0


@contextmanager
def open_stage(example: Path, folder: Path, environment: Mapping[str, str]) -> Iterator[Stage]:
    """The stage for `example`, with all state in `folder`.

    Raises:
        SettingsError: `TRILENS_DEMO_MODEL_URL` is no address, or the server does not start.
        TrilensError: the example's manifest does not hold, or the state cannot be written.
    """
    relay = environment.get(MODEL_URL, "")
    if relay and not relay.startswith(("http://", "https://")):
        raise SettingsError("demo/model-url", f"`{MODEL_URL}` must begin with http:// or https://")
    script = Script() if relay else read_script(example / "story" / "model.yaml")
    with ExitStack() as stack:
        model = stack.enter_context(ScriptedModel(script, relay=relay))
        spare = stack.enter_context(ScriptedModel(Script(gullible=True)))
        settings = Settings(example / "system.yaml", folder / "trilens")
        create(settings.home)
        models = _models(environment, model, spare)
        stack.enter_context(_in_process(models))
        plane = stack.enter_context(closing(open_plane(settings, {**environment, **models})))
        desk = KeyDesk(plane.system, plane.journal, plane.keystore, plane.clock, os.urandom)
        agent_key = desk.give_to_agent(next(iter(plane.system.agents)), may_assert=True, by="")
        operator_key = desk.give_to_operator(_approver(plane.system), by="")
        server = stack.enter_context(_serving(plane))
        watchers: list[Callable[[], None]] = []
        yield Stage(
            example=example,
            folder=folder,
            plane=plane,
            server=server,
            agent_key=agent_key,
            operator_key=operator_key,
            model=model,
            spare=spare,
            client=stack.enter_context(_client(server, agent_key, watchers)),
            watchers=watchers,
            endpoint=relay,
        )


def _approver(system: System) -> str:
    """The first of those who approve."""
    return next(member for role in system.people.values() for member in role.members)


def _models(environment: Mapping[str, str], model: ScriptedModel, spare: ScriptedModel) -> Mapping[str, str]:
    """The variables that the example's manifest names."""
    return {
        "UPSTREAM_URL": model.base_url,
        "UPSTREAM_KEY": environment.get("UPSTREAM_KEY") or "unused",
        "SPARE_URL": spare.base_url,
        "SPARE_KEY": "unused",
    }


@contextmanager
def _in_process(variables: Mapping[str, str]) -> Iterator[None]:
    """Set them for this process, where the gate's review of the manifest looks for them."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _client(server: Address, key: NewKey, watchers: list[Callable[[], None]]) -> openai.OpenAI:
    def arrived(_: object) -> None:
        for watcher in watchers:
            watcher()

    http_client = openai.DefaultHttpxClient(event_hooks={"response": [arrived]})
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key=key.text, max_retries=0, http_client=http_client)


@contextmanager
def _serving(plane: Plane) -> Iterator[Address]:
    """The gateway on a free port of loopback, in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = DrainingServer(server_config(plane, port=port))
        thread = threading.Thread(target=server.run, args=([listener],), name="trilens-demo-server", daemon=True)
        thread.start()
        try:
            _wait_until_up(server, thread)
            address = Address("127.0.0.1", port, os.getpid(), plane.system.digest)
            with published(plane.settings.home, address):
                yield address
        finally:
            server.should_exit = True
            thread.join(_START_S)


def _wait_until_up(server: uvicorn.Server, thread: threading.Thread) -> None:
    for _ in range(int(_START_S / 0.01)):
        if server.started:
            return
        thread.join(0.01)
        if not thread.is_alive():
            break
    raise SettingsError("demo/server", "the demo's gateway did not start")
