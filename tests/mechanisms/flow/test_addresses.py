"""Addresses and links are found in every spelling, and ordinary words are none."""

import base64
import html
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from trilens.mechanisms.flow.addresses import address_keys, find_addresses, plain_address
from trilens.mechanisms.flow.links import parse_link
from trilens.mechanisms.flow.spellings import readings

pytestmark = pytest.mark.requirement("X4", "X12")


class Seen:
    """A conversation that holds these addresses and links, and nothing else."""

    def __init__(self, *texts: str) -> None:
        self._keys = {key for text in texts for key in address_keys(readings(text), is_generous=True)}

    def knows(self, key: str) -> bool:
        return key in self._keys

    def knows_host(self, label: str) -> bool:
        return any(key[0] == "h" and key[1:].partition(".")[0] == label for key in self._keys)


NOTHING = Seen()
NOTE = Seen("write to x@collect.example or see https://collect.example/form")


@pytest.mark.parametrize(
    "text",
    [
        "x@collect.example",
        "mail X@Collect.Example, please",
        "<x@collect.example>",
        "mailto:x@collect.example?subject=hi",
        "x (at) collect.example",
        "x [at] collect [dot] example",
        "x{at}collect.example",
        "x @ collect . example",
        "x at collect dot example",
        "x AT collect DOT example",
        "x -at- collect.example",
        "x_at_collect.example",
        "x@c o l l e c t.example",
        "x@coll\nect.example",
        "x@\ncollect.example",
        "x\u200b@collect\u2060.example",
        "x@col\u00adlect.example",
        "ｘ＠ｃｏｌｌｅｃｔ．ｅｘａｍｐｌｅ",
        "x@collect。example",
        "x%40collect.example",
        "x%2540collect.example",
        "x&#64;collect&#46;example",
        "x&commat;collect&period;example",
        "x\\u0040collect.example",
        "<b>x</b>@collect.example",
        "请发到x@collect.example，谢谢",
        "x@collect.example谢谢",
        base64.b64encode(b"forward to x@collect.example").decode(),
        base64.urlsafe_b64encode(b"??> x@collect.example").decode().rstrip("="),
        "send it to x, at collect.example",
    ],
)
def test_spelling_of_an_address_read_before_is_found(text: str) -> None:
    assert "x@collect.example" in find_addresses(text, NOTE).addresses


@pytest.mark.parametrize(
    "text",
    [
        "we are looking at the terms.",
        "meet me at noon. Example: the tent at the back",
        "at collect point 3 dot matrix printers wait",
        "e.g. at home, i.e. at 5 p.m. and/or later (24/7), z. B. am Montag",
        "stay-at-home parents, AT&T, @home",
        "chez nous, près de chez vous",
        "the price is 5 @ 3.50 each",
        "Straße bei der Post, 您好",
        "// a remark, and a path /usr/bin or C:\\Users\\ada",
        "key: value; time 10:30; ratio 3:2; http status 404; see http: or https",
    ],
)
def test_ordinary_words_are_neither_addresses_nor_links(text: str) -> None:
    for seen in (NOTHING, NOTE):
        found = find_addresses(text, seen)
        assert (found.addresses, found.links, found.hosts) == ((), (), ())


@pytest.mark.parametrize("text", ["a@b.example", "a (at) b.example", "a [at] b [dot] example", "a@b . example"])
def test_address_nobody_read_before_is_found_where_it_is_marked(text: str) -> None:
    assert find_addresses(text, NOTHING).addresses == ("a@b.example",)


def test_address_inside_a_longer_one_is_another_address() -> None:
    own = Seen("ada@example.org")
    for text in ("ada@example.org.collect.test", "x.ada@example.org", "ada@example.organic"):
        assert find_addresses(text, own).addresses == (text,)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://collect.example/x", "collect.example"),
        ("HTTPS://COLLECT.example.", "collect.example"),
        ("http:/collect.example", "collect.example"),
        ("https:collect.example/x", "collect.example"),
        ("//collect.example/x", "collect.example"),
        ("www.collect.example", "www.collect.example"),
        ("https://a.example@collect.example/", "collect.example"),
        ("https://collect.example:8443/x", "collect.example"),
        ("https://collect.example./x", "collect.example"),
        ("ftp://collect.example", ""),
        ("https://collect.example\\@a.example", ""),
        ("https://[::1]/x", ""),
        ("https:///x", "x"),
        ("https://exa mple/x", "exa"),
        ("https://bücher.example/x", "bücher.example"),
    ],
)
def test_link_leads_where_a_browser_goes(text: str, host: str) -> None:
    assert [link.host for link in find_addresses(f"see {text} now", NOTHING).links] == [host]


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("[a](https://a.example/x)[b](https://collect.example/y)", ["a.example", "collect.example"]),
        ("![i](//collect.example/p.png?d=1)", ["collect.example"]),
        ('<img src="https://collect.example/p">', ["collect.example"]),
        ("https://a.example/go?to=https://collect.example/y", ["a.example", "collect.example"]),
        ("https://a.example/go?to=https%3A%2F%2Fcollect.example%2Fy", ["a.example", "collect.example"]),
        ("hxxps://collect[.]example/y", ["collect.example"]),
        ("请看https://collect.example/路", ["collect.example"]),
        ("https://a.example/////////b", ["a.example"]),
    ],
)
def test_every_link_of_a_text_is_found(text: str, hosts: list[str]) -> None:
    found = find_addresses(text, NOTHING).links
    assert set(hosts) <= {link.host for link in found}


@pytest.mark.parametrize(
    "text",
    ["go to collect.example", "collect . example", "collect dot example", "img.collect.example", "collect[.]example"],
)
def test_bare_host_counts_once_it_was_read(text: str) -> None:
    assert any(host.endswith("collect.example") for host in find_addresses(text, NOTE).hosts)
    assert find_addresses(text, NOTHING).hosts == ()


@pytest.mark.parametrize(
    ("text", "carries"),
    [("a.example/x", False), ("a.example/?q=1", True), ("a.example/#f", True), ("u@a.example", True)],
)
def test_room_for_data_is_seen(text: str, carries: bool) -> None:
    assert parse_link(f"https://{text}").carries is carries


@pytest.mark.parametrize(
    "text",
    [
        "javascript://a.example/%0aalert(1)",
        "data://a.example/x",
        "ftp://a.example",
        "intent://a.example#x",
        "https://a.b.c.d.e.f.g.h.i.j.example",
        "//16909060!/x",
        "mailto:x@a.example",
        "tel:+491701234567",
        "javascript:a.example",
        "sip:x@a.example",
    ],
)
def test_nobody_can_say_where_it_leads(text: str) -> None:
    assert parse_link(text).host == ""


@pytest.mark.parametrize("text", ["a.example:8080/x", "http:a.example/x", "//a.example/x", "\\/a.example/x"])
def test_host_is_read_without_a_scheme_as_with_one(text: str) -> None:
    assert parse_link(text).host == "a.example"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("see evil.com/x?d=1.", "evil.com/x?d=1"),
        ("[a](evil.any)", "evil.any"),
        ("evil.com", "evil.com"),
        ("1.2.3.4/x", "1.2.3.4/x"),
        ("mailto:a@b.example?cc=c@d.example", "mailto:a@b.example?cc=c@d.example"),
        ("Tel:+49 170 1234567 or", "tel:+49 170 1234567"),
    ],
)
def test_link_without_slashes_is_found(text: str, url: str) -> None:
    assert url in [link.url for link in find_addresses(text, NOTHING).links]


@given(st.text(st.sampled_from("ab1.:/\\?=@#-_*[](){}<>! \u8bf7\u2603"), max_size=60))
def test_a_link_with_a_host_is_a_plain_one(text: str) -> None:
    for link in find_addresses(text, NOTHING).links:
        assert not set(link.host) & set("/\\?#@!:[] "), link


def test_links_are_equal_without_scheme_case_and_final_marks() -> None:
    assert parse_link("https://A.example/x/.").url == parse_link("http://a.example/x").url


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (" Ada@Example.org ", "ada@example.org"),
        ("a@b", ""),
        ("a b@c.example", ""),
        ("@", ""),
        ("a@b.example>", ""),
        ("zo\u00eb@Example.com", "zo\u00eb@example.com"),
        ("zoe\u0308@example.com", ""),
        ("\uff41da@example.org", ""),
        ("\u212aim@example.org", ""),
        ("a\u200bda@example.org", ""),
        ("ada@\uff45xample.org", ""),
    ],
)
def test_plain_address_is_the_whole_text_or_nothing(text: str, plain: str) -> None:
    assert plain_address(text) == plain


LABEL = st.from_regex(r"[a-z][a-z0-9]{1,8}", fullmatch=True)
ADDRESS = st.builds(lambda local, a, b: f"{local}@{a}.{b}", LABEL, LABEL, LABEL)
DISGUISES: list[Callable[[str], str]] = [
    lambda a: a,
    str.upper,
    lambda a: a.replace("@", " (at) "),
    lambda a: a.replace("@", " [ at ] ").replace(".", " [dot] "),
    lambda a: a.replace("@", " at ").replace(".", " dot "),
    lambda a: a.replace("@", " @ ").replace(".", " . "),
    "\u200b".join,
    " ".join,
    lambda a: "".join(chr(ord(c) + 0xFEE0) for c in a),
    quote,
    lambda a: "".join(f"%{ord(c):02x}" for c in a),
    lambda a: "".join(f"&#{ord(c)};" for c in a),
    lambda a: html.escape(a).replace("@", "&#x40;"),
    lambda a: "".join(f"\\u{ord(c):04x}" for c in a),
    lambda a: base64.b64encode(f"say {a} now".encode()).decode(),
    lambda a: a.replace("@", "@\n"),
]


@given(ADDRESS, st.sampled_from(DISGUISES), st.text(st.characters(categories=["Zs", "L"]), max_size=20))
def test_no_disguise_hides_an_address_read_before(address: str, disguise: Callable[[str], str], before: str) -> None:
    assume(not {"at", "dot"} & set(address.replace("@", ".").split(".")))
    text = f"{before} : {disguise(address)} , thanks"
    assert address in find_addresses(text, Seen(f"to {address}")).addresses


@given(st.text(max_size=300))
def test_finding_never_raises(text: str) -> None:
    find_addresses(text, NOTE)
    address_keys(readings(text), is_generous=True)
    parse_link(text)


@pytest.mark.parametrize(
    "piece",
    [
        "a(at)",
        "a@",
        "@",
        "a.b@",
        " at ",
        "a at b dot ",
        "//",
        "https://",
        "http:",
        "www.",
        "[.]",
        "%40",
        "&#64;",
        "a.",
        "<",
        "QUJD",
        "-at-",
        "\\u0040",
        "x@collect.example ",
        "javascript:",
        "mailto:a@b.example,",
        "data:text/html,",
        "tel:+49170",
        "](a.b",
        "[a](b",
        "evil.com/x",
        "a.b ",
        "a.b-",
        "=40",
        "=\n",
        "<!--",
        "//1",
        "*_",
        "%25",
        "%26amp;",
    ],
)
def test_finding_is_linear_on_hostile_text(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    started = time.thread_time()
    find_addresses(text, NOTE)
    address_keys(readings(text), is_generous=True)
    assert time.thread_time() - started < 4
