"""Signing what the store holds: entries are read back and hashed again, and only then does a checkpoint say so.

    1 the newest kept checkpoint is ours, and the kept tiles lead to its root
    2 new entries are read back from the store; each must be an entry in its canonical form
    3 they are hashed onto the right edge of the tree
    4 the tiles that grew and the signed checkpoint are kept together

INVARIANT: two checkpoints that this log signed are always consistent; what contradicts the former one is refused, and not signed over.
"""

from threading import Lock

from trilens.errors import LedgerError
from trilens.prove.ledger import entry
from trilens.prove.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from trilens.prove.ledger.merkle import TreeHead, leaf_hash
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.tiles import Edge
from trilens.storage.ports import Journal

_LEAVES_PER_STEP = 4_096


class Checkpointer:
    """Brings the signed checkpoint up to the acknowledged size. One per journal; `advance` may be called from any thread.

    Args:
        signer: the log's key; its name is the checkpoint's origin.
    """

    def __init__(self, journal: Journal, signer: Signer) -> None:
        self._journal = journal
        self._signer = signer
        self._lock = Lock()
        self._edge: Edge | None = None

    def advance(self) -> Checkpoint | None:
        """Sign and keep a checkpoint of everything acknowledged; None when there is nothing new, or nothing at all.

        Raises:
            LedgerError: what is kept contradicts itself or is not ours (`ledger/contradiction`, `ledger/signature`, `ledger/unsigned`), or an
                entry is none (`ledger/entry`); nothing was signed.
            StoreError: it could not be read or kept.
        """
        with self._lock:
            edge, self._edge = self._edge, None
            # (1): an edge that failed half-way is not gone on with; it is read again from what is kept
            edge = self._require_former(edge or self._read_edge())
            size = self._journal.size()
            if size == edge.size:
                self._edge = edge
                return None
            # (2) and (3): read back, hash again
            grown = []
            for start in range(edge.size, size, _LEAVES_PER_STEP):
                leaves = list(self._journal.leaves(start, min(start + _LEAVES_PER_STEP, size)))
                for index, leaf in enumerate(leaves, start):
                    _require_entry(index, leaf)
                grown += edge.extend([leaf_hash(leaf) for leaf in leaves])
            # (4): keep what grew with what was signed
            tree = TreeHead(edge.size, edge.root())
            self._journal.put_checkpoint(tree.size, sign_checkpoint(tree, self._signer), [*grown, *edge.partial()])
            self._edge = edge
            return Checkpoint(self._signer.verifier.name, tree)

    def _kept(self) -> TreeHead | None:
        note = self._journal.checkpoint()
        return None if note is None else open_checkpoint(note, self._signer.verifier, *self._signer.former).tree

    def _read_edge(self) -> Edge:
        kept = self._kept()
        return Edge() if kept is None else Edge.read(kept.size, self._journal.tile)

    def _require_former(self, edge: Edge) -> Edge:
        kept = self._kept()
        if (kept or TreeHead(0, Edge().root())) != TreeHead(edge.size, edge.root()):
            raise LedgerError(
                "ledger/contradiction",
                "the kept tiles do not lead to the kept checkpoint",
                help="keep the folder as it is and run `trilens ledger verify` with a checkpoint kept elsewhere",
            )
        return edge


def _require_entry(index: int, leaf: bytes) -> None:
    try:
        entry.decode(leaf)
    except LedgerError as error:
        raise LedgerError(
            error.code, f"entry {index}: {error.message}", help="it was changed in the store, or never was one"
        ) from error
