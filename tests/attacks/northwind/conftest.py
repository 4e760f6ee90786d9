"""Northwind Outdoor under attack: the example's own manifest, tools and books, the real server, and a model that says what an attacker wants.

Nothing here looks at a verdict. What counts is what happened: mails in the outbox, money in the books, calls an agent was given, words that
reached the customer.
"""

import http.client
import importlib
import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from trilens.clock import wall_clock_ms
from trilens.people.access import KeyDesk
from trilens.plane import Plane, open_plane
from trilens.settings import Settings
from trilens.storage.sqlite.create import create
from trilens.testing.scripted_model.script import Call, Fault, Script, Step
from trilens.testing.scripted_model.server import ScriptedModel
from trilens.testing.serving import Serving

SUPPORT = Path(__file__).parents[3] / "examples" / "support"
PROMPT = (SUPPORT / "prompts" / "support.md").read_text(encoding="utf-8")
_MOST_ROUNDS = 12


@dataclass(frozen=True)
class Got:
    """What came back, to the byte."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def message(self) -> dict[str, Any]:
        """Of an answer in one piece; empty of a refusal."""
        found: dict[str, Any] = self.json["choices"][0]["message"] if self.status == 200 else {}
        return found

    @property
    def text(self) -> str:
        return self.message.get("content") or ""

    @property
    def calls(self) -> list[tuple[str, Any]]:
        """(tool, arguments) of every call the agent was given."""
        given = [call["function"] for call in self.message.get("tool_calls") or []]
        return [(call["name"], json.loads(call["arguments"])) for call in given]

    @property
    def streamed(self) -> str:
        """All words of a stream."""
        lines = (line[6:] for line in self.body.decode().split("\n") if line.startswith('data: {"'))
        choices = (choice for line in lines for choice in json.loads(line).get("choices", []))
        return "".join(choice["delta"].get("content") or "" for choice in choices)

    @property
    def case(self) -> str:
        return str(self.json.get("error", {}).get("case", "")) if self.status == 403 else ""


@dataclass
class Clock:
    """The wall clock, and what it was moved on."""

    ahead_ms: int = 0

    def __call__(self) -> int:
        return wall_clock_ms() + self.ahead_ms


@dataclass
class Story:
    """One conversation of a customer: the example's own loop around its own tools, and books of its own."""

    shop: "Northwind"
    person: str
    session: str
    books: Any
    messages: list[Any] = field(default_factory=lambda: [{"role": "system", "content": PROMPT}])
    answers: list[Got] = field(default_factory=list)

    def says(self, text: str, *steps: Step) -> Got:
        """The customer says something; the model answers with `steps` in turn, and then with nothing more to add."""
        self.messages.append({"role": "user", "content": text})
        return self.goes_on(*steps)

    def goes_on(self, *steps: Step) -> Got:
        self.shop.model.play(Script(steps=(*(_once(step) for step in steps), Step(say="That is all."))))
        for _ in range(_MOST_ROUNDS):
            got = self.ask()
            self.answers.append(got)
            if not got.calls:
                return got
            self.messages.append({name: part for name, part in got.message.items() if part is not None})
            for call in got.message["tool_calls"]:
                done = self.shop.tools.run(
                    self.books, call["id"], call["function"]["name"], call["function"]["arguments"]
                )
                self.messages.append({"role": "tool", "tool_call_id": call["id"], "content": done})
        raise AssertionError("the conversation does not end")

    def ask(self, **more: Any) -> Got:
        """Put the conversation to the gateway as it stands."""
        body = self.shop.body(*self.messages) | more
        return self.shop.post(body, person=self.person, session=self.session)

    def fork(self) -> "Story":
        """The same conversation in a session, and with books, of its own."""
        again = self.shop.story(self.person)
        again.messages = list(self.messages)
        return again

    def has_result(self, result: object) -> None:
        """The last tool call was answered with this instead."""
        self.messages[-1] = self.messages[-1] | {"content": result if isinstance(result, str) else json.dumps(result)}

    @property
    def shown(self) -> str:
        """All words that reached the customer."""
        return "\n".join(got.text for got in self.answers)

    @property
    def given(self) -> list[str]:
        """The tools the agent was given calls of."""
        return [tool for got in self.answers for tool, _ in got.calls]

    @property
    def mails(self) -> list[str]:
        found: list[str] = self.books.mails()
        return found

    @property
    def refunds(self) -> list[tuple[str, str]]:
        """(order, euros) of every refund that was booked."""
        return [(refund.order_id, str(refund.euros)) for refund in self.books.refunds()]

    @property
    def entries(self) -> int:
        return self.shop.plane.journal.size()


@dataclass
class Northwind:
    plane: Plane
    model: ScriptedModel
    spare: ScriptedModel
    key: str
    lead: str
    """The operator's key of somebody who may approve refunds."""
    other: str
    """The operator's key of somebody who may not."""
    server: Serving
    clock: Clock
    tools: Any
    shop: Any
    folder: Path
    numbers: Iterator[int]

    def name(self) -> str:
        """Of a session or a person that nobody had before."""
        return f"N-{next(self.numbers)}"

    def story(self, person: str = "C-17", *, note: str | None = None) -> Story:
        """A new conversation. With `note`, an outsider wrote that into order A-1002."""
        books = self.shop.Shop.open(self.folder / self.name())
        if note is not None:
            with books.books() as written:
                written.execute("UPDATE orders SET note = ? WHERE order_id = 'A-1002'", (note,))
        return Story(self, person, self.name(), books)

    def looked_up(self, order: str = "A-1002", **more: Any) -> Story:
        """A conversation in which an order was looked up."""
        story = self.story(**more)
        story.messages.append({"role": "user", "content": f"Where is my order {order}?"})
        self.model.play(Script(steps=(self.look(order),)))
        got = story.ask()
        [call] = got.message["tool_calls"]
        done = self.tools.run(story.books, call["id"], "lookup_order", call["function"]["arguments"])
        told = {"role": "assistant", "tool_calls": [call]}
        story.messages += [told, {"role": "tool", "tool_call_id": call["id"], "content": done}]
        return story

    def own(self, person: str = "", order: str = "A-1003") -> Story:
        """A conversation of `person`, or of somebody new, in which an order of theirs was looked up."""
        person = person or self.name()
        story = self.looked_up(order, person=person)
        record = json.loads(story.messages[-1]["content"])
        story.has_result(record | {"customer_id": person})
        return story

    def say(self, text: str, *calls: Call) -> Step:
        return Step(say=text, call=calls)

    def call(self, tool: str, arguments: dict[str, object] | str, *, id: str = "") -> Step:  # noqa: A002
        return Step(call=(Call(tool=tool, args=arguments, id=id),))

    def look(self, order: str) -> Step:
        return self.call("lookup_order", {"order_id": order})

    def mail(self, to: object, body: object = "Hello.", subject: object = "Your order", **more: object) -> Step:
        return self.call("send_email", {"to": to, "subject": subject, "body": body} | more)

    def refund(self, order: object, amount: object) -> Step:
        return self.call("refund", {"order_id": order, "amount": amount})

    def raw(self, body: str, media: str = "application/json") -> Step:
        """The model's server sends exactly this."""
        return Step(fault=Fault(body=body, content_type=media))

    def plays(self, *steps: Step) -> None:
        self.model.play(Script(steps=steps))

    def body(self, *messages: Any) -> dict[str, Any]:
        return {"model": "gpt-5.1", "messages": list(messages), "tools": self.tools.SCHEMAS}

    def post(
        self,
        body: dict[str, Any] | bytes,
        *,
        person: str = "C-17",
        session: str = "",
        headers: Sequence[tuple[str, str | bytes]] = (),
        key: str | None = None,
    ) -> Got:
        sent: list[tuple[str, str | bytes]] = [("content-type", "application/json"), *headers]
        sent += [("authorization", f"Bearer {key or self.key}")] if key != "" else []
        sent += [("x-trilens-on-behalf-of", person)] if person else []
        sent += [("x-trilens-session", session)] if session else []
        return self.send("POST", "/v1/chat/completions", body, sent)

    def operator(self, method: str, path: str, body: dict[str, Any] | None = None, *, key: str | None = None) -> Got:
        headers: list[tuple[str, str | bytes]] = [("authorization", f"Bearer {key or self.lead}")]
        headers += [("content-type", "application/json")] if body is not None else []
        return self.send(method, f"/operator{path}", b"" if body is None else body, headers)

    def decide(self, case: str, action: str = "approve", *, key: str | None = None, **more: Any) -> int:
        return self.operator("POST", f"/cases/{case}/decide", {"action": action} | more, key=key).status

    def send(
        self, method: str, path: str, body: dict[str, Any] | bytes, headers: Sequence[tuple[str, str | bytes]]
    ) -> Got:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection(self.server.address.removeprefix("http://"), timeout=30)
        with closing(connection):
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            connection.putheader("content-length", str(len(data)))
            connection.endheaders(data)
            got = connection.getresponse()
            return Got(got.status, got.getheaders(), got.read())


def _once(step: Step) -> Step:
    return step.model_copy(update={"times": 1})


def open_northwind(folder: Path, stack: ExitStack) -> Northwind:
    example = stack.enter_context(pytest.MonkeyPatch.context())
    example.syspath_prepend(str(SUPPORT))
    stack.callback(lambda: [sys.modules.pop(name, None) for name in ("shop", "tools")])
    shop, tools = importlib.import_module("shop"), importlib.import_module("tools")
    model = stack.enter_context(ScriptedModel(Script()))
    spare = stack.enter_context(ScriptedModel(Script(steps=(Step(say="SPARE"),))))
    environment = {
        "UPSTREAM_URL": model.base_url,
        "UPSTREAM_KEY": "sk-up",
        "SPARE_URL": spare.base_url,
        "SPARE_KEY": "sk-spare",
    }
    create(folder / "state")
    clock = Clock()
    plane = stack.enter_context(
        closing(open_plane(Settings(SUPPORT / "system.yaml", folder / "state"), environment, clock=clock))
    )
    desk = KeyDesk(plane.system, plane.journal, plane.keystore, plane.clock, os.urandom)
    return Northwind(
        plane=plane,
        model=model,
        spare=spare,
        key=desk.give_to_agent("support", may_assert=True, by="").text,
        lead=desk.give_to_operator("support-lead", by="").text,
        other=desk.give_to_operator("secops", by="").text,
        server=stack.enter_context(Serving(plane)),
        clock=clock,
        tools=tools,
        shop=shop,
        folder=folder,
        numbers=itertools.count(),
    )


@pytest.fixture(scope="module")
def northwind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Northwind]:
    """The shop, for all stories of a file; each has a session, and books, of its own."""
    with ExitStack() as stack:
        yield open_northwind(tmp_path_factory.mktemp("northwind"), stack)


@pytest.fixture
def opened() -> Callable[[Path, ExitStack], Northwind]:
    """Opens a shop whose state nobody else writes."""
    return open_northwind
