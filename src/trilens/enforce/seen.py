"""Which turns of a conversation were judged already, so that only new ones become events, and which of them no model may see.

Forgetting is safe: a turn that is not remembered is judged and recorded again. Remembering is narrow: the key holds who asked, in
which session, under which policy, and a digest of every turn up to that point.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from trilens.vocabulary.event import Turn

Withheld = Mapping[int, str]
"""Reason by index of the turn: results that were refused, which a model sees the reason of in their place."""

NOTHING: Withheld = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Judged:
    """How far a conversation was judged."""

    turns: int
    withheld: Withheld


_NOT_YET = Judged(0, NOTHING)


class JudgedPrefixes:
    """A bounded memory of judged prefixes. Not safe for use from several threads."""

    def __init__(self, *, most: int = 65_536) -> None:
        self._most = most
        self._known: OrderedDict[bytes, Judged] = OrderedDict()

    def longest(self, who: bytes, turns: Sequence[Turn]) -> Judged:
        """The longest prefix that was judged for `who`."""
        judged = _NOT_YET
        for chain in _chains(who, turns):
            judged = self._known.get(chain, judged)
        before = {at: reason for at, reason in judged.withheld.items() if at < judged.turns}
        return Judged(judged.turns, MappingProxyType(before))

    def mark(self, who: bytes, turns: Sequence[Turn], withheld: Withheld) -> None:
        """Remember that all of `turns`, and so every beginning of them, were judged and recorded, and let through except `withheld`."""
        # INVARIANT: each entry knows everything withheld before it, so that forgetting a shorter prefix loses none; they share one mapping
        shared = MappingProxyType(dict(withheld)) if withheld else NOTHING
        for position, chain in enumerate(_chains(who, turns), start=1):
            self._known[chain] = Judged(position, shared)
            self._known.move_to_end(chain)
        while len(self._known) > self._most:
            self._known.popitem(last=False)


def _chains(who: bytes, turns: Sequence[Turn]) -> Iterator[bytes]:
    chain = hashlib.sha256(who).digest()
    for turn in turns:
        chain = hashlib.sha256(chain + turn.digest).digest()
        yield chain
