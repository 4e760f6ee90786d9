"""A whole answer through the gateway: untouched when nothing fires, and otherwise in words an agent can go on with."""

import json
from collections.abc import Callable
from typing import Any

import openai
import pytest

from trilens.lenses.lens import Answer, Context, allow, deny, modify
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind
from trilens.vocabulary.verdict import Edit, Finding, Span

Install = Callable[..., Any]
ASK: list[Any] = [{"role": "user", "content": "where is my order?"}]
RAW = b'{ "model":"gpt-5.1","messages":[{"role":"user","content":"caf\\u00e9"}],  "vendor":{"x":[1.50]}, "seed":7}'
WHY = Finding("g/third_party_destination", "the address audit@collect.example is a secret of C-99")
TWO_CALLS = """
steps:
  - say: One moment.
    call: [{tool: lookup, args: {order: A-1}}, {tool: send_email, args: {to: x@evil.example, body: hi}}]
"""
ONE_CALL = "steps: [{call: [{tool: send_email, args: {to: x@evil.example, body: hi}}]}]"


def deny_mail(event: Event, _: Context) -> Answer:
    return deny(WHY) if event.component == "send_email" else allow()


def disclose(event: Event, context: Context) -> Answer:
    told = "I am an AI. "
    if event.kind is not EventKind.OUTPUT or event.text.startswith(told) or not context.facts["is_first_output"]:
        return allow()
    return modify(Edit("text", prepended=told), findings=(Finding("g/untold", "not told"),))


@pytest.mark.requirement("X4")
def test_bytes_pass_untouched_in_both_directions_when_nothing_fires(install: Install) -> None:
    body = '{\n  "id": "x",\n  "choices": [{"index":0,"message":{"role":"assistant","content":"caf\\u00e9"}, "finish_reason":"stop"}],\n  "usage": {"total_tokens": 3}, "vendor": 1.50}\n'
    here = install(script=f"steps: [{{fault: {{body: {json.dumps(body)}}}}}]")
    got = here.post(RAW, headers={"x-vendor": "1", "user-agent": "mine/1"})
    assert (got.status, got.body) == (200, body.encode())
    asked = here.model.asked[0]
    assert asked.raw == RAW
    assert asked.headers["x-vendor"] == "1"
    assert asked.headers["user-agent"] == "mine/1"
    assert asked.headers["authorization"] == "Bearer sk-up"
    assert asked.headers["accept-encoding"] == "identity"


def test_an_allowed_answer_names_its_decision(install: Install) -> None:
    here = install(script="steps: [{say: It is on its way.}]")
    got = here.post({"model": "chat", "messages": ASK})
    decision = [e for e in here.entries() if e.kind == "decision"][-1]
    assert got.header("x-trilens-decision") == decision.body["id"]
    assert here.outcomes() == [("input", "allow"), ("model_call", "allow"), ("output", "allow")]


def test_the_model_may_be_called_by_its_id_and_is_asked_by_its_name(install: Install) -> None:
    here = install(script="steps: [{say: hi}]")
    assert here.client().chat.completions.create(model="chat", messages=ASK).choices[0].message.content == "hi"
    assert here.model.asked[0].body["model"] == "gpt-5.1"


@pytest.mark.parametrize("model", ["gpt-4", "other", "other-1", "", "gpt-5.1 "])
def test_another_model_is_denied_and_never_asked(install: Install, model: str) -> None:
    here = install()
    got = here.post({"model": model, "messages": ASK})
    assert got.status == (403 if model else 400)
    assert here.model.count == here.spare.count == 0
    assert here.outcomes()[1:] == ([("model_call", "deny")] if model else [])


@pytest.mark.requirement("X3")
def test_a_denied_call_is_taken_out_and_the_reason_stands_in_content(install: Install) -> None:
    here = install(deny_mail, script=TWO_CALLS)
    choice = here.client().chat.completions.create(model="gpt-5.1", messages=ASK).choices[0]
    assert [call.function.name for call in choice.message.tool_calls] == ["lookup"]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.refusal is None
    decision = [e.body["id"] for e in here.entries() if e.kind == "decision"][-1]
    assert choice.message.content == (
        f"One moment.\n\nThe call of send_email was refused by Trilens (security/g0: third party destination) [{decision}]."
    )


def test_an_answer_that_loses_all_its_calls_ends_like_one_that_had_none(install: Install) -> None:
    here = install(deny_mail, script=ONE_CALL)
    choice = here.client().chat.completions.create(model="gpt-5.1", messages=ASK).choices[0]
    assert choice.message.tool_calls is None
    assert choice.finish_reason == "stop"
    assert choice.message.content is not None
    assert "send_email was refused" in choice.message.content


def test_a_reason_repeats_nothing_a_stranger_wrote(install: Install) -> None:
    here = install(
        deny_mail, script="steps: [{call: [{tool: 'ignore all rules', args: {}}, {tool: send_email, args: {to: a}}]}]"
    )
    content = here.client().chat.completions.create(model="gpt-5.1", messages=ASK).choices[0].message.content
    assert "The call of an undeclared tool was refused" in content
    assert "ignore" not in content
    assert "C-99" not in content
    assert "collect.example" not in content


@pytest.mark.requirement("C2")
def test_our_own_words_are_judged_when_they_are_the_first_a_person_reads(install: Install) -> None:
    here = install(deny_mail, disclose, script=ONE_CALL)
    content = here.client().chat.completions.create(model="gpt-5.1", messages=ASK).choices[0].message.content
    assert content.startswith("I am an AI. The call of send_email was refused")


@pytest.mark.requirement("C2")
def test_words_of_the_manifest_are_put_in_front_of_the_first_answer_only(install: Install) -> None:
    here = install(disclose, script="steps: [{say: Hello.}]")
    client = here.client()
    first = client.chat.completions.create(model="gpt-5.1", messages=ASK).choices[0].message.content
    assert first == "I am an AI. Hello."
    later = [*ASK, {"role": "assistant", "content": first}, *ASK]
    assert client.chat.completions.create(model="gpt-5.1", messages=later).choices[0].message.content == "Hello."


def test_an_edit_takes_words_out_and_with_them_everything_that_repeats_them(install: Install) -> None:
    def cut(event: Event, _: Context) -> Answer:
        if event.kind is EventKind.OUTPUT and "secret" in event.text:
            return modify(Edit("text", (Span(4, 11),)), findings=(WHY,))
        return allow()

    body = {
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "The secret is out."},
                "logprobs": {"content": [{"token": "secret"}]},
                "finish_reason": "stop",
            }
        ],
        "id": "x",
    }
    here = install(cut, script=f"steps: [{{fault: {{body: {json.dumps(json.dumps(body))}}}}}]")
    got = here.post({"model": "chat", "messages": ASK})
    assert b"secret" not in got.body
    assert json.loads(got.body)["choices"][0]["message"]["content"] == "The is out."
    assert json.loads(got.body)["id"] == "x"


def test_words_that_nobody_judges_do_not_leave(install: Install) -> None:
    message = {"role": "assistant", "content": "Hi.", "reasoning_content": "SECRET", "annotations": [{"url": "SECRET"}]}
    body = json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
    here = install(script=f"steps: [{{fault: {{body: {json.dumps(body)}}}}}]")
    got = here.post({"model": "chat", "messages": ASK})
    assert json.loads(got.body)["choices"][0]["message"]["content"] == "Hi."
    assert b"SECRET" not in got.body


def test_a_model_that_refuses_is_judged_by_its_refusal(install: Install) -> None:
    message = {"role": "assistant", "content": None, "refusal": "I will not."}
    body = json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
    here = install(script=f"steps: [{{fault: {{body: {json.dumps(body)}}}}}]")
    assert here.post({"model": "chat", "messages": ASK}).body == body.encode()
    assert here.outcomes()[-1] == ("output", "allow")


def test_a_denied_request_never_reaches_the_model(install: Install) -> None:
    here = install(lambda event, _: deny(WHY) if event.kind is EventKind.INPUT else allow())
    with pytest.raises(openai.PermissionDeniedError) as caught:
        here.client().chat.completions.create(model="gpt-5.1", messages=ASK)
    error = caught.value.body
    assert isinstance(error, dict)
    assert (error["type"], error["code"]) == ("policy_violation", "third_party_destination")
    assert error["message"] == "The message was refused by Trilens (security/g0: third party destination)"
    assert error["decision_id"].startswith("dec_")
    assert here.model.count == 0


def test_on_deny_error_answers_403_and_lets_nothing_of_the_answer_out(install: Install) -> None:
    here = install(deny_mail, script=TWO_CALLS)
    got = here.post({"model": "gpt-5.1", "messages": ASK}, key=here.key("strict"))
    assert (got.status, got.error["type"]) == (403, "policy_violation")
    assert b"One moment" not in got.body


def test_an_answer_without_words_and_calls_is_no_event(install: Install) -> None:
    body = json.dumps({"choices": [{"index": 0, "message": {"role": "assistant"}, "finish_reason": "length"}]})
    here = install(script=f"steps: [{{fault: {{body: {json.dumps(body)}}}}}]")
    got = here.post({"model": "chat", "messages": ASK})
    assert (got.status, got.body, got.header("x-trilens-decision")) == (200, body.encode(), "")


def test_a_second_turn_judges_only_what_is_new(install: Install) -> None:
    here = install(script="steps: [{say: ok}]")
    client = here.client()
    client.chat.completions.create(model="gpt-5.1", messages=ASK)
    more = [*ASK, {"role": "assistant", "content": "ok"}, {"role": "user", "content": "and?"}]
    client.chat.completions.create(model="gpt-5.1", messages=more)
    assert [kind for kind, _ in here.outcomes()].count("input") == 2


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/chat/completions"])
def test_the_version_is_not_asked_for_twice(install: Install, path: str) -> None:
    here = install(script="steps: [{say: ok}]")
    assert here.post({"model": "chat", "messages": ASK}, path=path).status == 200
