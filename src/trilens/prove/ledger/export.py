"""The ledger as static files, the way C2SP tlog-tiles serves one, so that any monitor of such logs can read it.

    checkpoint                  the signed note
    tile/<L>/<N>[.p/<W>]        hashes
    tile/entries/<N>[.p/<W>]    entries

Payloads stay behind: what is exported is what may be published.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from trilens.errors import LedgerError, StoreError
from trilens.prove.ledger.checkpoint import open_checkpoint
from trilens.prove.ledger.note import VerifierKey
from trilens.prove.ledger.tiles import (
    ENTRIES,
    HASH_BYTES,
    WIDTH,
    Tile,
    bundles_of,
    decode_bundle,
    encode_bundle,
    path_of,
    tile_at,
    tiles_of,
)
from trilens.storage.ports import Journal

CHECKPOINT = "checkpoint"


def export(
    journal: Journal, folder: Path, *, key: VerifierKey, former: Sequence[VerifierKey] = (), note: bytes | None = None
) -> int:
    """Write everything under a checkpoint into a new folder; answers how many entries that are.

    Args:
        former: keys of the log before `key`.
        note: a checkpoint that was kept elsewhere, such as one with cosignatures; None for the newest.

    Raises:
        LedgerError: there is no checkpoint by `key` (`ledger/no-checkpoint`), or a tile is missing (`ledger/tile`).
        StoreError: the journal cannot be read, or the folder exists already or cannot be written (`store/export`).
    """
    note = journal.checkpoint() if note is None else note
    if note is None:
        raise LedgerError("ledger/no-checkpoint", "nothing was signed yet", help="start the server once, then export")
    size = open_checkpoint(note, key, *former).tree.size
    try:
        folder.mkdir(parents=True)
        for tile in tiles_of(size):
            hashes = journal.tile(tile.level, tile.number) or b""
            if len(hashes) < tile.width * HASH_BYTES:
                raise LedgerError("ledger/tile", f"tile {tile.number} of level {tile.level} is missing")
            _write(folder / path_of(tile), hashes[: tile.width * HASH_BYTES])
        for bundle in bundles_of(size):
            start = bundle.number * WIDTH
            _write(folder / path_of(bundle), encode_bundle(list(journal.leaves(start, start + bundle.width))))
        _write(folder / CHECKPOINT, note)
    except OSError as error:
        raise StoreError("store/export", f"cannot write `{folder}`: {(error.strerror or '').lower()}") from error
    return size


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


class ExportedLog:
    """An exported folder, read as `verify` reads a journal. It holds as many entries as its bundles do."""

    def __init__(self, folder: Path) -> None:
        """
        Raises:
            StoreError: there is no such folder; code `store/missing`.
            LedgerError: a file under `tile/` has no place there; code `ledger/tile`.
        """
        if not folder.is_dir():
            raise StoreError("store/missing", f"no exported ledger in `{folder}`")
        self._folder = folder
        self._widest: dict[tuple[int, int], Tile] = {}
        for path in (folder / "tile").rglob("*"):
            if path.is_file():
                tile = tile_at(path.relative_to(folder).as_posix())
                known = self._widest.get((tile.level, tile.number))
                if known is None or known.width < tile.width:
                    self._widest[tile.level, tile.number] = tile

    def size(self) -> int:
        return max((t.number * WIDTH + t.width for t in self._widest.values() if t.level == ENTRIES), default=0)

    def leaves(self, start: int, stop: int) -> Iterator[bytes]:
        """Raises: StoreError `store/gap` when one is missing."""
        for number in range(start // WIDTH, -(-stop // WIDTH)):
            entries = decode_bundle(self.tile(ENTRIES, number) or b"")
            low, high = max(start - number * WIDTH, 0), min(stop - number * WIDTH, WIDTH)
            if len(entries) < high:
                raise StoreError("store/gap", f"entry {number * WIDTH + len(entries)} is missing from the export")
            yield from entries[low:high]

    def tile(self, level: int, number: int) -> bytes | None:
        tile = self._widest.get((level, number))
        return None if tile is None else self._read(path_of(tile))

    def checkpoint(self) -> bytes | None:
        return self._read(CHECKPOINT) if (self._folder / CHECKPOINT).is_file() else None

    def _read(self, path: str) -> bytes:
        try:
            return (self._folder / path).read_bytes()
        except OSError as error:
            raise StoreError("store/failed", f"cannot read `{path}`: {(error.strerror or '').lower()}") from error
