"""What every request is asked before a route sees it: is it for us, from a page that may, framed in one way, and from one caller.

A header that decides something stands in a request once. Two readers, a proxy before us and we, or a route and another, would otherwise
each take the one they like; equal twins are no better, since whoever adds one can add another. One key in two headers of different names
is one caller: some clients send it so.

| Header | Accepted |
|---|---|
| `Host` | once; `localhost` or `0.0.0.0`, the address the connection came to, or a name of `TRILENS_HOSTS`; `/healthz` and `/readyz` take any |
| `Origin` | none, the same host, or one of `TRILENS_ORIGINS` |
| `Transfer-Encoding` | `chunked`, alone, in HTTP/1.1 |
| `Content-Encoding` | none |
| `Expect` | `100-continue` |
| the same names with `_` for `-` | none: servers behind us may read one as the other |

Source: RFC 9110 sections 5.3, 7.2, 10.1.1, 15.5.20; RFC 9112 sections 3.2, 6.1; RFC 6454 section 7 (read 2026-11-25).
"""

import re
from collections.abc import Iterable, Mapping

from starlette.types import Scope

from trilens.errors import WireError
from trilens.gateways.credentials import refuse_several
from trilens.gateways.headers import CREDENTIALS, HOP, LANGUAGE, OURS, REWRITTEN, SESSION, bare_credential
from trilens.settings import Served

_ONCE = CREDENTIALS | {
    *(b"host", b"origin", b"expect", b"transfer-encoding"),
    *(b"content-type", b"content-length", b"content-encoding", SESSION, LANGUAGE),
}
_OPEN = frozenset({b"/healthz", b"/readyz"})
"""They say nothing but that the server lives, and probes ask by whatever address they know."""
_HERE = frozenset({b"localhost", b"0.0.0.0", b"[::]"})
"""This machine, to whoever connects to it by these."""
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
_ORIGIN = re.compile(rb"https?://([^/@?#\s]+)")
_DEFAULT_PORTS = (b":80", b":443")


class Front:
    """The names this server answers to, and the check that every request passes."""

    def __init__(self, served: Served, roles: Iterable[bytes]) -> None:
        """`roles`: names of the headers that assert a person, lower case."""
        self._hosts = frozenset(name.encode() for name in served.hosts)
        self._origins = frozenset(origin.encode() for origin in served.origins)
        self._once = _ONCE | frozenset(roles)
        self._known = self._once | HOP | REWRITTEN

    def admit(self, scope: Scope) -> None:
        """Let a request pass.

        Raises:
            WireError: `wire/header` or `wire/framing` (400), `wire/host` (400, 421), `wire/origin` (403), `wire/encoded` (415),
                `wire/expectation` (417), `wire/invalid-api-key` (401).
        """
        found = self._found(scope["headers"])
        if (coding := found.get(b"transfer-encoding")) is not None:
            _check_coding(coding, found, scope["http_version"])
        self._check_host(found, scope)
        if (origin := found.get(b"origin")) is not None:
            self._check_origin(origin, found.get(b"host", b""))
        if b"content-encoding" in found:
            raise WireError("wire/encoded", "a compressed body is not accepted", help="send it as it is", status=415)
        if found.get(b"expect", b"100-continue").lower() != b"100-continue":
            raise WireError("wire/expectation", "the header `Expect` asks for something unknown", status=417)
        if len(given := found.keys() & CREDENTIALS) > 1:
            refuse_several({bare_credential(name, found[name]) for name in given})

    def _found(self, headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
        """The headers that decide something, each once."""
        found: dict[bytes, bytes] = {}
        once = self._once
        for name, value in headers:
            if name in once:
                if name in found:
                    raise _bad_header(name, "is given twice")
                found[name] = value
            elif b"_" in name:
                dashed = name.replace(b"_", b"-")
                if dashed in self._known or dashed.startswith(OURS):
                    raise _bad_header(dashed, "is spelled with `_`")
        return found

    def _check_host(self, found: Mapping[bytes, bytes], scope: Scope) -> None:
        host = found.get(b"host")
        is_open = scope["raw_path"] in _OPEN
        if host is None:
            if is_open and scope["http_version"] == "1.0":
                return
            raise WireError("wire/host", "the request does not name the host it is for")
        matched = _HOST.fullmatch(host)
        if matched is None:
            raise WireError("wire/host", "the header `Host` is no host")
        name = matched[1].lower()
        if not (is_open or name in _HERE or name in self._hosts or name == _address(scope)):
            raise WireError(
                "wire/host",
                "the request is for a host that this server is not",
                help="`TRILENS_HOSTS` names the hosts it answers to besides its own address",
                status=421,
            )

    def _check_origin(self, origin: bytes, host: bytes) -> None:
        if origin in self._origins:
            return
        matched = _ORIGIN.fullmatch(origin)
        if matched is None or _without_port(matched[1]) != _without_port(host):
            raise WireError(
                "wire/origin",
                "the request was sent by a page of another site",
                help="`TRILENS_ORIGINS` names the sites that may",
                status=403,
            )


def _check_coding(coding: bytes, found: Mapping[bytes, bytes], version: str) -> None:
    if coding.strip().lower() != b"chunked" or b"content-length" in found or version != "1.1":
        raise WireError("wire/framing", "where the body ends can be read in two ways")


def _address(scope: Scope) -> bytes:
    """The address the connection came to, as a host; empty for a socket that has none."""
    server = scope.get("server")
    if server is None or server[1] is None:
        return b""
    address: bytes = server[0].removeprefix("::ffff:").encode()
    return b"[" + address + b"]" if b":" in address else address


def _without_port(authority: bytes) -> bytes:
    """In lower case, without a port that goes without saying."""
    lower = authority.lower()
    for port in _DEFAULT_PORTS:
        lower = lower.removesuffix(port)
    return lower


def _bad_header(name: bytes, why: str) -> WireError:
    return WireError("wire/header", f"header `{name.decode('latin-1')}` {why}")
