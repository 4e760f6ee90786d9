"""Keys: 256 bits, shown once, kept as a digest; a typo is told from an unknown key."""

import hashlib
import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.people.keys import NewKey, check_key, make_key, parse_key

pytestmark = pytest.mark.requirement("X5")

NOW = 1_800_000_000_000


def agent_key(**more: bool) -> NewKey:
    return make_key(
        agent="support", operator="", may_assert=more.get("may_assert", False), now_ms=NOW, random=os.urandom
    )


def operator_key() -> NewKey:
    return make_key(agent="", operator="support-lead", may_assert=False, now_ms=NOW, random=os.urandom)


def test_prefix_tells_agent_from_operator() -> None:
    agent, operator = agent_key(), operator_key()
    assert agent.text.startswith("tlk_")
    assert operator.text.startswith("tlo_")
    parsed_agent, parsed_operator = parse_key(agent.text), parse_key(operator.text)
    assert parsed_agent is not None
    assert parsed_operator is not None
    assert (parsed_agent.id, parsed_agent.is_operator) == (agent.record.id, False)
    assert (parsed_operator.id, parsed_operator.is_operator) == (operator.record.id, True)


def test_record_holds_the_digest_and_nothing_of_the_secret() -> None:
    made = agent_key(may_assert=True)
    assert made.record.digest == hashlib.sha256(made.text.encode()).digest()
    secret = made.text.split("_")[2]
    assert secret not in repr(made)
    assert made.text.startswith(made.record.id + "_")
    assert (made.record.agent, made.record.may_assert, made.record.created_ms) == ("support", True, NOW)


def test_secret_is_every_bit_of_the_randomness_asked_for() -> None:
    """Two random inputs that differ in the highest or the lowest bit give two keys: nothing is cut off."""

    def secret(data: bytes) -> str:
        parts = iter([bytes(32), data])
        return make_key(agent="a", operator="", may_assert=False, now_ms=NOW, random=lambda _: next(parts)).text

    texts = {secret(bytes(32)), secret(b"\x80" + bytes(31)), secret(bytes(31) + b"\x01"), secret(b"\xff" * 32)}
    assert len(texts) == 4


def test_key_checks_only_against_its_own_record() -> None:
    one, other = agent_key(), agent_key()
    assert check_key(one.text, one.record)
    assert not check_key(one.text, other.record)
    assert not check_key("", one.record)
    assert not check_key("\ud800", one.record)


def test_revoked_key_checks_no_more() -> None:
    made = agent_key()
    assert not check_key(made.text, replace(made.record, revoked_ms=NOW + 1))


@given(st.integers(min_value=0, max_value=61), st.sampled_from("0aZ_-é"))
def test_one_changed_letter_is_a_typo_not_an_unknown_key(position: int, letter: str) -> None:
    text = agent_key().text
    changed = text[:position] + letter + text[position + 1 :]
    assert (parse_key(changed) is not None) == (changed == text)


@given(st.text())
def test_any_other_text_is_no_key(text: str) -> None:
    assert parse_key(text) is None


@pytest.mark.parametrize("tail", ["\n", " ", "x"])
def test_nothing_may_follow_a_key(tail: str) -> None:
    assert parse_key(agent_key().text + tail) is None


@pytest.mark.parametrize(
    ("agent", "operator", "may_assert"),
    [("", "", False), ("support", "support-lead", False), ("", "support-lead", True)],
)
def test_key_of_both_of_neither_or_of_an_asserting_operator_is_not_made(
    agent: str, operator: str, may_assert: bool
) -> None:
    with pytest.raises(ValueError, match="key"):
        make_key(agent=agent, operator=operator, may_assert=may_assert, now_ms=NOW, random=os.urandom)


def test_a_key_is_made_of_256_random_bits() -> None:
    asked: list[int] = []

    def random(size: int) -> bytes:
        asked.append(size)
        return bytes(size)

    make_key(agent="support", operator="", may_assert=False, now_ms=1, random=random)
    assert asked == [32, 32]
