"""One batch, inside the transaction that makes it durable: every condition is looked at here again, on what the file says now.

Leaves and payloads have no condition and are written by the writer for the whole group at once.
"""

import json

import apsw

from trilens.errors import StoreError
from trilens.storage.ports import (
    CLOCK_SKEW_MS,
    Batch,
    Case,
    CaseMove,
    CaseState,
    Conflict,
    Consumption,
    Hold,
    ReleasedCall,
    Sealed,
)
from trilens.storage.sqlite import notices, read, stops

LARGEST_LEAF = 65_535
"""Bytes. C2SP tlog-tiles: an entry bundle counts them in sixteen bits."""
LARGEST_PAYLOAD = 1 << 26
"""Bytes."""

_MOVES = frozenset({(CaseState.OPEN, CaseState.APPROVED), (CaseState.OPEN, CaseState.REFUSED)})


def require_whole(batch: Batch) -> None:
    """Refuse what no state of the journal could accept. Raises: StoreError `store/batch`."""
    if not batch.leaves:
        raise _refused("a batch needs at least one entry")
    if any(len(leaf) > LARGEST_LEAF for leaf in batch.leaves):
        raise _refused(f"an entry has at most {LARGEST_LEAF} bytes")
    if not all(_is_storable(payload) for payload in batch.payloads):
        raise _refused("a payload cannot be stored")
    if any(hold.reservation.amount < 0 for hold in batch.holds):
        raise _refused("a reservation is never negative")
    if any((move.before, move.after) not in _MOVES for move in batch.moved):
        raise _refused("a case moves from open to approved or refused")
    if any(case.state is not CaseState.OPEN or case.used for case in batch.opened):
        raise _refused("a case starts open and unused")


def _is_storable(payload: Sealed) -> bool:
    is_named = payload.commitment.isascii() and payload.ring.isascii()
    return is_named and len(payload.ciphertext) <= LARGEST_PAYLOAD and 0 <= payload.retain_until_ms < 2**63


def _refused(reason: str) -> StoreError:
    return StoreError("store/batch", reason, help="this is a fault of the caller; nothing was written")


def is_conditional(batch: Batch) -> bool:
    """Whether anything in it can conflict, or writes more than entries and payloads."""
    writes = batch.holds or batch.released or batch.settled or batch.consumed or batch.opened or batch.moved
    return bool(writes or batch.stops or batch.resumes or batch.settles)


def apply(connection: apsw.Connection, batch: Batch, first: int) -> Conflict | None:
    """Write everything of `batch` but its leaves and payloads, or nothing.

    Args:
        first: the index its first entry will have.

    Raises:
        StoreError: a value of the batch cannot be stored; code `store/batch`. Nothing of it was.
    """
    connection.execute("SAVEPOINT batch")
    try:
        conflict = _steps(connection, batch, first)
    except (TypeError, ValueError, OverflowError, apsw.ConstraintError) as error:
        # a value no column takes (lone surrogates, integers beyond 64 bits): this batch's fault, and nobody else's
        connection.execute("ROLLBACK TO batch")
        connection.execute("RELEASE batch")
        raise _refused("a value cannot be stored") from error
    if conflict is not None:
        connection.execute("ROLLBACK TO batch")
    connection.execute("RELEASE batch")
    return conflict


def _steps(connection: apsw.Connection, batch: Batch, first: int) -> Conflict | None:
    if not stops.apply(connection, batch):
        return Conflict("stop")
    # a person's decision first, so that one batch may approve and use
    for move in batch.moved:
        if not _move(connection, move):
            return Conflict("case")
    for case in batch.opened:
        if not _open(connection, case):
            return Conflict("case")
    for use in batch.consumed:
        if not _consume(connection, use):
            return Conflict("approval")
    for part, hold in enumerate(batch.holds):
        if not _reserve(connection, hold, first, part):
            return Conflict("budget")
    for call in batch.released:
        _release(connection, call)
    for mac in batch.settled:
        connection.execute("UPDATE released SET settled = 1 WHERE mac = ?", (mac,))
    notices.apply(connection, batch)
    return None


def _reserve(connection: apsw.Connection, hold: Hold, first: int, part: int) -> bool:
    claim = hold.reservation
    if read.spent(connection, claim.account, claim.since_ms) + claim.amount > claim.ceiling:
        return False
    before = read.running(connection, claim.account, hold.at_ms)
    connection.execute(
        "INSERT INTO hold (account, at_ms, entry, part, amount, running, call) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (claim.account, hold.at_ms, first, part, str(claim.amount), str(before + claim.amount), hold.call),
    )
    _shift_later(connection, hold)
    return True


def _shift_later(connection: apsw.Connection, hold: Hold) -> None:
    # clocks of concurrent requests differ by a little, and may be set back: rows of a later moment count this one too
    account, amount = hold.reservation.account, hold.reservation.amount
    later = connection.execute(
        "SELECT at_ms, entry, part, running FROM hold WHERE account = ? AND at_ms > ?", (account, hold.at_ms)
    ).fetchall()
    for at_ms, entry, part, running in later:
        connection.execute(
            "UPDATE hold SET running = ? WHERE account = ? AND at_ms = ? AND entry = ? AND part = ?",
            (str(int(str(running)) + amount), account, at_ms, entry, part),
        )


def _release(connection: apsw.Connection, call: ReleasedCall) -> None:
    # the same call released again is a new release: its outcome has not been seen
    connection.execute(
        "INSERT INTO released (mac, tool, decision, at_ms, settled) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (mac) DO UPDATE SET tool = excluded.tool, decision = excluded.decision,"
        " at_ms = excluded.at_ms, settled = excluded.settled",
        (call.mac, call.tool, call.decision, call.at_ms, int(call.settled)),
    )


def _open(connection: apsw.Connection, case: Case) -> bool:
    if read.case(connection, case.id) is not None or _is_asked(connection, case):
        return False
    connection.execute(
        "INSERT INTO cases (id, kind, system, opened_ms, expires_ms, request_mac, covers, by_roles, card, kept, state,"
        " decided_by, decided_ms, edit) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', '', 0, '')",
        (
            case.id,
            case.kind,
            case.system,
            case.opened_ms,
            case.expires_ms,
            case.request_mac,
            json.dumps(case.covers),
            json.dumps(case.by),
            case.card,
            case.kept,
        ),
    )
    _add_intents(connection, case.id, case.intents)
    return True


def _is_asked(connection: apsw.Connection, case: Case) -> bool:
    rivals = connection.execute(
        "SELECT i.mac FROM cases c JOIN intent i ON i.case_id = c.id"
        " WHERE c.request_mac = ?1 AND c.state = 'open' AND c.expires_ms > ?2 AND c.opened_ms <= ?2 + ?3",
        (case.request_mac, case.opened_ms, CLOCK_SKEW_MS),
    ).fetchall()
    return not {str(mac) for (mac,) in rivals}.isdisjoint(case.intents)


def _add_intents(connection: apsw.Connection, case_id: str, intents: tuple[str, ...]) -> None:
    for mac in intents:
        connection.execute(
            "INSERT INTO intent (case_id, position, mac, used)"
            " VALUES (?1, (SELECT ifnull(max(position), -1) + 1 FROM intent WHERE case_id = ?1), ?2, 0) ON CONFLICT DO NOTHING",
            (case_id, mac),
        )


def _move(connection: apsw.Connection, move: CaseMove) -> bool:
    connection.execute(
        "UPDATE cases SET state = ?1, decided_by = ?2, decided_ms = ?3, edit = ?4"
        " WHERE id = ?5 AND state = ?6 AND expires_ms > ?3 AND opened_ms <= ?3 + ?7",
        (move.after.value, move.by, move.at_ms, move.edit, move.case, move.before.value, CLOCK_SKEW_MS),
    )
    if connection.changes() != 1:
        return False
    for mac in move.drops_intents:
        connection.execute("DELETE FROM intent WHERE case_id = ? AND mac = ?", (move.case, mac))
    _add_intents(connection, move.case, move.adds_intents)
    return True


def _consume(connection: apsw.Connection, use: Consumption) -> bool:
    case = read.case(connection, use.case)
    if case is None or case.state is not CaseState.APPROVED or not case.is_live(use.at_ms):
        return False
    if use.whole:
        if case.used:
            return False
        connection.execute("UPDATE intent SET used = 1 WHERE case_id = ?", (use.case,))
    else:
        if use.intent in case.used or use.intent not in case.intents:
            return False
        connection.execute("UPDATE intent SET used = 1 WHERE case_id = ? AND mac = ?", (use.case, use.intent))
    connection.execute(
        "UPDATE cases SET state = 'used' WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM intent WHERE case_id = ?1 AND used = 0)",
        (use.case,),
    )
    return True
