"""Keeping checkpoints and tiles: what was kept once is never changed, and a tile only grows at its end."""

from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from trilens.errors import StoreError
from trilens.storage.sqlite import read


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed checkpoint and the tiles that grew with it."""

    size: int
    note: bytes
    tiles: Sequence[tuple[int, int, bytes]]
    """(level, number, hashes)."""
    acknowledged: int
    """Entries when it was handed in."""

    def put(self, connection: apsw.Connection) -> None:
        """Raises: StoreError `store/checkpoint` when it contradicts what is kept."""
        if not 0 < self.size <= self.acknowledged:
            raise _refused(f"a checkpoint of {self.size} entries, {self.acknowledged} are acknowledged")
        newest = read.checkpoint_size(connection)
        if self.size < newest:
            raise _refused(f"a checkpoint of {self.size} entries after one of {newest}")
        if self.size == newest and read.checkpoint(connection) != self.note:
            raise _refused(f"another checkpoint of {self.size} entries is kept")
        connection.execute(
            "INSERT INTO checkpoint (size, note) VALUES (?, ?) ON CONFLICT DO NOTHING", (self.size, self.note)
        )
        for level, number, hashes in self.tiles:
            kept = read.tile(connection, level, number) or b""
            if not hashes.startswith(kept):
                raise _refused(f"another tile {number} of level {level} is kept")
            connection.execute(
                "INSERT INTO tile (level, number, hashes) VALUES (?1, ?2, ?3)"
                " ON CONFLICT (level, number) DO UPDATE SET hashes = ?3",
                (level, number, hashes),
            )


def _refused(reason: str) -> StoreError:
    return StoreError("store/checkpoint", reason, help="verify the ledger against a checkpoint kept elsewhere")
