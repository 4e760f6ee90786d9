"""The way to a webhook's receiver: one POST, a bounded wait, no redirect followed, nothing of the answer read but its status."""

import http.client
import ipaddress
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from trilens.errors import SettingsError

_DEADLINE_S = 10.0
"""Receivers are told to answer first and work later. Source: Standard Webhooks, "Operational considerations": 15 to 30 s at most."""
_HOST = re.compile(r"[A-Za-z0-9.-]+|[0-9a-fA-F:.]+")


@dataclass(frozen=True, slots=True)
class Receiver:
    host: str
    port: int
    target: str
    """Path and query; may hold a token, and is never shown."""
    is_tls: bool

    def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        """The status that answered; 0 when none did."""
        connection = (
            http.client.HTTPSConnection(self.host, self.port, timeout=_DEADLINE_S, context=ssl.create_default_context())
            if self.is_tls
            else http.client.HTTPConnection(self.host, self.port, timeout=_DEADLINE_S)
        )
        try:
            connection.request("POST", self.target, body, dict(headers))
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()


def read_receiver(url: str) -> Receiver:
    """Raises: SettingsError `settings/webhook-url`: it is no address, or neither `https` nor on this machine."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _unusable("it is no address") from error
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or parts.username or parts.fragment:
        raise _unusable("expected `https://host/path`")
    if parts.scheme == "http" and not _is_here(host):
        raise _unusable("`http` is for this machine alone")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    is_tls = parts.scheme == "https"
    return Receiver(host, port or (443 if is_tls else 80), target, is_tls)


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _unusable(reason: str) -> SettingsError:
    return SettingsError(
        "settings/webhook-url", f"`TRILENS_WEBHOOK_URL` cannot be used: {reason}", help="https, no user, no `#`"
    )
