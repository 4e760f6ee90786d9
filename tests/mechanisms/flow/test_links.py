"""Links as what renders a text makes them: what would be opened is found, and what is not is left alone."""

import pytest

from trilens.mechanisms.flow.links import links_in
from trilens.mechanisms.flow.spellings import readings

pytestmark = pytest.mark.requirement("X4")


def hosts(text: str) -> list[str]:
    return [link.host for link in links_in(readings(text)[0])]


def urls(text: str) -> list[str]:
    return [link.url for link in links_in(readings(text)[0])]


@pytest.mark.parametrize("text", ["_www.evil.ninja", "__www.evil.ninja__", "(www.evil.ninja)", "see:_www.evil.ninja_"])
def test_an_address_from_www_on_is_a_link_behind_a_mark_of_emphasis_too(text: str) -> None:
    assert "www.evil.ninja" in [host.rstrip("_") for host in hosts(text)]


@pytest.mark.parametrize("text", ["xwww.evil.ninja", "a.www.evil.ninja", "a-www.evil.ninja"])
def test_www_within_a_word_begins_no_link(text: str) -> None:
    assert hosts(text) == []


@pytest.mark.parametrize(
    "text",
    ["[x]( //evil )", "[x](<  //evil>)", "[1]: //evil", "[1]: <//evil>", "<a href= //evil>", "<img src='//evil'>"],
)
def test_two_slashes_are_a_link_wherever_a_target_may_stand(text: str) -> None:
    assert hosts(text) == ["evil"]


@pytest.mark.parametrize("text", ["and //evil is a remark", "x //evil"])
def test_two_slashes_before_a_word_are_none_elsewhere(text: str) -> None:
    assert hosts(text) == []


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("<xmpp:ann@b.ninja>", "xmpp:ann@b.ninja"),
        ("<whatsapp:send?text=x>", "whatsapp:send?text=x"),
        ("<a href='skype:ann'>", "skype:ann"),
        ("<a href = intent:x>", "intent:x"),
        ("[x](bitcoin:1a2b)", "bitcoin:1a2b"),
        ("[1]: bitcoin:1a2b", "bitcoin:1a2b"),
    ],
)
def test_any_scheme_is_one_where_a_target_stands(text: str, url: str) -> None:
    assert urls(text) == [url]


@pytest.mark.parametrize("text", ["Note: this", "skype: yes", "at 12:30", "a < b: c", "ratio 3:4"])
def test_a_colon_in_a_sentence_makes_no_link(text: str) -> None:
    assert urls(text) == []


def test_more_links_than_are_read_end_in_one_that_leads_nowhere_known() -> None:
    few, many = urls("mailto:a@b.cd " * 255), urls("mailto:a@b.cd " * 257)
    assert "…" not in few
    assert len(few) == 255
    assert many[-1] == "…"
    assert len(many) == 257
