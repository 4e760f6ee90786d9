"""Where windows of a stream end."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.enforce.release import LONGEST, context_of, window_end


@pytest.mark.parametrize(
    ("waiting", "left", "end"),
    [
        ("", 0, None),
        ("Hello", 0, None),
        ("Hello.", 0, None),
        ("Hello. ", 0, 7),
        ("Hello. Wor", 0, 7),
        ("One. Two. Thr", 0, 10),
        ("It costs 3.", 0, None),
        ("It costs 3.14 EUR", 0, None),
        ("Write to audit@evil.example now", 0, None),
        ('"Really?" she', 0, 10),
        ("A list:\n- one\n- tw", 0, 14),
        ("これは文です。次", 0, 7),
        ("Short. ", 100, None),
        ("x" * 100 + ". ", 100, 102),
        ("x" * LONGEST, 0, LONGEST),
        ("word " * 500, 10_000, 2500),
        ("Hello. " + "x" * 3000, 10_000, 7),
    ],
)
def test_a_window_ends_where_a_sentence_does(waiting: str, left: int, end: int | None) -> None:
    assert window_end(waiting, left) == end


@given(st.text(alphabet="ab .\n", max_size=300), st.integers(0, 5000))
def test_a_window_is_never_empty_and_never_more_than_has_come(waiting: str, left: int) -> None:
    end = window_end(waiting, left)
    assert end is None or 0 < end <= len(waiting)


def test_an_answer_takes_few_windows_however_small_its_pieces() -> None:
    text = "A sentence of ordinary length stands here. " * 400
    left, waiting, windows = 0, "", 0
    for letter in text:
        waiting += letter
        end = window_end(waiting, left)
        if end is not None:
            left, waiting, windows = left + end, waiting[end:], windows + 1
    assert windows <= len(text) / LONGEST + 8


def test_what_left_is_judged_again_from_its_head_and_its_tail() -> None:
    long = "".join(f"{n:07} " for n in itertools.islice(itertools.count(), 5000))
    context = context_of(long)
    assert context.startswith(long[:2000])
    assert context.endswith(long[-14_000:])
    assert len(context) < 17_000
    assert context_of("short") == "short"
