"""What was judged is remembered by its prefix, with what no model may see of it, and never more than that."""

import hashlib

import pytest

from trilens.enforce.seen import JudgedPrefixes
from trilens.vocabulary.event import Turn
from trilens.vocabulary.outcome import Role

pytestmark = pytest.mark.requirement("X3")


def turns(*words: str) -> tuple[Turn, ...]:
    return tuple(Turn(Role.TOOL, word, hashlib.sha256(word.encode()).digest()) for word in words)


def test_what_was_withheld_is_known_for_whatever_goes_on_from_there() -> None:
    judged = JudgedPrefixes()
    judged.mark(b"ada", turns("a", "b", "c"), {1: "not hers"})
    found = judged.longest(b"ada", turns("a", "b", "c", "d"))
    assert (found.turns, dict(found.withheld)) == (3, {1: "not hers"})


def test_another_continuation_knows_only_what_was_withheld_before_it() -> None:
    judged = JudgedPrefixes()
    judged.mark(b"ada", turns("a", "b", "c"), {0: "not hers", 2: "nor this"})
    found = judged.longest(b"ada", turns("a", "b", "other"))
    assert (found.turns, dict(found.withheld)) == (2, {0: "not hers"})


def test_forgetting_the_beginning_loses_nothing_withheld_in_it() -> None:
    judged = JudgedPrefixes(most=1)
    judged.mark(b"ada", turns("a", "b", "c"), {0: "not hers"})
    assert judged.longest(b"ada", turns("a")).turns == 0
    assert dict(judged.longest(b"ada", turns("a", "b", "c")).withheld) == {0: "not hers"}


def test_nobody_knows_what_was_judged_for_somebody_else() -> None:
    judged = JudgedPrefixes()
    judged.mark(b"ada", turns("a"), {})
    assert judged.longest(b"bob", turns("a")).turns == 0
