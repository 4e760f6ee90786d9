"""What of a conversation is on record, so that each turn is written down once, and which answer of ours a turn repeats.

Forgetting is safe: what is not remembered is told again. Remembering is narrow: the key holds who asked, in which session, under which
policy, and every turn up to that point with whether its result was one of a released call.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from types import MappingProxyType
from typing import Generic, TypeAlias, TypeVar

from trilens.enforce.plan import Plan
from trilens.mechanisms.flow.flow import Flow
from trilens.vocabulary.event import Call, Exchange
from trilens.vocabulary.outcome import EventKind, Role

K = TypeVar("K")
V = TypeVar("V")
Who: TypeAlias = tuple[str, ...]

_NO_ANSWERS: Mapping[int, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Untold:
    """What an exchange has to tell of its conversation."""

    after: int | None = None
    """The entry that told the turns before; None when none did."""
    start: int = 0
    """The first turn that was not told."""
    answers: Mapping[int, int] = field(default_factory=lambda: _NO_ANSWERS)
    """By turn that repeats an answer of ours word for word: the first entry of that answer."""


ALL_UNTOLD = Untold()


@dataclass(frozen=True, slots=True)
class _Told:
    entry: int
    seal: bytes
    """Over all turns up to there."""


@dataclass(frozen=True, slots=True)
class _Said:
    entry: int
    words: bytes


class ToldTurns:
    """A bounded memory of what is on record. Safe for use from several threads."""

    def __init__(self, *, most: int = 65_536) -> None:
        self._told: _Newest[tuple[Who, int, bytes], _Told] = _Newest(most)
        self._said: _Newest[tuple[Who, bytes], _Said] = _Newest(most)
        self._lock = Lock()

    def untold(self, who: Who, flow: Flow) -> Untold:
        """What an exchange after `flow` has to tell. Costs what its new turns cost, and one hash over the digests of the others."""
        digests = flow.trunk.digests
        with self._lock:
            for length in range(flow.length, 0, -1):
                known = self._told.get((who, length, digests[length - 1]))
                if known is not None and known.seal == _seal(flow, length):
                    return Untold(known.entry, length, self._answers(who, flow, length))
            return Untold(None, 0, self._answers(who, flow, 0))

    def note(self, who: Who, flow: Flow, plan: Plan, *, entry: int, is_answer: bool) -> None:
        """Remember what was committed: all turns of `flow` are on record, the last of them in `entry`, the first of its exchange."""
        with self._lock:
            seal = _seal(flow, flow.length)
            place = (who, flow.length, flow.trunk.digests[flow.length - 1]) if flow.length else None
            known = self._told.get(place) if place else None
            if place and (known is None or known.seal != seal):
                self._told.put(place, _Told(entry, seal))
            if is_answer and any(ruling.leaves for ruling in plan.rulings):
                self._said.put((who, seal), _Said(entry, _words_left(plan)))

    def _answers(self, who: Who, flow: Flow, start: int) -> Mapping[int, int]:
        answers: dict[int, int] = {}
        for at in range(start, flow.length):
            turn = flow.trunk.turns[at]
            said = self._said.get((who, _seal(flow, at))) if turn.role is Role.ASSISTANT else None
            if said is not None and said.words == _words(turn.text, turn.calls):
                answers[at] = said.entry
        return answers


class _Newest(Generic[K, V]):
    """The things put last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        found = self._known.pop(key, None)
        if found is not None:
            self._known[key] = found
        return found

    def put(self, key: K, value: V) -> None:
        self._known.pop(key, None)
        self._known[key] = value
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]


def who_of(exchange: Exchange, policy: str) -> Who:
    """Whose conversation it is: nothing is shared between two of them, not even what is on record."""
    who = exchange.principal
    return (policy, who.key, who.agent, who.role, who.person, who.region, exchange.session)


def _seal(flow: Flow, length: int) -> bytes:
    hashed = hashlib.sha256(b"".join(flow.trunk.digests[:length]))
    hashed.update(bytes(flow.trunk.released[:length]))
    return hashed.digest()


def _words_left(plan: Plan) -> bytes:
    lefts = [ruling.leaves for ruling in plan.rulings if ruling.leaves is not None]
    texts = [left.text for left in lefts if left.kind is EventKind.OUTPUT]
    return _words("".join(texts), [left.call for left in lefts if left.call is not None])


def _words(text: str, calls: Sequence[Call]) -> bytes:
    written = repr((text, [(call.id, call.tool, call.arguments) for call in calls]))
    return hashlib.sha256(written.encode()).digest()
