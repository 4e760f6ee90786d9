"""In process, what runs is what was judged: the arguments as they left the guards, or nothing."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trilens.enforce.drive import Driver
from trilens.gateways.sdk.conversation import Conversation
from trilens.gateways.sdk.refusal import ActionDenied
from trilens.gateways.sdk.session import AsyncSession, Session
from trilens.lenses.lens import Answer, Context, allow, modify
from trilens.testing.installation import Installation, open_installation
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.verdict import Edit, Finding, Span

pytestmark = pytest.mark.requirement("X4", "X13")

SECRET = "sk-secret "
WHO = Principal("sdk", "support", "customer", "C-17", "eu")


def cut_secret(event: Event, _: Context) -> Answer:
    """Takes the secret out of whatever argument has it."""
    edits = [
        Edit(value.path, (Span(at, at + len(SECRET)),))
        for value in event.values
        if isinstance(value.value, str) and (at := value.value.find(SECRET)) >= 0
    ]
    is_call = event.kind is EventKind.TOOL_CALL
    return modify(*edits, findings=(Finding("g/secret", "a secret"),)) if edits and is_call else allow()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    with open_installation(tmp_path / "state", cut_secret) as opened:
        yield opened


@pytest.fixture
def ran() -> list[dict[str, object]]:
    return []


@pytest.fixture
def send_email(ran: list[dict[str, object]]) -> Callable[..., str]:
    def send_email(to: object, body: object, **more: object) -> str:
        ran.append({"to": to, "body": body} | more)
        return "sent"

    return send_email


def conversation(here: Installation) -> Conversation:
    system = here.bench.system
    return Conversation(system, system.agents["support"], WHO, session="", mac=here.bench.mac)


def session(here: Installation) -> Session:
    driver = Driver(here.bench, journal=here.journal, keyring=here.keyring, clock=here.clock)
    return Session(conversation(here), driver)


def decisions(here: Installation) -> list[tuple[str, bool]]:
    bodies = [entry.body for entry in here.entries() if entry.kind == "decision"]
    return [(str(b["outcome"]), bool(b["left"])) for b in bodies if b["event"][1] == "tool_call"]  # type: ignore[index]


def test_a_call_nobody_changed_runs_with_the_very_objects_it_was_given(
    here: Installation, ran: list[dict[str, object]], send_email: Callable[..., str]
) -> None:
    body = ["a", {"b": 1.5}]
    assert session(here).call(send_email, to="a@shop.example", body=body) == "sent"
    assert ran[0]["body"] is body


def test_a_call_a_guard_changed_runs_as_it_left(
    here: Installation, ran: list[dict[str, object]], send_email: Callable[..., str]
) -> None:
    session(here).call(send_email, "a@shop.example", body=f"Grüezi {SECRET}bye")
    assert ran == [{"to": "a@shop.example", "body": "Grüezi bye"}]
    assert decisions(here) == [("modify", True)]
    results = [entry.body for entry in here.entries() if entry.body.get("event", ("", ""))[1] == "tool_result"]
    assert [body["answers"] for body in results] == [True]


def test_the_asynchronous_twin_runs_what_left(here: Installation, ran: list[dict[str, object]]) -> None:
    async def send_email(to: str, body: str) -> None:
        ran.append({"to": to, "body": body})

    async def act() -> None:
        await AsyncSession(conversation(here), here.driver).call(send_email, to=f"{SECRET}a@shop.example", body="hi")

    asyncio.run(act())
    assert ran == [{"to": "a@shop.example", "body": "hi"}]


@pytest.mark.parametrize("body", [[f"hi {SECRET}"], {"x": {"y": f"{SECRET}hi"}}, {"args.body": SECRET}])
def test_a_change_that_cannot_be_put_into_the_arguments_runs_nothing(
    here: Installation, ran: list[dict[str, object]], send_email: Callable[..., str], body: object
) -> None:
    with pytest.raises(ActionDenied) as denied:
        session(here).call(send_email, to="a@shop.example", body=body)
    assert ran == []
    assert denied.value.decision_id.startswith("dec_")
    assert [finding.code for finding in denied.value.findings] == ["g/secret"]


@pytest.mark.parametrize("body", ["\ud800", {"\ud800": 1}, [{"x": {"\udfff": "y"}}]])
def test_arguments_that_are_no_unicode_are_denied_and_recorded(
    here: Installation, ran: list[dict[str, object]], send_email: Callable[..., str], body: object
) -> None:
    with pytest.raises(ActionDenied):
        session(here).call(send_email, to="a@shop.example", body=body)
    assert ran == []
    assert decisions(here) == [("deny", False)]


def test_arguments_may_have_any_names(
    here: Installation, ran: list[dict[str, object]], send_email: Callable[..., str]
) -> None:
    session(here).call(send_email, to="a@shop.example", body="hi", more={"größe": f"{1}"})
    assert len(ran) == 1


def test_words_that_are_no_unicode_are_judged_as_they_can_be_written(here: Installation) -> None:
    opened = session(here)
    opened.user("hi \ud800")
    assert opened.reply("you said \udfff") == "you said ?"
    assert here.outcomes() == [("input", "allow"), ("output", "allow")]
