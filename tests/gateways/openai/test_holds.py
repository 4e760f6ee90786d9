"""Held, decided, and answered once: the same request again."""

from collections.abc import Callable
from typing import Any

import openai
import pytest

from trilens.lenses.lens import Answer, Context, allow, hold
from trilens.people.approvals.edit import Edit, write_edit
from trilens.prove.ledger import payload
from trilens.prove.ledger.entry import encode
from trilens.storage.ports import Batch, CaseMove, CaseState, Ring
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind
from trilens.vocabulary.verdict import Finding

pytestmark = pytest.mark.requirement("S10")

Install = Callable[..., Any]
ASK: list[Any] = [{"role": "user", "content": "mail them"}]
WHY = Finding("g/needs_a_person", "mail to C-99")
MAIL = "steps: [{say: Sending., call: [{tool: send_email, args: {to: a@shop.example, body: hi}, id: c1}]}]"


def hold_mail(event: Event, _: Context) -> Answer:
    return hold(WHY) if event.component == "send_email" else allow()


def hold_input(event: Event, _: Context) -> Answer:
    return hold(WHY) if event.kind is EventKind.INPUT else allow()


def request(*, stream: bool = False) -> dict[str, Any]:
    return {"model": "gpt-5.1", "messages": ASK, "stream": stream}


def test_a_held_answer_is_a_403_with_the_case_that_everybody_can_find(install: Install) -> None:
    here = install(hold_mail, script=MAIL)
    with pytest.raises(openai.PermissionDeniedError) as caught:
        here.client().chat.completions.create(**request())
    error = caught.value.body
    assert isinstance(error, dict)
    [case] = here.journal.cases()
    assert (error["type"], error["code"], error["case"]) == ("approval_required", "approval_required", case.id)
    assert error["message"] == "The call of send_email needs a person's approval (security/g0: needs a person)"
    assert error["help"] == f"`trilens approvals show {case.id}`; decided by lead, the same request gets its answer"
    assert error["decision_id"].startswith("dec_")
    assert "C-99" not in str(error)


def test_the_same_request_again_waits_at_the_same_case_and_asks_no_model(install: Install) -> None:
    here = install(hold_mail, script=MAIL)
    key = here.key()
    first, second = (here.post(request(), key=key) for _ in range(2))
    assert first.status == second.status == 403
    assert first.error["case"] == second.error["case"]
    assert len(here.journal.cases()) == here.model.count == 1


@pytest.mark.parametrize("stream", [False, True])
def test_an_approved_answer_is_released_once_without_asking_the_model(install: Install, stream: bool) -> None:
    here = install(hold_mail, script=MAIL)
    key = here.key()
    assert here.post(request(stream=stream), key=key).status == 403
    here.decide(here.journal.cases()[0])
    got = here.post(request(stream=stream), key=key)
    assert got.status == 200
    assert b'"send_email"' in got.body
    assert b"a@shop.example" in got.body or stream
    assert here.model.count == 1
    # an approval is never a standing permission
    again = here.post(request(stream=stream), key=key)
    assert again.status == 403
    assert here.model.count == 2
    assert len(here.journal.cases()) == 2


def test_a_stream_is_released_as_the_bytes_that_were_kept(install: Install) -> None:
    here = install(hold_mail, script=MAIL)
    key = here.key()
    here.post(request(stream=True), key=key)
    here.decide(here.journal.cases()[0])
    kept = here.driver.kept(here.journal.cases()[0])
    got = here.post(request(stream=True), key=key)
    assert got.header("content-type") == "text/event-stream"
    assert kept.partition(b"\n")[2] == got.body


def test_a_changed_request_gets_nothing_of_what_was_approved(install: Install) -> None:
    here = install(hold_mail, script=MAIL)
    key = here.key()
    here.post(request(), key=key)
    here.decide(here.journal.cases()[0])
    for change in ({"seed": 1}, {"messages": [*ASK, *ASK]}, {"stream": True}):
        count = here.model.count
        here.post(request() | change, key=key)
        assert here.model.count == count + 1


def test_a_refused_request_stays_refused_and_asks_no_model(install: Install) -> None:
    here = install(hold_mail, script=MAIL)
    key = here.key()
    here.post(request(), key=key)
    here.decide(here.journal.cases()[0], CaseState.REFUSED)
    got = here.post(request(), key=key)
    assert (got.status, got.error["code"]) == (403, "approval_refused")
    assert here.model.count == 1


def test_an_approval_that_was_not_used_in_time_is_none(install: Install) -> None:
    here = install(hold_mail, script=MAIL)
    key = here.key()
    here.post(request(), key=key)
    here.decide(here.journal.cases()[0])
    here.clock.now_ms += 3_600_000
    assert here.post(request(), key=key).status == 403
    assert here.model.count == 2


def test_a_held_request_goes_on_once_it_is_approved(install: Install) -> None:
    here = install(hold_input, script="steps: [{say: ok}]")
    key = here.key()
    assert here.post(request(), key=key).status == 403
    assert here.model.count == 0
    here.decide(here.journal.cases()[0])
    assert here.post(request(), key=key).status == 200
    assert here.model.count == 1


def decide_with(here: Any, edit: Edit) -> None:
    """Approve the newest case with an edit, as the desk does."""
    case = here.journal.cases()[0]
    card = here.journal.payload(case.card)
    sealed = payload.seal(write_edit(edit), Ring(card.ring, here.keyring.key(card.ring)), retain_until_ms=2**52)
    move = CaseMove(
        case.id, CaseState.OPEN, CaseState.APPROVED, "lead", here.clock.now_ms, sealed.commitment, (), case.intents
    )
    leaf = encode("case.decided", here.clock.now_ms, {"case": case.id})
    here.journal.commit(Batch((leaf,), payloads=(sealed,), moved=(move,))).result(5)


@pytest.mark.parametrize("stream", [False, True])
def test_an_approved_edit_is_what_leaves_and_the_original_is_not(install: Install, stream: bool) -> None:
    def hold_strangers(event: Event, _: Context) -> Answer:
        to = event.arguments().get("args.to")
        return hold(WHY) if event.component == "send_email" and to != "b@shop.example" else allow()

    here = install(hold_strangers, script=MAIL)
    key = here.key()
    here.post(request(stream=stream), key=key)
    decide_with(here, Edit({0: '{"to":"b@shop.example","body":"hi"}'}, "Sending it to you."))
    answer = here.client(key)
    if stream:
        with answer.chat.completions.stream(model="gpt-5.1", messages=ASK) as events:
            for _ in events:
                pass
            choice = events.get_final_completion().choices[0]
    else:
        choice = answer.chat.completions.create(**request()).choices[0]
    assert choice.message.content == "Sending it to you."
    assert choice.message.tool_calls[0].function.arguments == '{"to":"b@shop.example","body":"hi"}'
    assert choice.finish_reason == "tool_calls"
    assert here.model.count == 1


def test_an_approval_lifts_no_hold_that_stood_not_on_its_card(install: Install) -> None:
    strict = False

    def second(event: Event, _: Context) -> Answer:
        return hold(WHY) if strict and event.component == "send_email" else allow()

    here = install(hold_mail, second, script=MAIL)
    key = here.key()
    here.post(request(), key=key)
    here.decide(here.journal.cases()[0])
    strict = True
    got = here.post(request(), key=key)
    assert (got.status, got.error["code"]) == (403, "approval_required")
    assert here.model.count == 1


def test_a_kept_answer_whose_key_was_destroyed_is_asked_afresh(install: Install) -> None:
    here = install(hold_mail, script=MAIL)
    key = here.key()
    here.post(request(), key=key)
    case = here.journal.cases()[0]
    here.decide(case)
    here.keyring.destroy(here.journal.payload(case.kept).ring)
    here.post(request(), key=key)
    assert here.model.count == 2


def test_an_answer_whose_edit_was_erased_is_not_released_as_it_was(install: Install) -> None:
    here = install(hold_mail, script=MAIL)
    key = here.key()
    here.post(request(), key=key)
    decide_with(here, Edit({0: '{"to":"b@shop.example","body":"hi"}'}))
    edit = here.journal.cases()[0].edit
    payload_of = here.journal.payload
    here.journal.payload = lambda commitment: None if commitment == edit else payload_of(commitment)
    assert here.post(request(), key=key).status == 403
    assert here.model.count == 2
