"""The turns an exchange was judged after, rebuilt from what exchanges told, and their flow.

INVARIANT: the turns of an exchange lead to the prefix its decisions were recorded with, or it cannot be judged again.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from trilens.enforce.account import Answer, OwnEvent, Prompt, ToldTurn, read_call, read_text
from trilens.enforce.record import read_values
from trilens.errors import LedgerError
from trilens.evaluate.replay.ledger import Record, Recorded, RecordedExchange
from trilens.evaluate.replay.lost import LostError, Reason
from trilens.mechanisms.events import rewritten
from trilens.mechanisms.flow.build import beginning_of, extend, sprout
from trilens.mechanisms.flow.flow import Beginning, Flow
from trilens.vocabulary.event import Call, Turn
from trilens.vocabulary.outcome import EventKind
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import System

_REMEMBERED = 1024
"""Conversations; one that is forgotten is rebuilt from its first turn."""


@dataclass(frozen=True, slots=True)
class Conversation:
    turns: tuple[Turn, ...]
    flow: Flow


class Conversations:
    """Of one ledger, labelled as one system labels them."""

    def __init__(self, record: Record, system: System, recorded_under: Callable[[str], System]) -> None:
        """`recorded_under` gives the system of a policy, whose prompts a turn may repeat."""
        self._record = record
        self._system = system
        self._recorded_under = recorded_under
        self._beginning: Beginning | None = None
        self._known: OrderedDict[int, Conversation] = OrderedDict()

    def of(self, exchange: RecordedExchange) -> Conversation:
        """Raises: LostError, StoreError."""
        untold: list[RecordedExchange] = []
        step: RecordedExchange | None = exchange
        known: Conversation | None = None
        while step is not None and known is None:
            if step.account.turns:
                untold.append(step)
            after = step.account.after
            known = None if after is None else self._known.get(after)
            step = self._earlier(after, step.first) if after is not None and known is None else None
        known = known or self._empty()
        for told in reversed(untold):
            known = self._after(known, told)
        return known

    def _earlier(self, after: int, first: int) -> RecordedExchange:
        if not 0 <= after < first:
            raise LostError(Reason.CHANGED, "an exchange follows a later one")
        return self._record.exchange(after)

    def _empty(self) -> Conversation:
        if self._beginning is None:
            self._beginning = beginning_of(self._system)
        return Conversation((), sprout(self._beginning))

    def _after(self, before: Conversation, exchange: RecordedExchange) -> Conversation:
        turns, flow = list(before.turns), before.flow
        principal = principal_of(exchange)
        for told in exchange.account.turns:
            turn = self._turn(told, exchange)
            turns.append(turn)
            flow = extend(
                flow,
                (turn,),
                system=self._system,
                agent=self._system.agents.get(principal.agent),
                principal=principal,
                released=_always if told.released else _never,
            )
        made = self._known[exchange.first] = Conversation(tuple(turns), flow)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return made

    def _turn(self, told: ToldTurn, exchange: RecordedExchange) -> Turn:
        match told.text:
            case str() as text:
                return Turn(told.role, text, told.digest, told.calls, told.call_id)
            case OwnEvent(at):
                if not 0 <= at < len(exchange.decisions):
                    raise LostError(Reason.CHANGED, "a turn stands with an event its exchange does not have")
                return Turn(told.role, text_of(exchange.decisions[at]), told.digest, told.calls, told.call_id)
            case Prompt(name):
                prompt = self._recorded_under(exchange.decisions[0].decision.policy).prompts.get(name)
                if prompt is None:
                    raise LostError(Reason.TURNS, "a turn repeats a prompt its manifest does not declare")
                return Turn(told.role, prompt.text, told.digest, told.calls, told.call_id)
            case Answer(entry):
                return self._repeated(told, self._earlier(entry, exchange.first))

    def _repeated(self, told: ToldTurn, answer: RecordedExchange) -> Turn:
        left = [one for one in answer.decisions if one.decision.left]
        text = "".join(text_left(one) for one in left if one.decision.kind is EventKind.OUTPUT)
        calls = tuple(call_left(one) for one in left if one.decision.kind is EventKind.TOOL_CALL)
        return Turn(told.role, text, told.digest, calls, told.call_id)


def principal_of(exchange: RecordedExchange) -> Principal:
    body, account = exchange.decisions[0].entry.body, exchange.account
    return Principal(str(body.get("key")), str(body.get("agent")), account.role, account.person, account.region)


def text_of(one: Recorded) -> str:
    """The text of an event as it was judged. Raises: LostError."""
    return "\n".join(str(value) for _, value in read_values(one.private))


def text_left(one: Recorded) -> str:
    """The text of an answer as it left."""
    left = one.private.get("left")
    return "\n".join(str(row[1]) for row in left if isinstance(row, list)) if isinstance(left, list) else text_of(one)


def call_of(one: Recorded) -> Call:
    """A call as it was judged. Raises: LostError."""
    try:
        return read_call(one.private.get("call"))
    except (LedgerError, ValueError) as error:
        raise LostError(Reason.TURNS, "a call is not on record as it was written") from error


def call_left(one: Recorded) -> Call:
    """A call as it left: rewritten where it was changed. Raises: LostError."""
    call, left = call_of(one), one.private.get("left")
    if not isinstance(left, list):
        return call
    before = dict(read_values(one.private))
    now = {str(row[0]): row[1] for row in left if isinstance(row, list) and len(row) == 2}
    changed = {path: read_text(value) for path, value in now.items() if before.get(path) != value}
    made = rewritten(call, changed)
    if made is None:
        raise LostError(Reason.TURNS, "a changed call cannot be written again")
    return made


def _always(_: Call) -> bool:
    return True


def _never(_: Call) -> bool:
    return False
