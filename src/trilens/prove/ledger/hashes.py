"""Hashes of any range of entries, from the kept tiles: what a proof is made of, without reading an entry."""

from collections.abc import Callable

from trilens.prove.ledger.merkle import Digest, node_hash, root_of
from trilens.prove.ledger.tiles import WIDTH, malformed, split_tile

_HEIGHT = 8
"""Levels of the tree in one tile."""


class TileHashes:
    """Answers as `merkle.RangeHash` wants it: a tree's complete subtrees, and what lies on its right edge."""

    def __init__(self, tile: Callable[[int, int], bytes | None]) -> None:
        self._tile = tile
        self._read: dict[tuple[int, int], list[Digest]] = {}

    def __call__(self, start: int, stop: int) -> Digest:
        """The tree hash of entries `start` to `stop`, of which `start` is where a subtree as large begins.

        Raises:
            LedgerError: a tile is missing or too short; code `ledger/tile`.
        """
        width = stop - start
        if width & (width - 1):
            middle = start + (1 << width.bit_length() - 1)
            return node_hash(self(start, middle), self(middle, stop))
        level, within = divmod(width.bit_length() - 1, _HEIGHT)
        first = start >> (level * _HEIGHT)
        number, place = divmod(first, WIDTH)
        hashes = self._hashes(level, number)[place : place + (1 << within)]
        if len(hashes) < 1 << within:
            raise malformed(f"tile {number} of level {level} is missing or too short")
        return root_of(hashes)

    def _hashes(self, level: int, number: int) -> list[Digest]:
        key = (level, number)
        if key not in self._read:
            self._read[key] = split_tile(self._tile(level, number) or b"")
        return self._read[key]
