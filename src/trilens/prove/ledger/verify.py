"""Verification that trusts nobody: from entries, a checkpoint, and a key that was obtained out of band.

    checkpoint    the newest one is signed by the given key, and of this log
    known         a checkpoint that was kept elsewhere is, too, and the ledger begins with what it covers
    entries       all that the checkpoint covers are there, each in its one canonical form
    root          hashed again, they lead to the signed root; if not, the first changed entry is named
    payloads      those that are kept are the ones their entries commit to

A report is OK only when everything was looked at and held. What was not looked at is UNKNOWN, an empty ledger too; and even an OK does not show what
`unestablished` lists.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from trilens.errors import LedgerError, StoreError, TrilensError
from trilens.prove.ledger import entry
from trilens.prove.ledger.checkpoint import open_checkpoint
from trilens.prove.ledger.merkle import Digest, TreeHead, leaf_hash
from trilens.prove.ledger.note import VerifierKey
from trilens.prove.ledger.payload import check_commitment
from trilens.prove.ledger.tiles import WIDTH, Edge, split_tile
from trilens.storage.ports import Sealed
from trilens.vocabulary.canonical import Json

_LEAVES_PER_STEP = 4_096


class Source(Protocol):
    """Where entries are read from: a journal, or an export of one."""

    def size(self) -> int: ...

    def leaves(self, start: int, stop: int) -> Iterator[bytes]: ...

    def tile(self, level: int, number: int) -> bytes | None: ...


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


def verify(
    source: Source,
    key: VerifierKey,
    *,
    checkpoint: bytes | None,
    known: bytes | None = None,
    payload: Callable[[str], Sealed | None] | None = None,
) -> Report:
    """Verify a whole ledger. Reads every entry once, in constant memory; once more when the root is not the signed one.

    Args:
        key: the log's key, obtained out of band.
        checkpoint: the newest note of the ledger; None when it has none, and then the report is UNKNOWN at best.
        known: a note that was kept elsewhere, at an earlier time.
        payload: where to look for payloads; None leaves them out, and the report says so.
    """
    # 1 what was signed
    newest = _open("checkpoint", checkpoint, key)
    former = _open("known", known, key) if known is not None else None
    # 2 what is there
    marks = {opened.tree.size for opened in (newest, former) if opened and opened.tree}
    reading = _read(source, marks, payload)
    # 3 whether the two agree
    checks = [newest.check]
    if former is not None:
        checks.append(_agrees("known", former, reading, source) if former.tree else former.check)
    checks.append(_entries(newest, reading))
    checks.append(_agrees("root", newest, reading, source))
    if payload is not None:
        checks.append(_payloads(reading))
    return Report(
        reading.size,
        tuple(checks),
        tuple(_unestablished(newest, former, reading, payload)),
        tuple(reading.notices),
        covered=newest.tree.size if newest.tree else 0,
    )


@dataclass(frozen=True, slots=True)
class _Opened:
    """A note as far as it could be opened."""

    check: Check
    tree: TreeHead | None = None


def _open(name: str, note: bytes | None, key: VerifierKey) -> _Opened:
    if note is None:
        return _Opened(Check(name, Standing.UNKNOWN, "there is no checkpoint: nothing was signed"))
    try:
        tree = open_checkpoint(note, key).tree
    except LedgerError as error:
        return _Opened(Check(name, Standing.FAILED, error.message))
    return _Opened(Check(name, Standing.OK, f"{tree.size} entries, signed by `{key.name}`"), tree)


@dataclass(slots=True)
class _Reading:
    """What one pass over all entries found."""

    size: int = 0
    roots: dict[int, Digest] = field(default_factory=dict)
    """Root at each size that was asked for."""
    failure: str = ""
    """Why the pass ended early."""
    malformed: Check | None = None
    broken_payload: Check | None = None
    payloads: int = 0
    absent: int = 0
    notices: list[str] = field(default_factory=list)


def _read(source: Source, marks: set[int], payload: Callable[[str], Sealed | None] | None) -> _Reading:
    reading, edge = _Reading(), Edge()
    try:
        for start, stop in _steps(source.size(), marks):
            hashes = []
            for index, leaf in enumerate(source.leaves(start, stop), start):
                hashes.append(leaf_hash(leaf))
                _look_at(index, leaf, reading, payload)
            edge.extend(hashes)
            reading.size = edge.size
            if stop in marks:
                reading.roots[stop] = edge.root()
    except (LedgerError, StoreError) as error:
        reading.failure = error.message
    return reading


def _steps(size: int, marks: set[int]) -> Iterator[tuple[int, int]]:
    stops = sorted(
        {*range(_LEAVES_PER_STEP, size, _LEAVES_PER_STEP), *(mark for mark in marks if mark < size), size} - {0}
    )
    start = 0
    for stop in stops:
        yield start, stop
        start = stop


def _look_at(index: int, leaf: bytes, reading: _Reading, payload: Callable[[str], Sealed | None] | None) -> None:
    try:
        found = entry.decode(leaf)
    except LedgerError as error:
        reading.malformed = reading.malformed or Check(
            "entries", Standing.FAILED, f"entry {index}: {error.message}", index
        )
        return
    if found.kind is entry.Kind.RECOVERED:
        first, last = found.body.get("from"), found.body.get("to")
        reading.notices.append(
            f"entry {index}: entries {first} to {last} were found at a start without their acknowledgement"
        )
    if payload is not None:
        for ref in found.payload:
            _look_at_payload(index, ref, payload(ref.commitment), reading)


def _look_at_payload(index: int, ref: entry.PayloadRef, sealed: Sealed | None, reading: _Reading) -> None:
    reading.payloads += 1
    if sealed is None:
        reading.absent += 1
        return
    try:
        _require_same(ref, sealed)
    except LedgerError as error:
        broken = Check("payloads", Standing.FAILED, f"entry {index}: {error.message}", index)
        reading.broken_payload = reading.broken_payload or broken


def _require_same(ref: entry.PayloadRef, sealed: Sealed) -> None:
    check_commitment(sealed)
    if sealed.commitment != ref.commitment or sealed.ring != ref.ring:
        raise LedgerError("ledger/payload", "a payload is not the one its entry names")


def _entries(newest: _Opened, reading: _Reading) -> Check:
    covered = newest.tree.size if newest.tree else 0
    if reading.size < covered:
        why = f": {reading.failure}" if reading.failure else ""
        text = f"{reading.size} entries can be read, the checkpoint covers {covered}{why}"
        return Check("entries", Standing.FAILED, text, reading.size)
    if reading.malformed is not None:
        return reading.malformed
    if reading.failure:
        return Check("entries", Standing.FAILED, reading.failure, reading.size)
    if not reading.size:
        return Check("entries", Standing.UNKNOWN, "the ledger is empty: there is nothing to verify")
    return Check("entries", Standing.OK, f"{reading.size} entries, each in canonical form")


def _agrees(name: str, opened: _Opened, reading: _Reading, source: Source) -> Check:
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


def _payloads(reading: _Reading) -> Check:
    if reading.broken_payload is not None:
        return reading.broken_payload
    if reading.absent:
        text = f"{reading.absent} of {reading.payloads} payloads are not there: erased, expired or lost"
        return Check("payloads", Standing.UNKNOWN, text)
    return Check("payloads", Standing.OK, f"{reading.payloads} payloads, each the one its entry commits to")


def _unestablished(newest: _Opened, former: _Opened | None, reading: _Reading, payload: object) -> Sequence[str]:
    found = ["that what an entry says was true when it was written"]
    found.append("that everybody is shown the same ledger: no witness has signed this checkpoint")
    if former is None:
        found.append("that the ledger was not set back to an earlier state: no checkpoint kept elsewhere was given")
    covered = newest.tree.size if newest.tree else 0
    if reading.size > covered:
        found.append(f"entries {covered} to {reading.size - 1}: they are newer than the checkpoint, and unsigned")
    if payload is None:
        found.append("that payloads are the ones committed to: they were left out")
    return found
