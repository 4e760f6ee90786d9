"""Deciding a case at the desk: by whom, once, in time, and written down."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from trilens.enforce import seal
from trilens.enforce.hold import Approved, Refused
from trilens.errors import PeopleError, StoreError
from trilens.people.approvals.decide import RETENTION
from trilens.people.approvals.edit import Edit, read_edit
from trilens.people.workflow import Action, Stage
from trilens.prove.ledger.entry import Kind, decode
from trilens.storage.ports import Ring, RingName
from trilens.vocabulary.outcome import EventKind, Outcome

if TYPE_CHECKING:
    from tests.people.conftest import House

pytestmark = pytest.mark.requirement("S10")

HALF = Edit({0: '{"order_id": "A-1", "amount": 225}'})


def decisions(house: "House") -> list[dict[str, object]]:
    entries = (decode(leaf) for leaf in house.journal.leaves(0, house.journal.size()))
    return [dict(e.body) for e in entries if e.kind is Kind.CASE_DECIDED]


def test_the_desk_shows_the_exact_action_who_asked_and_why(house: "House") -> None:
    case_id = house.held(text="I refund it now.")
    [waiting] = house.shelf.cases()
    assert waiting.case.id == case_id
    assert waiting.stage is Stage.OPEN
    card = waiting.card
    assert card is not None
    assert (card.person, card.agent, card.key, card.asked) == (
        "customer:C-17",
        "support",
        "tlk_aaaaaaaa",
        "Grüezi, please refund 450 EUR",
    )
    words, call = card.actions
    assert (words.kind, words.outcome, words.values) == (
        EventKind.OUTPUT,
        Outcome.ALLOW,
        (("text", "I refund it now."),),
    )
    assert (call.component, call.outcome, call.reversible) == ("refund", Outcome.HOLD, False)
    assert call.written == '{"order_id": "A-1", "amount": 450}'
    assert call.values == (("args.order_id", "A-1"), ("args.amount", "450"))
    assert call.findings[0].guard == "safety/irreversible_effect"
    assert call.findings[0].origins[0].path == "messages[0]"


def test_an_approval_is_recorded_with_who_and_how_long_it_was_open(house: "House") -> None:
    case_id = house.held()
    house.now_ms += 90_000
    decided = house.desk.decide(case_id, Action.APPROVE, by=house.lead)
    assert decided.stage is Stage.APPROVED
    [body] = decisions(house)
    assert body == {
        "case": case_id,
        "action": "approve",
        "by": "lead",
        "key": "tlo_llllllll",
        "open_ms": 90_000,
        "edited": False,
    }
    assert decode(next(house.journal.leaves(decided.index, decided.index + 1))).kind is Kind.CASE_DECIDED
    assert isinstance(house.driver.standing(house.asked()), Approved)


def test_a_refusal_is_recorded_and_stands(house: "House") -> None:
    case_id = house.held()
    assert house.desk.decide(case_id, Action.REFUSE, by=house.lead).stage is Stage.REFUSED
    assert [body["action"] for body in decisions(house)] == ["refuse"]
    assert isinstance(house.driver.standing(house.asked()), Refused)


@pytest.mark.parametrize("action", [Action.APPROVE, Action.REFUSE, Action.EDIT])
def test_a_case_is_decided_once(house: "House", action: Action) -> None:
    case_id = house.held()
    house.desk.decide(case_id, Action.APPROVE, by=house.lead)
    assert_barred(house, case_id, action, "people/already-decided")


@pytest.mark.parametrize("action", [Action.APPROVE, Action.REFUSE, Action.EDIT])
def test_an_expired_case_cannot_be_decided(house: "House", action: Action) -> None:
    case_id = house.held()
    house.now_ms += 900_000
    assert_barred(house, case_id, action, "people/expired")
    assert house.shelf.cases() == ()
    assert [opened.stage for opened in house.shelf.cases(everything=True)] == [Stage.EXPIRED]


@pytest.mark.parametrize("action", [Action.APPROVE, Action.REFUSE, Action.EDIT])
def test_somebody_the_case_does_not_name_cannot_decide_it(house: "House", action: Action) -> None:
    case_id = house.held()
    house.lead = house.stranger
    assert_barred(house, case_id, action, "people/not-yours")


def test_an_unknown_case_is_none(house: "House") -> None:
    assert_barred(house, "apr_nope", Action.APPROVE, "people/unknown-case")


def test_a_used_approval_cannot_be_decided_again(house: "House") -> None:
    case_id = house.held()
    house.desk.decide(case_id, Action.APPROVE, by=house.lead)
    house.answer('{"order_id": "A-1", "amount": 450}', kept_case=case_id)
    assert_barred(house, case_id, Action.APPROVE, "people/already-used")


def test_an_approval_under_another_manifest_is_not_given_but_may_be_refused(house: "House") -> None:
    case_id = house.held()
    house.system = replace(house.system, digest="sha256:1")
    assert house.shelf.case(case_id).is_current is False
    assert_barred(house, case_id, Action.APPROVE, "people/other-policy")
    assert house.desk.decide(case_id, Action.REFUSE, by=house.lead).stage is Stage.REFUSED


def test_what_was_erased_cannot_be_approved_but_may_be_refused(house: "House", monkeypatch: pytest.MonkeyPatch) -> None:
    case_id = house.held()
    monkeypatch.setattr(type(house.keyring), "key", lambda *_: None)
    assert house.shelf.case(case_id).card is None
    assert_barred(house, case_id, Action.APPROVE, "people/card-erased")
    assert house.desk.decide(case_id, Action.REFUSE, by=house.lead).stage is Stage.REFUSED


def test_a_decision_that_cannot_be_recorded_changes_nothing(house: "House") -> None:
    case_id = house.held()
    desk = house.desk
    house.journal.close()
    with pytest.raises(StoreError):
        desk.decide(case_id, Action.APPROVE, by=house.lead)


def test_an_edit_is_kept_sealed_beside_its_card_and_named_by_the_entry(house: "House") -> None:
    case_id = house.held()
    decided = house.desk.decide(case_id, Action.EDIT, by=house.lead, edit=HALF)
    sealed = house.journal.payload(decided.case.edit)
    card = house.journal.payload(decided.case.card)
    assert sealed is not None
    assert card is not None
    assert (sealed.ring, sealed.retain_until_ms) == (card.ring, card.retain_until_ms)
    assert b"225" not in sealed.ciphertext
    entry = decode(next(house.journal.leaves(decided.index, decided.index + 1)))
    assert entry.body["edited"] is True
    assert entry.payload[0].commitment == sealed.commitment
    opened = house.driver.sealer.open(sealed)
    assert opened is not None
    assert read_edit(opened) == Edit({0: '{"order_id":"A-1","amount":225}'})


def test_an_edit_lives_as_long_as_what_it_changes() -> None:
    assert RETENTION == seal.RETENTION


def test_the_edited_action_is_released_once_under_its_approval(house: "House") -> None:
    case_id = house.held()
    house.desk.decide(case_id, Action.EDIT, by=house.lead, edit=HALF)
    released = house.answer('{"order_id":"A-1","amount":225}', kept_case=case_id)
    assert released.plan.outcome is Outcome.ALLOW
    assert released.plan.rulings[0].decision.case == case_id
    again = house.answer('{"order_id":"A-1","amount":225}', asked=house.asked("again"))
    assert again.plan.outcome is Outcome.HOLD


def test_what_was_edited_away_was_not_approved(house: "House") -> None:
    case_id = house.held()
    house.desk.decide(case_id, Action.EDIT, by=house.lead, edit=HALF)
    original = house.answer('{"order_id": "A-1", "amount": 450}', asked=house.asked("and now all of it"))
    assert original.plan.outcome is Outcome.HOLD
    assert original.plan.case != case_id


def test_the_key_of_the_ring_is_not_made_anew_by_looking(house: "House") -> None:
    case_id = house.held()
    ring = house.keyring.ring(RingName("customer:C-17", "support", "conversation"))
    house.shelf.case(case_id)
    assert house.keyring.ring(RingName("customer:C-17", "support", "conversation")) == Ring(ring.id, ring.key)


def assert_barred(house: "House", case_id: str, action: Action, code: str) -> None:
    before = house.journal.size()
    with pytest.raises(PeopleError) as raised:
        house.desk.decide(case_id, action, by=house.lead, edit=HALF if action is Action.EDIT else None)
    assert raised.value.code == code
    assert house.journal.size() == before
