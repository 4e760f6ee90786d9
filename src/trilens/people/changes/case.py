"""The case of a change that loosens: which manifest would replace which, what changes, and who else may let it."""

from dataclasses import dataclass

import orjson

from trilens.declare.change import Change
from trilens.errors import StoreError
from trilens.people.operators import Operator
from trilens.prove.ledger import entry, payload
from trilens.storage.ports import Case, CaseState, Journal, KeyRing, RingName, Sealed
from trilens.vocabulary.canonical import Json, canonical

KIND = "change"
OPEN_FOR_MS = 86_400_000
"""A day: whoever confirms may sit elsewhere; after it the change is asked for again."""
_RETENTION = "policy"
_FOR_EVER_MS = 253_402_300_799_000
"""The end of the year 9999: kept like the policies it is about."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """Digests of two manifests."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Opening:
    case: Case
    card: Sealed
    leaf: bytes


@dataclass(frozen=True, slots=True)
class WaitingChange:
    case: Case
    changes: tuple[Change, ...]


def open_change(
    replacement: Replacement,
    changes: tuple[Change, ...],
    *,
    case_id: str,
    system: str,
    by: Operator,
    others: tuple[str, ...],
    keyring: KeyRing,
    now_ms: int,
) -> Opening:
    """The case, its card and its entry.

    Args:
        by: who asked; `others` are those who may decide.
    """
    ring = keyring.ring(RingName(f"system:{system}", "", _RETENTION))
    card = payload.seal(_write(changes), ring, retain_until_ms=_FOR_EVER_MS)
    case = Case(
        id=case_id,
        kind=KIND,
        system=system,
        opened_ms=now_ms,
        expires_ms=now_ms + OPEN_FOR_MS,
        request_mac=f"change {replacement.after}",
        intents=(f"{replacement.before} {replacement.after}",),
        covers=(),
        by=others,
        card=card.commitment,
    )
    body: dict[str, Json] = {
        "id": case.id,
        "case": case.kind,
        "intents": list(case.intents),
        "covers": [],
        "expires": case.expires_ms,
        "card": case.card,
        "kept": "",
        "by": by.name,
    }
    refs = (entry.PayloadRef(card.commitment, card.ring, _RETENTION),)
    return Opening(case, card, entry.encode(entry.Kind.CASE_OPENED, now_ms, body, payload=refs))


def replacement_of(case: Case) -> Replacement:
    """Which manifest would replace which."""
    before, _, after = case.intents[0].partition(" ")
    return Replacement(before, after)


def read_card(case: Case, journal: Journal, keyring: KeyRing) -> tuple[Change, ...]:
    """What would change. Raises: StoreError `store/card` when it cannot be read; LedgerError when it was changed."""
    sealed = journal.payload(case.card)
    key = keyring.key(sealed.ring) if sealed else None
    if sealed is None or key is None:
        raise StoreError("store/card", f"the card of `{case.id}` cannot be opened", help="restore `keys.db`")
    return tuple(
        Change(path, before, after, loosens)
        for path, before, after, loosens in orjson.loads(payload.unseal(sealed, key))
    )


def waiting_changes(journal: Journal, keyring: KeyRing, now_ms: int) -> tuple[WaitingChange, ...]:
    """Changes that wait for a decision, newest first. Raises: StoreError, LedgerError."""
    cases = (case for case in journal.cases(state=CaseState.OPEN) if case.kind == KIND and case.is_live(now_ms))
    return tuple(WaitingChange(case, read_card(case, journal, keyring)) for case in cases)


def _write(changes: tuple[Change, ...]) -> bytes:
    return canonical([[c.path, c.before, c.after, c.loosens] for c in changes])
