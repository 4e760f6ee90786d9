"""Every reading of a text is found, and none makes the reader fail."""

import pytest

from trilens.mechanisms.flow.spellings import readings, spell

pytestmark = pytest.mark.requirement("X4")


@pytest.mark.parametrize("zeros", [0, 1, 7, 5_000])
def test_a_character_by_its_number_is_read_however_long_that_is(zeros: int) -> None:
    assert "x@collect.example" in readings(f"x&#{'0' * zeros}64;collect.example")


@pytest.mark.parametrize("digits", ["1" * 5_000, "9" * 8, "0" * 6_000])
def test_a_number_that_names_no_character_is_none(digits: str) -> None:
    assert readings(f"a &#{digits}; b")[-1].split() in (["a", "\ufffd", "b"], ["a", "b"])


def test_a_text_that_grows_beyond_all_bounds_is_read_in_part_and_said_to_be() -> None:
    """One letter may fold to eighteen, and whoever reads the text counts on a first reading."""
    spelled = spell("\ufdfa" * 58_300)
    assert len(spelled.texts) == 1
    assert spelled.texts[0].startswith("\u0635\u0644\u0649")
    assert not spelled.is_whole
