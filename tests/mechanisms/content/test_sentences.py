"""Sentences end where a reader would say so, and their places are exact."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.mechanisms.content.sentences import split_clauses, split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("It costs 4.90 EUR. It is cheap.", ["It costs 4.90 EUR.", "It is cheap."]),
        ("Valid from the 1. March 2026. After that not.", ["Valid from the 1. March 2026.", "After that not."]),
        ("Gültig ab 1. März. Danach nicht.", ["Gültig ab 1. März.", "Danach nicht."]),
        ("Use e.g. a card, i.e. a Visa card. Or cash.", ["Use e.g. a card, i.e. a Visa card.", "Or cash."]),
        ("Zahlen Sie z.B. bar, max. 50 EUR. Oder mit Karte.", ["Zahlen Sie z.B. bar, max. 50 EUR.", "Oder mit Karte."]),
        ("A line\nthat goes on. Next.", ["A line\nthat goes on.", "Next."]),
        ("# Title\nText here\n\nNext block", ["# Title", "Text here", "Next block"]),
        ("- one\n- two. Three\n", ["- one", "- two.", "Three"]),
        ("| a | 1 day |\n| b | 2 days |", ["| a | 1 day |", "| b | 2 days |"]),
        ('He said "stop." Then he left.', ['He said "stop."', "Then he left."]),
        ("Wait... what?", ["Wait...", "what?"]),
        ("  \n\n ", []),
        ("", []),
    ],
)
def test_sentences_are_split(text: str, sentences: list[str]) -> None:
    assert [text[s.start : s.stop] for s in split_sentences(text)] == sentences


def test_sentence_knows_its_heading() -> None:
    headings = [s.heading for s in split_sentences("Intro.\n\n# First #\nOne. Two.\n\n## Second\nThree.")]
    assert headings == ["", "First", "First", "First", "Second", "Second"]


@given(st.lists(st.sampled_from("abc .!?\n#-|1,;äß\x00"), max_size=80).map("".join))
def test_sentences_cover_everything_but_white_space_and_never_overlap(text: str) -> None:
    sentences = split_sentences(text)
    covered = "".join(text[s.start : s.stop] for s in sentences)
    assert covered.replace(" ", "").replace("\n", "") == text.replace(" ", "").replace("\n", "")
    assert all(one.stop <= other.start for one, other in itertools.pairwise(sentences))


def test_clauses_are_split_at_conjunctions_and_marks() -> None:
    text = "If it is new, you can return it within 30 days, but we do not pay the postage, which is 5 EUR"
    clauses = split_clauses(text)
    stops = [*(clause.start for clause in clauses[1:]), len(text)]
    assert [text[c.start : stop].strip(" ,") for c, stop in zip(clauses, stops, strict=True)] == [
        "If it is new",
        "you can return it within 30 days",
        "but we do not pay the postage",
        "which is 5 EUR",
    ]
    assert [clause.is_relative for clause in clauses] == [False, False, False, True]
