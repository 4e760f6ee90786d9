"""An exchange's own account: what besides its events it takes to judge it again.

It stands in the sealed payload of the exchange's first entry:

    {"after": 17, "turns": [["user", {"event": 0}, "…"]], "who": ["customer", "C-17", "eu"], "facts": {"is_first_output": true}}

Turns are told once: `after` names the entry whose account tells those before. A text stands where it stands already: with an event of this
exchange (`event`), with an earlier answer of ours (`entry`), or in a declared prompt (`prompt`).

INVARIANT: `read_account` of what `write_account` wrote gives back every turn to the byte (tests/evaluate/test_replay_laws.py).
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trilens.enforce.told import Untold
from trilens.errors import LedgerError
from trilens.mechanisms.flow.flow import Flow
from trilens.storage.ports import Case, Stop, Stopped, StopScope
from trilens.vocabulary.canonical import Json
from trilens.vocabulary.event import EMPTY, Call, Exchange, Turn
from trilens.vocabulary.outcome import EventKind, Role
from trilens.vocabulary.system import System
from trilens.vocabulary.written import printable

_HEARD = (EventKind.INPUT, EventKind.TOOL_RESULT)
_EMPTY: tuple[Json, ...] = ([], {}, "")
"""What a reader takes for granted is left out."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """The text of a declared prompt."""

    id: str


@dataclass(frozen=True, slots=True)
class OwnEvent:
    """The text of an event of the same exchange, by its position."""

    at: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The words and calls that left with an earlier answer, by its first entry."""

    entry: int


@dataclass(frozen=True, slots=True)
class ToldTurn:
    role: Role
    text: str | Prompt | OwnEvent | Answer
    digest: bytes
    calls: tuple[Call, ...] = ()
    call_id: str = ""
    released: bool = False
    """Of a tool's result: whether the call it answers was one that Trilens released."""


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval that was in force for one intent."""

    intent: str
    case: str
    covers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Account:
    after: int | None
    turns: tuple[ToldTurn, ...]
    role: str
    person: str
    region: str
    facts: Mapping[str, object] = field(default_factory=lambda: EMPTY)
    approvals: tuple[Approval, ...] = ()
    kept_case: str = ""
    stop: Stopped | None = None
    """What a person had stopped."""
    is_answer: bool = False


def write_account(
    exchange: Exchange,
    system: System,
    *,
    flow: Flow,
    untold: Untold,
    approvals: Mapping[str, Case],
    kept_case: str,
    stop: Stop | None = None,
) -> dict[str, Json]:
    """What stands under `exchange` in the payload.

    Args:
        approvals: by intent, as they were in force before the first event.
        stop: the one that reached whoever asks.
    """
    who = exchange.principal
    account: dict[str, Json] = {"who": [write_text(part) for part in (who.role, who.person, who.region)]}
    turns = _write_turns(exchange, system, flow, untold)
    more: dict[str, Json] = {
        "after": untold.after,
        "turns": turns,
        "facts": {name: _write_fact(fact) for name, fact in exchange.facts.items()},
        "approvals": [[intent, case.id, list(case.covers)] for intent, case in approvals.items()],
        "kept": kept_case,
        "stop": [stop.what.scope.value, stop.what.subject] if stop else None,
        "answer": exchange.proposes_answer,
    }
    return account | {
        name: item for name, item in more.items() if item is not None and item is not False and item not in _EMPTY
    }


def _write_turns(exchange: Exchange, system: System, flow: Flow, untold: Untold) -> list[Json]:
    events = {e.wire_ref: at for at, e in enumerate(exchange.events) if e.kind in _HEARD}
    rows: list[Json] = []
    for at in range(untold.start, len(exchange.turns)):
        turn = exchange.turns[at]
        written = _write_turn(turn, _place_of(turn, at, exchange, system, events, untold))
        is_released = flow.trunk.released[at]
        rows.append([*written, is_released] if is_released else written)
    return rows


def _place_of(
    turn: Turn, at: int, exchange: Exchange, system: System, events: Mapping[str, int], untold: Untold
) -> Json:
    """Where the turn's text stands already; the text itself where it stands nowhere."""
    event = events.get(f"messages[{at}]")
    if event is not None and exchange.events[event].text == turn.text:
        return {"event": event}
    if at in untold.answers:
        return {"entry": untold.answers[at]}
    if turn.role is Role.SYSTEM:
        for prompt in system.prompts.values():
            if prompt.text == turn.text:
                return {"prompt": prompt.id}
    return write_text(turn.text)


def _write_turn(turn: Turn, place: Json) -> list[Json]:
    row: list[Json] = [turn.role.value, place, b64encode(turn.digest).decode()]
    is_answer = isinstance(place, dict) and "entry" in place
    if turn.role is Role.TOOL or turn.call_id or (turn.calls and not is_answer):
        calls = [] if is_answer else [write_call(call) for call in turn.calls]
        row += [calls, write_text(turn.call_id)]
    return row


def write_call(call: Call) -> list[Json]:
    return [write_text(call.id), write_text(call.tool), write_text(call.arguments)]


def write_text(text: str) -> Json:
    """A text, exactly: one that has no canonical form is written as the bytes it would have."""
    return text if text.isascii() or printable(text) == text else {"hex": text.encode("utf-8", "surrogatepass").hex()}


def _write_fact(fact: object) -> Json:
    return fact if isinstance(fact, bool | int) or fact is None else write_text(str(fact))


def read_account(written: object) -> Account:
    """The inverse of `write_account`. Raises: LedgerError `ledger/account` when it is none."""
    try:
        match written:
            case {"who": [role, person, region], **more}:
                return Account(
                    after=_entry(more["after"]) if "after" in more else None,
                    turns=tuple(_read_turn(row) for row in _rows(more.get("turns", []))),
                    role=read_text(role),
                    person=read_text(person),
                    region=read_text(region),
                    facts=_read_facts(more.get("facts", {})),
                    approvals=tuple(_read_approval(row) for row in _rows(more.get("approvals", []))),
                    kept_case=read_text(more.get("kept", "")),
                    stop=_read_stop(more.get("stop")),
                    is_answer=more.get("answer", False) is True,
                )
            case _:
                raise _malformed()
    except (TypeError, ValueError, KeyError) as error:
        raise _malformed() from error


def _read_turn(row: Sequence[object]) -> ToldTurn:
    match row:
        case [str(role), place, str(digest)]:
            return ToldTurn(Role(role), _read_place(place), b64decode(digest, validate=True))
        case [str(role), place, str(digest), list(calls), call_id]:
            return _with_calls(role, place, digest, calls, call_id, released=False)
        case [str(role), place, str(digest), list(calls), call_id, True]:
            return _with_calls(role, place, digest, calls, call_id, released=True)
        case _:
            raise _malformed()


def _with_calls(
    role: str, place: object, digest: str, calls: list[object], call_id: object, *, released: bool
) -> ToldTurn:
    read = tuple(read_call(call) for call in calls)
    return ToldTurn(
        Role(role), _read_place(place), b64decode(digest, validate=True), read, read_text(call_id), released
    )


def _read_place(place: object) -> str | Prompt | OwnEvent | Answer:
    match place:
        case {"event": int(at)}:
            return OwnEvent(at)
        case {"entry": int(entry)}:
            return Answer(entry)
        case {"prompt": str(name)}:
            return Prompt(name)
        case _:
            return read_text(place)


def read_call(written: object) -> Call:
    match written:
        case [call_id, tool, arguments]:
            return Call(read_text(call_id), read_text(tool), read_text(arguments))
        case _:
            raise _malformed()


def read_text(written: object) -> str:
    """The inverse of `write_text`. Raises: LedgerError, ValueError."""
    match written:
        case str(text):
            return text
        case {"hex": str(digits)}:
            return bytes.fromhex(digits).decode("utf-8", "surrogatepass")
        case _:
            raise _malformed()


def _read_facts(written: object) -> dict[str, object]:
    if not isinstance(written, dict):
        raise _malformed()
    return {str(name): _read_fact(fact) for name, fact in written.items()}


def _read_fact(fact: object) -> object:
    return fact if isinstance(fact, bool | int) or fact is None else read_text(fact)


def _read_approval(row: Sequence[object]) -> Approval:
    match row:
        case [str(intent), str(case), list(covers)]:
            return Approval(intent, case, tuple(str(guard) for guard in covers))
        case _:
            raise _malformed()


def _read_stop(written: object) -> Stopped | None:
    match written:
        case None:
            return None
        case [str(scope), str(subject)]:
            return Stopped(StopScope(scope), subject)
        case _:
            raise _malformed()


def _rows(written: object) -> list[Sequence[object]]:
    if not isinstance(written, list) or not all(isinstance(row, list) for row in written):
        raise _malformed()
    return written


def _entry(written: object) -> int:
    if not isinstance(written, int) or isinstance(written, bool):
        raise _malformed()
    return written


def _malformed() -> LedgerError:
    return LedgerError("ledger/account", "an exchange's account is not of its form")
