"""Guards are found from their sheets, ours and other packages'; whatever breaks the contract of a guard stops the start."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from trilens.errors import ExtensionError
from trilens.explanations import explain
from trilens.lenses.catalog import InstalledGuard, engine_name, load, load_concerns, prepare
from trilens.lenses.rehearsal import run_vectors
from trilens.vocabulary.outcome import EventKind, Lens, Outcome
from trilens.vocabulary.system import System

Install = Callable[..., str]


def refused(*, with_code: str) -> ExtensionError:
    """The error that `load` stops with."""
    with pytest.raises(ExtensionError) as caught:
        load()
    assert caught.value.code == with_code
    assert explain(caught.value.code) is not None
    assert "\n" not in caught.value.message
    return caught.value


def by_name(name: str) -> InstalledGuard:
    return next(guard for guard in load() if guard.sheet.name == name)


def test_guards_are_sorted_by_name_and_have_digests() -> None:
    guards = load()
    names = [guard.sheet.name for guard in guards]
    assert names == sorted(names)
    assert {"safety/action_limits", "safety/ungrounded_claim", "compliance/missing_disclosure"} <= set(names)
    assert len({guard.sheet.digest for guard in guards}) == len(guards)
    assert all(guard.sheet.on_error >= Outcome.HOLD for guard in guards)


def test_guard_code_is_imported_when_first_asked() -> None:
    module = by_name("compliance/region_not_allowed").module
    sys.modules.pop(module, None)
    load()
    assert module not in sys.modules


def test_guard_of_another_package_is_found_and_answers_its_vectors(
    install: Install, parse_shop: Callable[[str], System]
) -> None:
    package = install()
    guard = by_name("safety/loud_words")
    assert guard.module == f"{package}.safety.guards.loud_words.guard"
    assert guard.sheet.watches == {EventKind.OUTPUT}
    assert [result.problem for result in run_vectors(guard, parse_shop)] == ["", "", ""]


def test_two_guards_of_one_name_are_refused(install: Install) -> None:
    install()
    install()
    assert "safety/loud_words" in refused(with_code="extension/duplicate-guard").message


def test_guard_with_the_name_of_ours_is_refused(install: Install, sheet: str) -> None:
    install({"guard.yaml": sheet.replace("loud_words", "action_limits")}, folder="safety/guards/action_limits")
    refused(with_code="extension/duplicate-guard")


def test_same_name_under_two_lenses_is_two_guards(install: Install, sheet: str) -> None:
    install()
    changed = sheet.replace("lens: safety", "lens: security").replace("emotional-distress", "X13")
    install({"guard.yaml": changed}, folder="security/guards/loud_words")
    assert {"safety/loud_words", "security/loud_words"} <= {guard.sheet.name for guard in load()}


def test_package_that_announces_guards_and_holds_none_is_refused(install: Install) -> None:
    install(folder="safety/guard/loud_words")
    refused(with_code="extension/no-guards")


def test_package_that_cannot_be_imported_is_refused(install: Install, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / install())
    refused(with_code="extension/not-importable")


@pytest.mark.parametrize("name", ["guard.yaml", "guard.py", "vectors.yaml"])
def test_missing_file_is_refused(install: Install, name: str) -> None:
    install({name: None})
    assert name in refused(with_code="extension/missing-file").message


@pytest.mark.parametrize(
    ("good", "bad", "code"),
    [
        ("on_error: deny", "on_error: allow", "extension/loose-on-error"),
        ("on_error: deny", "on_error: modify", "extension/loose-on-error"),
        ("on_error: deny", "on_error: perhaps", "extension/bad-value"),
        ("outcomes: [allow, hold]", "outcomes: []", "extension/bad-value"),
        ("outcomes: [allow, hold]", "outcomes: [allow, block]", "extension/bad-value"),
        ("watches: [output]", "watches: []", "extension/bad-value"),
        ("watches: [output]", "watches: [outputs]", "extension/bad-value"),
        ("limits: [It reads capitals only.]", "limits: []", "extension/bad-value"),
        ("controls: [grounded-answers]", "controls: []", "extension/bad-value"),
        ("emotional-distress", "emotional-distres", "extension/unknown-concern"),
        ("emotional-distress", "tell-it-is-ai", "extension/unknown-concern"),
        ("concerns: [S2,", "concerns: [S0,", "extension/unknown-concern"),
        ("id: loud_words", "id: loud_word", "extension/misplaced"),
        ("id: loud_words", "id: Loud", "extension/bad-value"),
        ("lens: safety", "lens: security", "extension/misplaced"),
        ("lens: safety", "lens: ethics", "extension/bad-value"),
        ("cost: one", "cost: 1 #", "extension/bad-value"),
        ("cost: one", "cost: two\ncost: one", "extension/not-yaml"),
        ("sources: []", "sources: [", "extension/not-yaml"),
        ("sources: []", "sources: []\nmood: fine", "extension/unknown-key"),
        ("sources: []", "", "extension/missing-key"),
    ],
)
def test_bad_sheet_is_refused(install: Install, sheet: str, good: str, bad: str, code: str) -> None:
    assert sheet.count(good) == 1
    install({"guard.yaml": sheet.replace(good, bad)})
    refused(with_code=code)


def test_misspelt_key_is_refused_with_the_right_one(install: Install, sheet: str) -> None:
    install({"guard.yaml": sheet.replace("question:", "qestion:")})
    error = refused(with_code="extension/unknown-key")
    assert "`qestion`" in error.message
    assert error.help == "did you mean `question`?"


@pytest.mark.parametrize(
    ("good", "bad", "code"),
    [
        ("name: quiet", "nam: quiet", "extension/unknown-key"),
        ("event: {output: Guten Tag}", "event: {outputs: Guten Tag}", "extension/unknown-key"),
        ("event: {output: Guten Tag}", "event: {output: a, input: b}", "extension/bad-value"),
        ("event: {output: Guten Tag}", "event: {output: a, args: {}}", "extension/bad-value"),
        ("event: {output: Guten Tag}", "event: {}", "extension/bad-value"),
        ("expect: {outcome: allow}", "expect: {outcome: allowed}", "extension/bad-value"),
        ("expect: {outcome: allow}", "expect: {outcome: allow, ran: not_applicable}", "extension/bad-value"),
        ("expect: {outcome: allow}", "expect: {}", "extension/bad-value"),
        ("expect: {outcome: allow}", "expect: {outcome: allow, code: x}", "extension/unknown-key"),
        ("expect: {outcome: allow}", "expect: {outcome: allow}, person: 17", "extension/bad-value"),
        ("expect: {outcome: allow}", "expect: {outcome: allow}, now: 2026-11-24", "extension/bad-value"),
        ("expect: {outcome: allow}", "expect: {outcome: allow}, turns: [{users: a}]", "extension/unknown-key"),
        (
            "expect: {outcome: allow}",
            "expect: {outcome: allow}, turns: [{user: a, assistant: b}]",
            "extension/bad-value",
        ),
        ("name: quiet", "name: loud", "extension/vectors"),
        ("expect: {outcome: allow}", "expect: {outcome: hold}", "extension/vectors"),
        ("expect: {outcome: hold, codes: [loud_words/shouted]}", "expect: {outcome: allow}", "extension/vectors"),
        ("expect: {ran: not_applicable}", "expect: {outcome: allow}", "extension/vectors"),
        ("SCHÖNEN TAG", "GUTEN TAG", "extension/vectors"),
    ],
)
def test_bad_vectors_of_another_package_are_refused(
    install: Install, vectors: str, good: str, bad: str, code: str
) -> None:
    assert vectors.count(good) == 1
    install({"vectors.yaml": vectors.replace(good, bad)})
    refused(with_code=code)


def test_empty_vectors_are_refused(install: Install) -> None:
    install({"vectors.yaml": "vectors: []\n"})
    refused(with_code="extension/bad-value")


def test_guard_without_judge_is_refused_when_asked(install: Install, parse_shop: Callable[[str], System]) -> None:
    install({"guard.py": "def judged(event, context):\n    return None\n"})
    results = run_vectors(by_name("safety/loud_words"), parse_shop)
    assert all("ExtensionError" in result.problem for result in results)


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        ("def judged(event, context):\n    return None\n", "extension/no-judge"),
        ("import nothing_of_this_name\n", "extension/not-importable"),
        ("raise SystemError\n", "extension/not-importable"),
    ],
)
def test_broken_guard_is_refused_before_the_first_event(install: Install, code: str, refusal: str) -> None:
    install({"guard.py": code})
    with pytest.raises(ExtensionError) as caught:
        prepare(load())
    assert caught.value.code == refusal


def test_digest_changes_with_sheet_and_code_and_not_with_vectors(install: Install, tmp_path: Path) -> None:
    folder = tmp_path / install() / "safety" / "guards" / "loud_words"
    first = by_name("safety/loud_words").sheet.digest
    (folder / "vectors.yaml").write_text((folder / "vectors.yaml").read_text("utf-8") + "# more\n", "utf-8")
    assert by_name("safety/loud_words").sheet.digest == first
    (folder / "wording.py").write_text("SHOUTS = True\n")
    second = by_name("safety/loud_words").sheet.digest
    assert second != first
    (folder / "guard.yaml").write_text((folder / "guard.yaml").read_text() + "# more\n")
    assert by_name("safety/loud_words").sheet.digest not in (first, second)


def test_engine_name_depends_on_every_guard_and_on_no_order() -> None:
    guards = load()
    assert engine_name(guards) == engine_name(tuple(reversed(guards)))
    assert engine_name(guards) != engine_name(guards[1:])
    changed = replace(guards[0], sheet=replace(guards[0].sheet, digest="sha256:0"))
    assert engine_name(guards) != engine_name((changed, *guards[1:]))


@pytest.mark.parametrize("lens", list(Lens))
def test_each_lens_has_its_page_and_its_concerns(lens: Lens) -> None:
    concerns = [concern for concern in load_concerns() if concern.lens is lens]
    assert concerns
    assert len({concern.id for concern in concerns}) == len(concerns)


def test_guard_names_a_concern_of_its_own_lens() -> None:
    concerns = {(concern.lens, concern.id) for concern in load_concerns()}
    for guard in load():
        named = [name for name in guard.sheet.concerns if (guard.sheet.lens, name) in concerns]
        assert named, guard.sheet.name
