"""Did you mean."""

import string

from hypothesis import given
from hypothesis import strategies as st

from trilens.declare.suggest import did_you_mean, edits, nearest, spelled

WORDS = st.text(string.ascii_lowercase, min_size=1, max_size=8)


@given(a=WORDS, b=WORDS)
def test_distance_is_symmetric_and_zero_only_for_equals(a: str, b: str) -> None:
    assert edits(a, b, 9) == edits(b, a, 9)
    assert (edits(a, b, 9) == 0) == (a == b)


@given(a=WORDS, b=WORDS, limit=st.integers(0, 4))
def test_limit_cuts_off_and_changes_nothing_below(a: str, b: str, limit: int) -> None:
    assert edits(a, b, limit) == min(edits(a, b, 9), limit + 1)


def test_distances() -> None:
    assert [edits(a, "effect", 3) for a in ("efect", "efefct", "effext", "effects", "spend")] == [1, 1, 1, 1, 4]


def test_ties_are_all_named_and_far_words_are_not() -> None:
    assert nearest("spnd", ["send", "spend", "read"]) == ("send", "spend")
    assert nearest("colour", ["own_hosts"]) == ()
    assert nearest("", ["a"]) == ("a",)
    assert nearest("x", []) == ()


def test_words_of_a_suggestion() -> None:
    assert did_you_mean("spnd", ["spend"]) == "did you mean `spend`?"
    assert did_you_mean("colour", ["own_hosts"]) == "known here: `own_hosts`"
    assert did_you_mean("x", ["abcde"], otherwise="look elsewhere") == "look elsewhere"
    assert did_you_mean("quite", [f"k{n}" for n in range(20)]).endswith("`k11` and others")
    assert spelled(["a", "b", "c"], "or") == "`a`, `b` or `c`"
    assert spelled([], "or") == ""
