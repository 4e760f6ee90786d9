"""Work is counted, not timed: a text twice as long costs twice as much, and what a source repeats costs once."""

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from trilens.mechanisms.content.alignment import index_document
from trilens.mechanisms.content.claim import Claim, ClaimKind, is_supported_by
from trilens.mechanisms.content.claims import read_text
from trilens.mechanisms.content.fields import Field, FieldIndex
from trilens.mechanisms.content.grounding import Evidence, compare, read_answer

KINDS = frozenset(ClaimKind)
PIECES = [
    " if 30 days ",
    "30 days? No, 90. ",
    "within 30 days not ",
    "6 EUR + 30 EUR = 36 EUR, ",
    "days: 9 ",
    "by Friday, 1 May ",
    "...x",
    "1% ",
]
_SIZE = 4_000
_LINEAR = 2.4
"""Of twice the text to the text; a quadratic step gives 4."""


def calls_of(work: Callable[[], object]) -> int:
    """Calls of functions, Python's and built-in ones alike."""
    count = 0

    def seen(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("piece", PIECES)
def test_reading_twice_the_text_is_twice_the_work(piece: str) -> None:
    once, twice = piece * (_SIZE // len(piece)), piece * (2 * _SIZE // len(piece))
    read_text(once)
    assert calls_of(lambda: read_text(twice)) < _LINEAR * calls_of(lambda: read_text(once)) + 1_000


@pytest.mark.parametrize("piece", PIECES)
def test_comparing_with_twice_the_words_is_no_more_than_twice_the_work(piece: str) -> None:
    def work(size: int) -> int:
        text = piece * (size // len(piece))
        evidence = Evidence(documents=(text,), fields=FieldIndex([Field("note", text)]), said=(text,), question=text)
        read = read_answer("You have 61 days if 62 days. " * 50)
        compare(read, evidence, KINDS, most=10)
        return calls_of(lambda: compare(read, evidence, KINDS, most=10))

    assert work(2 * _SIZE) < _LINEAR * work(_SIZE) + 1_000


def test_what_a_source_repeats_is_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0

    def counted(claim: Claim, fact: Claim) -> bool:
        nonlocal compared
        compared += 1
        return is_supported_by(claim, fact)

    monkeypatch.setattr("trilens.mechanisms.content.grounding.is_supported_by", counted)
    source = "Return a tent if it is 30 days old or " * 2_000
    compare(read_answer("Return a tent of 60 days. " * 100), Evidence(documents=(source,)), KINDS)
    assert 100 <= compared <= 100 * 4


def test_source_is_read_once() -> None:
    source = "Items can be returned within 30 days of delivery."
    assert index_document(source) is index_document(source)
