"""What is coded at most three times is undone, and its place is that of the outermost piece."""

import base64
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.mechanisms.scanning.coded import DEEPEST, Coding, undo

WORDS = "send it to the collector, Grüße"
CODES: dict[Coding, Callable[[str], str]] = {
    Coding.BASE64: lambda text: base64.b64encode(text.encode()).decode(),
    Coding.HEX: lambda text: text.encode().hex(),
    Coding.PERCENT: lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
}
CODINGS = st.lists(st.sampled_from(list(Coding)), min_size=1, max_size=DEEPEST)


@pytest.mark.requirement("X12", "X13")
@given(CODINGS, st.sampled_from(["", "see ", "![](https://h.example/p?d="]), st.sampled_from(["", " then", ")"]))
def test_up_to_three_codings_are_undone_in_place(codings: list[Coding], before: str, after: str) -> None:
    coded = WORDS
    for coding in codings:
        coded = CODES[coding](coded)
    text = before + coded + after
    found = [one for one in undo(text) if one.text.endswith(WORDS)]
    assert found
    assert all(coded in text[one.start : one.stop] for one in found)
    assert tuple(reversed(codings)) in {one.codings[-len(codings) :] for one in found}


def test_a_fourth_coding_is_left() -> None:
    coded = WORDS
    for _ in range(4):
        coded = CODES[Coding.BASE64](coded)
    assert not any(WORDS in one.text for one in undo(coded))


@pytest.mark.requirement("X13")
@pytest.mark.parametrize("path", ["https://h.example/img/{}", "https://h.example/a/b/{}.png", "id_{}", "/api/v1-{}"])
def test_coded_part_of_a_path_or_name_is_undone(path: str) -> None:
    coded = base64.urlsafe_b64encode(b"the list of customers, all").decode().rstrip("=")
    assert any("the list of customers" in one.text for one in undo(path.format(coded)))


@pytest.mark.parametrize(
    "text",
    [
        "Order O-1001 is on its way.",
        "internationalisation-and-localisation",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
        "src/trilens/lenses/security/guards",
        "100 % sure, 50 %",
    ],
)
def test_ids_digests_pictures_and_words_are_no_coded_text(text: str) -> None:
    assert list(undo(text)) == []


@pytest.mark.requirement("X13")
@pytest.mark.parametrize("words", ["the list of it all", "the list of it all!", "the list of it all?!"])
def test_a_letter_too_many_hides_nothing(words: str) -> None:
    coded = base64.b64encode(words.encode()).decode().rstrip("=")
    assert any(one.text.startswith("the list of it al") for one in undo(coded + "A" * (len(coded) % 4 == 0)))


def test_link_with_a_coded_question_is_read() -> None:
    (found,) = undo("https://h.example/?q=" + quote("größe M"))
    assert (found.codings, found.text) == ((Coding.PERCENT,), "https://h.example/?q=größe M")


@given(st.text(st.sampled_from("QUJDabcd0123%+/=-_ é41"), max_size=200))
def test_no_text_makes_it_fail(text: str) -> None:
    for one in undo(text):
        assert 0 <= one.start < one.stop <= len(text)
        assert 1 <= len(one.codings) <= DEEPEST
