"""Which headers reach whom."""

import pytest

from trilens.errors import WireError
from trilens.gateways.headers import answer_headers, read_head

ROLES = {b"x-trilens-on-behalf-of": "customer", b"x-user": "member"}


def onward(*headers: tuple[bytes, bytes]) -> list[tuple[str, str]]:
    return read_head(headers, ROLES).onward


@pytest.mark.requirement("X5")
@pytest.mark.parametrize(
    "name",
    [
        b"authorization",
        b"x-api-key",
        b"api-key",
        b"x-goog-api-key",
        b"cookie",
        b"proxy-authorization",
        b"openai-organization",
        b"openai-project",
        b"x-trilens-on-behalf-of",
        b"x-user",
        b"x-trilens-session",
        b"x-trilens-anything",
        b"host",
        b"content-length",
        b"transfer-encoding",
        b"te",
        b"upgrade",
        b"keep-alive",
        b"accept-encoding",
        b"x-forwarded-for",
        b"forwarded",
    ],
)
def test_a_credential_a_person_and_a_hop_never_go_upstream(name: bytes) -> None:
    assert onward((name, b"value"), (b"x-other", b"1")) == [("x-other", "1")]


def test_unknown_headers_go_upstream_in_order_and_as_they_came() -> None:
    sent = [(b"x-b", b"1"), (b"user-agent", b"OpenAI/Python"), (b"x-b", b"2"), (b"x-latin", b"\xe9")]
    assert onward(*sent) == [(name.decode(), value.decode("latin-1")) for name, value in sent]


def test_what_connection_names_is_for_this_hop_alone() -> None:
    assert onward((b"x-hop", b"1"), (b"connection", b"close, X-Hop"), (b"x-end", b"2")) == [("x-end", "2")]


@pytest.mark.parametrize("value", [b"", b"   ", b"x" * 257, b"\xff", b"a\x07b", b"a\x7f", "a\u202eb".encode()])
@pytest.mark.parametrize("name", [b"x-trilens-session", b"x-trilens-on-behalf-of", b"x-user"])
def test_a_name_that_is_empty_too_long_or_no_plain_text_is_refused(name: bytes, value: bytes) -> None:
    with pytest.raises(WireError) as caught:
        read_head([(name, value)], ROLES)
    assert (caught.value.code, caught.value.status) == ("wire/header", 400)


def test_a_session_given_twice_is_refused() -> None:
    with pytest.raises(WireError, match="twice"):
        read_head([(b"x-trilens-session", b"a"), (b"x-trilens-session", b"b")], ROLES)


def test_of_an_answer_everything_comes_back_but_framing_cookies_and_names_of_ours() -> None:
    kept = answer_headers(
        [
            (b"Content-Type", b"application/json"),
            (b"X-Request-Id", b"r"),
            (b"Set-Cookie", b"s"),
            (b"Transfer-Encoding", b"chunked"),
            (b"Content-Length", b"5"),
            (b"Connection", b"close"),
            (b"X-Trilens-Decision", b"forged"),
            (b"Date", b"d"),
        ]
    )
    assert kept == [(b"content-type", b"application/json"), (b"x-request-id", b"r")]
