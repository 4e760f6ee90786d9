"""A word is mixed when all its strange letters look like Latin ones; units, formulas and loan words are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.mechanisms.unicode.lookalikes import mixed_words


@pytest.mark.requirement("X12")
@pytest.mark.parametrize("word", ["pаypal", "gооgle", "nοrthwind", "Ηello", "micrоsоft", "ехаmple"])
def test_word_with_borrowed_letters_is_found(word: str) -> None:
    # a word wholly in the other script is no mixture, whatever stands beside it
    (found,) = mixed_words(f"ТОСКА: {word}, АТАКА")
    assert (found.start, found.stop) == (7, 7 + len(word))


@pytest.mark.requirement("X12")
@pytest.mark.parametrize(
    "text",
    [
        "Привет, мир",
        "Καλημέρα",
        "kΩ μm hν TNFα",
        "iPhoneы, PDFы, USBшник",
        "IT-отдел",
        "SMS от Ada",
        "straße",
        "日本 Tokyo",
        "ВАЗ 2101",
    ],
)
def test_honest_words_pass(text: str) -> None:
    assert list(mixed_words(text)) == []


@given(st.text(max_size=80))
def test_no_text_makes_it_fail(text: str) -> None:
    assert all(0 <= word.start < word.stop <= len(text) for word in mixed_words(text))
