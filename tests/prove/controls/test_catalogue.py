"""Guards and controls meet: every control is asked of something, and no guard promises what nobody knows."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trilens.declare import diagnose
from trilens.errors import ExtensionError
from trilens.lenses import catalog
from trilens.prove.controls import catalogue as module
from trilens.prove.controls.catalogue import (
    Check,
    ControlKind,
    Mark,
    Predicate,
    VerdictQuery,
    check_links,
    load_catalogue,
)
from trilens.vocabulary.outcome import Lens

if TYPE_CHECKING:
    from tests.prove.conftest import World

pytestmark = pytest.mark.requirement("C13")

SHIPPED = (Path(module.__file__).parent / "controls.yaml").read_text(encoding="utf-8")


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "files", lambda _: tmp_path)
    return tmp_path / "controls.yaml"


def test_the_installed_guards_and_the_shipped_controls_meet() -> None:
    check_links(load_catalogue(), [guard.sheet for guard in catalog.load()])


def test_a_guard_that_names_an_unknown_control_is_refused(world: "World") -> None:
    stray = replace(world.sheets[0], controls=("sounds-good",))
    with pytest.raises(ExtensionError) as raised:
        check_links(world.catalogue, [*world.sheets, stray])
    assert raised.value.code == "extension/unknown-control"


def test_a_control_that_no_guard_implements_is_refused(world: "World") -> None:
    for position, sheet in enumerate(world.sheets):
        rest = [*world.sheets[:position], *world.sheets[position + 1 :]]
        with pytest.raises(ExtensionError) as raised:
            check_links(world.catalogue, rest)
        assert raised.value.code == "extension/unkept-control"
        assert sheet.controls[0] in raised.value.message


@pytest.mark.parametrize("name", ["declared", "recorded"])
def test_a_control_without_a_query_is_refused(other: Path, name: str) -> None:
    # harm-register has `declared` alone, tamper-evident-record `recorded` alone
    line = {"declared": "    declared: hazards_reduced\n", "recorded": "    recorded: {of: ledger}\n"}[name]
    assert line in SHIPPED
    other.write_text(SHIPPED.replace(line, ""), encoding="utf-8")
    with pytest.raises(ExtensionError, match="needs `declared`, `recorded` or both"):
        load_catalogue()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("stages: [design, operate]", "stages: [design, retire]", "extension/unknown-stage"),
        ("- id: sources-approved", "- id: harm-register", "extension/duplicate-control"),
        ("{id: operate, moment", "{id: design, moment", "extension/duplicate-stage"),
        ("failed: [missed, overruled]", "failed: []", "extension/bad-value"),
        ("failed: [missed, overruled]", "failed: [naughty]", "extension/bad-value"),
        ("fresh_for_ms: 2592000000", "fresh_for_ms: 0", "extension/bad-value"),
        ("{of: ledger}", "{of: hearsay}", "extension/bad-value"),
        ("declared: hazards_reduced", "declared: looks_fine", "extension/bad-value"),
        ("    kind: attest\n", "    kind: attest\n    weight: 3\n", "extension/unknown-key"),
    ],
)
def test_a_malformed_catalogue_is_refused(other: Path, old: str, new: str, code: str) -> None:
    assert old in SHIPPED
    other.write_text(SHIPPED.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ExtensionError) as raised:
        load_catalogue()
    assert raised.value.code == code


def test_every_word_a_query_may_use_is_used_by_one(world: "World") -> None:
    controls = world.catalogue.controls
    queries = [c.recorded for c in controls if isinstance(c.recorded, VerdictQuery)]
    assert {mark for query in queries for mark in (*query.operated, *query.failed)} == set(Mark)
    assert {c.declared for c in controls} - {None} == set(Check)
    assert {c.applies_when for c in controls} - {None} == set(Predicate)
    assert {c.kind for c in controls} == set(ControlKind)


def test_no_mark_shows_both_that_a_control_operated_and_that_it_did_not(world: "World") -> None:
    for control in world.catalogue.controls:
        if isinstance(control.recorded, VerdictQuery):
            assert not set(control.recorded.operated) & set(control.recorded.failed), control.id


def test_an_attest_control_asks_no_record_and_no_other_kind_rests_on_statements(world: "World") -> None:
    attest = [c for c in world.catalogue.controls if c.kind is ControlKind.ATTEST]
    assert [c.id for c in attest] == ["sources-approved"]
    assert all(c.recorded is None for c in attest)


def test_the_three_lenses_are_asked_alike_about_their_record(world: "World") -> None:
    for stage in world.catalogue.stages:
        shared = [{c.id for c in world.catalogue.of(lens, stage) if len(c.lenses) > 1} for lens in Lens]
        assert shared[0] == shared[1] == shared[2] != set()
        own = [{c.id for c in world.catalogue.of(lens, stage) if len(c.lenses) == 1} for lens in Lens]
        assert all(own)


def test_the_digest_of_a_query_changes_with_what_it_asks_and_not_with_its_words(other: Path) -> None:
    before = {c.id: c.query_digest for c in load_from(other, SHIPPED)}
    reworded = {
        c.id: c.query_digest for c in load_from(other, SHIPPED.replace("title: Grounded answers", "title: Grounded"))
    }
    assert reworded == before
    shorter = SHIPPED.replace("fresh_for_ms: 2592000000", "fresh_for_ms: 86400000", 1)
    changed = {c.id: c.query_digest for c in load_from(other, shorter)}
    assert [name for name, digest in changed.items() if before[name] != digest] == ["hard-limits-on-actions"]


def load_from(place: Path, text: str) -> tuple[module.Control, ...]:
    place.write_text(text, encoding="utf-8")
    return load_catalogue().controls


def test_every_review_error_that_is_attributed_is_one_a_review_can_find() -> None:
    rules = Path(diagnose.__file__).parent / "review"
    written = "".join(file.read_text(encoding="utf-8") for file in sorted(rules.glob("*.py")))
    errors = load_catalogue().review_errors
    for code in (*errors.by_code, *errors.answered_elsewhere):
        assert f'"{code}"' in written, code


def test_an_error_that_is_attributed_to_no_lens_fails_every_lens() -> None:
    errors = load_catalogue().review_errors
    assert all(errors.concern("manifest/brand-new", lens) for lens in Lens)
    assert [lens for lens in Lens if errors.concern("manifest/region-not-allowed", lens)] == [Lens.COMPLIANCE]
    assert not any(errors.concern("manifest/owner-missing", lens) for lens in Lens)
