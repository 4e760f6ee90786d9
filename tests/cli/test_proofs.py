"""Looking things up and proving them: explain, ledger, gate, catalog."""

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import apsw
import pytest

from trilens.cli import catalog
from trilens.cli.ending import Ending
from trilens.explanations import areas, of_area
from trilens.lenses.rehearsal import VectorResult
from trilens.prove.ledger.entry import Kind, decode
from trilens.storage.sqlite.journal import open_journal

if TYPE_CHECKING:
    from tests.cli.conftest import Shop

REASON = '{"order_id": "A-1001", "amount": 450, "reason": "\\u001b[2J\\u202e"}'


def bodies(shop: "Shop", kind: Kind) -> list[dict[str, object]]:
    journal = open_journal(shop.home, read_only=True)
    try:
        entries = [decode(leaf) for leaf in journal.leaves(0, journal.size())]
    finally:
        journal.close()
    return [dict(e.body) for e in entries if e.kind is kind]


@pytest.mark.parametrize("area", areas())
def test_every_code_can_be_explained_anywhere(bare: "Shop", area: str) -> None:
    code = next(iter(of_area(area)))
    typed = bare.type("explain", code, columns=40)
    assert typed.ending == 0
    assert typed.out.startswith(code)
    assert max(map(len, typed.out.split("\n"))) <= 40
    assert set(json.loads(bare.type("explain", code, "--json").out)) == {"v", "kind", "code", "what", "why", "fix"}


def test_a_misspelt_code_gets_a_suggestion(bare: "Shop") -> None:
    typed = bare.type("explain", "manifest/unknown-kee")
    assert (typed.ending, "did you mean `manifest/unknown-key`?" in typed.err) == (Ending.USAGE, True)
    assert "error[cli/unknown-code]" in bare.type("explain", "nonsense").err


def test_a_decision_is_explained_from_the_record(shop: "Shop") -> None:
    ruled = shop.answer(REASON)
    decision = ruled.plan.rulings[0].decision.id
    typed = shop.type("explain", decision)
    assert typed.ending == 0, typed.err
    assert f"{decision}: hold" in typed.out
    assert "irreversible_effect" in typed.out
    assert "\\x1b[2J\\u202e" in typed.out
    assert not set(typed.out) & set("\x1b\u202e")
    assert f"trilens approvals show {ruled.plan.case}" in typed.out
    document = json.loads(shop.type("explain", decision, "--json").out)
    assert (document["kind"], document["decision"]["outcome"]) == ("explain.decision", "hold")
    assert document["private"]["person"] == "customer:C-17"


def test_a_decision_nobody_made_is_none(shop: "Shop") -> None:
    typed = shop.type("explain", "dec_none")
    assert (typed.ending, "error[cli/unknown-decision]" in typed.err) == (Ending.USAGE, True)


@pytest.mark.requirement("X6")
def test_an_empty_ledger_is_unknown_and_never_ok(shop: "Shop") -> None:
    typed = shop.type("ledger", "verify")
    assert (typed.ending, typed.out.startswith("0 entries: UNKNOWN")) == (Ending.UNKNOWN, True)
    assert "error[settings/no-checkpoint]" in shop.type("ledger", "checkpoint").err


@pytest.mark.requirement("X6")
def test_a_ledger_verifies_with_a_key_and_a_checkpoint_that_were_kept_elsewhere(shop: "Shop") -> None:
    shop.held()
    key = shop.type("ledger", "checkpoint-key").out.strip()
    assert json.loads(shop.type("ledger", "checkpoint-key", "--json").out)["key"] == key
    shop.folder.joinpath("kept").write_text(shop.type("ledger", "checkpoint").out, encoding="utf-8")
    shop.held(words="one more")
    own = json.loads(shop.type("ledger", "verify", "--json").out)
    assert any("taken from the ledger's own folder" in item for item in own["unestablished"])
    outside = shop.type("ledger", "verify", "--key", key, "--known", "kept", "--json")
    document = json.loads(outside.out)
    assert (outside.ending, document["v"], document["kind"], document["standing"]) == (0, 1, "ledger.verify", "ok")
    assert not any("own folder" in item or "kept elsewhere" in item for item in document["unestablished"])


@pytest.mark.requirement("X6")
def test_a_changed_entry_fails_and_is_named(shop: "Shop") -> None:
    shop.held()
    connection = apsw.Connection(str(shop.home / "journal.db"))
    [(leaf,)] = connection.execute("SELECT leaf FROM entry WHERE idx = 1").fetchall()
    assert isinstance(leaf, bytes)
    changed = leaf.replace(b'"outcome":"hold"', b'"outcome":"deny"')
    assert changed != leaf
    connection.execute("UPDATE entry SET leaf = ? WHERE idx = 1", (changed,))
    connection.close()
    typed = shop.type("ledger", "verify")
    assert typed.ending == Ending.FAIL
    assert "entry 1 is not the one that was signed" in typed.out
    gate = shop.type("gate", "--dry-run")
    assert gate.ending == Ending.FAIL
    assert "THE RECORD DOES NOT VERIFY" in gate.out


@pytest.mark.requirement("X6")
def test_another_logs_key_fails_and_no_key_is_a_usage_error(shop: "Shop") -> None:
    shop.held()
    key = shop.type("ledger", "checkpoint-key").out.strip()
    other = re.sub(r"^[^+]+", "other", key)
    assert "error[settings/verifier-key]" in shop.type("ledger", "verify", "--key", other).err
    assert "error[settings/verifier-key]" in shop.type("ledger", "verify", "--key", "sesame").err
    assert "error[settings/checkpoint-file]" in shop.type("ledger", "verify", "--known", "none").err


@pytest.mark.requirement("V1")
def test_an_empty_project_is_unknown_three_times(bare: "Shop") -> None:
    bare.folder.joinpath("system.yaml").unlink()
    typed = bare.type("gate")
    assert typed.ending == Ending.UNKNOWN
    assert typed.out.count("? UNKNOWN") == 3
    assert "next          trilens init" in typed.out
    assert "there is no ledger yet" in typed.err


@pytest.mark.requirement("V5")
def test_three_verdicts_are_shown_recorded_and_never_merged(shop: "Shop") -> None:
    shop.held()
    typed = shop.type("gate", "--json")
    document = json.loads(typed.out)
    assert (document["v"], document["kind"]) == (1, "gate")
    assert [verdict["lens"] for verdict in document["verdicts"]] == ["safety", "security", "compliance"]
    assert not {"score", "total", "verdict"} & set(document)
    [body] = bodies(shop, Kind.GATE)
    assert body["exit"] == typed.ending == document["exit_code"]
    assert bodies(shop, Kind.CONTROL_EVALUATED)
    assert shop.type("ledger", "verify").ending == 0


def test_a_dry_run_gate_records_nothing(shop: "Shop") -> None:
    assert json.loads(shop.type("gate", "--dry-run", "--json").out)["entry"] is None
    assert bodies(shop, Kind.GATE) == []


def test_one_lens_ends_by_its_own_verdict(shop: "Shop") -> None:
    whole = json.loads(shop.type("gate", "--dry-run", "--json").out)
    endings = {"PASS": 0, "WAIVED": 0, "NOT APPLICABLE": 0, "FAIL": 1, "UNKNOWN": 3}
    for verdict in whole["verdicts"]:
        one = shop.type("gate", "--lens", verdict["lens"], "--dry-run", "--json")
        assert [v["lens"] for v in json.loads(one.out)["verdicts"]] == [verdict["lens"]]
        assert one.ending == endings[verdict["verdict"]]
    assert "did you mean `safety`?" in shop.type("gate", "--lens", "safty").err
    assert "error[gate/unknown-stage]" in shop.type("gate", "--stage", "someday").err


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_gate_keeps_to_its_columns(shop: "Shop", columns: int) -> None:
    for words in ([], ["--full"]):
        typed = shop.type("gate", "--dry-run", *words, columns=columns)
        assert max(map(len, typed.out.split("\n"))) <= columns


def test_the_catalog_lists_every_guard_with_what_it_does_not_see(bare: "Shop") -> None:
    document = json.loads(bare.type("catalog", "list", "--json").out)
    assert (document["v"], document["kind"]) == (1, "catalog.list")
    assert all(guard["limits"] for guard in document["guards"])
    listed = bare.type("catalog", "list", columns=40).out
    assert all(guard["name"] in listed for guard in document["guards"])
    assert max(map(len, listed.split("\n"))) <= 40


def test_vectors_are_tried_and_a_guard_that_answers_otherwise_fails(
    bare: "Shop", monkeypatch: pytest.MonkeyPatch
) -> None:
    good = bare.type("catalog", "check", "action_limits", "--json")
    document = json.loads(good.out)
    assert (good.ending, document["failed"]) == (0, 0)
    assert {row["guard"] for row in document["vectors"]} == {"safety/action_limits"}
    assert "did you mean `action_limits`?" in bare.type("catalog", "check", "action_limit").err

    def fails(guard: object, read: object) -> tuple[VectorResult, ...]:
        return (replace(VectorResult("a/b", "v", ""), problem="expected deny, got allow"),)

    monkeypatch.setattr(catalog, "run_vectors", fails)
    bad = bare.type("catalog", "check", "action_limits")
    assert (bad.ending, "expected deny, got allow" in bad.out) == (Ending.FAIL, True)
