"""Verification that trusts nobody: from entries, a checkpoint, and a key that was obtained out of band.

    checkpoint    the newest one is signed by the given key, or one that follows from it, and of this log
    known         a checkpoint that was kept elsewhere is, too, and the ledger begins with what it covers
    keys          every key followed the one before, said by both
    witnesses     enough of the given witnesses signed a checkpoint, and the ledger begins with what it covers
    entries       all that the checkpoint covers are there, each in its one canonical form
    root          hashed again, they lead to the signed root; if not, the first changed entry is named
    payloads      those that are kept are the ones their entries commit to
    counts        what left is what an observer saw

A report is OK only when everything was looked at and held. What was not looked at is UNKNOWN, an empty ledger too; and even an OK does not show what
`unestablished` lists.
"""

from dataclasses import dataclass
from enum import StrEnum

from trilens.errors import LedgerError, TrilensError
from trilens.prove.ledger.checkpoint import open_checkpoint
from trilens.prove.ledger.cosign import WitnessKey, check_cosignatures
from trilens.prove.ledger.counts import Balance, Counts, Released, reconcile
from trilens.prove.ledger.limits import Extent, unestablished
from trilens.prove.ledger.merkle import Digest, TreeHead, leaf_hash
from trilens.prove.ledger.note import VerifierKey
from trilens.prove.ledger.proof import tree_of
from trilens.prove.ledger.reading import Flaw, Payloads, Reading, Source, read
from trilens.prove.ledger.succession import Keys, follow
from trilens.prove.ledger.tiles import WIDTH, Edge, split_tile
from trilens.vocabulary.canonical import Json


class Standing(StrEnum):
    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It could not be looked at."""


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    standing: Standing
    detail: str
    """One lower-case line for people."""
    entry: int | None = None
    """Of one that failed at an entry: its index."""


@dataclass(frozen=True, slots=True)
class Report:
    size: int
    """Entries that were read."""
    checks: tuple[Check, ...]
    unestablished: tuple[str, ...]
    """What not even an OK shows."""
    notices: tuple[str, ...] = ()
    """What the entries themselves say about the ledger, such as recoveries."""
    covered: int = 0
    """Entries under the newest checkpoint's signature; those after it are not vouched for by anything."""

    @property
    def standing(self) -> Standing:
        found = {check.standing for check in self.checks}
        if Standing.FAILED in found:
            return Standing.FAILED
        return Standing.OK if found == {Standing.OK} else Standing.UNKNOWN

    def plain(self) -> dict[str, Json]:
        """For `--json`."""
        return {
            "standing": self.standing.value,
            "size": self.size,
            "checks": [
                {"name": c.name, "standing": c.standing.value, "detail": c.detail, "entry": c.entry}
                for c in self.checks
            ],
            "unestablished": list(self.unestablished),
            "notices": list(self.notices),
        }


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Whose cosignatures are asked for."""

    keys: tuple[WitnessKey, ...]
    """Obtained from the witnesses."""
    quorum: int
    """How many of them must have signed; at least 1."""
    note: bytes | None
    """The newest checkpoint they signed; None when there is none."""


def verify(
    source: Source,
    key: VerifierKey,
    *,
    checkpoint: bytes | None,
    known: bytes | None = None,
    payload: Payloads | None = None,
    witnesses: Witnesses | None = None,
    counts: Counts | None = None,
) -> Report:
    """Verify a whole ledger. Reads every entry once, in constant memory; once more when the root is not the signed one.

    Args:
        key: the log's key, any that it ever had, obtained out of band.
        checkpoint: the newest note of the ledger; None when it has none, and then the report is UNKNOWN at best.
        known: a note that was kept elsewhere, at an earlier time.
        payload: where to look for payloads; None leaves them out, and the report says so.
    """
    # 1 what is there; the sizes are only claimed as yet
    cosigned = witnesses.note if witnesses else None
    claimed = {_claimed(note) for note in (checkpoint, known, cosigned)} - {0}
    reading = read(source, claimed, payload, counts=counts is not None)
    # 2 which keys may have signed, and what they signed
    follows = _follow(key, reading)
    newest = _in_force(_open("checkpoint", checkpoint, follows.keys), follows.keys, key)
    former = _open("known", known, follows.keys) if known is not None else None
    seen = _open_cosigned(witnesses, follows.keys) if witnesses else None
    # 3 whether the two agree
    checks = [newest.check]
    if former is not None:
        checks.append(_agrees("known", former, reading, source) if former.tree else former.check)
    checks += [] if follows.check is None else [follows.check]
    if seen is not None:
        seen = _agreeing(seen, reading, source)
        checks.append(seen.check)
    checks.append(_entries(newest, reading))
    checks.append(_agrees("root", newest, reading, source))
    if payload is not None:
        checks.append(_payloads(reading))
    if counts is not None and reading.released is not None:
        checks.append(_counts(reading.released, counts))
    extent = Extent(
        covered=newest.tree.size if newest.tree else 0,
        witnessed=seen.tree.size if seen and seen.tree else 0,
        has_former=former is not None,
        has_payloads=payload is not None,
        counts=counts,
    )
    return Report(
        reading.size,
        tuple(checks),
        tuple(unestablished(reading, extent)),
        tuple(reading.notices),
        covered=extent.covered,
    )


def _claimed(note: bytes | None) -> int:
    """The size a note claims; 0 when there is none to be read."""
    try:
        return 0 if note is None else tree_of(note).size
    except LedgerError:
        return 0


@dataclass(frozen=True, slots=True)
class _Followed:
    keys: Keys
    check: Check | None
    """None when the key was never replaced."""


def _follow(key: VerifierKey, reading: Reading) -> _Followed:
    if reading.broken_succession is not None:
        return _Followed(Keys(key), _flawed("keys", reading.broken_succession))
    try:
        keys = follow(key, reading.successions)
    except LedgerError as error:
        return _Followed(Keys(key), Check("keys", Standing.FAILED, error.message))
    if not keys.successions:
        return _Followed(keys, None)
    last = keys.successions[-1]
    count = len(keys.successions) + 1
    text = f"{count} keys, each named by the one before; `{last.new.id.hex()}` is in force after entry {last.entry}"
    return _Followed(keys, Check("keys", Standing.OK, text))


@dataclass(frozen=True, slots=True)
class _Opened:
    """A note as far as it could be opened."""

    check: Check
    tree: TreeHead | None = None


def _open(name: str, note: bytes | None, keys: Keys) -> _Opened:
    if note is None:
        return _Opened(Check(name, Standing.UNKNOWN, "there is no checkpoint: nothing was signed"))
    try:
        key = keys.at(tree_of(note).size)
        tree = open_checkpoint(note, key).tree
    except LedgerError as error:
        return _Opened(Check(name, Standing.FAILED, error.message))
    return _Opened(Check(name, Standing.OK, f"{tree.size} entries, signed by `{key.name}`"), tree)


def _in_force(newest: _Opened, keys: Keys, trusted: VerifierKey) -> _Opened:
    """INVARIANT: whoever holds a key is shown nothing new by a key that it replaced, since only a thief still signs with that one."""
    if newest.tree is None or not keys.is_before(keys.at(newest.tree.size), trusted):
        return newest
    text = "it is signed by a key that was replaced before the one given; ask for a checkpoint of the key in force"
    return _Opened(Check(newest.check.name, Standing.FAILED, text))


def _open_cosigned(witnesses: Witnesses, keys: Keys) -> _Opened:
    opened = _open("witnesses", witnesses.note, keys)
    if witnesses.note is None or opened.tree is None:
        unsigned = Check("witnesses", Standing.UNKNOWN, "no witness has signed a checkpoint")
        return _Opened(unsigned) if witnesses.note is None else opened
    try:
        found = check_cosignatures(witnesses.note, witnesses.keys)
    except LedgerError as error:
        return _Opened(Check("witnesses", Standing.FAILED, error.message))
    if len(found) < max(1, witnesses.quorum):
        text = f"{len(found)} of {len(witnesses.keys)} given witnesses signed, {max(1, witnesses.quorum)} must have"
        return _Opened(Check("witnesses", Standing.UNKNOWN, text))
    names = ", ".join(f"`{one.by.name}`" for one in found)
    return _Opened(Check("witnesses", Standing.OK, f"{opened.tree.size} entries, signed by {names}"), opened.tree)


def _agreeing(seen: _Opened, reading: Reading, source: Source) -> _Opened:
    """What the witnesses signed, once the ledger is seen to begin with it; else why not."""
    if seen.tree is None:
        return seen
    agrees = _agrees("witnesses", seen, reading, source)
    return seen if agrees.standing is Standing.OK else _Opened(agrees)


def _flawed(name: str, flaw: Flaw) -> Check:
    return Check(name, Standing.FAILED, f"entry {flaw.entry}: {flaw.reason}", flaw.entry)


def _entries(newest: _Opened, reading: Reading) -> Check:
    covered = newest.tree.size if newest.tree else 0
    if reading.size < covered:
        why = f": {reading.failure}" if reading.failure else ""
        text = f"{reading.size} entries can be read, the checkpoint covers {covered}{why}"
        return Check("entries", Standing.FAILED, text, reading.size)
    if reading.malformed is not None:
        return _flawed("entries", reading.malformed)
    if reading.failure:
        return Check("entries", Standing.FAILED, reading.failure, reading.size)
    if not reading.size:
        return Check("entries", Standing.UNKNOWN, "the ledger is empty: there is nothing to verify")
    return Check("entries", Standing.OK, f"{reading.size} entries, each in canonical form")


def _agrees(name: str, opened: _Opened, reading: Reading, source: Source) -> Check:
    tree = opened.tree
    if tree is None:
        return Check(name, Standing.UNKNOWN, "no checkpoint that holds says what it should be")
    root = reading.roots.get(tree.size)
    if root is None:
        if tree.size == 0:
            return Check(name, Standing.UNKNOWN, "the checkpoint covers nothing")
        return Check(
            name, Standing.FAILED, f"the ledger is shorter than the {tree.size} entries that were signed", reading.size
        )
    if root == tree.root:
        return Check(name, Standing.OK, f"the first {tree.size} entries lead to the signed root")
    changed = _first_changed(source, tree)
    if changed is None:
        return Check(name, Standing.FAILED, f"the first {tree.size} entries do not lead to the signed root")
    return Check(name, Standing.FAILED, f"entry {changed} is not the one that was signed", changed)


def _first_changed(source: Source, tree: TreeHead) -> int | None:
    """The first entry that differs from the kept tiles; None when the tiles themselves do not lead to the signed root."""
    signed: list[Digest] = []
    edge = Edge()
    try:
        for number in range(-(-tree.size // WIDTH)):
            hashes = split_tile(source.tile(0, number) or b"")[: tree.size - number * WIDTH]
            edge.extend(hashes)
            signed += hashes
        if TreeHead(edge.size, edge.root()) != tree:
            return None
        pairs = enumerate(zip(source.leaves(0, tree.size), signed, strict=True))
        return next((index for index, (leaf, digest) in pairs if leaf_hash(leaf) != digest), None)
    except TrilensError:
        return None


def _payloads(reading: Reading) -> Check:
    if reading.broken_payload is not None:
        return _flawed("payloads", reading.broken_payload)
    if reading.absent:
        text = f"{reading.absent} of {reading.payloads} payloads are not there: erased, expired or lost"
        return Check("payloads", Standing.UNKNOWN, text)
    return Check("payloads", Standing.OK, f"{reading.payloads} payloads, each the one its entry commits to")


def _counts(released: Released, counts: Counts) -> Check:
    if released.unread:
        text = f"{released.unread} decisions cannot be read, so that nothing can be counted"
        return Check("counts", Standing.UNKNOWN, text)
    found = reconcile(released, counts)
    match found.balance:
        case Balance.LESS:
            return Check("counts", Standing.FAILED, f"not everything was recorded: {found.lines_of(Balance.LESS)}")
        case Balance.MORE:
            text = f"not everything that was recorded was seen: {found.lines_of(Balance.MORE)}"
            return Check("counts", Standing.UNKNOWN, text)
        case Balance.EQUAL:
            if not found.lines:
                return Check("counts", Standing.UNKNOWN, "nothing was counted")
            return Check("counts", Standing.OK, f"as many as were seen: {found.lines_of(Balance.EQUAL)}")
