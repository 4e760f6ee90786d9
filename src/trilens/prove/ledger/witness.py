"""A witness: it signs a checkpoint of a log it knows once that log is seen to have only grown, and never two that contradict each other.

    1 the request is read: the size it goes on from, a proof, a checkpoint
    2 the log is known, and one of its keys signed the checkpoint                              404, 403
    3 the size is the one of the checkpoint that was signed last                               409, with that size
    4 the proof joins the two                                                                  422; 409 where both have one size
    5 the new checkpoint is kept, durably
    6 it is signed

INVARIANT: (3) to (6) are one step, under a lock that holds across threads and processes, and (6) comes after (5): a witness that was killed anywhere in
between has at worst kept what it did not sign.

Source: C2SP tlog-witness (read 2026-11-25).
"""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from trilens.errors import LedgerError, StoreError
from trilens.prove.ledger.checkpoint import Checkpoint, decode, encode, open_checkpoint
from trilens.prove.ledger.cosign import Cosigner
from trilens.prove.ledger.durable import write_durably
from trilens.prove.ledger.merkle import EMPTY_ROOT, TreeHead
from trilens.prove.ledger.note import VerifierKey, split_note
from trilens.prove.ledger.proof import LARGEST, ConsistencyProof, check_tree_growth, decode_consistency

SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"
LARGEST_REQUEST = LARGEST
_LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered over HTTP."""

    status: int
    body: bytes
    content_type: str = TEXT_TYPE


class WitnessLogs:
    """The newest checkpoint of each log that was let through, one file a log."""

    def __init__(self, folder: Path) -> None:
        """Raises: StoreError `store/missing` when the folder is not there: only `init` makes one."""
        if not folder.is_dir():
            raise StoreError(
                "store/missing",
                f"no state of a witness in `{folder}`",
                help="`trilens witness init` makes it once; if it was there before, restore it: what it forgot it would sign again",
            )
        self._folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else reads or writes while the block runs. Raises: StoreError `store/failed`."""
        try:
            handle = os.open(self._folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError("store/failed", f"cannot lock `{self._folder}`") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def newest(self, origin: str) -> TreeHead:
        """The empty tree when there is none yet. Raises: StoreError `store/damaged`."""
        path = self._path(origin)
        try:
            kept = decode(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return TreeHead(0, EMPTY_ROOT)
        except (OSError, ValueError, LedgerError) as error:
            raise _damaged(path) from error
        if kept.origin != origin:
            raise _damaged(path)
        return kept.tree

    def keep(self, checkpoint: Checkpoint) -> None:
        """Durable on return. Raises: StoreError."""
        write_durably(self._path(checkpoint.origin), encode(checkpoint).encode())

    def _path(self, origin: str) -> Path:
        return self._folder / sha256(origin.encode()).hexdigest()


class Witness:
    """Answers `add-checkpoint`. May be called from any thread, and beside another process on the same folder.

    Args:
        logs: keys by origin; all that it signs for.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        cosigner: Cosigner,
        logs: Mapping[str, Sequence[VerifierKey]],
        kept: WitnessLogs,
        *,
        clock: Callable[[], int],
    ) -> None:
        self._cosigner = cosigner
        self._logs = logs
        self._kept = kept
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> Answer:
        """The answer to a request; what it signs is durable. Raises: StoreError, and then nothing was signed."""
        # (1): read
        try:
            request = decode_consistency(body)
            claimed = decode(split_note(request.note).text)
        except LedgerError as error:
            return _refused(400, error)
        # (2): known, and signed
        keys = self._logs.get(claimed.origin)
        if keys is None:
            return Answer(404, b"this witness does not know the log\n")
        try:
            checkpoint = open_checkpoint(request.note, *keys)
        except LedgerError as error:
            return _refused(403, error)
        if request.old > checkpoint.tree.size:
            return Answer(400, b"the old size is larger than that of the checkpoint\n")
        with self._kept.locked():
            refusal = self._refusal(request, checkpoint)
            if refusal is not None:
                return refusal
            # (5): kept, durably
            self._kept.keep(checkpoint)
            # (6): signed, before anything larger can be, since the time says that nothing larger was seen by then
            return Answer(200, str(self._cosigner.cosign(encode(checkpoint), self._clock())).encode())

    def _refusal(self, request: ConsistencyProof, checkpoint: Checkpoint) -> Answer | None:
        # (3): goes on from what was signed last
        newest = self._kept.newest(checkpoint.origin)
        if request.old != newest.size:
            return _conflict(newest)
        # (4): and only grew
        if checkpoint.tree.size == newest.size and checkpoint.tree.root != newest.root:
            return _conflict(newest)
        try:
            check_tree_growth(request.path, newest, checkpoint.tree)
        except LedgerError as error:
            return _refused(422, error)
        return None


def _conflict(newest: TreeHead) -> Answer:
    return Answer(409, f"{newest.size}\n".encode(), SIZE_TYPE)


def _refused(status: int, error: LedgerError) -> Answer:
    return Answer(status, f"{error.message}\n".encode())


def _damaged(path: Path) -> StoreError:
    return StoreError(
        "store/damaged",
        f"`{path}` is not what a witness keeps",
        help="restore it, or ask the log's other witnesses for the newest checkpoint before it is written anew",
    )
