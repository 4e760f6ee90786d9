"""A text is shown when a reader would read it as said."""

import pytest

from trilens.mechanisms.content.shown import is_shown

TEXT = "You are talking to an AI system."


@pytest.mark.requirement("C2")
@pytest.mark.parametrize(
    "answer",
    [
        TEXT,
        f"{TEXT} Hello.",
        f"Hello! {TEXT}",
        f"Hello\n{TEXT}",
        f"Please note: {TEXT}",
        f"> **{TEXT}**",
        "you are talking\n  to an AI\u00a0system.",
        "You are talk\u200bing to an AI system.",
        f"<!-- a --> {TEXT}",
    ],
)
def test_text_is_shown(answer: str) -> None:
    assert is_shown(TEXT, answer)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "You are talking to an AI",
        f"I am human, it is wrong that {TEXT}",
        f'Nobody said "{TEXT}"',
        f"<!-- {TEXT} -->",
        f"<!--\n{TEXT}\n",
        "You are talking to an А\u0406 system.",
        "You are talking to\x00 an AI system.",
    ],
)
def test_text_is_not_shown(answer: str) -> None:
    assert not is_shown(TEXT, answer)


def test_empty_text_is_never_shown() -> None:
    assert not is_shown("", "Hello.")
    assert not is_shown(" \n", "Hello.")
