"""Every parser stands what it is given: a few inputs here, a million each with `make fuzz`; and the fuzzer finds what is planted."""

from pathlib import Path

import pytest
from fuzzing.drive import run, try_input
from fuzzing.mutate import LARGEST, make_input
from fuzzing.target import Refusals, Target, law
from fuzzing.targets import by_name

pytestmark = pytest.mark.requirement("X12")

INPUTS = 1_200
"""Of a target whose inputs are cheap; fewer of the others, by their cost."""
FOUND = Path(__file__).parent / "found"


@pytest.mark.parametrize("name", sorted(by_name()))
def test_a_parser_stands_whatever_it_is_given(name: str) -> None:
    target = by_name()[name]
    for seed in target.seeds:
        target.run(seed)
    done = run(target, seed=20_261_125, inputs=INPUTS // target.cost)
    assert done.failures == (), "\n".join(map(str, done.failures))


@pytest.mark.parametrize("file", sorted(FOUND.glob("*/*")), ids=lambda file: f"{file.parent.name}/{file.name}")
def test_what_was_found_once_is_stood_for_ever(file: Path) -> None:
    assert try_input(by_name()[file.parent.name], file.read_bytes()) == ""


def planted(data: bytes) -> None:
    if b"\xff" in data:
        raise KeyError("planted")
    while b"hang" in data:
        pass
    with Refusals((ValueError,)):
        law(b"{" in data, "planted law")
        raise ValueError("declared")


PLANTED = Target("planted", planted, (b'{"a": 1}',), (b"hang",))


@pytest.mark.parametrize(("data", "what"), [(b"{\xff", "KeyError"), (b"{hang", "HangError"), (b"", "BrokenLawError")])
def test_a_crash_a_hang_and_a_broken_law_are_found(data: bytes, what: str) -> None:
    assert what in try_input(PLANTED, data)
    assert try_input(PLANTED, b"{}") == ""


def test_mutation_reaches_what_is_planted_and_says_how_to_see_it_again() -> None:
    done = run(PLANTED, seed=1, inputs=400, most_failures=3)
    assert len(done.failures) == 3
    failure = done.failures[0]
    assert make_input(PLANTED, failure.seed, failure.number) == failure.data
    assert f"make fuzz TARGET=planted SEED=1 INPUT={failure.number}" in str(failure)


def test_the_same_number_is_the_same_input() -> None:
    target = by_name()["wire-request"]
    inputs = [make_input(target, 7, number) for number in range(200)]
    assert inputs == [make_input(target, 7, number) for number in range(200)]
    assert len(set(inputs)) > 150
    assert max(map(len, inputs)) <= LARGEST
