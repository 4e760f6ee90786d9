"""Step 6, first half: turn a draft into the batch that is written: payloads sealed, entries encoded, the case made."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from trilens.enforce.plan import Draft, DraftCase, DraftEntry
from trilens.prove.ledger import entry, payload
from trilens.storage.ports import Batch, Case, KeyRing, Ring, RingName, Sealed
from trilens.vocabulary.event import Exchange
from trilens.vocabulary.system import System

RETENTION = "conversation"
"""The retention class of what was said and proposed; the manifest's `retention` gives its length."""


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals under the key of the person (or key) an exchange belongs to."""

    system: System
    keyring: KeyRing
    random: Callable[[int], bytes] = os.urandom
    """Gives nonces: bytes fit for secrets, never the same twice."""

    def batch(self, draft: Draft, exchange: Exchange, now_ms: int, *, kept: bytes = b"") -> Batch:
        """The batch to commit.

        Raises:
            StoreError: the key ring cannot be read or written; nothing has been recorded.
        """
        ring = self._ring(exchange)
        sealed: list[Sealed] = []
        leaves = tuple(self._leaf(item, ring, now_ms, sealed) for item in draft.entries)
        opened = (self._case(draft.opens, exchange, ring, now_ms, kept, sealed),) if draft.opens else ()
        return Batch(
            leaves=leaves + tuple(self._opened(case, now_ms) for case in opened),
            payloads=tuple(sealed),
            holds=draft.holds,
            released=draft.released,
            settled=draft.settled,
            consumed=draft.consumed,
            opened=opened,
        )

    def open(self, sealed: Sealed) -> bytes | None:
        """The plaintext; None when its key was destroyed."""
        key = self.keyring.key(sealed.ring)
        return None if key is None else payload.unseal(sealed, key)

    def _ring(self, exchange: Exchange) -> Ring:
        purpose = exchange.events[0].purpose if exchange.events else ""
        return self.keyring.ring(RingName(exchange.principal.account_holder, purpose, RETENTION))

    def _retain_until(self, now_ms: int) -> int:
        return now_ms + self.system.retention.get(RETENTION, 0)

    def _close(self, plaintext: bytes, ring: Ring, now_ms: int, sealed: list[Sealed]) -> Sealed:
        closed = payload.seal(plaintext, ring, retain_until_ms=self._retain_until(now_ms), random=self.random)
        sealed.append(closed)
        return closed

    def _leaf(self, item: DraftEntry, ring: Ring, now_ms: int, sealed: list[Sealed]) -> bytes:
        refs: tuple[entry.PayloadRef, ...] = ()
        if item.payload:
            closed = self._close(item.payload, ring, now_ms, sealed)
            refs = (entry.PayloadRef(closed.commitment, closed.ring, RETENTION),)
        return entry.encode(item.kind, now_ms, item.body, payload=refs)

    def _case(
        self, draft: DraftCase, exchange: Exchange, ring: Ring, now_ms: int, kept: bytes, sealed: list[Sealed]
    ) -> Case:
        return Case(
            id=draft.id,
            kind="approval",
            system=self.system.id,
            opened_ms=now_ms,
            expires_ms=draft.expires_ms,
            request_mac=exchange.request_mac,
            intents=draft.intents,
            covers=draft.covers,
            by=draft.by,
            card=self._close(draft.card, ring, now_ms, sealed).commitment,
            kept=self._close(kept, ring, now_ms, sealed).commitment if kept else "",
        )

    def _opened(self, case: Case, now_ms: int) -> bytes:
        return entry.encode(
            entry.Kind.CASE_OPENED,
            now_ms,
            {
                "id": case.id,
                "case": case.kind,
                "intents": list(case.intents),
                "covers": list(case.covers),
                "expires": case.expires_ms,
                "card": case.card,
                "kept": case.kept,
            },
        )
