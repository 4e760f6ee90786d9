"""Decisions and exchanges as the ledger holds them, with what their sealed payloads say."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import orjson

from trilens.enforce.account import Account, read_account
from trilens.errors import LedgerError
from trilens.evaluate.replay.lost import LostError, Reason
from trilens.prove.decision import RecordedDecision, read_decision
from trilens.prove.ledger.entry import Entry, Kind, PayloadRef, decode
from trilens.prove.ledger.payload import unseal
from trilens.storage.ports import Journal, KeyRing
from trilens.vocabulary.canonical import Json

_REMEMBERED = 512
"""Exchanges; a conversation goes back to its newest answers."""
_NOTHING: Mapping[str, Json] = {}


@dataclass(frozen=True, slots=True)
class Recorded:
    """One decision."""

    index: int
    """Of its entry."""
    entry: Entry
    decision: RecordedDecision
    private: Mapping[str, Json]
    """What its payload says; empty when nothing needed keeping."""

    @property
    def session(self) -> str:
        return str(self.entry.body.get("session", ""))


@dataclass(frozen=True, slots=True)
class RecordedExchange:
    first: int
    decisions: tuple[Recorded, ...]
    account: Account


class Record:
    """Reads a journal, with the keys of its payloads."""

    def __init__(self, journal: Journal, keyring: KeyRing) -> None:
        self.journal = journal
        self._keyring = keyring
        self._exchanges: OrderedDict[int, RecordedExchange] = OrderedDict()

    def exchange(self, first: int) -> RecordedExchange:
        """The exchange whose first entry this is. Raises: LostError, StoreError."""
        known = self._exchanges.get(first)
        if known is None:
            known = self._exchanges[first] = self._read(first)
            if len(self._exchanges) > _REMEMBERED:
                self._exchanges.popitem(last=False)
        return known

    def _read(self, first: int) -> RecordedExchange:
        at, size = place_of(self._entry(first))
        if at != 0:
            raise LostError(Reason.TURNS, f"no exchange begins at entry {first}")
        found = [self._recorded(index) for index in range(first, first + size)]
        if [place_of(one.entry) for one in found] != [(n, size) for n in range(size)]:
            raise LostError(Reason.TURNS, f"the exchange at entry {first} is not whole")
        try:
            account = read_account(found[0].private.get("exchange"))
        except LedgerError as error:
            raise LostError(Reason.CHANGED, error.message) from error
        return RecordedExchange(first, tuple(found), account)

    def _entry(self, index: int) -> Entry:
        try:
            return decode(next(iter(self.journal.leaves(index, index + 1))))
        except (StopIteration, LedgerError) as error:
            raise LostError(Reason.CHANGED, f"entry {index} cannot be read") from error

    def _recorded(self, index: int) -> Recorded:
        entry = self._entry(index)
        try:
            decision = read_decision(entry.body)
        except LedgerError as error:
            raise LostError(Reason.CHANGED, error.message) from error
        return Recorded(index, entry, decision, self.private(entry))

    def private(self, entry: Entry) -> Mapping[str, Json]:
        """What an entry's payload says; nothing when it has none. Raises: LostError, StoreError."""
        if not entry.payload:
            return _NOTHING
        fields: object = orjson.loads(self.open(entry.payload[0]))
        if not isinstance(fields, dict):
            raise LostError(Reason.CHANGED, "a payload is not of its form")
        return cast("Mapping[str, Json]", fields)

    def open(self, ref: PayloadRef) -> bytes:
        """The plaintext of a payload. Raises: LostError, StoreError."""
        sealed = self.journal.payload(ref.commitment)
        if sealed is None:
            raise LostError(Reason.ERASED, "a payload it rests on is no longer kept")
        if (sealed.commitment, sealed.ring) != (ref.commitment, ref.ring):
            raise LostError(Reason.CHANGED, "a payload is not the one its entry names")
        key = self._keyring.key(ref.ring)
        if key is None:
            raise LostError(Reason.ERASED, "the key of a payload it rests on was destroyed")
        try:
            return unseal(sealed, key)
        except LedgerError as error:
            raise LostError(Reason.CHANGED, error.message) from error


def place_of(entry: Entry) -> tuple[int, int]:
    """(position, number of decisions) of a decision within its exchange. Raises: LostError when its entry does not say."""
    match entry.body.get("exchange"):
        case [int() as at, int() as size] if entry.kind is Kind.DECISION and 0 <= at < size:
            return (at, size)
        case None if entry.kind is Kind.DECISION:
            raise LostError(Reason.BEFORE, "it was recorded before exchanges were told whole")
        case _:
            raise LostError(Reason.TURNS, "the entry is no decision of an exchange")
