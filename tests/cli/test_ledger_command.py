"""Giving strangers what they need: proofs, exports, counts, keys that follow one another."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trilens.cli.ending import Ending
from trilens.errors import SettingsError
from trilens.prove.ledger.__main__ import main as stranger
from trilens.storage.sqlite.journal import open_journal

if TYPE_CHECKING:
    from tests.cli.conftest import Shop


def key_of(shop: "Shop") -> str:
    return shop.type("ledger", "checkpoint-key").out.strip()


@pytest.mark.requirement("X6", "C13")
def test_a_decision_is_proven_to_a_stranger(shop: "Shop") -> None:
    ruled = shop.answer()
    decision = ruled.plan.rulings[0].decision.id
    key = key_of(shop)
    wrote = shop.type("ledger", "prove", decision, "--out", "it.tlog-proof")
    assert (wrote.ending, "trilens ledger check" in wrote.out) == (0, True), wrote.err
    text = shop.folder.joinpath("it.tlog-proof").read_text(encoding="utf-8")
    assert text.startswith("c2sp.org/tlog-proof@v1\nextra ")
    checked = shop.type("ledger", "check", "it.tlog-proof", "--key", key)
    assert (checked.ending, checked.out.startswith("the proof: OK")) == (0, True), checked.out
    assert "it is entry 1 of" in checked.out
    by_number = json.loads(shop.type("ledger", "prove", "1", "--json").out)
    assert (by_number["kind"], by_number["proof"]) == ("ledger.prove", text)
    assert shop.type("ledger", "prove", "1").out == text
    shop.folder.joinpath("other").write_text(text.replace("index 1", "index 0"), encoding="utf-8")
    assert shop.type("ledger", "check", "other", "--key", key).ending == Ending.FAIL
    assert stranger(["check", "it.tlog-proof", "--key", key]) == 0
    assert stranger(["check", "other", "--key", key]) == 1


@pytest.mark.requirement("X6", "C13")
def test_growth_is_proven_from_a_checkpoint_that_was_kept(shop: "Shop") -> None:
    shop.held()
    shop.folder.joinpath("kept").write_text(shop.type("ledger", "checkpoint").out, encoding="utf-8")
    size = int(shop.folder.joinpath("kept").read_text(encoding="utf-8").split("\n")[1])
    shop.held(words="one more")
    assert shop.type("ledger", "prove", "--from", str(size), "--out", "growth").ending == 0
    key = key_of(shop)
    assert shop.type("ledger", "check", "growth", "--key", key, "--known", "kept").ending == 0
    assert shop.type("ledger", "check", "growth", "--key", key).ending == Ending.UNKNOWN
    document = json.loads(shop.type("ledger", "check", "growth", "--key", key, "--known", "kept", "--json").out)
    assert (document["kind"], document["standing"]) == ("ledger.check", "ok")


def test_what_cannot_be_proven_is_said(shop: "Shop") -> None:
    assert "error[settings/no-checkpoint]" in shop.type("ledger", "prove", "0").err
    shop.held()
    assert "error[ledger/not-covered]" in shop.type("ledger", "prove", "999999").err
    assert "error[ledger/not-covered]" in shop.type("ledger", "prove", "--from", "999").err
    assert "error[cli/unknown-decision]" in shop.type("ledger", "prove", "dec_none").err
    assert "error[cli/usage]" in shop.type("ledger", "prove").err
    assert "error[cli/usage]" in shop.type("ledger", "prove", "1", "--from", "1").err
    assert "error[cli/usage]" in shop.type("ledger", "check", "none").err
    assert "error[settings/proof-file]" in shop.type("ledger", "check", "none", "--key", key_of(shop)).err
    shop.folder.joinpath("no").write_text("no proof", encoding="utf-8")
    assert "error[ledger/proof]" in shop.type("ledger", "check", "no", "--key", key_of(shop)).err


@pytest.mark.requirement("X6", "C13")
def test_an_export_verifies_without_the_installation(shop: "Shop", monkeypatch: pytest.MonkeyPatch) -> None:
    shop.held()
    key = key_of(shop)
    assert json.loads(shop.type("ledger", "export", "out", "--dry-run", "--json").out)["written"] is False
    assert not shop.folder.joinpath("out").exists()
    assert shop.type("ledger", "export", "out").ending == 0
    assert "error[store/export]" in shop.type("ledger", "export", "out").err
    shop.folder.joinpath("out").rename(shop.folder.parent / "out")
    monkeypatch.chdir(shop.folder.parent)
    typed = shop.type("ledger", "verify", "--export", "out", "--key", key)
    assert (typed.ending, "OK" in typed.out) == (0, True), typed.err
    assert stranger(["verify", "out", "--key", key]) == 0
    assert "error[cli/usage]" in shop.type("ledger", "verify", "--export", "out").err
    assert stranger(["verify", "out", "--key", key.replace("corner", "korner")]) == 2


@pytest.mark.requirement("X6", "C13")
def test_an_observer_s_counts_are_compared(shop: "Shop") -> None:
    shop.held()
    for counts, ending, says in (
        ({"tools": {"refund": 0}}, Ending.PASS, "as many as were seen"),
        (
            {"tools": {"refund": 1}},
            Ending.FAIL,
            "not everything was recorded: 0 calls of `refund` in the ledger, 1 seen",
        ),
        ({"model_calls": 9}, Ending.FAIL, "not everything was recorded"),
    ):
        shop.folder.joinpath("counts.json").write_text(json.dumps(counts), encoding="utf-8")
        typed = shop.type("ledger", "verify", "--counts", "counts.json")
        assert (typed.ending, says in typed.out) == (ending, True), typed.out
    shop.folder.joinpath("counts.json").write_text("{}", encoding="utf-8")
    assert "error[settings/counts]" in shop.type("ledger", "verify", "--counts", "counts.json").err


@pytest.mark.requirement("X6")
def test_a_key_is_replaced_and_the_old_one_goes_on_verifying(shop: "Shop") -> None:
    shop.held()
    old = key_of(shop)
    shop.folder.joinpath("kept").write_text(shop.type("ledger", "checkpoint").out, encoding="utf-8")
    assert json.loads(shop.type("ledger", "rotate", "--dry-run", "--json").out)["rotated"] is False
    assert key_of(shop) == old
    typed = shop.type("ledger", "rotate")
    assert typed.ending == 0, typed.err
    new = typed.out.strip()
    assert (key_of(shop), new != old) == (new, True)
    # a server starts, records and signs with the new key
    shop.held(words="and one more")
    for key in (old, new):
        verified = shop.type("ledger", "verify", "--key", key, "--known", "kept")
        assert (verified.ending, "2 keys" in verified.out) == (0, True), verified.out
    assert shop.type("gate", "--dry-run").ending != Ending.FAULT
    assert shop.type("ledger", "export", "out").ending == 0
    assert shop.type("ledger", "verify", "--export", "out", "--key", old).ending == 0
    again = shop.type("ledger", "rotate", "--json")
    assert json.loads(again.out)["old"] == new
    assert shop.type("ledger", "verify", "--key", old).ending == 0


@pytest.mark.requirement("X6")
def test_no_private_key_is_shown_or_readable_by_others(shop: "Shop") -> None:
    shop.held()
    shop.type("ledger", "rotate")
    path = shop.home / "log.key"
    assert path.stat().st_mode & 0o077 == 0
    seed = path.read_text(encoding="ascii").split("\n")[1].removeprefix("seed ")
    shown = [
        shop.type("ledger", *words)
        for words in (("rotate", "--json"), ("checkpoint-key",), ("verify", "--json"), ("checkpoint",))
    ]
    assert not any(seed in typed.out + typed.err for typed in shown)


@pytest.mark.requirement("X6")
def test_a_rotation_that_was_cut_short_signs_nothing_until_it_is_finished(shop: "Shop") -> None:
    shop.held()
    old = key_of(shop)
    shop.home.joinpath("log.key.next").write_bytes(b"half a file")
    assert "error[settings/log-key]" in shop.type("keys", "create", "--operator", "lead").err
    with pytest.raises(SettingsError) as caught:
        shop.answer()
    assert caught.value.code == "settings/log-key"
    assert "error[settings/log-key-file]" in shop.type("ledger", "rotate").err
    shop.home.joinpath("log.key.next").unlink()
    assert shop.type("ledger", "rotate").ending == 0
    assert shop.type("ledger", "verify", "--key", old).ending == 0


def test_a_key_is_not_replaced_under_a_running_server(shop: "Shop") -> None:
    shop.held()
    old = key_of(shop)
    journal = open_journal(shop.home)
    try:
        refused = shop.type("ledger", "rotate")
        assert (refused.ending, "error[store/locked]" in refused.err) == (Ending.FAULT, True), refused.err
        # what only reads works beside it
        for words in (("prove", "1"), ("checkpoint",), ("verify",), ("export", "out")):
            assert shop.type("ledger", *words).ending == 0
    finally:
        journal.close()
    assert key_of(shop) == old
    assert sorted(path.name for path in shop.home.glob("log.key*")) == []


def test_help_of_every_verb_names_what_it_takes(bare: "Shop") -> None:
    for verb in ("verify", "prove", "check", "export", "checkpoint", "checkpoint-key", "rotate"):
        assert bare.type("ledger", verb, "--help").ending == 0
    assert Path("system.yaml").exists()
