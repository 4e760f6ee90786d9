"""What `serve` tells the service manager that started it, if one did: one datagram a word.

Source: sd_notify(3), systemd 256: `READY=1`, `RELOADING=1` with `MONOTONIC_USEC`, `STOPPING=1` (read 2026-11-25).
"""

import socket
import time
from collections.abc import Mapping


def tell(environment: Mapping[str, str], *words: str) -> None:
    """Say `words` to the service manager. Nothing happens when there is none, or it does not listen: it times out by itself."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    # a name that begins with `@` is in the abstract namespace, where the first byte is zero
    name = "\0" + address[1:] if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.sendto("\n".join(words).encode(), name)
    except OSError:
        return


def reloading() -> tuple[str, str]:
    return "RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1_000}"
