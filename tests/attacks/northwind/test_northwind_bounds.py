"""What is too long to be judged does not leave, and nothing a model writes keeps the server busy."""

import time

from trilens.lenses.catalog import load
from trilens.lenses.security.guards.untrusted_sink.wording import too_long
from trilens.vocabulary.amount import parse_amount
from trilens.vocabulary.outcome import Outcome


def test_an_amount_of_any_length_is_read_at_once() -> None:
    started = time.thread_time()
    for text in ("1" + " " * 100_000 + "x", " " * 100_000, "1" * 100_000, "1e999999999"):
        assert parse_amount(text, "EUR") is None
    assert time.thread_time() - started < 1


def test_a_text_that_is_not_read_to_its_end_is_refused_by_name() -> None:
    guard = next(g for g in load() if g.sheet.name == "security/untrusted_sink")
    assert Outcome.DENY in guard.sheet.outcomes
    assert too_long(300_000).code == "untrusted_sink/unreadable"
