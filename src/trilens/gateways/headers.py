"""Which headers reach whom: read once, in one pass, with one look-up a header.

Unknown headers pass untouched in both directions. Kept back are the credentials of the client, what describes one connection or one
hop, what addresses Trilens itself (`x-trilens-*`), and the header that asserts a person.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from trilens.errors import WireError

RawHeaders: TypeAlias = Iterable[tuple[bytes, bytes]]

OURS = b"x-trilens-"
SESSION = b"x-trilens-session"
LANGUAGE = b"x-trilens-language"
CREDENTIALS = frozenset({b"authorization", b"x-api-key", b"api-key"})
HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Source: RFC 9110 section 7.6.1 (read 2026-11-24)."""
REWRITTEN = frozenset(
    {
        *(b"host", b"content-length", b"accept-encoding", b"expect", b"content-type", b"content-encoding"),
        *(b"cookie", b"x-goog-api-key"),
        # the hop before us, and who was behind it
        *(b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-port"),
        b"x-real-ip",
        # they qualify the client's credential, which is not sent
        *(b"openai-organization", b"openai-project"),
    }
)
_KEPT_BACK = HOP | REWRITTEN
_ANSWER_KEPT_BACK = HOP | {b"content-length", b"set-cookie", b"date", b"server"}
_LONGEST = 256


@dataclass(slots=True)
class Head:
    """The headers of one request, sorted by whom they are for."""

    credentials: list[bytes] = field(default_factory=list)
    session: str = ""
    language: str = ""
    asserted: list[tuple[str, str]] = field(default_factory=list)
    """(people role, person) as the client claims; not yet believed."""
    content_type: bytes = b""
    content_encoding: bytes = b""
    content_length: bytes = b""
    onward: list[tuple[str, str]] = field(default_factory=list)
    """What goes upstream as it came."""


def read_head(headers: RawHeaders, roles: Mapping[bytes, str]) -> Head:
    """Sort the headers of a request.

    Args:
        roles: people role by the name of the header that asserts it.

    Raises:
        WireError: a header of ours is repeated, too long or not text; code `wire/header`.
    """
    head = Head()
    listed = b""
    for name, value in headers:
        if name in CREDENTIALS:
            head.credentials.append(bare_credential(name, value))
        elif name in roles:
            head.asserted.append((roles[name], _text(name, value)))
        elif name in _KEPT_BACK:
            match name:
                case b"content-type":
                    head.content_type = value
                case b"content-length":
                    head.content_length = value
                case b"content-encoding":
                    head.content_encoding = value
                case b"connection":
                    listed += b"," + value
        elif name.startswith(OURS):
            _read_ours(head, name, value)
        else:
            head.onward.append((name.decode("latin-1"), value.decode("latin-1")))
    if listed and (named := _listed(listed)):
        head.onward = [(name, value) for name, value in head.onward if name not in named]
    return head


def _read_ours(head: Head, name: bytes, value: bytes) -> None:
    if name == SESSION:
        if head.session:
            raise _bad_header(name, "is given twice")
        head.session = _text(name, value)
    elif name == LANGUAGE:
        if head.language:
            raise _bad_header(name, "is given twice")
        head.language = _text(name, value)


def bare_credential(name: bytes, value: bytes) -> bytes:
    """The credential itself; empty for a scheme that is not Bearer, which no key equals."""
    if name != b"authorization":
        return value.strip()
    scheme, _, token = value.partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else b""


def _text(name: bytes, value: bytes) -> str:
    try:
        text = value.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise _bad_header(name, "is not UTF-8") from error
    if not text or len(text) > _LONGEST or not text.isprintable():
        raise _bad_header(name, f"must be 1 to {_LONGEST} printable characters")
    return text


def _bad_header(name: bytes, why: str) -> WireError:
    return WireError("wire/header", f"header `{name.decode('latin-1')[:_LONGEST]}` {why}")


def _listed(connection: bytes) -> frozenset[str]:
    """Names that `Connection` makes hop-by-hop. Source: RFC 9110 section 7.6.1."""
    tokens = {token.strip().lower().decode("latin-1") for token in connection.split(b",")}
    return frozenset(tokens - {"", "keep-alive", "close"})


def answer_headers(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What of an upstream's headers goes back to the client; names in lower case, framing left to the server."""
    kept: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        lower = name.lower()
        if lower not in _ANSWER_KEPT_BACK and not lower.startswith(OURS):
            kept.append((lower, value))
    return kept
