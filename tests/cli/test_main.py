"""The command line as a whole: nouns, options anywhere, endings, and errors that never show a stack trace unasked."""

import json
import os
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
import typer

from trilens.cli import catalog, installation
from trilens.cli.ending import Ending, ending_of
from trilens.cli.main import NOUNS, help_page, main
from trilens.errors import (
    ExtensionError,
    LedgerError,
    ManifestError,
    PeopleError,
    SettingsError,
    StoreError,
    TrilensError,
    WireError,
)
from trilens.explanations import explain
from trilens.storage.sqlite import place

if TYPE_CHECKING:
    from tests.cli.conftest import Shop

ALL = [noun for group in NOUNS.values() for noun in group]


@pytest.mark.parametrize("noun", ALL)
def test_every_noun_of_the_page_is_there_and_says_what_it_is_for(noun: str, bare: "Shop") -> None:
    typed = bare.type(noun, "--help")
    assert typed.ending == 0
    assert f"Usage: trilens {noun}" in typed.out
    assert isinstance(import_module(f"trilens.cli.{noun}").app, typer.Typer)


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_needs_no_noun(words: list[str], bare: "Shop") -> None:
    assert bare.type(*words).out == help_page()


def test_help_fits_eighty_columns() -> None:
    assert max(len(line) for line in help_page().splitlines()) <= 80


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from trilens.cli.main import main; main(['--help']); print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert loaded.isdisjoint({"typer", "rich", "click", "pydantic", "ruamel", "apsw", "fastapi", "cryptography"})


def test_version_is_one_line(bare: "Shop") -> None:
    typed = bare.type("--version")
    assert typed.out.startswith("trilens ")
    assert typed.out.count("\n") == 1


def test_options_may_stand_before_the_noun(bare: "Shop") -> None:
    other = bare.folder / "other.yaml"
    other.write_text(bare.folder.joinpath("system.yaml").read_text("utf-8").replace("corner-shop", "kiosk"), "utf-8")
    before = bare.type("--json", "--system", "other.yaml", "check")
    after = bare.type("check", "--system", "other.yaml", "--json")
    assert before == after
    assert json.loads(before.out)["file"] == "other.yaml"


def test_a_misspelt_noun_gets_a_suggestion(bare: "Shop") -> None:
    typed = bare.type("aprovals", "list")
    assert typed.ending == Ending.USAGE
    assert "did you mean `approvals`?" in typed.err


@pytest.mark.parametrize(
    "words",
    [["check", "--jsn"], ["explain"], ["approvals", "aprove", "x"], ["serve", "--port", "x"], ["keys", "revoke"]],
)
def test_words_a_noun_does_not_take_are_a_usage_error_in_our_form(words: list[str], bare: "Shop") -> None:
    typed = bare.type(*words)
    assert typed.ending == Ending.USAGE
    assert typed.err.startswith("error[cli/usage]: ")
    assert f"`trilens {words[0]}" in typed.err
    assert "--help` shows what it takes" in typed.err


@pytest.mark.parametrize("noun", ["approvals", "keys", "ledger", "catalog"])
def test_a_noun_without_its_verb_shows_its_help(noun: str, bare: "Shop") -> None:
    typed = bare.type(noun)
    assert (typed.ending, "Commands:" in typed.out) == (Ending.USAGE, True)


def test_a_fault_of_ours_names_its_place_and_none_of_its_data(bare: "Shop", monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks() -> None:
        raise ValueError("the customer's secret")

    monkeypatch.setattr(catalog, "load", breaks)
    typed = bare.type("catalog", "list")
    assert typed.ending == Ending.FAULT
    assert "error[cli/fault]: trilens has a fault: `ValueError` in breaks" in typed.err
    assert "secret" not in typed.err
    assert "Traceback" not in typed.err
    with pytest.raises(ValueError, match="secret"):
        main(["catalog", "list", "--debug"])


def test_an_interrupt_ends_as_the_shell_expects(bare: "Shop", monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(catalog, "load", interrupted)
    assert bare.type("catalog", "list").ending == 130


def test_errors_under_json_are_one_document_on_the_error_stream(bare: "Shop") -> None:
    typed = bare.type("approvals", "list", "--json")
    assert typed.out == ""
    document = json.loads(typed.err)
    assert (document["v"], document["kind"], document["ending"]) == (1, "error", 2)
    [error] = document["errors"]
    assert set(error) == {"code", "message", "help", "place"}
    assert error["code"] == "settings/no-state"


def test_a_manifest_with_many_problems_shows_some_and_counts_the_rest(bare: "Shop") -> None:
    wrong = "\n".join(f"wrong{n}: 1" for n in range(30))
    bare.folder.joinpath("system.yaml").write_text(f"trilens: 1\nsystem: x\n{wrong}\n", encoding="utf-8")
    typed = bare.type("gate")
    assert typed.ending == Ending.USAGE
    assert typed.err.count("error[manifest/unknown-key]") == 20
    assert "and 10 more" in typed.err
    assert len(json.loads(bare.type("gate", "--json").err)["errors"]) == 30


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (ManifestError("a/b", ""), Ending.USAGE),
        (SettingsError("a/b", ""), Ending.USAGE),
        (PeopleError("a/b", ""), Ending.USAGE),
        (ExtensionError("a/b", ""), Ending.USAGE),
        (StoreError("a/b", ""), Ending.FAULT),
        (LedgerError("a/b", ""), Ending.FAULT),
        (WireError("a/b", ""), Ending.FAULT),
        (TrilensError("a/b", ""), Ending.FAULT),
    ],
)
def test_the_ending_says_whose_fault_it_is(error: TrilensError, ending: Ending) -> None:
    assert ending_of(error) is ending


def test_endings_are_the_five_that_scripts_know() -> None:
    assert {ending.name: int(ending) for ending in Ending} == {
        "PASS": 0,
        "FAIL": 1,
        "USAGE": 2,
        "UNKNOWN": 3,
        "FAULT": 4,
    }


def test_output_that_nobody_reads_is_no_error(bare: "Shop") -> None:
    program = f"{sys.executable} -m trilens.cli.main schema | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", program],
        cwd=bare.folder,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_store_is_looked_for_by_its_own_names() -> None:
    assert (installation._JOURNAL, installation._LOCK) == (place.JOURNAL, place.LOCK)


@pytest.mark.parametrize("code", ["cli/usage", "cli/fault", "people/not-yours", "settings/no-state", "store/locked"])
def test_every_error_says_where_to_read_on(code: str) -> None:
    assert explain(code) is not None
