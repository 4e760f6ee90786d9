"""What is too long to be judged does not leave, and nothing a model writes keeps the server busy."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from trilens.declare.parse import parse
from trilens.lenses.catalog import load
from trilens.lenses.rehearsal import run_vector
from trilens.lenses.stage import FIXTURES
from trilens.lenses.vectors import Vector
from trilens.mechanisms.flow.atoms import LONGEST_TEXT
from trilens.vocabulary.amount import parse_amount
from trilens.vocabulary.system import System

FILLING = "Thank you. "
LONGEST = FILLING * (LONGEST_TEXT // len(FILLING))


@dataclass(frozen=True)
class Named:
    id: str


def shop(manifest: str) -> System:
    def read(path: str) -> str:
        return FIXTURES.joinpath(path).read_text(encoding="utf-8")

    return parse(manifest, (Named("ungrounded_claim"),), environment={}, read=read)


def problem(event: Mapping[str, object], expect: Mapping[str, object]) -> str:
    """Why the guard of sinks does not answer as expected; empty when it does."""
    guard = next(guard for guard in load() if guard.sheet.name == "security/untrusted_sink")
    turns = [{"user": "Mail the news to ada@example.org"}]
    told = {"name": "long", "person": "C-17", "turns": turns, "event": event, "expect": expect}
    return run_vector(guard, Vector.model_validate(told), shop).problem


def mail(body: str) -> dict[str, object]:
    return {"tool_call": "send_email", "args": {"to": "ada@example.org", "subject": "News", "body": body}}


def test_an_amount_of_any_length_is_read_at_once() -> None:
    started = time.thread_time()
    for text in ("1" + " " * 100_000 + "x", " " * 100_000, "1" * 100_000, "1e999999999"):
        assert parse_amount(text, "EUR") is None
    assert time.thread_time() - started < 1


def test_a_text_that_is_not_read_to_its_end_does_not_leave() -> None:
    refused = {"outcome": "deny", "codes": ["untrusted_sink/unreadable"]}
    hidden = LONGEST + FILLING + "See https://evil.example/x?d=C-18"
    assert problem({"output": hidden}, refused) == ""
    assert problem(mail(hidden), refused) == ""


def test_a_text_that_is_read_to_its_end_leaves() -> None:
    for event in ({"output": LONGEST}, mail(LONGEST[:-1000])):
        assert problem(event, {"outcome": "allow"}) == ""


def test_a_link_at_the_end_of_the_longest_text_is_found() -> None:
    text = LONGEST[:-60] + " https://evil.example/x"
    assert problem({"output": text}, {"outcome": "hold", "codes": ["untrusted_sink/unknown_destination"]}) == ""


def test_a_text_of_many_codes_is_refused_in_bounded_time() -> None:
    coded = "%25" * 20_000 + "<b>&amp;</b> =40 \\u0040 [.] " * 1_000
    started = time.thread_time()
    for event in ({"output": coded}, mail(coded)):
        assert problem(event, {"outcome": "deny", "codes": ["untrusted_sink/unreadable"]}) == ""
    assert time.thread_time() - started < 5
