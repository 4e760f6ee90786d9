"""A rule set finds what its patterns find, wherever windows meet, and what is a placeholder is no finding."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.mechanisms.scanning.rule_set import Match, Rule, RuleSet

TOKEN = Rule("acme/token", r"\bacme_[A-Za-z0-9]{12,200}\b", "invented")
LONG = Rule("acme/key", r"<<[a-z ]*(?:>>)?", "invented", fewest_distinct=1, reach=8192)
PART = Rule(
    "acme/password", r"pw=(?P<secret>[^ ]{4,50})", "invented", fewest_distinct=2, placeholder=r"(?i)password|x+"
)
END = Rule("acme/begun", r"BEGIN\s*\z", "invented", fewest_distinct=1, placeholder="", at_end=True)
RULES = RuleSet((TOKEN, LONG, PART, END))
SECRET = "acme_a1B2c3D4e5F6g7"


@pytest.mark.requirement("X13")
@pytest.mark.parametrize("place", [0, 1, 2030, 2040, 2047, 2048, 2049, 3070, 3072, 4095, 4096, 9000])
@pytest.mark.parametrize("filler", [" ", "é "], ids=["ascii", "not ascii"])
def test_token_is_found_wherever_windows_meet(place: int, filler: str) -> None:
    before = (filler * place)[:place]
    before = before[:-1] + " " if before else ""
    assert RULES.find(f"{before}{SECRET} and on") == (Match("acme/token", place, place + len(SECRET)),)


@pytest.mark.requirement("X13")
@pytest.mark.parametrize("place", [0, 2047, 2048, 5000])
def test_match_longer_than_a_window_is_one_match(place: int) -> None:
    text = " " * place + "<<" + "word " * 1200 + ">> end"
    (match,) = RULES.find(text)
    assert text[match.start : match.stop].startswith("<<")
    assert text[match.start : match.stop].endswith(">>")


@pytest.mark.parametrize("at", [2047, 2048, 4096])
def test_cut_between_windows_makes_no_word_begin(at: int) -> None:
    assert RULES.find("x" * at + SECRET) == ()


def test_only_the_group_that_counts_is_marked() -> None:
    text = "see pw=k0rnblume now"
    assert [text[m.start : m.stop] for m in RULES.find(text)] == ["k0rnblume"]


@pytest.mark.parametrize(
    "text", ["acme_xxxxxxxxxxxxxxxx", "acme_YourTokenGoes", "pw=password", "pw=XXXX", "BEGIN and on"]
)
def test_placeholders_and_what_goes_on_are_no_findings(text: str) -> None:
    assert RULES.find(text) == ()


@pytest.mark.parametrize("place", [3067, 3068, 5115])
def test_what_a_window_ends_with_is_not_what_the_text_ends_with(place: int) -> None:
    assert RULES.find(" " * place + "BEGIN\n and on") == ()


def test_what_the_text_ends_with_counts() -> None:
    assert RULES.find("a BEGIN\n") == (Match("acme/begun", 2, 8),)


def test_overlapping_matches_are_joined() -> None:
    text = f"pw={SECRET}!more"
    (match,) = RULES.find(text)
    assert text[match.start : match.stop] == f"{SECRET}!more"
    other = Rule("acme/tail", r"g7=\w+", "invented", fewest_distinct=1, placeholder="")
    text = f"{SECRET}=zzz and on"
    assert RuleSet((TOKEN, other)).find(text) == (Match("acme/token", 0, len(SECRET) + 4),)


@pytest.mark.requirement("X13")
@given(st.lists(st.sampled_from([SECRET, " ", "é", "x" * 700, ". ", "acme_", "\n", "pw="]), max_size=14).map("".join))
def test_set_finds_what_the_standard_engine_finds(text: str) -> None:
    expected = [m.span() for m in re.finditer(TOKEN.pattern, text, re.ASCII)]
    found = {(m.start, m.stop) for m in RuleSet((TOKEN,)).find(text)}
    assert found == set(expected)


@given(st.text(max_size=300))
def test_no_text_makes_it_fail_and_matches_never_overlap(text: str) -> None:
    found = RULES.find(text)
    assert all(one.stop <= other.start for one, other in itertools.pairwise(found))
