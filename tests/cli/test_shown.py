"""What somebody else wrote: nothing in it acts on a terminal, hides, or passes for something of ours."""

import io
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.cli.shown import cut, escape, escape_lines
from trilens.cli.terminal import Terminal
from trilens.cli.wrap import columns, wrap

ANY_TEXT = st.text(st.characters(), max_size=200)
"""Lone surrogates too."""


@pytest.fixture(scope="module", autouse=True)
def nowhere() -> Iterator[None]:
    """Not in a terminal, whatever the tests run in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COLUMNS", raising=False)
        yield


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Grüezi 你好 नमस्ते", "Grüezi 你好 नमस्ते"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("pay\u202e054 RUE\u202c", "pay\\u202e054 RUE\\u202c"),
        ("\u2066isolate\u2069", "\\u2066isolate\\u2069"),
        ("in\u200bvis\u00adible\ufeff", "in\\u200bvis\\xadible\\ufeff"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("selector\ufe0f\U000e0100", "selector\\ufe0f\\U000e0100"),
        ("filler\u3164\u2800", "filler\\u3164\\u2800"),
        ("a\nb\r\tc\0", "a\\nb\\r\\tc\\x00"),
        ("line\u2028sep", "line\\u2028sep"),
        ("lone\ud800", "lone\\ud800"),
        ("\\x1b is not \x1b", "\\\\x1b is not \\x1b"),
        ("no\u00a0break", "no\\xa0break"),
        ("z\u0301\u0302\u0303\u0304", "z\u0301\u0302\\u0303\\u0304"),
    ],
)
def test_characters_that_act_or_hide_are_shown_as_escapes(text: str, shown: str) -> None:
    assert escape(text) == shown


@given(ANY_TEXT)
def test_an_escaped_text_is_one_line_of_pictures(text: str) -> None:
    shown = escape(text)
    assert all(letter.isprintable() for letter in shown)
    assert not {unicodedata.category(letter) for letter in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(ANY_TEXT, ANY_TEXT)
def test_two_texts_never_look_the_same(one: str, other: str) -> None:
    assert (escape(one) == escape(other)) == (one == other)


@given(ANY_TEXT)
def test_lines_are_what_line_feeds_separate(text: str) -> None:
    assert [escape(line) for line in text.split("\n")] == escape_lines(text)


@given(ANY_TEXT, st.integers(1, 50))
def test_a_cut_says_that_it_is_one_and_halves_no_escape(text: str, most: int) -> None:
    assert cut(text, most) == escape(text[:most]) + ("…" if len(text) > most else "")


@given(ANY_TEXT, st.integers(2, 60))
def test_wrapped_lines_fit_and_lose_nothing_but_spaces_at_breaks(text: str, width: int) -> None:
    shown = escape(text)
    lines = wrap(shown, width)
    assert all(columns(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(shown.split())


@given(ANY_TEXT, st.integers(0, 8))
def test_every_line_of_a_box_is_marked(text: str, indent: int) -> None:
    stream = io.StringIO()
    Terminal(stream).said(text, indent=indent)
    lines = stream.getvalue().removesuffix("\n").split("\n")
    assert len(lines) == text.count("\n") + 1
    assert all(line.startswith(" " * indent + "│ ") for line in lines)


def test_a_line_that_goes_on_has_a_dotted_bar_and_a_new_one_a_whole_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    stream = io.StringIO()
    Terminal(stream).said("one two three four five\nsix")
    assert stream.getvalue() == "│ one two three four\n┊ five\n│ six\n"


def test_what_is_not_shown_is_counted() -> None:
    stream = io.StringIO()
    Terminal(stream).said("x" * 1_000_000, most=10)
    assert stream.getvalue() == "│ xxxxxxxxxx\n… and 999,990 more characters\n"


class FakeTerminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colour_is_for_terminals_that_want_it(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    seen, unseen = FakeTerminal(), io.StringIO()
    for stream in (seen, unseen):
        Terminal(stream).line("FAIL", style="bold red")
    assert ("\x1b[" in seen.getvalue()) is coloured
    assert unseen.getvalue() == "FAIL\n"


def test_a_terminal_without_unicode_gets_escapes_and_plain_bars() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Terminal(stream).said("Grüezi")
    stream.flush()
    assert raw.getvalue() == b"| Gr\\xfcezi\n"
