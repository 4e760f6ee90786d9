"""What a change of the manifest means: nothing that loosens passes for less, and what nobody knows counts as loosening."""

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.declare.change import changes, loosens, rules
from trilens.declare.files import reader
from trilens.declare.parse import parse
from trilens.declare.shape.base import read_duration, spell_duration
from trilens.lenses.catalog import load
from trilens.vocabulary.system import System

pytestmark = pytest.mark.requirement("C7")

PATH = Path(__file__).parent.parent.parent / "examples" / "support" / "system.yaml"
TEXT = PATH.read_text(encoding="utf-8")
SHEETS = [guard.sheet for guard in load()]


def declared(text: str) -> System:
    return parse(text, SHEETS, file="system.yaml", environment={}, read=reader(PATH.parent))


OLD = declared(TEXT)


def after(*edits: tuple[str, str]) -> System:
    text = TEXT
    for old, new in edits:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    return declared(text)


LOOSER = {
    "a limit raised": [("max: 500 EUR", "max: 900 EUR")],
    "a limit dropped": [("{max: 500 EUR, per: call}, ", "")],
    "a region added": [("regions: [eu]", "regions: [eu, us]")],
    "a condition of an approval changed": [("args.amount > 50", "args.amount > 60")],
    "more time to approve": [("expires: 15m", "expires: 30m")],
    "another retention": [("retention: {decision: 183d", "retention: {decision: 200d")],
}
TIGHTER = {
    "a limit lowered": [("max: 500 EUR", "max: 400 EUR")],
    "a limit added": [("{max: 500 EUR, per: call}", "{max: 500 EUR, per: call}, {max: 3, per: session}")],
    "less time to approve": [("expires: 15m", "expires: 5m")],
}


@pytest.mark.parametrize("what", LOOSER)
def test_what_lets_more_through_or_may_loosens(what: str) -> None:
    new = after(*LOOSER[what])
    assert loosens(changes(OLD, new)), changes(OLD, new)


@pytest.mark.parametrize("what", TIGHTER)
def test_what_lets_less_through_tightens_and_its_reverse_loosens(what: str) -> None:
    new = after(*TIGHTER[what])
    found = changes(OLD, new)
    assert found
    assert not loosens(found), found
    assert loosens(changes(new, OLD))


def test_the_same_manifest_has_no_changes() -> None:
    assert changes(OLD, declared(TEXT)) == ()


def test_where_something_stands_is_no_change() -> None:
    assert changes(OLD, declared("# a remark\n\n" + TEXT)) == ()
    assert changes(OLD, parse(TEXT, SHEETS, file="elsewhere.yaml", environment={}, read=reader(PATH.parent))) == ()


def test_lengths_and_limits_are_told_as_a_manifest_writes_them() -> None:
    longer = changes(OLD, after(("decision: 183d", "decision: 200d")))
    assert [(c.path, c.before, c.after) for c in longer] == [("retention.decision", "183d", "200d")]
    paths = {c.path for c in changes(OLD, after(("max: 500 EUR", "max: 900 EUR"), ("max: 1000 EUR", "max: 900 EUR")))}
    assert paths == {"tools.refund.limits.EUR per call.max", "tools.refund.limits.EUR per customer in 1d.max"}


@given(st.sampled_from([1_000, 60_000, 3_600_000, 86_400_000]), st.integers(1, 90))
def test_a_length_is_read_as_it_was_told(unit_ms: int, count: int) -> None:
    assert read_duration(spell_duration(unit_ms * count)) == unit_ms * count


def test_loosening_changes_come_first() -> None:
    new = after(*TIGHTER["a limit lowered"], *LOOSER["a region added"])
    assert [change.loosens for change in changes(OLD, new)] == [True, False]


def edited(**parts: object) -> System:
    return System(**{**{f.name: getattr(OLD, f.name) for f in fields(OLD)}, **parts})


REMOVED = ["purposes", "people", "owners", "models", "prompts", "sources", "tools", "data", "retention"]


@pytest.mark.parametrize("part", REMOVED)
def test_a_part_taken_away_is_not_known_to_be_harmless(part: str) -> None:
    assert loosens(changes(OLD, edited(**{part: {}})))


@pytest.mark.parametrize("part", ["grounding", "disclosure"])
def test_a_promise_taken_away_loosens_and_one_added_does_not(part: str) -> None:
    without = edited(**{part: None})
    assert loosens(changes(OLD, without))
    assert not loosens(changes(without, OLD))


def test_every_field_of_a_system_is_compared() -> None:
    """A field that is added to the manifest's meaning and forgotten here would change without a word."""
    for field in fields(System):
        if field.name == "digest":
            continue
        value = getattr(OLD, field.name)
        other: object = "another" if isinstance(value, str) else () if value else ("new",)
        if isinstance(value, frozenset):
            other = frozenset() if value else frozenset({"new"})
        assert changes(OLD, edited(**{field.name: other})), field.name


def test_an_owner_taken_from_the_readers_loosens() -> None:
    """Records of others are kept from the model by that reader alone."""
    assert "readers: [owner]" in TEXT
    assert loosens(changes(OLD, after(("readers: [owner]", "readers: []"))))


def test_a_look_up_that_is_no_longer_granted_loosens() -> None:
    """Effects on ids are refused until they were looked up, as long as a granted tool could."""
    assert "tools: [lookup_order, " in TEXT
    assert loosens(changes(OLD, after(("tools: [lookup_order, ", "tools: ["))))


def test_no_rule_is_written_twice() -> None:
    assert len(set(rules())) == len(list(rules()))
