"""Fault 68: a page under a name of its own, a page of another site, and two callers in one request.

Rebinding: the page `http://evil.example:8740` is served by the attacker, whose name then points to this machine; the browser sends what
the page asks for here, as same-origin, and only `Host` tells.
"""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from trilens.errors import SettingsError, WireError
from trilens.gateways.front import Front
from trilens.settings import Served, served_from
from trilens.testing.installation import Got, Installation, open_installation

pytestmark = pytest.mark.requirement("X5")

FINE = json.dumps({"model": "chat", "messages": [{"role": "user", "content": "hello"}]}).encode()
ROUTES = (
    ("POST", "/v1/chat/completions"),
    ("GET", "/v1/models"),
    ("GET", "/operator/cases"),
    ("POST", "/operator/cases/x/decide"),
    ("POST", "/operator/keys"),
)


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Callable[..., Installation]]:
    with ExitStack() as stack:

        def make(**environment: str) -> Installation:
            made = stack.enter_context(open_installation(tmp_path / "state", script="steps: [{say: ok}]"))
            made.environment = {**made.environment, **environment}
            return made

        yield make


def ask(here: Installation, method: str, path: str, key: str = "", **headers: str) -> Got:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return here.post(FINE if method == "POST" else b"", method=method, path=path, headers=sent, key=key)


def code(got: Got) -> str:
    told = json.loads(got.body)
    found = str(told["code"]) if "code" in told else str(told["error"]["code"])
    return found.removeprefix("wire/").replace("-", "_")


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8740", "127.0.0.1.evil.example", "localhost.evil.example"]
)
def test_a_name_that_is_rebound_to_this_machine_reaches_no_route(
    install: Callable[..., Installation], method: str, path: str, host: str
) -> None:
    here = install()
    for key in (here.key(), here.operator_key()):
        got = ask(here, method, path, key, host=host, origin=f"http://{host}")
        assert (got.status, code(got)) == (421, "host")
    assert (here.model.count, here.journal.size()) == (0, 0)


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "", "file://", "chrome-extension://abc", "http://localhost:1", "*"]
)
def test_a_page_of_another_site_reaches_no_route(
    install: Callable[..., Installation], method: str, path: str, origin: str
) -> None:
    here = install()
    got = ask(here, method, path, here.operator_key(), origin=origin)
    assert (got.status, code(got)) == (403, "origin")
    assert (here.model.count, here.journal.size()) == (0, 0)


def test_a_refusal_of_an_operators_route_has_the_form_of_one(install: Callable[..., Installation]) -> None:
    got = ask(install(), "GET", "/operator/cases", host="evil.example")
    assert got.header("content-type") == "application/problem+json"
    assert json.loads(got.body)["status"] == 421


@pytest.mark.parametrize(
    "host",
    ["localhost", "LocalHost:1", "127.0.0.1", "127.0.0.1:8740", "gateway.shop.example", "Gateway.Shop.Example:443"],
)
def test_its_own_address_and_the_names_it_was_given_are_served(install: Callable[..., Installation], host: str) -> None:
    here = install(TRILENS_HOSTS="gateway.shop.example, other.example")
    key = here.key()
    for origin in ({}, {"origin": f"http://{host}"}, {"origin": f"https://{host}"}):
        assert ask(here, "POST", "/v1/chat/completions", key, host=host, **origin).status == 200


def test_a_proxy_that_renames_the_host_needs_both_settings(install: Callable[..., Installation]) -> None:
    here = install(TRILENS_HOSTS="trilens", TRILENS_ORIGINS="https://console.shop.example")
    key = here.key()
    behind = {"host": "trilens:8740", "x_forwarded_host": "console.shop.example"}
    ask_with = {"origin": "https://console.shop.example"}
    assert ask(here, "POST", "/v1/chat/completions", key, **behind, **ask_with).status == 200
    assert code(ask(here, "POST", "/v1/chat/completions", key, **behind, origin="https://shop.example")) == "origin"
    # who the proxy says it was asked as decides nothing
    forged = {"host": "evil.example", "x_forwarded_host": "trilens", "forwarded": "host=trilens"}
    assert code(ask(here, "POST", "/v1/chat/completions", key, **forged)) == "host"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_may_ask_by_any_address_and_pages_may_not(install: Callable[..., Installation], path: str) -> None:
    here = install()
    assert ask(here, "GET", path, host="10.1.2.3:8740").status == 200
    assert code(ask(here, "GET", path, origin="http://evil.example")) == "origin"


def check(
    host: bytes | None, *, origin: bytes | None = None, server: tuple[str, int | None] | None = ("127.0.0.1", 1)
) -> str:
    headers = [(b"host", host)] if host is not None else []
    headers += [(b"origin", origin)] if origin is not None else []
    front = Front(Served(frozenset({"a.example", "[2001:db8::1]"}), frozenset({"app://x"})), ())
    try:
        front.admit({"headers": headers, "http_version": "1.1", "raw_path": b"/", "server": server})
    except WireError as error:
        return f"{error.status} {error.code}"
    return "served"


@pytest.mark.parametrize(
    ("host", "told"),
    [
        (None, "400 wire/host"),
        (b"", "400 wire/host"),
        (b" ", "400 wire/host"),
        (b"a:1/#@b", "400 wire/host"),
        (b"a.example@evil.example", "400 wire/host"),
        (b"a.example,evil.example", "400 wire/host"),
        (b"a.example evil.example", "400 wire/host"),
        (b"a.example:", "400 wire/host"),
        (b"a.example:123456", "400 wire/host"),
        (b"a.example:x", "400 wire/host"),
        (b"http://a.example", "400 wire/host"),
        (b"a.example\xff", "400 wire/host"),
        (b"a%2eexample", "400 wire/host"),
        (b"[::1", "400 wire/host"),
        (b"a.example.", "421 wire/host"),
        (b".a.example", "421 wire/host"),
        (b"x.a.example", "421 wire/host"),
        (b"*", "400 wire/host"),
        (b"127.0.0.2", "421 wire/host"),
        (b"127.1", "421 wire/host"),
        (b"2130706433", "421 wire/host"),
        (b"[::1]", "421 wire/host"),
        (b"a.example", "served"),
        (b"A.EXAMPLE:8740", "served"),
        (b"[2001:DB8::1]:8740", "served"),
        (b"localhost", "served"),
        (b"0.0.0.0:8740", "served"),
        (b"[::]:8740", "served"),
        (b"127.0.0.1:8740", "served"),
    ],
)
def test_a_host_is_one_it_was_given_in_its_plain_spelling(host: bytes | None, told: str) -> None:
    assert check(host) == told


@pytest.mark.parametrize(
    ("server", "host"),
    [
        (("::1", 1), b"[::1]:1"),
        (("::ffff:10.0.0.7", 1), b"10.0.0.7"),
        (("10.0.0.7", 80), b"10.0.0.7:8740"),
    ],
)
def test_the_address_a_connection_came_to_is_a_host(server: tuple[str, int], host: bytes) -> None:
    assert check(host, server=server) == "served"
    assert check(host, server=("10.9.9.9", 1)) == "421 wire/host"
    assert check(host, server=("/run/trilens.sock", None)) == "421 wire/host"
    assert check(host, server=None) == "421 wire/host"


@pytest.mark.parametrize(
    ("origin", "is_served"),
    [
        (b"http://a.example", True),
        (b"https://A.example:443", True),
        (b"http://a.example:80", True),
        (b"app://x", True),
        (b"http://a.example:8740", False),
        (b"ftp://a.example", False),
        (b"http://a.example/", False),
        (b"http://u@a.example", False),
        (b"http://a.example http://a.example", False),
        (b"http://a.example\x00", False),
    ],
)
def test_an_origin_is_the_same_host_or_one_that_was_named(origin: bytes, is_served: bool) -> None:
    assert check(b"a.example", origin=origin) == ("served" if is_served else "403 wire/origin")


@pytest.mark.parametrize(
    "written", ["*", "*.example", "https://a.example", "a.example:80", "a b", "ä.example", "a/", "[::1", "-a"]
)
def test_a_setting_that_is_no_host_stops_the_start(written: str) -> None:
    with pytest.raises(SettingsError) as caught:
        served_from({"TRILENS_HOSTS": f"fine.example,{written}"})
    assert caught.value.code == "settings/hosts"


@pytest.mark.parametrize(
    "written", ["*", "null", "a.example", "https://a.example/", "https://a.example/x", "https://u@a.example"]
)
def test_a_setting_that_is_no_origin_stops_the_start(written: str) -> None:
    with pytest.raises(SettingsError) as caught:
        served_from({"TRILENS_ORIGINS": written})
    assert caught.value.code == "settings/origins"


def test_settings_are_lists_in_any_case_with_any_space() -> None:
    written = {"TRILENS_HOSTS": " A.example ,, [::1]", "TRILENS_ORIGINS": "https://A.example, app://x"}
    assert served_from(written) == Served(
        frozenset({"a.example", "[::1]"}), frozenset({"https://a.example", "app://x"})
    )
    assert served_from({}) == Served()


# credentials: a table of every pair of headers and of what stands in them


def credentials(here: Installation) -> Mapping[str, str]:
    return {"mine": here.key(), "other": here.key(), "lead": here.operator_key(), "wrong": "tlk_wrong", "empty": ""}


HEADERS = ("authorization", "x_api_key", "api_key")


@pytest.mark.parametrize(("method", "path"), [*ROUTES, ("GET", "/healthz"), ("GET", "/nope")])
def test_two_callers_in_one_request_are_nobody_on_any_route(
    install: Callable[..., Installation], method: str, path: str
) -> None:
    here = install()
    known = credentials(here)
    for (one, two), (first, second) in itertools.product(
        itertools.combinations(HEADERS, 2), itertools.permutations(known, 2)
    ):
        given = {one: known[first], two: known[second]}
        if "authorization" in given:
            given["authorization"] = f"Bearer {given['authorization']}"
        got = ask(here, method, path, **given)
        assert got.status in {400, 401}, (one, first, two, second)
        assert code(got) == "invalid_api_key", (one, first, two, second)
    assert (here.model.count, here.journal.size()) == (0, 0)


def test_one_caller_may_stand_in_several_headers(install: Callable[..., Installation]) -> None:
    here = install()
    key = here.key()
    for headers in ({"x_api_key": key}, {"api_key": key}, {"x_api_key": key, "api_key": key}):
        for bearer in ("", key):
            assert ask(here, "POST", "/v1/chat/completions", bearer, **headers).status == 200
    assert here.model.count == 6


@pytest.mark.parametrize("scheme", ["Basic", "Digest", "Token", "bearer2", "Bearer\t", ""])
def test_a_key_under_another_scheme_is_no_key(install: Callable[..., Installation], scheme: str) -> None:
    here = install()
    got = ask(here, "POST", "/v1/chat/completions", authorization=f"{scheme} {here.key()}".strip())
    assert (got.status, code(got)) == (401, "invalid_api_key")


@pytest.mark.parametrize(
    "lines",
    [
        [(b"x_trilens_agent", b"support")],
        [(b"x_forwarded-host", b"a.example")],
        [(b"proxy_authorization", b"Basic x")],
        [(b"x-person", b"C-1"), (b"x-person", b"C-1")],
        [(b"x_person", b"C-1")],
        [(b"transfer-encoding", b"chunked"), (b"content-length", b"5")],
        [(b"authorization", b"Bearer a"), (b"api-key", b"b")],
    ],
)
def test_the_front_alone_refuses_what_other_checks_refuse_behind_or_before_it(lines: list[tuple[bytes, bytes]]) -> None:
    front = Front(Served(), (b"x-person",))
    scope = {"http_version": "1.1", "raw_path": b"/", "server": ("127.0.0.1", 1)}
    front.admit({**scope, "headers": [(b"host", b"localhost"), (b"x_unknown", b"1"), (b"x-person", b"C-1")]})
    with pytest.raises(WireError):
        front.admit({**scope, "headers": [(b"host", b"localhost"), *lines]})
