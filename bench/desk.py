"""The example behind its gateway, a customer's conversation with it, and what can be seen of its effects."""

from collections.abc import Mapping, Sequence
from email import message_from_string
from importlib import import_module
from io import StringIO
from typing import Any

from trilens.cli.demo.record import Found
from trilens.cli.demo.scene import Scene
from trilens.cli.demo.screen import Screen
from trilens.cli.demo.stage import Stage
from trilens.cli.shown import cut
from trilens.cli.terminal import Terminal

SHORT, LONG = 60, 160


class Desk:
    """The example on its stage. Only inside `loaded_story`, which puts its modules on the path."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.chat, self.promise, self.note, self.approval = (
            import_module(f"story.{name}") for name in ("chat", "step_2_promise", "step_3_note", "step_5_approval")
        )
        self.held: Ticket | None = None
        """The one that step 5 leaves waiting for a person."""

    def ticket(self, customer: str, session: str) -> "Ticket":
        return Ticket(self, customer, session)


class Ticket:
    """One conversation, and what has happened since it began."""

    def __init__(self, desk: Desk, customer: str, session: str) -> None:
        stage = desk.stage
        self.desk, self.stage = desk, stage
        self.start = stage.plane.journal.size()
        self.scene = Scene(stage, Screen(Terminal(StringIO())), is_once=True, seen=self.start)
        self.chat: Any = desk.chat.Chat(self.scene, customer, session)
        self.shop: Any = desk.chat.shop_of(self.scene)
        self.case = ""
        self.before = (len(self.shop.refunds()), len(self.shop.mails()))

    def booked(self) -> list[str]:
        """Refunds in the shop's books, such as `A-1001 30.00`."""
        return [f"{refund.order_id} {refund.euros:.2f}" for refund in self.shop.refunds()[self.before[0] :]]

    def mailed(self) -> list[str]:
        """To whom mails lie in the outbox."""
        return [str(message_from_string(mail)["To"]) for mail in self.shop.mails()[self.before[1] :]]

    def released(self, tool: str) -> int:
        """Calls of `tool` that reached the agent."""
        calls = [call for message in self.chat.agent.messages for call in message.get("tool_calls") or ()]
        return sum(call["function"]["name"] == tool for call in calls)

    def reasons(self, guard: str) -> list[Found]:
        """Why `guard` stopped something, read back from the ledger."""
        found = [reason for item in self.stage.judged_since(self.start) for reason in item.reasons]
        return [reason for reason in found if reason.guard.endswith(f"/{guard}")]


def ended_as(ticket: Ticket, heard: Any) -> str:
    """How a call of `refund` ended, as the ledger has it."""
    found = [item.outcome.word for item in ticket.stage.judged_since(ticket.start) if item.component == "refund"]
    return found[0] if found else f"unjudged ({heard.status})"


def status(heard: Any) -> str:
    return f"{heard.status} {heard.code}".strip()


def first_reason(reasons: Sequence[Found]) -> str:
    if not reasons:
        return "no reason recorded"
    return f"{reasons[0].guard.rpartition('/')[2]}: {cut(reasons[0].message, LONG)}"


def listed(found: Sequence[str], none: str = "nothing") -> str:
    return ", ".join(cut(item, SHORT) for item in found) or none


def pairs(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={cut(value, SHORT)}" for name, value in values.items()) or "no arguments"
