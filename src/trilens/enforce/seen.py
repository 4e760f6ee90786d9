"""Which turns of a conversation were judged already, so that only new ones become events.

Forgetting is safe: a turn that is not remembered is judged and recorded again. Remembering is narrow: the key holds who asked, in
which session, under which policy, and a digest of every turn up to that point.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence

from trilens.vocabulary.event import Turn


class JudgedPrefixes:
    """A bounded memory of judged prefixes. Not safe for use from several threads."""

    def __init__(self, *, most: int = 262_144) -> None:
        self._most = most
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def fresh_from(self, who: bytes, turns: Sequence[Turn]) -> int:
        """Index of the first turn after the longest prefix that was judged for `who`."""
        chain = hashlib.sha256(who).digest()
        fresh = 0
        for position, turn in enumerate(turns, start=1):
            chain = hashlib.sha256(chain + turn.digest).digest()
            if chain in self._known:
                fresh = position
        return fresh

    def mark(self, who: bytes, turns: Sequence[Turn]) -> None:
        """Remember that all of `turns` were judged, recorded and let through, and so was every beginning of them."""
        chain = hashlib.sha256(who).digest()
        for turn in turns:
            chain = hashlib.sha256(chain + turn.digest).digest()
            self._known[chain] = None
            self._known.move_to_end(chain)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
