"""Folding reads what a person reads, and always knows the way back."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.mechanisms.content.fold import fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("30 days", "30 days"),
        ("３０　days", "30 days"),
        ("3\u200b0\u00a0days", "30 days"),
        ("3\u20605\u00ad0", "350"),
        ("30\u202fdays", "30 days"),
        ("3–5 — days", "3-5 - days"),
        ("can’t", "can't"),
        ("fu\u0308r", "für"),
        ("1½ hours, ½ hour", "1.5 hours, 0.5 hour"),
        ("30¹ days", "30  days"),
        ("5 ㎏", "5 kg"),
        ("٣٠ days", "30 days"),
        ("९० days", "90 days"),
        ("𝟗𝟎 days", "90 days"),
        ("⁹⁰ days", "90 days"),
        ("€⁹⁰", "€90"),
        ("90 m² and 5 days.²³", "90 m  and 5 days.  "),
        ("\ud800x", "?x"),
        ("a\u2028b", "a\nb"),
    ],
)
def test_text_is_folded(text: str, folded: str) -> None:
    assert fold(text).text == folded


@given(st.text(max_size=100))
def test_every_stretch_has_its_original(text: str) -> None:
    folded = fold(text)
    last = 0
    for position in range(len(folded.text)):
        span = folded.original(position, position + 1)
        assert last <= span.start < span.stop <= len(text)
        last = span.start
    if folded.text:
        whole = folded.original(0, len(folded.text))
        rest = text[: whole.start] + text[whole.stop :]
        assert all(unicodedata.category(c) == "Cf" or "\ufe00" <= c <= "\ufe0f" for c in rest)


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=100))
def test_ascii_is_left_alone(text: str) -> None:
    assert fold(text).text is text
