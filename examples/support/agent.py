"""Northwind Outdoor's support agent: an ordinary loop around the `openai` client.

    OPENAI_BASE_URL=http://127.0.0.1:8740/v1 OPENAI_API_KEY=tlk_… python agent.py C-17 "Where is my order A-1002?"

The only line that knows about Trilens is the header that says for which customer it acts.
"""

import os
import sys
from pathlib import Path
from typing import Any

import openai
from shop import Shop
from tools import SCHEMAS, run

PROMPT = (Path(__file__).parent / "prompts" / "support.md").read_text(encoding="utf-8")
MOST_ROUNDS = 8


class Agent:
    """One conversation with one customer."""

    def __init__(self, client: openai.OpenAI, shop: Shop, customer: str, session: str, model: str = "gpt-5.1") -> None:
        self.client, self.shop, self.model = client, shop, model
        self.headers = {"x-trilens-on-behalf-of": customer, "x-trilens-session": session}
        self.messages: list[Any] = [{"role": "system", "content": PROMPT}]

    def say(self, text: str) -> str:
        """Answer the customer. Raises: openai.APIStatusError when the model, or what stands before it, says no."""
        self.messages.append({"role": "user", "content": text})
        return self.go_on()

    def go_on(self) -> str:
        """Ask the model until it answers in words; after an error, the same request once more."""
        for _ in range(MOST_ROUNDS):
            completion = self.client.chat.completions.create(
                model=self.model, messages=self.messages, tools=SCHEMAS, extra_headers=self.headers
            )
            message = completion.choices[0].message
            self.messages.append(message.model_dump(exclude_none=True))
            if not message.tool_calls:
                return message.content or ""
            for call in message.tool_calls:
                if call.type != "function":
                    raise TypeError("only function tools are offered")
                result = run(self.shop, call.id, call.function.name, call.function.arguments)
                self.messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
        return "I could not finish this."


if __name__ == "__main__":
    books = Shop.open(Path(os.environ.get("NORTHWIND_STATE", "state")))
    agent = Agent(openai.OpenAI(max_retries=0), books, sys.argv[1], session=f"chat-{os.getpid()}")
    try:
        print(agent.say(sys.argv[2]))
    except openai.APIStatusError as error:
        print(f"{error.status_code}: {error.message}")
