"""A disclosure that was shown stays shown while the answer grows, and one that was put in front is shown."""

from hypothesis import given
from hypothesis import strategies as st

from trilens.lenses.compliance.guards.missing_disclosure.opening import opens_with

TEXT = "You are talking to an AI system."
PARTS = st.sampled_from(
    [TEXT, "Hello! ", "\n", "\n\n", "<", "`", "{: .x}", "    ", "\u202e", "a. ", "~~", "[x]: ", "**"]
)


@given(st.lists(PARTS, max_size=8).map("".join), st.lists(PARTS, max_size=8).map("".join))
def test_what_is_shown_stays_shown_however_the_answer_goes_on(answer: str, more: str) -> None:
    assert not opens_with(TEXT, answer) or opens_with(TEXT, answer + more)


@given(st.text(min_size=1), st.text())
def test_a_text_put_in_front_is_shown_whatever_it_is(wanted: str, answer: str) -> None:
    assert opens_with(wanted, f"{wanted}\n\n{answer}")


@given(st.sampled_from(list("<>[]{}`~|\\&%#\x1b\x00\u200b\u202e\u2028\ue000")), st.text("ab .!", max_size=9))
def test_nothing_is_shown_behind_a_character_that_may_hide_it(letter: str, before: str) -> None:
    assert not opens_with(TEXT, f"Hi! {before}{letter}. {TEXT}")
