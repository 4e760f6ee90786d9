"""Asking a witness to sign: the proof it needs is made for the size it says it knows, and what it answers is believed only once it was checked."""

from collections.abc import Callable
from dataclasses import dataclass

from trilens.errors import LedgerError, TrilensError, WireError
from trilens.prove.ledger.cosign import WitnessKey, check_cosignature
from trilens.prove.ledger.note import Signature, read_signatures, split_note
from trilens.prove.ledger.proof import Tiles, encode_consistency, prove_growth, tree_of

_MOST_TRIES = 3
"""The first finds out the size; between the others somebody else may have been there."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a witness answered."""

    status: int
    body: bytes


Post = Callable[[bytes], Reply]
"""Sends the body of `add-checkpoint` to one witness. Raises: WireError."""


def cosigned_by(witness: WitnessKey, note: bytes, *, post: Post, tiles: Tiles, size: int = 0) -> Signature:
    """The witness's cosignature of a checkpoint.

    Args:
        size: entries of the checkpoint it signed last, as far as that is known; it says so itself when it is another.

    Raises:
        WireError: it did not answer as a witness does (`ledger/witness`), or refused (`ledger/witness-refused`).
        LedgerError: it has seen what this ledger contradicts (`ledger/forked`), or its signature does not hold (`ledger/signature`).
    """
    ours = tree_of(note)
    for _ in range(_MOST_TRIES):
        reply = post(encode_consistency(prove_growth(size, note=note, tiles=tiles)))
        match reply.status:
            case 200:
                return _signature(witness, note, reply.body)
            case 409:
                seen = _size(reply.body)
                if seen > ours.size or seen == size:
                    raise _forked(witness, seen)
                size = seen
            case 422:
                raise _forked(witness, size)
            case status:
                raise WireError(
                    "ledger/witness-refused", f"the witness `{witness.name}` refused with status {status}", status=502
                )
    raise WireError("ledger/witness", f"the witness `{witness.name}` keeps changing its mind", status=502)


def _signature(witness: WitnessKey, note: bytes, body: bytes) -> Signature:
    text = split_note(note).text
    try:
        signatures = read_signatures(body.decode())
    except (UnicodeDecodeError, TrilensError) as error:
        raise _no_witness(witness) from error
    for signature in signatures:
        if (signature.name, signature.key) == (witness.name, witness.id):
            check_cosignature(signature, witness, text)
            return signature
    raise LedgerError("ledger/signature", f"what answered did not sign as the witness `{witness.name}`")


def _size(body: bytes) -> int:
    text = body.decode("ascii", "replace").removesuffix("\n")
    if not text.isdecimal() or len(text) > 19:
        raise WireError("ledger/witness", "a witness answered with a conflict and no size", status=502)
    return int(text)


def _no_witness(witness: WitnessKey) -> WireError:
    return WireError("ledger/witness", f"what answered for `{witness.name}` is no witness", status=502)


def _forked(witness: WitnessKey, seen: int) -> LedgerError:
    return LedgerError(
        "ledger/forked",
        f"the witness `{witness.name}` has signed {seen} entries that this ledger does not go on from",
        help="the ledger was set back or made anew, or another copy of it was signed: keep everything, and verify both",
    )
