"""The tree and the entries as static files: hash tiles of height 8, and bundles of 256 entries.

Source: C2SP tlog-tiles (read 2026-11-24). Tile `n` of level `l` holds the hashes of the complete subtrees of 256**l entries, numbers
256 n to 256 n + 255; a partial tile holds the first of them. A tile only ever grows, at its end.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

from trilens.errors import LedgerError
from trilens.prove.ledger.merkle import EMPTY_ROOT, Digest, node_hash, root_of

WIDTH = 256
HASH_BYTES = 32
_LARGEST_ENTRY = 0xFFFF
_PATH = re.compile(
    r"tile/(?P<level>entries|[0-9]{1,2})/(?P<place>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[0-9]{1,3}))?"
)


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile, or bundle of entries, by its place in the tree."""

    level: int
    """Of hashes; -1 is a bundle of entries."""
    number: int
    width: int = WIDTH
    """Hashes or entries in it; below 256 it is partial."""


ENTRIES = -1
"""The level of entry bundles."""


def path_of(tile: Tile) -> str:
    """`tile/0/x001/x234/067.p/5`, `tile/entries/000`."""
    digits = f"{tile.number:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    place = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    level = "entries" if tile.level == ENTRIES else str(tile.level)
    partial = "" if tile.width == WIDTH else f".p/{tile.width}"
    return f"tile/{level}/{place}{partial}"


def tile_at(path: str) -> Tile:
    """Read a path back.

    Raises:
        LedgerError: `path_of` would not have written it; code `ledger/tile`.
    """
    found = _PATH.fullmatch(path)
    if found is not None:
        level, place, width = found["level"], found["place"], found["width"]
        digits = place.replace("x", "").replace("/", "")
        tile = Tile(ENTRIES if level == "entries" else int(level), int(digits), int(width or WIDTH))
        if path_of(tile) == path and 0 < tile.width <= WIDTH and tile.level < 64:
            return tile
    raise malformed("not the path of a tile")


def tiles_of(size: int) -> Iterator[Tile]:
    """Every hash tile of a tree of `size` entries, partial ones included, level by level."""
    level, hashes = 0, size
    while hashes:
        for number in range(hashes // WIDTH):
            yield Tile(level, number)
        if hashes % WIDTH:
            yield Tile(level, hashes // WIDTH, hashes % WIDTH)
        level, hashes = level + 1, hashes // WIDTH


def bundles_of(size: int) -> Iterator[Tile]:
    """Every bundle of entries of a ledger of `size`."""
    return (Tile(ENTRIES, tile.number, tile.width) for tile in tiles_of(size) if tile.level == 0)


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Entries, each after its length in two bytes, big-endian.

    Raises:
        LedgerError: an entry is too long for that; code `ledger/tile`.
    """
    if any(len(entry) > _LARGEST_ENTRY for entry in entries):
        raise malformed("an entry is longer than sixteen bits can say")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_bundle(bundle: bytes) -> tuple[bytes, ...]:
    """Raises: LedgerError `ledger/tile` when it ends within an entry."""
    entries: list[bytes] = []
    at = 0
    while at < len(bundle):
        start = at + 2
        at = start + int.from_bytes(bundle[at:start], "big")
        if start > len(bundle) or at > len(bundle):
            raise malformed("a bundle ends within an entry")
        entries.append(bundle[start:at])
    return tuple(entries)


def split_tile(tile: bytes) -> list[Digest]:
    """The hashes of a tile. Raises: LedgerError `ledger/tile` when it is not made of 1 to 256 whole ones."""
    if not tile or len(tile) % HASH_BYTES or len(tile) > WIDTH * HASH_BYTES:
        raise malformed("a tile is not made of 1 to 256 hashes")
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


class Edge:
    """The right edge of a growing tree: its partial tiles, which are all it takes to go on and to give the root."""

    __slots__ = ("_rows", "size")

    def __init__(self) -> None:
        self.size = 0
        self._rows: list[list[Digest]] = []

    @classmethod
    def read(cls, size: int, tile: Callable[[int, int], bytes | None]) -> "Edge":
        """The edge of a tree whose tiles are kept.

        Raises:
            LedgerError: a tile is missing or too short; code `ledger/tile`.
        """
        edge = cls()
        edge.size = size
        level, hashes = 0, size
        while hashes:
            width = hashes % WIDTH
            held = split_tile(tile(level, hashes // WIDTH) or b"") if width else []
            if len(held) < width:
                raise malformed(f"tile {hashes // WIDTH} of level {level} is too short")
            edge._rows.append(held[:width])
            level, hashes = level + 1, hashes // WIDTH
        return edge

    def extend(self, leaves: Sequence[Digest]) -> list[tuple[int, int, bytes]]:
        """Append leaf hashes; answers every tile that became complete with them, as (level, number, bytes)."""
        complete: list[tuple[int, int, bytes]] = []
        self._grow(0, leaves, self.size // WIDTH, complete)
        self.size += len(leaves)
        return complete

    def _grow(self, level: int, hashes: Sequence[Digest], number: int, complete: list[tuple[int, int, bytes]]) -> None:
        if level == len(self._rows):
            self._rows.append([])
        row = self._rows[level] + list(hashes)
        full = len(row) // WIDTH
        above: list[Digest] = []
        for at in range(full):
            tile = row[at * WIDTH : (at + 1) * WIDTH]
            complete.append((level, number + at, b"".join(tile)))
            above.append(root_of(tile))
        self._rows[level] = row[full * WIDTH :]
        if above:
            self._grow(level + 1, above, number // WIDTH, complete)

    def partial(self) -> list[tuple[int, int, bytes]]:
        """The tiles that are not complete yet, as (level, number, bytes)."""
        return [
            (level, self.size // WIDTH ** (level + 1), b"".join(row)) for level, row in enumerate(self._rows) if row
        ]

    def root(self) -> Digest:
        peaks = [peak for row in reversed(self._rows) for peak in _peaks(row)]
        return reduce(lambda right, left: node_hash(left, right), reversed(peaks)) if peaks else EMPTY_ROOT


def _peaks(row: Sequence[Digest]) -> Iterator[Digest]:
    """Roots of the largest complete subtrees over a row, left to right."""
    start = 0
    while start < len(row):
        width = 1 << (len(row) - start).bit_length() - 1
        yield root_of(row[start : start + width])
        start += width


def malformed(reason: str) -> LedgerError:
    """What is no tile, or no path of one."""
    return LedgerError("ledger/tile", f"malformed tile: {reason}")
