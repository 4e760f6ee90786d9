"""A stream through the gateway: the bytes that came, in judged windows, and an open end when it is stopped."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest

from trilens.lenses.lens import Answer, Context, allow, deny, hold, modify
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind
from trilens.vocabulary.verdict import Edit, Finding, Span

Install = Callable[..., Any]
ASK: list[Any] = [{"role": "user", "content": "tell me"}]
WHY = Finding("g/no_good", "C-99")
LONG = "The first sentence is here. The second one follows it. A third ends the answer."
MAIL = "call: [{tool: send_email, args: {to: a@shop.example, body: hi}, id: c1}]"


def chunk(**delta: object) -> bytes:
    finish = delta.pop("finish", None)
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"id": "x", "model": "m", "created": 1, "choices": [choice]}).encode() + b"\n\n"


def words(text: str, size: int = 7) -> list[bytes]:
    return [chunk(content=text[at : at + size]) for at in range(0, len(text), size)]


def stream(*pieces: bytes, finish: str = "stop") -> bytes:
    return b"".join((chunk(role="assistant", content=""), *pieces, chunk(finish=finish), b"data: [DONE]\n\n"))


def sends(body: bytes) -> str:
    return f"steps: [{{fault: {{content_type: text/event-stream, body: {json.dumps(body.decode())}}}}}]"


def ask(here: Any, key: str | None = None, **more: object) -> Any:
    return here.post({"model": "chat", "messages": ASK, "stream": True} | more, key=key)


def text_of(body: bytes) -> str:
    return "".join(delta.get("content") or "" for delta in deltas_of(body))


def deltas_of(body: bytes) -> Iterator[dict[str, Any]]:
    for line in body.decode().splitlines():
        data = line.removeprefix("data: ")
        if line.startswith("data: ") and data != "[DONE]":
            for choice in json.loads(data).get("choices", []):
                yield choice["delta"]


def error_of(body: bytes) -> dict[str, Any]:
    last = body.decode().rstrip().split("\n\n")[-1]
    return json.loads(last.removeprefix("data: "))["error"]  # type: ignore[no-any-return]


def deliveries(here: Any) -> list[tuple[int, str]]:
    return [(e.body["letters"], e.body["why"]) for e in here.entries() if e.kind == "delivery"]


def outputs(here: Any) -> list[str]:
    return [outcome for kind, outcome in here.outcomes() if kind == "output"]


def on_output(judge: Callable[[str], Answer | None]) -> Callable[[Event, Context], Answer]:
    def guard(event: Event, _: Context) -> Answer:
        return (judge(event.text) if event.kind is EventKind.OUTPUT else None) or allow()

    return guard


def hold_on(word: str) -> Callable[[Event, Context], Answer]:
    return on_output(lambda text: hold(WHY) if word in text else None)


def disclose(event: Event, _: Context) -> Answer:
    told = "I am an AI. "
    if event.kind is not EventKind.OUTPUT or event.text.startswith(told):
        return allow()
    return modify(Edit("text", prepended=told), findings=(WHY,))


STREAMS = [
    stream(*words(LONG)),
    stream(*words(LONG)).replace(b"\n\n", b"\r\n\r\n"),
    b": keep-alive\n\n" + stream(*words("Short.")) + b"\n",
    stream(*words("caf\u00e9 \U0001f600. " * 40, 3)),
    stream(
        chunk(
            content="",
            tool_calls=[{"index": 0, "id": "c", "type": "function", "function": {"name": "lookup", "arguments": ""}}],
        ),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"order":1}'}}]),
        finish="tool_calls",
    ),
    stream()[: -len(b"data: [DONE]\n\n")] + b'data: {"choices":[],"usage":{"total_tokens":5}}\n\ndata: [DONE]\n\n',
    b'data: {"choices":[],"prompt_filter_results":[]}\n\n' + stream(*words("Hi.")),
    stream(*words("x" * 9000)),
]


@pytest.mark.parametrize("body", STREAMS)
def test_bytes_pass_untouched_when_nothing_fires(install: Install, body: bytes) -> None:
    here = install(script=sends(body))
    got = ask(here)
    assert (got.status, got.body) == (200, body)
    assert got.header("content-type") == "text/event-stream"
    assert deliveries(here) == []


def test_a_window_leaves_while_the_model_is_still_writing(install: Install, puppet: Any) -> None:
    here = install(upstream=puppet.base_url)
    seen: list[str] = []
    more = threading.Event()

    def read() -> None:
        for part in here.client().chat.completions.create(model="chat", messages=ASK, stream=True):
            seen.append(part.choices[0].delta.content or "")
            if "here" in "".join(seen):
                more.set()

    reader = threading.Thread(target=read)
    puppet.head()
    puppet.push(stream(*words(LONG))[:1600])
    reader.start()
    assert more.wait(10)
    assert "ends the answer" not in "".join(seen)
    puppet.push(stream(*words(LONG))[1600:])
    puppet.end()
    reader.join(10)
    assert "".join(seen) == LONG


@pytest.mark.requirement("X4")
def test_a_call_does_not_slip_out_with_the_words_before_it(install: Install, puppet: Any) -> None:
    """The words are released in a window while the call after them has arrived and nobody has judged it."""

    def guard(event: Event, _: Context) -> Answer:
        return deny(WHY) if event.component == "send_email" else allow()

    here = install(guard, upstream=puppet.base_url)
    call = {"index": 0, "id": "c", "type": "function", "function": {"name": "send_email", "arguments": '{"to":"a"}'}}
    body = stream(chunk(content=LONG + " "), chunk(tool_calls=[call]), finish="tool_calls")
    end = body.index(b'"finish_reason": "tool_calls"')
    puppet.head()
    puppet.push(body[:end])
    threading.Thread(target=lambda: (puppet.asked.wait(10), puppet.push(body[end:]), puppet.end())).start()
    got = ask(here)
    assert got.status == 200
    assert b'"name"' not in got.body
    assert text_of(got.body).startswith(LONG)
    assert "The call of send_email was refused" in text_of(got.body)


def test_nothing_leaves_before_its_commit(install: Install, puppet: Any) -> None:
    """With a journal that does not answer, not even the status goes out."""
    here = install(upstream=puppet.base_url)
    gate = threading.Event()
    commit = here.journal.commit

    def slow(batch: Any) -> Any:
        if b'"output"' in b"".join(batch.leaves):
            gate.wait(10)
        return commit(batch)

    here.journal.commit = slow
    puppet.head()
    puppet.push(stream(*words(LONG)))
    connection = http.client.HTTPConnection(here.address.removeprefix("http://"), timeout=0.5)
    body = json.dumps({"model": "chat", "messages": ASK, "stream": True})
    connection.request(
        "POST", "/v1/chat/completions", body, {"content-type": "application/json", "x-api-key": here.key()}
    )
    with pytest.raises(TimeoutError):
        connection.getresponse()
    gate.set()
    connection.close()
    puppet.end()


def test_a_short_answer_is_one_commit_and_a_long_one_few(install: Install) -> None:
    short = install(script=sends(stream(*words("Only one sentence"))))
    ask(short)
    assert outputs(short) == ["allow"]


@pytest.mark.parametrize(("sentences", "most"), [(100, 10), (1000, 30)])
def test_a_long_answer_takes_few_windows_though_every_piece_comes_alone(
    install: Install, puppet: Any, sentences: int, most: int
) -> None:
    here = install(upstream=puppet.base_url)
    text = "A sentence of some length stands here. " * sentences
    puppet.head()
    for piece in (chunk(role="assistant"), *words(text, 20), chunk(finish="stop"), b"data: [DONE]\n\n"):
        puppet.push(piece)
    puppet.end()
    assert text_of(ask(here).body) == text
    assert 1 <= len(outputs(here)) <= most


@pytest.mark.requirement("C2")
def test_a_disclosure_goes_first_as_its_own_event(install: Install) -> None:
    body = stream(*words(LONG))
    here = install(disclose, script=sends(body))
    got = ask(here)
    assert text_of(got.body) == "I am an AI. " + LONG
    parts = list(deltas_of(got.body))
    assert parts[0] == {"role": "assistant", "content": ""}
    assert parts[1] == {"content": "I am an AI. "}
    own = next(line for line in got.body.splitlines(keepends=True) if b"I am an AI" in line)
    assert got.body.replace(own + b"\n", b"") == body


@pytest.mark.requirement("S3")
def test_a_stop_before_the_first_byte_is_a_403_with_the_whole_answer_kept(install: Install) -> None:
    here = install(hold_on("first"), script=sends(stream(*words(LONG))))
    key = here.key()
    got = ask(here, key)
    assert (got.status, got.error["code"]) == (403, "approval_required")
    [case] = here.journal.cases()
    assert here.driver.kept(case).endswith(stream(*words(LONG)))
    here.decide(case)
    again = ask(here, key)
    assert (again.status, again.body) == (200, stream(*words(LONG)))
    assert here.model.count == 1


def test_a_stop_midway_is_an_error_event_and_a_record_of_what_was_delivered(install: Install, puppet: Any) -> None:
    here = install(hold_on("second"), upstream=puppet.base_url)
    key = here.key()
    puppet.head()
    client = here.client(key)
    got = ""
    with pytest.raises(openai.APIError) as caught:  # noqa: PT012
        puppet.push(chunk(role="assistant") + chunk(content="The first sentence is here. ") + chunk(content="The"))
        for part in client.chat.completions.create(model="chat", messages=ASK, stream=True):
            got += part.choices[0].delta.content or ""
            puppet.push(
                b"".join(words(" second one follows it. A third ends.")) + chunk(finish="stop") + b"data: [DONE]\n\n"
            )
            puppet.end()
    assert got == "The first sentence is here. "
    assert isinstance(caught.value.body, dict)
    [case] = here.journal.cases()
    assert caught.value.body["case"] == case.id
    assert "second" not in json.dumps(caught.value.body)
    assert deliveries(here) == [(28, "approval_required")]
    here.decide(case)
    again = ask(here, key)
    assert text_of(again.body) == "The first sentence is here. The second one follows it. A third ends."


@pytest.mark.parametrize("does", ["denies", "changes what left"])
def test_words_that_left_are_not_taken_back_so_that_the_stream_stops_openly(
    install: Install, puppet: Any, does: str
) -> None:
    def judge(text: str) -> Answer | None:
        if "second" not in text:
            return None
        return deny(WHY) if does == "denies" else modify(Edit("text", (Span(0, 3),)), findings=(WHY,))

    def settled(text: str) -> Answer | None:
        return judge(text) if text.startswith("The") else None

    here = install(on_output(settled), upstream=puppet.base_url)
    puppet.head()
    puppet.push(chunk(role="assistant") + chunk(content="The first sentence is here. ") + chunk(content="The"))
    got = ""
    with pytest.raises(openai.APIError) as caught:  # noqa: PT012
        for part in here.client().chat.completions.create(model="chat", messages=ASK, stream=True):
            got += part.choices[0].delta.content or ""
            puppet.push(chunk(content=" second one.") + chunk(finish="stop") + b"data: [DONE]\n\n")
            puppet.end()
    assert got == "The first sentence is here. "
    assert caught.value.code == "stopped_midway"
    assert deliveries(here) == [(28, "stopped_midway")]


def test_words_split_over_windows_are_judged_together(install: Install, puppet: Any) -> None:
    here = install(hold_on("audit@collect. Example"), upstream=puppet.base_url)
    puppet.head()
    for piece in (chunk(role="assistant"), *words("Write to audit@collect. Example is the domain. Bye now.", 1)):
        puppet.push(piece)
    puppet.push(chunk(finish="stop") + b"data: [DONE]\n\n")
    puppet.end()
    got = ask(here)
    assert got.status == 403 or error_of(got.body)["code"] == "approval_required"
    assert "Example" not in text_of(got.body) if got.status == 200 else True


@pytest.mark.requirement("X3")
def test_a_denied_call_is_taken_out_of_a_stream_with_the_reason_in_content(install: Install) -> None:
    def guard(event: Event, _: Context) -> Answer:
        return deny(WHY) if event.component == "send_email" else allow()

    script = "steps: [{say: One moment., call: [{tool: lookup, args: {order: A}}, {tool: send_email, args: {to: a}}, {tool: lookup, args: {order: B}}]}]"
    here = install(guard, script=script)
    with here.client().chat.completions.stream(model="chat", messages=ASK) as events:
        for _ in events:
            pass
        choice = events.get_final_completion().choices[0]
    assert [call.function.name for call in choice.message.tool_calls] == ["lookup", "lookup"]
    assert [json.loads(call.function.arguments)["order"] for call in choice.message.tool_calls] == ["A", "B"]
    assert choice.message.content.startswith("One moment.\n\nThe call of send_email was refused by Trilens")
    assert choice.finish_reason == "tool_calls"
    assert choice.message.role == "assistant"


def test_a_stream_that_loses_all_its_calls_ends_like_one_that_had_none(install: Install) -> None:
    def guard(event: Event, _: Context) -> Answer:
        return deny(WHY) if event.component == "send_email" else allow()

    here = install(guard, script=f"steps: [{{{MAIL}}}]")
    got = ask(here, stream_options={"include_usage": True})
    assert b"tool_calls" not in got.body
    assert b'"finish_reason":"stop"' in got.body
    assert b'"usage"' in got.body
    assert got.body.endswith(b"data: [DONE]\n\n")


def test_on_deny_error_stops_a_stream_before_its_first_byte(install: Install) -> None:
    def guard(event: Event, _: Context) -> Answer:
        return deny(WHY) if event.component == "send_email" else allow()

    here = install(guard, script=f"steps: [{{say: Sending., {MAIL}}}]")
    got = ask(here, here.key("strict"))
    assert (got.status, got.error["type"]) == (403, "policy_violation")


@pytest.mark.parametrize("size", [1, 7, 400])
def test_denied_words_of_a_stream_do_not_leave(install: Install, size: int) -> None:
    here = install(
        on_output(lambda text: deny(WHY) if "first" in text else None), script=sends(stream(*words(LONG, size)))
    )
    got = ask(here)
    assert text_of(got.body).startswith("The answer was refused by Trilens")
    assert "first" not in text_of(got.body)


def test_an_edit_of_a_stream_takes_the_words_out(install: Install) -> None:
    def cut(text: str) -> Answer | None:
        at = text.find(" second")
        return modify(Edit("text", (Span(at, at + 7),)), findings=(WHY,)) if at >= 0 else None

    here = install(on_output(cut), script=sends(stream(*words(LONG))))
    got = ask(here)
    assert text_of(got.body) == LONG.replace(" second", "")
    assert got.body.endswith(b"data: [DONE]\n\n")


BROKEN = [
    stream(*words(LONG))[: -len(b"data: [DONE]\n\n")],
    stream(*words(LONG)).replace(b'"stop"', b"null"),
    b"",
    b"data: [DONE]\n\n",
    stream(*words(LONG)).replace(b"data: [DONE]", b"data: [DON"),
    stream(*words(LONG), b"data: {not json}\n\n"),
    stream(*words(LONG), b'data: {"error":{"message":"overloaded"}}\n\n'),
    stream(*words(LONG), b'data: {"choices":[{"index":0,"delta":{"content":"a","content":"b"}}]}\n\n'),
    stream(*words(LONG), b'data: {"choices":[{"index":1,"delta":{"content":"other"}}]}\n\n'),
    stream(*words(LONG), b'data: {"choices":[{"index":0,"delta":{}},{"index":1,"delta":{}}]}\n\n'),
    stream(*words(LONG), b"event: evil\ndata: {}\n\n"),
    stream(*words(LONG), b'\xef\xbb\xbfdata: {"choices":[]}\n\n'),
    stream(*words(LONG), chunk(function_call={"name": "x", "arguments": "{}"})),
    stream(*words(LONG), chunk(tool_calls=[{"index": 0, "function": {"arguments": "{}"}}])),
    stream(*words(LONG), chunk(tool_calls=[{"index": -1, "id": "c", "function": {"name": "x"}}])),
    stream(*words(LONG), chunk(tool_calls=[{"index": 0, "id": "c", "type": "custom", "custom": {}}])),
    stream(*words(LONG), chunk(role="system")),
    stream(*words(LONG), chunk(finish="stop"), chunk(content="after its end")),
]


@pytest.mark.parametrize("body", BROKEN)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_stream_that_breaks_is_never_an_answer(install: Install, puppet: Any, body: bytes, at_once: bool) -> None:
    here = install(upstream=puppet.base_url)
    puppet.head()
    for piece in [body] if at_once else [event + b"\n\n" for event in body.split(b"\n\n")]:
        puppet.push(piece)
    puppet.end()
    got = ask(here)
    if got.status == 200:
        assert error_of(got.body)["type"] == "upstream_error"
        assert b"[DONE]" not in got.body
        assert LONG.startswith(text_of(got.body))
        assert deliveries(here) == [(len(text_of(got.body)), error_of(got.body)["code"])]
    else:
        assert (got.status, got.error["type"]) == (502, "upstream_error")
    assert [e.body["what"][:9] for e in here.entries() if e.kind == "fault"] == ["upstream/"]


def test_nothing_that_follows_the_terminal_event_leaves(install: Install) -> None:
    body = stream(*words("Done."))
    here = install(script=sends(body + stream(*words("evil"))))
    got = ask(here)
    assert got.status in (200, 502)
    assert "evil" not in text_of(got.body)


def test_words_that_some_readers_take_for_a_new_line_cannot_begin_one(install: Install) -> None:
    evil = 'a\u2028data: {"choices":[{"index":0,"delta":{"content":"evil"}}]}\u2029\u0085b'
    raw = (
        b'data: {"choices":[{"index":0,"delta":{"content":'
        + json.dumps(evil, ensure_ascii=False).encode()
        + b"}}]}\n\n"
    )
    here = install(script=sends(stream(raw)))
    got = ask(here)
    assert json.loads(got.body.split(b"\n\n")[1].removeprefix(b"data: "))["choices"][0]["delta"]["content"] == evil
    assert not any(mark in got.body.decode() for mark in "\u2028\u2029\u0085")


def test_a_call_that_clients_would_put_together_differently_leaves_in_one_piece(install: Install) -> None:
    first = chunk(
        tool_calls=[
            {"index": 0, "id": "c", "type": "function", "function": {"name": "lookup", "arguments": '{"order"'}}
        ]
    )
    second = chunk(
        tool_calls=[{"index": 0, "id": "c", "type": "function", "function": {"name": "lookup", "arguments": ":1}"}}]
    )
    here = install(script=sends(stream(first, second, finish="tool_calls")))
    calls = [delta["tool_calls"] for delta in deltas_of(ask(here).body) if "tool_calls" in delta]
    assert calls == [
        [{"index": 0, "id": "c", "type": "function", "function": {"name": "lookup", "arguments": '{"order":1}'}}]
    ]


def test_reasoning_that_nobody_judges_does_not_leave_a_stream(install: Install) -> None:
    here = install(script=sends(stream(chunk(reasoning_content="SECRET"), chunk(content="Hi.", reasoning="SECRET"))))
    got = ask(here)
    assert b"SECRET" not in got.body
    assert text_of(got.body) == "Hi."


@pytest.mark.parametrize("reply", [{"content_type": "application/json"}, {"body": "{}", "content_type": "text/plain"}])
def test_an_answer_that_is_no_stream_is_none(install: Install, reply: dict[str, str]) -> None:
    here = install(script=f"steps: [{{say: hi, fault: {json.dumps(reply)}}}]")
    assert (ask(here).status, ask(here).error["code"]) == (502, "unreadable")


def test_a_client_that_leaves_closes_the_upstream_and_is_recorded(
    install: Install, puppet: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trilens.gateways.presence.GRACE_S", 0.0)
    here = install(upstream=puppet.base_url)
    puppet.head()
    puppet.push(chunk(role="assistant") + chunk(content="The first sentence is here. ") + chunk(content="The"))
    answer = here.client().chat.completions.create(model="chat", messages=ASK, stream=True)
    assert next(iter(answer)).choices[0].delta.role == "assistant"
    answer.close()
    assert puppet.left.wait(10)
    here.stop()
    assert deliveries(here) == [(28, "client_left")]
