"""What the contract of a journal is written in: small batches, and what became of them."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from threading import Barrier
from typing import TypeVar

import pytest

from trilens.errors import StoreError
from trilens.storage.ports import (
    Batch,
    Case,
    CaseMove,
    CaseState,
    Committed,
    Conflict,
    Hold,
    Journal,
    Query,
    Sealed,
    Snapshot,
)
from trilens.vocabulary.canonical import canonical, digest
from trilens.vocabulary.verdict import Reservation

T = TypeVar("T")

EURO = 1_000_000
WAIT_S = 60.0
_numbers = count()


def leaf(number: int = -1) -> bytes:
    """A canonical leaf; a different one each time when no number is given."""
    return canonical({"v": 1, "kind": "decision", "t": 1, "n": next(_numbers) if number < 0 else number})


def hold(account: str, amount: int, ceiling: int, *, since_ms: int = 0, at_ms: int = 1_000, call: str = "call") -> Hold:
    return Hold(call, Reservation(account, amount, ceiling, since_ms), at_ms)


def sealed(text: str) -> Sealed:
    data = b"\0" * 12 + text.encode() + b"\0" * 16
    return Sealed(digest(data), "ring", data, retain_until_ms=9)


def open_case(
    case_id: str, *intents: str, request: str = "request", opened_ms: int = 1_000, expires_ms: int = 9_000
) -> Case:
    return Case(
        id=case_id,
        kind="approval",
        system="shop",
        opened_ms=opened_ms,
        expires_ms=expires_ms,
        request_mac=request,
        intents=intents,
        covers=("safety/irreversible_effect",),
        by=("lead",),
        card="sha256:card",
        kept="sha256:kept",
    )


def approval(case_id: str, *, at_ms: int = 2_000, edit: str = "", adds: tuple[str, ...] = ()) -> CaseMove:
    return CaseMove(case_id, CaseState.OPEN, CaseState.APPROVED, "lead", at_ms, edit, adds)


def refusal(case_id: str, *, at_ms: int = 2_000) -> CaseMove:
    return CaseMove(case_id, CaseState.OPEN, CaseState.REFUSED, "lead", at_ms)


def write(journal: Journal, batch: Batch) -> Committed | Conflict:
    return journal.commit(batch).result(WAIT_S)


def written(journal: Journal, batch: Batch) -> Committed:
    answer = write(journal, batch)
    assert isinstance(answer, Committed), answer
    return answer


def conflict(journal: Journal, batch: Batch) -> str:
    """What conflicted; the batch must have changed nothing."""
    before = journal.size()
    answer = write(journal, batch)
    assert isinstance(answer, Conflict), answer
    assert journal.size() == before
    return answer.what


def read(journal: Journal, query: Query) -> Snapshot:
    return journal.snapshot(query).result(WAIT_S)


def spent(journal: Journal, account: str, since_ms: int = 0) -> int:
    return read(journal, Query(0, accounts=((account, since_ms),))).spent[account]


def refused(future: "Future[T]") -> StoreError:
    error = future.exception(WAIT_S)
    assert isinstance(error, StoreError), error
    return error


def together(number: int, act: Callable[[int], T]) -> list[T]:
    """What `number` threads answer that start at the same moment."""
    barrier = Barrier(number)

    def run(position: int) -> T:
        barrier.wait(WAIT_S)
        return act(position)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


class WithJournal:
    @pytest.fixture
    def journal(self) -> Iterator[Journal]:
        """An empty journal, closed afterwards."""
        raise NotImplementedError
