"""Frames as people read them, character by character."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from trilens.declare.frames import columns, render, visible
from trilens.declare.parse import Manifest
from trilens.errors import ManifestError, Place

Read: TypeAlias = Callable[..., Manifest]
Change: TypeAlias = Callable[[Mapping[str, str]], str]


def frame_of(read_manifest: Read, text: str) -> str:
    try:
        read_manifest(text)
    except ManifestError as error:
        return "\n".join(render(problem) for problem in error.problems)
    raise AssertionError("it parsed")


def test_frame_of_a_misspelt_key(read_manifest: Read, changed: Change) -> None:
    assert frame_of(read_manifest, changed({"effect: spend": "efect: spend"})) == (
        "system.yaml:33:5: error[manifest/unknown-key]: unknown key `efect` in `tools.refund`\n"
        "   33 |     efect: spend\n"
        "      |     ^^^^^ did you mean `effect`?\n"
        "  why: a misspelt key would silently do nothing   trilens explain manifest/unknown-key"
    )


def test_frame_of_a_long_line_shows_the_part_that_matters(read_manifest: Read, changed: Change) -> None:
    assert frame_of(read_manifest, changed({"fallback: [spare]": "fallback: [sparr]"})) == (
        "system.yaml:11:148: error[manifest/unknown-model]: unknown model `sparr` in `models.chat.fallback[0]`\n"
        "   11 | …_URL, key: env:UPSTREAM_KEY, region: eu, processor: contoso-ai, reads: [contact, purchase], fallback: [sparr]}\n"
        "      | " + " " * 104 + "^^^^^ did you mean `spare`?\n"
        "  why: nothing would be known about where it is and what it may read   trilens explain manifest/unknown-model"
    )


def test_frame_masks_a_key(read_manifest: Read, changed: Change) -> None:
    frame = frame_of(read_manifest, changed({"key: env:UPSTREAM_KEY": "key: 0a1b2c3d4e5f"}))
    assert "0a1b2c3d4e5f" not in frame
    assert "key: ••••••••••••, region" in frame


def test_frame_shows_hidden_characters_as_escapes(read_manifest: Read, changed: Change) -> None:
    frame = frame_of(read_manifest, changed({"Answer Northwind": "Answer\u202e Northwind"}))
    assert '    4 | purposes: {support: "Answer\\u202e Northwind' in frame
    assert frame.splitlines()[2] == "      | " + " " * 27 + "^^^^^^ delete it"


def test_frame_marks_wide_letters_by_their_width() -> None:
    place = Place("system.yaml", 3, 5, 2, "名前: 値段x")
    problem = ManifestError("manifest/no-such", "m", help="h", place=place)
    assert render(problem, severity="warning") == (
        "system.yaml:3:5: warning[manifest/no-such]: m\n    3 | 名前: 値段x\n      |       ^^^^ h"
    )


def test_frame_without_a_line_still_helps() -> None:
    problem = ManifestError("manifest/missing-file", "no manifest `system.yaml`", help="`trilens init` writes one")
    assert render(problem).splitlines()[:2] == [
        "error[manifest/missing-file]: no manifest `system.yaml`",
        "  help: `trilens init` writes one",
    ]


def test_terminal_escapes_are_shown_and_not_acted_on() -> None:
    assert visible("a\x1b[31mb\u202ec\U000e0041\u00a0d") == "a\\x1b[31mb\\u202ec\\U000e0041\u00a0d"


def test_columns_of_letters() -> None:
    assert [columns(text) for text in ("ab", "é", "e\u0301", "値段", "")] == [2, 1, 1, 4, 0]
