"""`trilens serve`: the gateway and the operator's routes, on one address."""

import os
import signal
import socket
import sys
from types import FrameType
from typing import Annotated

import typer
import uvicorn

from trilens.cli.dispatch import application
from trilens.cli.installation import require_state, settings_of
from trilens.cli.options import DryRunOption, JsonOption, SystemOption, print_document
from trilens.cli.terminal import Terminal
from trilens.errors import SettingsError
from trilens.operators.address import Address, published
from trilens.plane import Plane, open_plane
from trilens.server import server_config

app = application("serve")

PORT = 8740

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@app.command()
def serve(
    host: Annotated[str, typer.Option(metavar="NAME", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", min=0, max=65_535, help="0 takes one that is free.")] = PORT,
    system: SystemOption = None,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Run the gateway until a signal says to stop.

    With --dry-run: check that the manifest holds and the address is free, without opening the ledger.
    """
    settings = settings_of(system)
    require_state(settings)
    with _listening(host, port) as listener:
        bound = listener.getsockname()[1]
        if dry_run:
            _rehearse(system, host, bound, as_json=as_json)
            return 0
        signal.signal(signal.SIGTERM, _stop)
        plane = open_plane(settings, os.environ)
        try:
            address = Address(host, bound, os.getpid(), plane.system.digest)
            with published(settings.home, address):
                _announce(plane, address, as_json=as_json)
                uvicorn.Server(server_config(plane, host=host, port=bound)).run([listener])
        except KeyboardInterrupt:
            # the server has finished what was under way, and passes the signal on
            pass
        finally:
            plane.close()
    return 0


def _listening(host: str, port: int) -> socket.socket:
    """Raises: SettingsError `settings/address` when the address is taken or is none of this machine."""
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048
        )
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise SettingsError(
            "settings/address",
            f"cannot listen on `{host}` port {port}: {reason}",
            help="`--port` takes another, 0 a free one",
        ) from error


def _stop(_: int, __: FrameType | None) -> None:
    # the same way out as Ctrl-C: the ledger is closed and signed
    raise KeyboardInterrupt


def _rehearse(system: SystemOption, host: str, port: int, *, as_json: bool) -> None:
    from trilens.cli.installation import load_system

    declared = load_system(settings_of(system))
    if as_json:
        print_document("serve", {"system": declared.id, "host": host, "port": port, "serving": False})
    else:
        Terminal(sys.stdout).line(f"would serve `{declared.id}` on {host} port {port}")


def _announce(plane: Plane, address: Address, *, as_json: bool) -> None:
    if as_json:
        fields = {"system": plane.system.id, "host": address.host, "port": address.port, "pid": address.pid}
        print_document("serve", {**fields, "base_url": f"{address.url}/v1", "serving": True})
        sys.stdout.flush()
        return
    terminal = Terminal(sys.stdout)
    terminal.line(f"trilens serves {plane.system.id}", style="bold")
    terminal.field("OpenAI", f"{address.url}/v1", indent=2)
    terminal.field("state", str(plane.settings.home), indent=2)
    terminal.field("next", "trilens approvals list, in another terminal", indent=2)
    if not any(key.agent and not key.revoked_ms for key in plane.keystore.list()):
        terminal.line(
            "no agent has a key yet, and nothing is served without one: trilens keys create --agent NAME",
            style="yellow",
        )
    if address.host not in _LOOPBACK:
        terminal.line(
            "this address is open to others, and keys travel as they are: put TLS in front of it", style="yellow"
        )
    sys.stdout.flush()
