"""The contract of the port `Journal`, as tests. A backend runs it by inheriting and giving a fixture:

    class TestMyJournal(JournalContract):
        @pytest.fixture
        def journal(self): ...

In a `conftest.py`, call `pytest.register_assert_rewrite` with this module and those it imports first, so that a failure says what was compared.
Every bug that escaped a backend becomes a case here, for all of them.
"""

import pytest

from trilens.errors import StoreError
from trilens.prove.ledger.entry import Kind, decode
from trilens.storage.ports import (
    Batch,
    Committed,
    Journal,
    Query,
    ReleasedCall,
    Snapshot,
)
from trilens.testing.batches import (
    WAIT_S,
    WithJournal,
    conflict,
    hold,
    leaf,
    open_case,
    read,
    refused,
    sealed,
    spent,
    together,
    written,
)
from trilens.testing.budget_contract import BudgetContract
from trilens.testing.case_contract import ApprovalContract, CaseContract
from trilens.testing.stop_contract import NoticeContract, StopContract
from trilens.vocabulary.canonical import digest


class EntriesContract(WithJournal):
    def test_entries_are_numbered_from_zero_in_the_order_of_commit(self, journal: Journal) -> None:
        assert journal.size() == 0
        assert written(journal, Batch((leaf(0), leaf(1)))) == Committed(0, 2)
        assert written(journal, Batch((leaf(2),))) == Committed(2, 3)
        assert journal.size() == 3
        assert list(journal.leaves(0, 3)) == [leaf(0), leaf(1), leaf(2)]
        assert list(journal.leaves(1, 2)) == [leaf(1)]
        assert list(journal.leaves(3, 3)) == []

    def test_concurrent_batches_share_no_index_and_leave_no_gap(self, journal: Journal) -> None:
        answers = together(24, lambda _: [written(journal, Batch((leaf(), leaf()))) for _ in range(8)])
        firsts = sorted(answer.first for row in answers for answer in row)
        assert firsts == list(range(0, 24 * 8 * 2, 2))
        assert journal.size() == len(list(journal.leaves(0, journal.size()))) == 24 * 8 * 2

    def test_a_batch_keeps_its_entries_side_by_side_under_load(self, journal: Journal) -> None:
        def append(position: int) -> tuple[int, list[bytes]]:
            leaves = [leaf(position * 100 + n) for n in range(3)]
            return written(journal, Batch(tuple(leaves))).first, leaves

        for first, leaves in together(16, append):
            assert list(journal.leaves(first, first + 3)) == leaves

    def test_a_batch_without_entries_is_refused(self, journal: Journal) -> None:
        refused(journal.commit(Batch((), holds=(hold("a", 1, 9),))))
        assert spent(journal, "a") == 0

    def test_an_entry_beyond_sixteen_bits_is_refused_and_the_next_batch_is_not(self, journal: Journal) -> None:
        refused(journal.commit(Batch((b"x" * 65_536,))))
        assert written(journal, Batch((b"x" * 65_535,))).first == 0

    @pytest.mark.parametrize(
        "call",
        [
            pytest.param(ReleasedCall("mac", "\ud800", "decision", 1), id="lone surrogate"),
            pytest.param(ReleasedCall("mac", "tool", "decision", 2**63), id="moment beyond 64 bits"),
        ],
    )
    def test_a_value_that_cannot_be_stored_refuses_its_own_batch_alone(
        self, journal: Journal, call: ReleasedCall
    ) -> None:
        bad = journal.commit(Batch((leaf(),), holds=(hold("a", 1, 9),), released=(call,)))
        good = journal.commit(Batch((leaf(7),)))
        refused(bad)
        assert good.result(WAIT_S) == Committed(0, 1)
        assert spent(journal, "a") == 0
        assert list(journal.leaves(0, 1)) == [leaf(7)]

    def test_entries_outside_the_ledger_cannot_be_read(self, journal: Journal) -> None:
        written(journal, Batch((leaf(),)))
        for start, stop in ((0, 2), (-1, 1), (1, 0)):
            with pytest.raises(StoreError):
                list(journal.leaves(start, stop))

    def test_a_payload_is_found_by_its_commitment(self, journal: Journal) -> None:
        written(journal, Batch((leaf(),), payloads=(sealed("one"), sealed("zwei £"))))
        assert journal.payload(sealed("zwei £").commitment) == sealed("zwei £")
        assert journal.payload(digest(b"other")) is None

    def test_what_conflicts_writes_nothing_at_all(self, journal: Journal) -> None:
        batch = Batch(
            (leaf(),),
            payloads=(sealed("one"),),
            holds=(hold("a", 5, 9), hold("b", 10, 9)),
            released=(ReleasedCall("mac", "tool", "decision", 1),),
            opened=(open_case("case", "intent"),),
        )
        assert conflict(journal, batch) == "budget"
        assert journal.payload(sealed("one").commitment) is None
        assert journal.case("case") is None
        seen = read(journal, Query(1, accounts=(("a", 0), ("b", 0)), calls=("mac",), request="request"))
        assert seen == Snapshot(spent={"a": 0, "b": 0})

    def test_an_empty_query_is_answered_at_once(self, journal: Journal) -> None:
        future = journal.snapshot(Query(5))
        assert future.done()
        assert future.result() == Snapshot()


class CheckpointContract(WithJournal):
    def test_the_newest_checkpoint_and_its_tiles_are_kept(self, journal: Journal) -> None:
        assert journal.checkpoint() is None
        assert journal.tile(0, 0) is None
        written(journal, Batch((leaf(), leaf(), leaf())))
        journal.put_checkpoint(2, b"note two", [(0, 0, b"h" * 32)])
        journal.put_checkpoint(3, b"note three", [])
        journal.put_checkpoint(3, b"note three", [(0, 0, b"h" * 32)])
        assert journal.checkpoint() == b"note three"
        assert journal.tile(0, 0) == b"h" * 32
        assert journal.tile(0, 1) is None

    def test_a_checkpoint_that_contradicts_what_is_kept_is_refused(self, journal: Journal) -> None:
        written(journal, Batch((leaf(), leaf(), leaf())))
        journal.put_checkpoint(2, b"note two", [(0, 0, b"h" * 32)])
        for size, note, tiles in (
            (2, b"other", []),
            (1, b"older", []),
            (4, b"beyond", []),
            (0, b"of nothing", []),
            (3, b"other tile", [(0, 1, b"j" * 32), (0, 0, b"i" * 32)]),
        ):
            with pytest.raises(StoreError):
                journal.put_checkpoint(size, note, tiles)
        assert journal.checkpoint() == b"note two"
        assert journal.tile(0, 0) == b"h" * 32
        assert journal.tile(0, 1) is None

    def test_a_tile_grows_at_its_end_and_only_there(self, journal: Journal) -> None:
        written(journal, Batch((leaf(), leaf(), leaf())))
        journal.put_checkpoint(1, b"note one", [(0, 0, b"h" * 32)])
        journal.put_checkpoint(2, b"note two", [(0, 0, b"h" * 32 + b"i" * 32)])
        for tile in (b"h" * 32, b"j" * 32 + b"i" * 32 + b"k" * 32):
            with pytest.raises(StoreError):
                journal.put_checkpoint(3, b"note three", [(0, 0, tile)])
        assert journal.tile(0, 0) == b"h" * 32 + b"i" * 32


class CloseContract(WithJournal):
    def test_closing_finishes_what_was_accepted(self, journal: Journal) -> None:
        futures = [journal.commit(Batch((leaf(),))) for _ in range(50)]
        journal.close()
        assert [future.result(0) for future in futures] == [Committed(n, n + 1) for n in range(50)]

    def test_after_closing_everything_fails_and_nothing_else_is_raised(self, journal: Journal) -> None:
        written(journal, Batch((leaf(),)))
        journal.close()
        journal.close()
        refused(journal.commit(Batch((leaf(),))))
        refused(journal.snapshot(Query(1)))
        refused(journal.snapshot(Query(1, request="request")))
        for act in (
            journal.size,
            journal.cases,
            journal.stops,
            journal.notices,
            journal.checkpoint,
            lambda: list(journal.leaves(0, 1)),
            lambda: journal.payload("sha256:x"),
            lambda: journal.case("case"),
            lambda: journal.tile(0, 0),
            lambda: journal.put_checkpoint(1, b"note", []),
        ):
            with pytest.raises(StoreError):
                act()

    def test_a_batch_that_was_cancelled_in_time_is_not_written(self, journal: Journal) -> None:
        futures = [journal.commit(Batch((leaf(),), holds=(hold("a", 1, 10**9),))) for _ in range(200)]
        cancelled = [future for future in futures if future.cancel()]
        done = sum(isinstance(f.result(WAIT_S), Committed) for f in futures if f not in cancelled)
        assert done == spent(journal, "a")

    def test_a_batch_given_up_too_late_is_named_as_recovered(self, journal: Journal) -> None:
        """Nobody acted on it, whatever its entry says."""
        future = journal.commit(Batch((leaf(), leaf())))
        assert future.result(WAIT_S) == Committed(0, 2)
        assert not future.cancel()
        assert not future.cancel()
        # whatever is committed after it stands after what names it
        assert written(journal, Batch((leaf(),))) == Committed(3, 4)
        [named] = journal.leaves(2, 3)
        found = decode(named)
        assert (found.kind, found.body) == (Kind.RECOVERED, {"from": 0, "to": 1})


class JournalContract(
    EntriesContract,
    BudgetContract,
    CaseContract,
    ApprovalContract,
    StopContract,
    NoticeContract,
    CheckpointContract,
    CloseContract,
):
    """All of it."""
