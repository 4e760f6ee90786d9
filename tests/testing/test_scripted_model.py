"""The scripted model over HTTP, as clients meet it."""

import http.client
import json
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import openai
import pytest

from trilens.errors import SettingsError
from trilens.testing.scripted_model import Fault, Script, ScriptedModel, Step, parse_script

SCRIPT = """
steps:
  - {name: promise, when: {user: "how long"}, say: You can return it within 90 days.}
  - {name: look, when: {user: where is}, call: [{tool: lookup_order, args: {order_id: A-1}}]}
  - {name: found, when: {tool: lookup_order, result: shipped}, say: It is on its way. Grüße!}
  - {name: once, when: {user: hello}, say: Hello., times: 1}
  - {name: again, when: {user: hello}, say: Hello again.}
"""


def client_of(model: ScriptedModel) -> openai.OpenAI:
    return openai.OpenAI(base_url=model.base_url, api_key="unused", max_retries=0)


def ask(model: ScriptedModel, text: str) -> str | None:
    with client_of(model) as client:
        completion = client.chat.completions.create(model="m", messages=[{"role": "user", "content": text}])
    return completion.choices[0].message.content


def raw(model: ScriptedModel, body: bytes, path: str = "/v1/chat/completions") -> tuple[int, dict[str, str], bytes]:
    address = urlsplit(model.base_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    try:
        connection.request("POST", path, body)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return response.status, headers, response.read()
    finally:
        connection.close()


def question(*, stream: bool = False) -> bytes:
    return json.dumps({"model": "m", "stream": stream, "messages": [{"role": "user", "content": "hello"}]}).encode()


def test_a_step_answers_the_conversation_it_fits_and_calls_and_results_are_told_apart() -> None:
    with ScriptedModel(parse_script(SCRIPT)) as model, client_of(model) as client:
        first = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Where is A-1?"}])
        called = first.choices[0].message
        assert first.choices[0].finish_reason == "tool_calls"
        assert called.tool_calls is not None
        assert called.tool_calls[0].type == "function"
        assert json.loads(called.tool_calls[0].function.arguments) == {"order_id": "A-1"}
        second = client.chat.completions.create(
            model="m",
            messages=[
                {"role": "user", "content": "Where is A-1?"},
                called.model_dump(exclude_none=True),  # type: ignore[list-item]
                {"role": "tool", "tool_call_id": called.tool_calls[0].id, "content": "SHIPPED"},
            ],
        )
        assert second.choices[0].message.content == "It is on its way. Grüße!"
        assert second.usage is not None
        assert second.usage.prompt_tokens == -(-len(model.asked[1].raw) // 4)
        assert second.usage.completion_tokens > 0
        assert second.usage.total_tokens == second.usage.prompt_tokens + second.usage.completion_tokens
        assert [asked.step for asked in model.asked] == ["look", "found"]


def test_a_step_that_has_played_its_times_makes_room_for_the_next() -> None:
    with ScriptedModel(parse_script(SCRIPT)) as model:
        assert [ask(model, "hello"), ask(model, "hello"), ask(model, "hello")] == [
            "Hello.",
            "Hello again.",
            "Hello again.",
        ]


def test_what_no_step_fits_is_refused_and_counted() -> None:
    with ScriptedModel(parse_script(SCRIPT)) as model:
        with pytest.raises(openai.UnprocessableEntityError):
            ask(model, "something else")
        assert model.count == 1
        assert model.asked[0].step == ""


def test_a_stream_carries_the_same_answer_as_a_whole_body() -> None:
    with ScriptedModel(parse_script(SCRIPT)) as model, client_of(model) as client:
        stream = client.chat.completions.create(
            model="m",
            messages=[{"role": "user", "content": "how long have I got?"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = list(stream)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert text == ask(model, "how long have I got?")
        assert chunks[-1].usage is not None


def test_a_streamed_call_arrives_in_pieces_that_join_to_its_arguments() -> None:
    with ScriptedModel(parse_script(SCRIPT)) as model, client_of(model) as client:
        with client.chat.completions.stream(model="m", messages=[{"role": "user", "content": "where is it"}]) as stream:
            message = stream.get_final_completion().choices[0].message
        assert message.tool_calls is not None
        assert json.loads(message.tool_calls[0].function.arguments) == {"order_id": "A-1"}


def test_requests_are_recorded_with_body_and_headers() -> None:
    with ScriptedModel(parse_script(SCRIPT)) as model:
        ask(model, "hello")
        assert model.asked[0].headers["authorization"] == "Bearer unused"
        assert json.loads(model.asked[0].raw) == model.asked[0].body
        assert model.asked[0].reply.text == "Hello."


def test_another_script_can_be_played_and_the_record_stays() -> None:
    with ScriptedModel(parse_script(SCRIPT)) as model:
        ask(model, "hello")
        assert model.play(Script(steps=(Step(say="Something new."),))) == parse_script(SCRIPT)
        assert ask(model, "hello") == "Something new."
        assert model.count == 2


def test_equal_requests_to_equal_servers_get_equal_bytes() -> None:
    answers = []
    for _ in range(2):
        with ScriptedModel(parse_script(SCRIPT)) as model:
            answers.append(raw(model, question())[2])
    assert answers[0] == answers[1]


@pytest.mark.parametrize("body", [b"", b"[", b"[]", b"\xff\xfe", b'{"messages": 3, "tools": [1]}', b"[" * 20_000])
def test_a_body_that_is_no_conversation_is_refused_and_the_server_lives(body: bytes) -> None:
    with ScriptedModel(Script(gullible=True)) as model:
        assert raw(model, body)[0] == 422
        assert ask(model, "hello") == "How can I help you?"


def test_another_path_is_not_found() -> None:
    with ScriptedModel() as model:
        assert raw(model, b"{}", "/v1/responses")[0] == 404
        assert model.count == 0


def test_a_taken_port_is_an_error_at_once() -> None:
    with ScriptedModel() as model, pytest.raises(OSError, match="address"):
        ScriptedModel(port=urlsplit(model.base_url).port or 0).__enter__()


def faulty(**fault: object) -> ScriptedModel:
    return ScriptedModel(Script(steps=(Step(say="one two three four five", fault=Fault.model_validate(fault)),)))


def test_a_told_status_is_sent_with_its_headers_and_body() -> None:
    with faulty(status=429, headers={"retry-after": "7"}, body="busy") as model:
        status, headers, body = raw(model, question())
    assert (status, headers["retry-after"], body) == (429, "7", b"busy")


def test_a_redirect_names_its_address() -> None:
    with faulty(redirect="http://127.0.0.1:9/v1/chat/completions") as model:
        status, headers, _ = raw(model, question())
    assert (status, headers["location"]) == (307, "http://127.0.0.1:9/v1/chat/completions")


@pytest.mark.parametrize("stream", [False, True])
def test_a_cut_connection_ends_before_the_answer_does(stream: bool) -> None:
    with faulty(cut=True) as model, pytest.raises(http.client.IncompleteRead):
        raw(model, question(stream=stream))


@pytest.mark.parametrize("stream", [False, True])
def test_garbage_stands_in_the_middle_of_the_answer(stream: bool) -> None:
    with faulty(garbage="data: {nonsense\n\n") as model:
        body = raw(model, question(stream=stream))[2]
    before, _, after = body.partition(b"data: {nonsense\n\n")
    assert before
    assert after


def test_without_its_terminal_a_stream_ends_in_order_but_unfinished() -> None:
    with faulty(no_terminal=True) as model:
        body = raw(model, question(stream=True))[2]
    assert b"[DONE]" not in body
    assert b'"finish_reason":"stop"' not in body


def test_without_its_terminal_a_body_has_no_finish_reason() -> None:
    with faulty(no_terminal=True) as model:
        body = json.loads(raw(model, question())[2])
    assert body["choices"][0]["finish_reason"] is None


def test_a_wrong_content_type_is_claimed() -> None:
    with faulty(content_type="text/html") as model:
        assert raw(model, question())[1]["content-type"] == "text/html"


def test_a_body_can_be_anything() -> None:
    with faulty(body='{"choices": "none"}') as model:
        assert raw(model, question())[2] == b'{"choices": "none"}'


def test_duplicate_ids_are_the_same_for_all_calls() -> None:
    script = parse_script("steps: [{call: [{tool: a}, {tool: b, args: 'not json'}], fault: {duplicate_ids: true}}]")
    with ScriptedModel(script) as model:
        calls = json.loads(raw(model, question())[2])["choices"][0]["message"]["tool_calls"]
    assert len({call["id"] for call in calls}) == 1
    assert calls[1]["function"]["arguments"] == "not json"


@pytest.mark.parametrize("fault", [{"hang": True}, {"delay_ms": 60_000}])
def test_a_hanging_model_is_asked_and_leaves_with_its_client(fault: dict[str, object]) -> None:
    with faulty(**fault) as model:
        client = openai.OpenAI(base_url=model.base_url, api_key="k", max_retries=0, timeout=0.2)
        with client, pytest.raises(openai.APITimeoutError):
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])
        assert model.count == 1


def test_a_drip_arrives_whole_in_the_end() -> None:
    with faulty(drip_ms=1) as model:
        status, _, body = raw(model, question())
        assert json.loads(body)["choices"][0]["message"]["content"] == "one two three four five"
        assert raw(model, question(stream=True))[2].endswith(b"data: [DONE]\n\n")
    assert status == 200


def test_one_connection_serves_many_requests() -> None:
    with ScriptedModel(Script(gullible=True)) as model, httpx2.Client(base_url=model.base_url) as client:
        statuses = [client.post("/chat/completions", content=question()).status_code for _ in range(5)]
        statuses.append(client.get("/models").status_code)
    assert statuses == [200] * 6


def test_a_relay_asks_the_other_endpoint_under_a_name_it_knows_and_keeps_what_was_said() -> None:
    with ScriptedModel(Script(steps=(Step(say="From the other one."),))) as other:
        with ScriptedModel(relay=other.base_url) as model:
            assert ask(model, "hello") == "From the other one."
            assert model.asked[0].step == "relay"
            assert model.asked[0].reply.text == "From the other one."
        assert other.asked[0].body["model"] == "scripted"
        assert other.asked[0].headers["authorization"] == "Bearer unused"


def test_a_relay_to_nowhere_is_a_bad_gateway() -> None:
    with ScriptedModel(relay="http://127.0.0.1:9/v1") as model:
        assert raw(model, question())[0] == 502


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("steps: [{sya: hello}]", "steps.0.sya"),
        ("steps: [{when: {user: '('}}]", "steps.0.when.user"),
        ("steps: [{fault: {status: 1000}}]", "steps.0.fault.status"),
        ("steps: [", "not YAML"),
        ("- 1", "script"),
    ],
)
def test_a_script_that_says_something_else_is_an_error_that_names_the_place(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        parse_script(text)


def test_an_empty_script_has_no_steps(tmp_path: Path) -> None:
    assert parse_script("") == Script()
