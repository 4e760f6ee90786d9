"""What was written since the last checkpoint, remembered in short, so that a bit that flips on its way to the disk is not signed.

Keyed 64-bit hashes of the process: good against accidents, and no defence against anybody; that is what checkpoints are for.
"""

from collections.abc import Iterator, Sequence

from trilens.errors import StoreError

_MOST = 1 << 20
"""Entries remembered; if nobody signs for so long, it starts anew."""


class ReadBack:
    """Noted by the writer's thread, checked by any."""

    __slots__ = ("_hashes",)

    def __init__(self) -> None:
        self._hashes: dict[int, int] = {}

    def note(self, first: int, leaves: Sequence[bytes]) -> None:
        if len(self._hashes) > _MOST:
            self._hashes.clear()
        self._hashes.update(zip(range(first, first + len(leaves)), map(hash, leaves), strict=True))

    def check(self, first: int, leaves: Sequence[bytes]) -> Iterator[bytes]:
        """The leaves, each compared with what was written, as far as that is remembered.

        Raises:
            StoreError: the store gave back something else; code `store/changed`.
        """
        for index, leaf in enumerate(leaves, first):
            if self._hashes.get(index, hash(leaf)) != hash(leaf):
                raise StoreError(
                    "store/changed",
                    f"entry {index} is read back otherwise than it was written",
                    help="memory or disk is failing, or somebody writes the file; stop, keep it, and verify a copy",
                )
            yield leaf

    def forget(self, size: int) -> None:
        """Entries below `size` are under a checkpoint now."""
        for index in [index for index in list(self._hashes) if index < size]:
            self._hashes.pop(index, None)
