"""`trilens replay`, `trilens catalog coverage` and the story that `trilens explain` tells, typed at a shop with a real record."""

import json
from typing import TYPE_CHECKING

import pytest

from trilens.cli.ending import Ending
from trilens.prove.ledger.entry import Entry, Kind, decode
from trilens.storage.sqlite.journal import open_journal
from trilens.storage.sqlite.keyring import open_keyring
from trilens.vocabulary.outcome import Outcome

if TYPE_CHECKING:
    from tests.cli.conftest import Shop


def entries(shop: "Shop") -> list[Entry]:
    journal = open_journal(shop.home, read_only=True)
    try:
        return [decode(leaf) for leaf in journal.leaves(0, journal.size())]
    finally:
        journal.close()


def destroy(shop: "Shop", kind: Kind) -> None:
    """Destroy the key of the first payload of this kind."""
    keyring = open_keyring(shop.home)
    keyring.destroy(next(entry.payload[0].ring for entry in entries(shop) if entry.kind is kind))
    keyring.close()


@pytest.mark.requirement("V7")
def test_what_was_recorded_is_decided_the_same_again(shop: "Shop") -> None:
    shop.held()
    typed = shop.type("replay", "--ledger", columns=80)
    assert typed.ending == Ending.PASS, typed
    assert "1 decision, each judged again under the manifest it was made under" in typed.out
    counts = json.loads(shop.type("replay", "--ledger", "--json").out)["counts"]
    assert counts == {"same": 1, "different": 0, "cannot": 0}


@pytest.mark.requirement("V7")
def test_another_manifest_is_tried_before_it_ships(shop: "Shop") -> None:
    shop.held()
    text = (shop.folder / "system.yaml").read_text(encoding="utf-8")
    looser = text.replace("{always: true, by: [leads], expires: 15m}", "{never: small shop, accepted_by: lead}")
    (shop.folder / "other.yaml").write_text(looser, encoding="utf-8")
    typed = shop.type("replay", "--ledger", "--policy", "other.yaml")
    assert typed.ending == Ending.FAIL, typed
    assert "Would be decided otherwise" in typed.out
    assert "hold: irreversible_effect/approval_required → allow" in typed.out
    (shop.folder / "other.yaml").write_text(text + "# the same, with a remark\n", encoding="utf-8")
    assert shop.type("replay", "--ledger", "--policy", "other.yaml").ending == Ending.PASS


def test_a_decision_whose_key_is_destroyed_cannot_be_made_again_and_no_record_is_no_answer(shop: "Shop") -> None:
    assert shop.type("replay", "--ledger").ending == Ending.UNKNOWN
    shop.held()
    destroy(shop, Kind.DECISION)
    typed = shop.type("replay", "--ledger")
    assert typed.ending == Ending.UNKNOWN
    assert "erased: the key of a payload it rests on was destroyed" in typed.out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], "cli/usage"),
        (["--ledger", "--since", "yesterday"], "cli/moment"),
        (["--ledger", "--decision", "dec_none"], "cli/unknown-decision"),
        (["--ledger", "--policy", "nowhere.yaml"], "manifest/missing-file"),
    ],
)
def test_what_cannot_be_meant_is_refused(shop: "Shop", words: list[str], code: str) -> None:
    typed = shop.type("replay", *words)
    assert typed.ending == Ending.USAGE
    assert code in typed.err


def test_only_what_was_asked_for_is_replayed(shop: "Shop") -> None:
    shop.held()
    shop.now_ms += 86_400_000
    ruled = shop.answer('{"order_id": "A-2", "amount": 2}', words="Another")
    one = json.loads(shop.type("replay", "--ledger", "--since", "2026-11-25T12:00:00Z", "--json").out)["decisions"]
    assert [row["decision"] for row in one] == [ruled.plan.rulings[0].decision.id]


@pytest.mark.requirement("C12")
def test_a_held_call_is_told_as_a_story_by_its_decision_its_event_and_its_case(shop: "Shop") -> None:
    case = shop.held()
    [body] = [entry.body for entry in entries(shop) if entry.kind is Kind.DECISION]
    event = body["event"]
    assert isinstance(event, list)
    told = {shop.type("explain", str(name)).out for name in (body["id"], event[0], case)}
    assert len(told) == 1
    [story] = told
    assert story.startswith(
        "Agent support was about to call refund, for a customer. It was held for a person to decide."
    )
    assert "Safety held it. `refund` always waits for `leads`." in story
    assert "lead, second-lead, until" in story
    assert f"trilens approvals show {case}" in story
    assert "C-17" not in story


def test_a_story_says_who_decided_and_when_time_ran_out(shop: "Shop") -> None:
    case = shop.held()
    shop.now_ms += 3_600_000
    assert "nobody any more: its time ran out" in shop.type("explain", case).out
    again = shop.held()
    assert shop.type("approvals", "approve", again, key=shop.key()).ending == 0
    assert "lead did, 2026-11-25 00:00:00 UTC: approved" in shop.type("explain", again).out


def test_a_denied_call_says_that_nobody_can_approve_it(shop: "Shop") -> None:
    ruled = shop.answer('{"order_id": "A-1001", "amount": 5000}')
    assert ruled.plan.rulings[0].decision.outcome is Outcome.DENY
    story = shop.type("explain", ruled.plan.rulings[0].decision.id).out
    assert "It was refused, and nothing of it was released." in story
    assert "Safety stopped it." in story
    assert "nobody: what is denied is denied whoever approves" in story


@pytest.mark.requirement("C12")
def test_an_erased_decision_is_told_from_its_entry_and_says_what_is_gone(shop: "Shop") -> None:
    case = shop.held()
    destroy(shop, Kind.DECISION)
    typed = shop.type("explain", case)
    assert typed.ending == 0
    assert "Agent support was about to call refund, for somebody." in typed.out
    assert "Erased since, or no longer to be opened" in typed.out
    assert "A person must decide before the call happens." in typed.out
    assert "A-1001" not in typed.out


def test_coverage_says_which_guards_ran_and_when_nothing_ran(shop: "Shop") -> None:
    assert shop.type("catalog", "coverage").ending == Ending.UNKNOWN
    shop.held()
    found = json.loads(shop.type("catalog", "coverage", "--json").out)
    assert found["whole"]
    limits = next(row for row in found["ran"] if row["guard"] == "safety/action_limits")
    assert (limits["judged"], limits["failed"]) == (1, 0)
    shop.now_ms += 86_400_000
    shop.answer(words="Another")
    typed = shop.type("catalog", "coverage", columns=80)
    assert typed.ending == Ending.FAIL
    assert "nothing ran" in typed.out
