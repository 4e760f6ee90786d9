"""A part of an answer that is still being written: it leaves as it is, or nothing was said about it."""

import asyncio
from pathlib import Path

import pytest

from trilens.enforce.drive import Asked, Ruled
from trilens.lenses.lens import Answer, Context, allow, deny, hold, modify
from trilens.testing.installation import Judge, open_installation
from trilens.vocabulary.event import Event
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.verdict import Edit, Finding, Span

WHY = Finding("g/x", "")
ASKED = Asked((), Principal("k", "support"), "", "mac", "chat")
TOLD = "I am an AI. "


def denies(_: Event, __: Context) -> Answer:
    return deny(WHY)


def holds(_: Event, __: Context) -> Answer:
    return hold(WHY)


def takes_out(event: Event, _: Context) -> Answer:
    return modify(Edit("text", (Span(0, 4),)), findings=(WHY,)) if event.text.startswith("Some") else allow()


def puts_in_front(event: Event, _: Context) -> Answer:
    return allow() if event.text.startswith(TOLD) else modify(Edit("text", prepended=TOLD), findings=(WHY,))


def allows(_: Event, __: Context) -> Answer:
    return allow()


def both(event: Event, context: Context) -> Answer:
    text = event.text
    return modify(Edit("text", (Span(0, 4),), TOLD), findings=(WHY,)) if text.startswith("Some") else allow()


@pytest.mark.parametrize(
    ("guard", "is_first", "leaves"),
    [
        (allows, True, "Some words. "),
        (allows, False, "Some words. "),
        (puts_in_front, True, TOLD + "Some words. "),
        (puts_in_front, False, None),
        (takes_out, True, None),
        (takes_out, False, None),
        (both, True, None),
        (denies, True, None),
        (holds, True, None),
    ],
)
def test_a_window_leaves_as_it_is_or_is_not_recorded(
    tmp_path: Path, guard: Judge, is_first: bool, leaves: str | None
) -> None:
    with open_installation(tmp_path / "state", guard) as here:

        async def judge() -> Ruled | None:
            return await here.driver.judge_window(ASKED, "Some words. ", text_ref="x", is_first=is_first)

        ruled = asyncio.run(judge())
        left = ruled.plan.rulings[0].leaves if ruled else None
        assert (left.text if left else None) == leaves
        assert here.journal.size() == (0 if leaves is None else 1)
        assert here.journal.cases() == []
