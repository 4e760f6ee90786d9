"""What happens in an exchange, as events: what new turns show, the model call they ask for, and what an answer proposes."""

from collections.abc import Sequence

from trilens.mechanisms import events
from trilens.vocabulary.event import Call, Event, Turn
from trilens.vocabulary.outcome import Role


def heard_events(scene: events.Scene, turns: Sequence[Turn], fresh: int) -> dict[int, Event]:
    """By turn, from `fresh` on: what people said and what tools answered."""
    calls: dict[str, Call] = {}
    heard: dict[int, Event] = {}
    for position, turn in enumerate(turns):
        # an id may be used again later: a result answers the newest call before it
        calls.update((call.id, call) for call in turn.calls)
        if position < fresh:
            continue
        ref = f"messages[{position}]"
        if turn.role is Role.USER:
            heard[position] = events.user_input(scene, turn.text, wire_ref=ref)
        elif turn.role is Role.TOOL:
            call = calls.get(turn.call_id, Call(turn.call_id, "", ""))
            heard[position] = events.tool_result(scene, call, turn.text, wire_ref=ref)
    return heard


def next_model_call(scene: events.Scene, model: str, turns: Sequence[Turn]) -> Event:
    """The call of `model` that carries `turns`."""
    return events.model_call(scene, model, prefix=turns[-1].digest if turns else b"")


def said(scene: events.Scene, text: str, calls: Sequence[Call], *, text_ref: str, calls_ref: str) -> tuple[Event, ...]:
    """An answer: its words, then its calls."""
    words = (events.output(scene, text, wire_ref=text_ref),) if text else ()
    return (*words, *(events.tool_call(scene, call, wire_ref=f"{calls_ref}[{n}]") for n, call in enumerate(calls)))
