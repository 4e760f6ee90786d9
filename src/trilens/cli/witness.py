"""`trilens witness`: sign the checkpoints of others' ledgers, once each is seen to have only grown."""

import os
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from trilens.cli.dispatch import application
from trilens.cli.options import DryRunOption, JsonOption, print_document
from trilens.cli.terminal import Terminal
from trilens.errors import SettingsError
from trilens.prove.ledger.note import parse_verifier_key
from trilens.prove.ledger.witness import Witness
from trilens.prove.ledger.witness_home import make_witness, open_witness, read_cosigner, read_logs
from trilens.prove.ledger.witness_http import witness_app

app = application("witness")

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_MOST_CONNECTIONS = 64
_IDLE_S = 15

_Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the witness.")]


@app.command()
def init(
    folder: _Folder,
    name: Annotated[str, typer.Option(metavar="NAME", help="What it signs as: such as auditor.example/witness.")],
    log: Annotated[
        list[str], typer.Option(metavar="KEY", help="A log it signs for, by its key: NAME+ID+KEY; again for another.")
    ] = [],  # noqa: B006 - Typer reads the default, nobody writes to it
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Make a witness and print its key. It belongs on another machine than the ledgers, and into other hands."""
    logs = tuple(parse_verifier_key(text.strip()) for text in log)
    key = None if dry_run else str(make_witness(folder, name, logs=logs, random=os.urandom).key)
    if as_json:
        print_document(
            "witness.init", {"folder": str(folder), "name": name, "key": key, "logs": [str(one) for one in logs]}
        )
    elif key is None:
        Terminal(sys.stdout).line(f"would make the witness `{name}` in `{folder}`")
    else:
        sys.stdout.write(f"{key}\n")
        Terminal(sys.stderr).line(
            f"next: keys of more logs go into `{folder / 'logs'}`, one a line; then trilens witness serve {folder}",
            style="dim",
        )
    return 0


@app.command()
def key(folder: _Folder, as_json: JsonOption = False) -> int:
    """Print the key its cosignatures are verified with, and which logs it signs for."""
    cosigner, logs = read_cosigner(folder), read_logs(folder)
    if as_json:
        print_document("witness.key", {"key": str(cosigner.key), "logs": [str(one) for one in logs]})
    else:
        sys.stdout.write(f"{cosigner.key}\n")
    return 0


@app.command()
def serve(
    folder: _Folder,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="PORT", min=0, max=65535, help="0 takes a free one.")] = 8090,
    as_json: JsonOption = False,
) -> int:
    """Answer `POST /add-checkpoint` (C2SP tlog-witness) until a signal says to stop."""
    witness = open_witness(folder, clock=lambda: int(time.time()))
    with _listening(host, port) as listener:
        _announce(folder, host, listener.getsockname()[1], as_json=as_json)
        signal.signal(signal.SIGTERM, _stop)
        # the server finishes what is under way, and passes the signal on
        with suppress(KeyboardInterrupt):
            _run(witness, listener)
    return 0


def _run(witness: Witness, listener: socket.socket) -> None:
    import uvicorn

    from trilens.gateways.http11 import BoundedProtocol

    config = uvicorn.Config(
        witness_app(witness),
        http=BoundedProtocol,
        lifespan="off",
        ws="none",
        interface="asgi3",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=_IDLE_S,
    )
    uvicorn.Server(config).run([listener])


def _listening(host: str, port: int) -> socket.socket:
    """Raises: SettingsError `settings/address` when the address is taken or is none of this machine."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise SettingsError(
            "settings/address",
            f"cannot listen on `{host}` port {port}: {reason}",
            help="`--port` takes another, 0 a free one",
        ) from error


def _stop(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _announce(folder: Path, host: str, port: int, *, as_json: bool) -> None:
    signs_as, logs = read_cosigner(folder).key, read_logs(folder)
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    if as_json:
        print_document(
            "witness.serve", {"url": url, "pid": os.getpid(), "key": str(signs_as), "logs": [str(one) for one in logs]}
        )
    else:
        terminal = Terminal(sys.stdout)
        terminal.line(f"the witness `{signs_as.name}` signs for {len(logs)} logs", style="bold")
        terminal.field("address", url, indent=2)
        terminal.field("key", str(signs_as), indent=2)
        if not logs:
            terminal.line(
                f"it knows no log yet: put their keys into `{folder / 'logs'}`, and start it again", style="yellow"
            )
        if host not in _LOOPBACK:
            terminal.line(
                "this address is open to others: anybody may ask, and only what a log's key signed is signed",
                style="yellow",
            )
    sys.stdout.flush()
