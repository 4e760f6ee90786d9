"""Flows remembered by who and prefix, so that an exchange costs what its new turns cost.

INVARIANT: the key holds the key, the person, the session, the agent, the policy and every turn: two people with the same opening
words never share anything.
"""

from collections import ChainMap, OrderedDict
from collections.abc import Container, MutableMapping, Sequence
from operator import attrgetter
from threading import Lock
from typing import TypeAlias

from trilens.mechanisms.events import call_mac
from trilens.mechanisms.flow.build import beginning_of, extend, is_tip, note_calls, sprout, take_call
from trilens.mechanisms.flow.flow import Beginning, Flow, Trunk
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.event import Call, Turn
from trilens.vocabulary.outcome import Role
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import System

_Who: TypeAlias = tuple[str, ...]
_Place: TypeAlias = tuple[_Who, int, bytes, bytes]

_VIEWS = 2
"""Flows kept of one trunk: the newest, and the one before it, from which a retried request goes on."""

_SYSTEMS = 8
"""Versions of a manifest whose sources are kept indexed."""

_DIGEST = attrgetter("digest")


class FlowCache:
    """A bounded memory of flows. Forgetting costs time, never a different answer. Safe for use from several threads."""

    def __init__(self, *, most: int = 8192, most_bytes: int = 536_870_912) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._flows: OrderedDict[_Place, tuple[Flow, int]] = OrderedDict()
        self._beginnings: OrderedDict[str, Beginning] = OrderedDict()
        self._places: dict[Trunk, list[_Place]] = {}
        self._lock = Lock()

    def after(
        self,
        turns: Sequence[Turn],
        *,
        system: System,
        agent: str,
        principal: Principal,
        session: str,
        released: Container[str],
        mac: Mac,
    ) -> Flow:
        """The labelled conversation of exactly `turns`.

        Args:
            agent: id of the agent that is talking.
            released: macs of the calls that Trilens let out, at least of those that `fresh_calls` named.
        """
        who = _who(system, agent, principal, session)
        with self._lock:
            known = self._longest(who, turns)
            if known is not None and known.length == len(turns):
                return known
            flow = extend(
                known or sprout(self._beginning(system)),
                turns[known.length if known else 0 :],
                system=system,
                agent=system.agents.get(agent),
                principal=principal,
                released=lambda call: call_mac(call, principal, mac) in released,
            )
            if turns:
                self._keep(_place(who, turns, len(turns)), flow)
            return flow

    def fresh_calls(
        self, turns: Sequence[Turn], *, system: System, principal: Principal, session: str
    ) -> tuple[Call, ...]:
        """The calls answered by turns that no remembered flow covers: the caller looks them up, then asks for `after`."""
        with self._lock:
            known = self._longest(_who(system, principal.agent, principal, session), turns)
            if known is not None and known.length == len(turns):
                return ()
            start = known.length if known else 0
            calls: MutableMapping[str, Call | None] = ChainMap({})
            if known is not None and is_tip(known):
                calls = ChainMap({}, known.trunk.calls)
            else:
                for turn in turns[:start]:
                    _walk(turn, calls)
            answered = (_walk(turn, calls) for turn in turns[start:])
            return tuple(dict.fromkeys(call for call in answered if call is not None))

    def _beginning(self, system: System) -> Beginning:
        known = self._beginnings.get(system.digest)
        if known is None:
            known = self._beginnings[system.digest] = beginning_of(system)
            if len(self._beginnings) > _SYSTEMS:
                self._beginnings.popitem(last=False)
        return known

    def _longest(self, who: _Who, turns: Sequence[Turn]) -> Flow | None:
        """The remembered flow of the longest prefix, made the most recently used."""
        for length in range(len(turns), 0, -1):
            place = _place(who, turns, length)
            found = self._flows.get(place)
            if found is None:
                continue
            flow = found[0]
            if _is_same(flow.trunk, turns, length):
                self._flows.move_to_end(place)
                return flow
        return None

    def _keep(self, place: _Place, flow: Flow) -> None:
        self._forget(place)
        weight = flow.trunk.weight
        self._flows[place] = (flow, weight)
        self._bytes += weight
        places = self._places.setdefault(flow.trunk, [])
        places.append(place)
        if len(places) > _VIEWS:
            self._forget(places[0])
        while len(self._flows) > 1 and (len(self._flows) > self._most or self._bytes > self._most_bytes):
            self._forget(next(iter(self._flows)))

    def _forget(self, place: _Place) -> None:
        found = self._flows.pop(place, None)
        if found is None:
            return
        flow, weight = found
        self._bytes -= weight
        places = self._places[flow.trunk]
        places.remove(place)
        if not places:
            del self._places[flow.trunk]


def _walk(turn: Turn, calls: MutableMapping[str, Call | None]) -> Call | None:
    if turn.role is Role.TOOL:
        return take_call(turn, calls)
    note_calls(turn, calls)
    return None


def _who(system: System, agent: str, principal: Principal, session: str) -> _Who:
    return (system.digest, agent, principal.key, principal.role, principal.person, session)


def _is_same(trunk: Trunk, turns: Sequence[Turn], length: int) -> bool:
    """Whether the first turns are the same. A place is only a hint: equal digests of every turn make it one conversation."""
    if trunk.turns[0] is turns[0] and trunk.turns[length - 1] is turns[length - 1]:
        # the same objects, as in process: compared by identity first, a hundredth of the cost
        return trunk.turns[:length] == list(turns[:length])
    return trunk.digests[:length] == list(map(_DIGEST, turns[:length]))


def _place(who: _Who, turns: Sequence[Turn], length: int) -> _Place:
    before = turns[length - 2].digest if length > 1 else b""
    return (who, length, turns[length - 1].digest, before)
