"""The clients people use, unchanged, in front of the gateway."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import openai
import pytest

from trilens.lenses.lens import Answer, Context, allow, deny
from trilens.vocabulary.event import Event
from trilens.vocabulary.verdict import Finding

Install = Callable[..., Any]
ASK: list[Any] = [{"role": "user", "content": "where is my order?"}]
LOOKUP: list[Any] = [{"type": "function", "function": {"name": "lookup", "parameters": {"type": "object"}}}]
CONVERSATION = """
steps:
  - when: {user: where is}
    call: [{tool: lookup, args: {order: A-1}, id: c1}]
  - when: {tool: lookup}
    say: Your order is on its way. It arrives tomorrow.
"""


def deny_mail(event: Event, _: Context) -> Answer:
    return deny(Finding("g/third_party_destination", "!")) if event.component == "send_email" else allow()


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_loop_of_the_synchronous_client_runs_to_its_end(install: Install, stream: bool) -> None:
    here = install(script=CONVERSATION)
    client, messages = here.client(), list(ASK)
    for _ in range(2):
        message = complete(client, messages, stream=stream)
        messages.append(message)
        calls = message.get("tool_calls") or []
        messages += [{"role": "tool", "tool_call_id": call["id"], "content": '{"order": "A-1"}'} for call in calls]
    assert messages[-1]["content"] == "Your order is on its way. It arrives tomorrow."
    kinds = [kind for kind, _ in here.outcomes()]
    assert kinds[:5] == ["input", "model_call", "tool_call", "tool_result", "model_call"]
    assert set(kinds[5:]) == {"output"}


def complete(client: openai.OpenAI, messages: list[Any], *, stream: bool) -> Any:
    if not stream:
        answer = client.chat.completions.create(model="gpt-5.1", messages=messages, tools=LOOKUP)
        return answer.choices[0].message.model_dump(exclude_none=True)
    with client.chat.completions.stream(model="gpt-5.1", messages=messages, tools=LOOKUP) as events:
        for _ in events:
            pass
        final = events.get_final_completion().choices[0].message.model_dump(exclude_none=True)
    return {name: value for name, value in final.items() if name in ("role", "content", "tool_calls")}


def test_the_asynchronous_client_streams_many_answers_at_once(install: Install) -> None:
    here = install(script="steps: [{say: One sentence. Another one. And a last one.}]")
    address, key = f"{here.address}/v1", here.key()

    async def one(client: openai.AsyncOpenAI) -> str:
        events = await client.chat.completions.create(model="gpt-5.1", messages=ASK, stream=True)
        return "".join([part.choices[0].delta.content or "" async for part in events])

    async def all_of_them() -> list[str]:
        async with openai.AsyncOpenAI(base_url=address, api_key=key) as client:
            return await asyncio.gather(*(one(client) for _ in range(16)))

    assert set(asyncio.run(all_of_them())) == {"One sentence. Another one. And a last one."}
    assert len(here.model.asked) == 16


def test_an_error_is_raised_once_with_its_code_and_decision(install: Install) -> None:
    here = install(deny_mail, script="steps: [{call: [{tool: send_email, args: {to: a}}]}]")
    with pytest.raises(openai.PermissionDeniedError) as caught:
        here.client(here.key("strict"), max_retries=3).chat.completions.create(model="gpt-5.1", messages=ASK)
    assert caught.value.code == "third_party_destination"
    assert caught.value.type == "policy_violation"
    assert caught.value.response.headers["x-trilens-decision"].startswith("dec_")
    assert here.model.count == 1


def test_a_wrong_key_is_an_authentication_error(install: Install) -> None:
    with pytest.raises(openai.AuthenticationError) as caught:
        install().client("tlk_wrong").chat.completions.create(model="gpt-5.1", messages=ASK)
    assert caught.value.code == "invalid_api_key"


def test_the_models_of_a_key_are_the_one_of_its_agent(install: Install) -> None:
    assert [model.id for model in install().client().models.list()] == ["gpt-5.1"]


@pytest.mark.parametrize("stream", [False, True])
def test_the_loop_of_openai_agents_survives_a_denied_call(
    install: Install, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    monkeypatch.setenv("OPENAI_AGENTS_DISABLE_TRACING", "1")
    agents = pytest.importorskip("agents")
    sent: list[str] = []

    @agents.function_tool  # type: ignore[untyped-decorator]
    def send_email(to: str, body: str) -> str:
        """Send an e-mail."""
        sent.append(to)
        return "sent"

    @agents.function_tool  # type: ignore[untyped-decorator]
    def lookup(order: str) -> str:
        """Look an order up."""
        return json.dumps({"order": order, "status": "shipped"})

    script = """
    steps:
      - when: {user: where is}
        call: [{tool: lookup, args: {order: A-1}}, {tool: send_email, args: {to: x@evil.example, body: hi}}]
      - when: {tool: lookup}
        say: It was shipped.
    """
    here = install(deny_mail, script=script)
    address, key = f"{here.address}/v1", here.key()

    async def run() -> str:
        async with openai.AsyncOpenAI(base_url=address, api_key=key) as client:
            model = agents.OpenAIChatCompletionsModel("gpt-5.1", client)
            agent = agents.Agent(name="support", model=model, tools=[lookup, send_email])
            if not stream:
                return str((await agents.Runner.run(agent, "where is my order?")).final_output)
            streamed = agents.Runner.run_streamed(agent, "where is my order?")
            async for _ in streamed.stream_events():
                pass
            return str(streamed.final_output)

    assert asyncio.run(run()) == "It was shipped."
    assert sent == []
    assert [o for k, o in here.outcomes() if k == "tool_call"] == ["allow", "deny"]
