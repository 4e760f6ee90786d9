"""`trilens serve`: the gateway and the operator's routes, on one address."""

import os
import signal
import socket
import sys
import threading
from dataclasses import replace
from types import FrameType
from typing import Annotated

import structlog
import typer

from trilens.cli.dispatch import application
from trilens.cli.installation import require_state, settings_of
from trilens.cli.options import DryRunOption, JsonOption, SystemOption, print_document
from trilens.cli.service import reloading, tell
from trilens.cli.terminal import Terminal
from trilens.errors import SettingsError, StoreError
from trilens.operators.address import Address, publish, published
from trilens.plane import Plane, open_plane, reread
from trilens.server import DrainingServer, Parts, Renewal, server_config

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
    """Run the gateway until a signal says to stop; SIGHUP reads the manifest again.

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
        _Run(open_plane(settings, os.environ), host, bound).serve(listener, as_json=as_json)
    return 0


class _Run:
    """One run of the server: the parts in force, and the address that says under which manifest."""

    def __init__(self, plane: Plane, host: str, port: int) -> None:
        self._plane = plane
        self._address = Address(host, port, os.getpid(), plane.system.digest)
        renewal = Renewal(reread=lambda: reread(self._plane), adopted=self._adopted)
        self._server = DrainingServer(server_config(plane, host=host, port=port, renewal=renewal))

    def serve(self, listener: socket.socket, *, as_json: bool) -> None:
        """Until a signal says to stop. What it leaves is a closed ledger with a signed end."""
        try:
            with published(self._plane.settings.home, self._address):
                signal.signal(signal.SIGHUP, self._reload)
                _announce(self._plane, self._address, as_json=as_json)
                tell(os.environ, "READY=1")
                self._server.run([listener])
        except KeyboardInterrupt:
            # the server has finished what was under way, and passes the signal on
            pass
        finally:
            tell(os.environ, "STOPPING=1")
            self._plane.close()

    def _reload(self, _: int, __: FrameType | None) -> None:
        # reading a manifest takes a while, and requests go on meanwhile
        threading.Thread(target=self._reread, name="trilens-reload", daemon=True).start()

    def _reread(self) -> None:
        tell(os.environ, *reloading())
        try:
            self._server.app.reload()
        finally:
            tell(os.environ, "READY=1")

    def _adopted(self, plane: Parts) -> None:
        if not isinstance(plane, Plane):
            raise TypeError("another installation's parts")
        self._plane = plane
        self._address = replace(self._address, policy=plane.system.digest)
        try:
            publish(plane.settings.home, self._address)
        except StoreError as error:
            # commands that only show which manifest decides then name the former one
            structlog.get_logger().error("address_unwritten", code=error.code, reason=error.message)


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
