"""Approvals from the command line, with a real ledger and no server: seen whole, decided once, by whom they name, in time."""

import json
from typing import TYPE_CHECKING

import pytest

from trilens.cli.ending import Ending
from trilens.prove.ledger.entry import Kind, decode
from trilens.storage.sqlite.journal import open_journal
from trilens.vocabulary.outcome import Outcome

if TYPE_CHECKING:
    from tests.cli.conftest import Shop

pytestmark = pytest.mark.requirement("S10")

HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07 pay \u202e054\u202c \u200b│ decided: nobody\nwho           everybody\r" + "A" * 200_000
)


def decided(shop: "Shop") -> list[dict[str, object]]:
    journal = open_journal(shop.home, read_only=True)
    try:
        entries = [decode(leaf) for leaf in journal.leaves(0, journal.size())]
    finally:
        journal.close()
    return [dict(e.body) for e in entries if e.kind is Kind.CASE_DECIDED]


def test_no_approvals_say_when_they_appear_and_what_to_type(shop: "Shop") -> None:
    typed = shop.type("approvals", "list")
    assert typed.ending == 0
    assert "no approvals are waiting" in typed.out
    assert "trilens approvals list --all" in typed.out


def test_an_approval_is_recorded_under_the_operators_name_and_lets_the_answer_go_once(shop: "Shop") -> None:
    key, case = shop.key(), shop.held()
    shop.now_ms += 61_000
    typed = shop.type("approvals", "approve", case, key=key)
    assert typed.ending == 0, typed.err
    assert "approved by lead" in typed.out
    [body] = decided(shop)
    assert (body["action"], body["by"], body["key"], body["open_ms"]) == ("approve", "lead", key[:12], 61_000)
    released = shop.answer(kept_case=case)
    assert released.plan.outcome is Outcome.ALLOW
    assert shop.answer(words="and again").plan.outcome is Outcome.HOLD
    assert shop.type("ledger", "verify").ending == 0


def test_a_rejection_is_recorded(shop: "Shop") -> None:
    key, case = shop.key(), shop.held()
    typed = shop.type("approvals", "reject", case, key=key)
    assert typed.ending == 0, typed.err
    assert [body["action"] for body in decided(shop)] == ["refuse"]
    assert "refused" in shop.type("approvals", "show", case).out


def test_an_edit_keeps_the_rest_of_the_call_and_the_types_of_its_arguments(shop: "Shop") -> None:
    key = shop.key()
    case = shop.held('{"order_id": "A-1001", "amount": 450, "reason": "broken", "note": "7"}')
    typed = shop.type("approvals", "edit", case, "--set", "amount=225", "--set", "note=8", "--json", key=key)
    assert typed.ending == 0, typed.err
    edit = json.loads(json.loads(typed.out)["edit"])
    assert edit == {"calls": {"0": {"order_id": "A-1001", "amount": 225, "reason": "broken", "note": "8"}}}
    edited = json.dumps(edit["calls"]["0"])
    assert shop.answer(edited, kept_case=case).plan.rulings[0].decision.case == case


def test_what_was_edited_away_waits_again(shop: "Shop") -> None:
    key, case = shop.key(), shop.held()
    assert shop.type("approvals", "edit", case, "--set", "amount=225", key=key).ending == 0
    assert shop.answer(words="all of the 450 EUR for A-1001").plan.outcome is Outcome.HOLD


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--set", "amuont=1"], "cli/unknown-argument"),
        (["--set", "amount"], "cli/usage"),
        (["--set", "amount=many"], "cli/usage"),
        (["--set", 'amount="many"'], "people/edit-not-possible"),
        (["--set", "amount=450"], "people/edit-not-possible"),
        (["--call", "1", "--set", "amount=1"], "people/edit-not-possible"),
        (["--text", "hello"], "people/edit-not-possible"),
        (["--from", "missing.json"], "settings/edit-file"),
        (["--from", "system.yaml"], "people/edit-form"),
        ([], "cli/usage"),
    ],
)
def test_an_edit_that_cannot_be_meant_changes_nothing(shop: "Shop", words: list[str], code: str) -> None:
    key, case = shop.key(), shop.held()
    typed = shop.type("approvals", "edit", case, *words, key=key)
    assert typed.ending == Ending.USAGE
    assert f"error[{code}]" in typed.err
    assert decided(shop) == []


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_a_case_is_decided_once_and_by_nobody_else_and_in_time(shop: "Shop", verb: str) -> None:
    key, stranger, case = shop.key(), shop.key("dpo"), shop.held()
    assert "error[people/no-key]" in shop.type("approvals", verb, case).err
    assert "error[people/not-yours]" in shop.type("approvals", verb, case, key=stranger).err
    assert "error[people/mistyped-key]" in shop.type("approvals", verb, case, key=key[:-1]).err
    assert "error[people/unknown-case]" in shop.type("approvals", verb, "apr_none", key=key).err
    assert decided(shop) == []
    assert shop.type("approvals", verb, case, key=key).ending == 0
    again = shop.type("approvals", verb, case, key=key)
    assert again.ending == Ending.USAGE
    assert "error[people/already-decided]" in again.err
    late = shop.held(words="one more")
    shop.now_ms += 900_000
    assert "error[people/expired]" in shop.type("approvals", verb, late, key=key).err
    assert len(decided(shop)) == 1


def test_an_agents_key_and_a_revoked_one_decide_nothing(shop: "Shop") -> None:
    key, case = shop.key(), shop.held()
    agent = shop.type("keys", "create", "--agent", "support").out.strip()
    assert "error[people/agent-key]" in shop.type("approvals", "approve", case, key=agent).err
    assert shop.type("keys", "revoke", key[:12]).ending == 0
    assert "error[people/revoked-key]" in shop.type("approvals", "approve", case, key=key).err
    assert decided(shop) == []


def test_a_key_may_come_from_a_file(shop: "Shop") -> None:
    key, case = shop.key(), shop.held()
    shop.folder.joinpath("key").write_text(key + "\n", encoding="utf-8")
    assert "error[settings/key-file]" in shop.type("approvals", "approve", case, "--key-file", "none").err
    assert shop.type("approvals", "approve", case, "--key-file", "key").ending == 0


def test_a_dry_run_says_what_would_be_and_writes_nothing(shop: "Shop") -> None:
    key, case = shop.key(), shop.held()
    before = shop.bytes_on_disk()
    for words in (["approve", case], ["reject", case], ["edit", case, "--set", "amount=1"]):
        typed = shop.type("approvals", *words, "--dry-run", key=key)
        assert typed.ending == 0, typed.err
        assert "would be" in typed.out
    assert decided(shop) == []
    assert shop.type("approvals", "approve", case, "--dry-run").ending == Ending.USAGE
    assert before.count(b"case.decided") == shop.bytes_on_disk().count(b"case.decided")


def test_a_case_of_another_manifest_says_so_and_can_only_be_refused(shop: "Shop") -> None:
    key, case = shop.key(), shop.held()
    manifest = shop.folder / "system.yaml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("1000 EUR", "900 EUR"), encoding="utf-8")
    assert "another manifest" in shop.type("approvals", "show", case).out
    assert "error[people/other-policy]" in shop.type("approvals", "approve", case, key=key).err
    assert shop.type("approvals", "reject", case, key=key).ending == 0


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_hostile_card_stays_in_its_box_and_on_its_columns(shop: "Shop", columns: int) -> None:
    case = shop.held(
        json.dumps({"order_id": "A-1001", "amount": 450, "reason": HOSTILE}), words=f"450 EUR A-1001 {HOSTILE}"
    )
    for words in (["show", case], ["list"], ["list", "--all"]):
        typed = shop.type("approvals", *words, columns=columns)
        assert typed.ending == 0, typed.err
        lines = typed.out.split("\n")
        assert max(len(line) for line in lines if not line.strip().startswith("trilens ")) <= columns
        assert not set(typed.out) & set("\x1b\x07\r\u202e\u202c\u200b")
        assert not any(line.strip().startswith(("decided: nobody", "who           everybody")) for line in lines)
        assert len(typed.out) < 60_000
    shown = shop.type("approvals", "show", case, columns=columns).out
    assert "\\u202e" in shown
    assert "more characters" in shown


def test_everything_can_be_seen_on_demand(shop: "Shop") -> None:
    case = shop.held(json.dumps({"order_id": "A-1001", "amount": 450, "reason": HOSTILE}))
    typed = shop.type("approvals", "show", case, "--full")
    assert typed.out.count("A" * 200_000) == 2
    document = shop.type("approvals", "show", case, "--json").out
    assert document.isascii()
    values = json.loads(document)["case"]["card"]["actions"][0]["values"]
    assert ["args.reason", HOSTILE] in values


def test_json_documents_have_a_version_a_kind_and_utc_moments(shop: "Shop") -> None:
    case = shop.held()
    listed = json.loads(shop.type("approvals", "list", "--json").out)
    assert (listed["v"], listed["kind"]) == (1, "approvals.list")
    [one] = listed["cases"]
    assert set(one) == {
        "v",
        "id",
        "kind",
        "system",
        "stage",
        "opened",
        "expires",
        "decided",
        "decided_by",
        "edited",
        "by",
        "covers",
        "has_kept_answer",
        "is_current",
        "card",
    }
    assert (one["id"], one["stage"], one["opened"]) == (case, "open", "2026-11-24T23:00:00.000Z")
    shown = json.loads(shop.type("approvals", "show", case, "--json").out)
    assert shown == {"v": 1, "kind": "approvals.show", "case": one}


def test_times_name_their_zone(shop: "Shop") -> None:
    case = shop.held()
    assert "2026-11-24 23:15:00 UTC, in 15 min" in shop.type("approvals", "show", case).out
