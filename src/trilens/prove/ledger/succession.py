"""One key of a log after another: who was given any of them can follow to the one in force.

    trilens log key                 signed by the old key and by the new one, and kept as an entry of kind `log.key`;
    NAME+ID+KEY (the old one)       whatever covers that entry is signed by the new key
    NAME+ID+KEY (the new one)

INVARIANT: which key signs a checkpoint follows from its size alone, so that a key that was replaced signs nothing more that anybody believes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from trilens.errors import LedgerError, SettingsError
from trilens.prove.ledger.note import Signer, VerifierKey, open_note, parse_verifier_key, split_note
from trilens.vocabulary.canonical import Json

_TITLE = "trilens log key"


@dataclass(frozen=True, slots=True)
class Succession:
    """That `new` follows `old`, said by both."""

    old: VerifierKey
    new: VerifierKey
    entry: int
    """Index of the entry that says so."""


def announce(old: Signer, new: Signer) -> dict[str, Json]:
    """The body of the entry. Raises: LedgerError `ledger/succession` when the keys are one, or of two logs."""
    _require_pair(old.verifier, new.verifier)
    text = f"{_TITLE}\n{old.verifier}\n{new.verifier}\n"
    signed = (old.sign(text), new.sign(text))
    return {"note": text + "\n" + "".join(str(split_note(note).signatures[0]) for note in signed)}


def read_succession(body: Mapping[str, Json], index: int) -> Succession:
    """Read such an entry; both signatures are checked.

    Raises:
        LedgerError: it is none (`ledger/succession`), or not signed by both (`ledger/unsigned`, `ledger/signature`).
    """
    match body:
        case {"note": str() as written, **more} if not more:
            note = written.encode("utf-8", "replace")
        case _:
            raise _malformed("expected a note and nothing else")
    lines = split_note(note).text.split("\n")
    if len(lines) != 4 or lines[0] != _TITLE:
        raise _malformed("expected a title and two keys")
    try:
        old, new = parse_verifier_key(lines[1]), parse_verifier_key(lines[2])
    except SettingsError as error:
        raise _malformed("a line is no key") from error
    _require_pair(old, new)
    for key in (old, new):
        open_note(note, (key,))
    return Succession(old, new, index)


@dataclass(frozen=True, slots=True)
class Keys:
    """Every key a log had, in order. The first is in force until the first succession, and so on."""

    first: VerifierKey
    successions: tuple[Succession, ...] = ()

    def at(self, size: int) -> VerifierKey:
        """The key that signs a checkpoint of `size` entries."""
        return next((s.new for s in reversed(self.successions) if s.entry < size), self.first)

    def is_before(self, key: VerifierKey, other: VerifierKey) -> bool:
        """Whether `other` replaced `key`, at once or later."""
        keys = self.all()
        return keys.index(key) < keys.index(other)

    def all(self) -> tuple[VerifierKey, ...]:
        return (self.first, *(s.new for s in self.successions))


def follow(trusted: VerifierKey, successions: Sequence[Succession]) -> Keys:
    """The keys of a log of which one is trusted.

    Raises:
        LedgerError: a succession does not go on from the one before, or none of them is about the trusted key; code `ledger/succession`.
    """
    if not successions:
        return Keys(trusted)
    keys = Keys(successions[0].old, tuple(successions))
    for former, later in pairwise(successions):
        if former.new != later.old:
            raise _malformed(f"entry {later.entry} replaces a key that was not in force")
    if trusted not in keys.all():
        raise _malformed(f"entry {successions[0].entry} is about keys the given one knows nothing of")
    return keys


def _require_pair(old: VerifierKey, new: VerifierKey) -> None:
    if old == new or old.name != new.name:
        raise _malformed("expected two keys of one log")


def _malformed(reason: str) -> LedgerError:
    return LedgerError("ledger/succession", f"not a succession of this log's keys: {reason}")
