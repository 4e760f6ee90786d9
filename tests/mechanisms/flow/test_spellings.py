"""Every reading of a text is found, and none makes the reader fail."""

import pytest

from trilens.mechanisms.flow.spellings import readings

pytestmark = pytest.mark.requirement("X4")


@pytest.mark.parametrize("zeros", [0, 1, 7, 5_000])
def test_a_character_by_its_number_is_read_however_long_that_is(zeros: int) -> None:
    assert "x@collect.example" in readings(f"x&#{'0' * zeros}64;collect.example")


@pytest.mark.parametrize("digits", ["1" * 5_000, "9" * 8, "0" * 6_000])
def test_a_number_that_names_no_character_is_none(digits: str) -> None:
    assert readings(f"a &#{digits}; b")[-1].split() in (["a", "\ufffd", "b"], ["a", "b"])
