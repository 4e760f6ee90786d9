"""From an empty folder to a manifest that was reviewed."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trilens.cli.ending import Ending
from trilens.declare.scaffold import GUESS

if TYPE_CHECKING:
    from tests.cli.conftest import Shop


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def empty(bare: "Shop", tmp_path: Path) -> "Shop":
    folder = tmp_path / "new place"
    folder.mkdir()
    bare.monkeypatch.chdir(folder)
    bare.folder = folder
    return bare


def test_init_makes_what_check_accepts_and_marks_every_guess(empty: "Shop") -> None:
    typed = empty.type("init")
    assert typed.ending == 0, typed.err
    assert {"system.yaml", "prompts/assistant.md", ".gitignore", ".trilens/journal.db", ".trilens/keys.db"} <= files(
        empty.folder
    )
    assert "trilens check" in typed.out
    checked = empty.type("check", "--json")
    assert (checked.ending, checked.err) == (0, "")
    assert json.loads(checked.out)["guesses"] > 5
    assert f"still marked `{GUESS}`" in empty.type("check").out


def test_init_makes_a_folder_and_says_how_to_go_there(empty: "Shop") -> None:
    typed = empty.type("init", "my shop/here")
    assert typed.ending == 0, typed.err
    assert (empty.folder / "my shop/here/system.yaml").exists()
    assert "cd 'my shop/here'" in typed.out


def test_init_dry_run_writes_nothing(empty: "Shop") -> None:
    typed = empty.type("init", "there", "--dry-run")
    assert "would write `there/system.yaml`" in typed.out
    assert list(empty.folder.iterdir()) == []


def test_init_keeps_a_manifest_that_is_there_and_gives_it_a_ledger(bare: "Shop") -> None:
    before = bare.folder.joinpath("system.yaml").read_bytes()
    typed = bare.type("init", "--json")
    assert (typed.ending, json.loads(typed.out)["ledger"]) == (0, True)
    assert bare.folder.joinpath("system.yaml").read_bytes() == before
    assert not (bare.folder / "prompts").exists()


def test_init_adds_to_a_gitignore_and_takes_nothing_from_it(empty: "Shop") -> None:
    ignore = empty.folder / ".gitignore"
    ignore.write_text("*.pyc", encoding="utf-8")
    assert empty.type("init").ending == 0
    assert ignore.read_text(encoding="utf-8") == "*.pyc\n.trilens/\n"


def test_init_twice_changes_nothing(shop: "Shop") -> None:
    before = files(shop.folder), shop.folder.joinpath("system.yaml").read_bytes()
    typed = shop.type("init")
    assert (typed.ending, "error[settings/exists]" in typed.err) == (Ending.USAGE, True)
    assert (files(shop.folder), shop.folder.joinpath("system.yaml").read_bytes()) == before


def test_init_overwrites_no_file_and_then_makes_none(empty: "Shop") -> None:
    (empty.folder / "prompts").mkdir()
    (empty.folder / "prompts/assistant.md").write_text("mine", encoding="utf-8")
    typed = empty.type("init")
    assert (typed.ending, "error[settings/exists]" in typed.err) == (Ending.USAGE, True)
    assert files(empty.folder) == {"prompts/assistant.md"}


def test_init_where_nothing_can_be_made_is_an_error(empty: "Shop") -> None:
    (empty.folder / "file").write_text("", encoding="utf-8")
    typed = empty.type("init", "file/below")
    assert typed.ending == Ending.USAGE
    assert "error[settings/not-writable]" in typed.err


def test_check_ends_with_fail_for_an_error_and_pass_for_warnings(bare: "Shop") -> None:
    clean = bare.type("check", "--json")
    assert (clean.ending, json.loads(clean.out)["errors"]) == (Ending.PASS, 0)
    manifest = bare.folder / "system.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace("effect: spend", "efect: spend"), encoding="utf-8")
    typed = bare.type("check")
    assert typed.ending == Ending.FAIL
    assert "system.yaml:14:5: error[manifest/unknown-key]" in typed.out
    assert "did you mean `effect`?" in typed.out
    document = json.loads(bare.type("check", "--json").out)
    assert (document["v"], document["kind"]) == (1, "check")
    problem = next(p for p in document["problems"] if p["code"] == "manifest/unknown-key")
    assert problem["place"] == {"file": "system.yaml", "line": 14, "column": 5, "width": 5}
    assert set(problem) == {"severity", "code", "message", "help", "place"}


def test_check_shows_what_a_reviewer_finds(bare: "Shop") -> None:
    manifest = bare.folder / "system.yaml"
    manifest.write_text(
        manifest.read_text("utf-8").replace("    limits: [{max: 1000 EUR, per: customer, window: 1d}]\n", ""),
        encoding="utf-8",
    )
    typed = bare.type("check")
    assert typed.ending == Ending.FAIL
    assert "error[manifest/effect-without-limit]" in typed.out


@pytest.mark.parametrize("columns", [40, 80])
def test_check_keeps_to_its_columns(bare: "Shop", columns: int) -> None:
    manifest = bare.folder / "system.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace("tools: [refund]", "tolls: [refund]"), encoding="utf-8")
    typed = bare.type("check", columns=columns)
    assert "did you mean `tools`?" in " ".join(typed.out.split())
    assert max(map(len, typed.out.split("\n"))) <= columns


def test_check_without_a_manifest_says_what_to_type(empty: "Shop") -> None:
    typed = empty.type("check")
    assert (typed.ending, "trilens init" in typed.err) == (Ending.USAGE, True)


def test_check_of_hostile_text_acts_on_no_terminal(bare: "Shop") -> None:
    bare.folder.joinpath("system.yaml").write_text(
        'trilens: 1\nsystem: "\\e[2J\\u202e"\n"\\e[31mkey": 1\n', encoding="utf-8"
    )
    typed = bare.type("check")
    assert typed.ending == Ending.FAIL
    assert not set(typed.out + typed.err) & set("\x1b\u202e")


def test_schema_is_the_editors_schema(bare: "Shop") -> None:
    schema = json.loads(bare.type("schema").out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert bare.type("schema", "--json").out == bare.type("schema").out
