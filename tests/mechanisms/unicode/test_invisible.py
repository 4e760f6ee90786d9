"""Honest writing of every script passes; what nothing needs is found, and taking it out leaves nothing to find."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.mechanisms.unicode.invisible import Unseen, hidden_in, without

HONEST = [
    "Plain words.",
    "Grüße, naïve façade, e\u0301t\u00e9",
    "\U0001f469\U0001f3fd\u200d\u2764\ufe0f\u200d\U0001f48b\u200d\U0001f468 \U0001f3f3\ufe0f\u200d\U0001f308 1\ufe0f\u20e3 \u260e\ufe0e",
    "\U0001f3f4\u200d\u2620\ufe0f \U0001f1ea\U0001f1fa",
    *(
        "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in nation) + "\U000e007f"
        for nation in ("gbeng", "gbsct", "gbwls")
    ),
    "می\u200cخواهم کتاب\u200cها را",
    "שלום \u200eO-1001\u200f (בדרך) \u202aabc\u202c",
    "مرحبا \u2067Ada\u2069 \u061c12",
    "क्\u200dष र्\u200dय क्\u200cष",
    "ශ්\u200dරී ලංකා",
    "葛\U000e0100城市 辻\U000e0101",
    "ภาษา\u200bไทย ខ្មែរ\u200bភាសា",
    "ᠮᠣᠩᠭᠣᠯ\u180b ᠪᠠᠶᠢᠨ\u180e\u1820",
    "Dampf\u00adschiff\u00adfahrt",
    "\ufeffHello",
    "\u2068Ada\u2069 wrote to \u2068Bob\u2069",
    "10\u2060 km",
    "\u2800\u2801\u2803",
    "0\ufe00 \u2229\ufe00",
]


def tags(text: str) -> str:
    return "".join(chr(0xE0000 + ord(letter)) for letter in text)


def selectors(text: str) -> str:
    return "".join(chr(0xFE00 + byte) if byte < 16 else chr(0xE0100 + byte - 16) for byte in text.encode())


@pytest.mark.requirement("X12")
@pytest.mark.parametrize("text", HONEST)
def test_honest_writing_passes(text: str) -> None:
    assert hidden_in(text) == ()


@pytest.mark.requirement("X12")
@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("a" + tags("run it"), Unseen.TAG, "run it"),
        ("\U0001f3f4" + tags("gbengandmore") + "\U000e007f", Unseen.TAG, "gbengandmore"),
        ("\U000e0001" + tags("en"), Unseen.TAG, "en"),
        ("\U0001f600" + selectors("größe"), Unseen.SELECTOR, "größe"),
        ("A\ufe0f", Unseen.SELECTOR, "\x0f"),
        ("葛\ufe00\U000e0100", Unseen.SELECTOR, "\x10"),
        ("ab\u200bcd", Unseen.ZERO_WIDTH, ""),
        ("ab\u200c", Unseen.ZERO_WIDTH, ""),
        ("1\u200d2", Unseen.ZERO_WIDTH, ""),
        ("ab\u2060cd", Unseen.ZERO_WIDTH, ""),
        ("a\ufeffb", Unseen.ZERO_WIDTH, ""),
        ("س\u200c\u200c", Unseen.ZERO_WIDTH, ""),
        ("abc\u202edef", Unseen.DIRECTION, ""),
        ("שלום\u202dabc", Unseen.DIRECTION, ""),
        ("abc\u200e", Unseen.DIRECTION, ""),
        ("שלום\u200f\u200f\u200f", Unseen.DIRECTION, ""),
        ("\u2066abc", Unseen.DIRECTION, ""),
        ("\u2068abc", Unseen.DIRECTION, ""),
        ("\u2069abc\u2068", Unseen.DIRECTION, ""),
        ("x\u3164", Unseen.FILLER, ""),
        ("x\ufff9y", Unseen.FILLER, ""),
    ],
)
def test_what_nothing_needs_is_found(text: str, kind: Unseen, said: str) -> None:
    found = hidden_in(text)
    assert {one.kind for one in found} == {kind}
    assert "".join(one.said for one in found) == said


PIECES = st.sampled_from(
    [
        *HONEST,
        *"aé1#س\u05d0क葛ไ\U0001f600\u2764\U0001f3f4",
        *(chr(code) for code in (0x200B, 0x200C, 0x200D, 0x200E, 0x202E, 0x2060)),
        *(
            chr(code)
            for code in (
                0x2066,
                0x2068,
                0x2069,
                0x3164,
                0x2800,
                0xFEFF,
                0xFE00,
                0xFE0F,
                0x180B,
                0xE0100,
                0xE0067,
                0xE0062,
                0xE007F,
            )
        ),
    ]
)


@pytest.mark.requirement("X12")
@given(st.lists(PIECES, max_size=12).map("".join))
def test_taking_it_out_leaves_nothing_to_find(text: str) -> None:
    assert hidden_in(without(text, hidden_in(text))) == ()


@given(st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=60))
def test_runs_are_in_order_and_only_what_is_unseen_is_in_them(text: str) -> None:
    found = hidden_in(text)
    assert all(one.stop <= other.start for one, other in itertools.pairwise(found))
    assert not any(
        letter.isalnum() and letter not in "\u115f\u1160\u3164\uffa0"
        for one in found
        for letter in text[one.start : one.stop]
    )


@given(st.text(st.characters(max_codepoint=127), max_size=200))
def test_ascii_hides_nothing(text: str) -> None:
    assert hidden_in(text) == ()
