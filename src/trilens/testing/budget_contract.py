"""The budgets of the port `Journal`: exact sums, sliding windows, and ceilings that hold however many reserve at once."""

from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Event

import pytest

from trilens.storage.ports import (
    Batch,
    Committed,
    Conflict,
    Journal,
    Query,
    ReleasedCall,
)
from trilens.testing.batches import (
    EURO,
    WAIT_S,
    WithJournal,
    conflict,
    hold,
    leaf,
    read,
    refused,
    spent,
    together,
    write,
    written,
)


class BudgetContract(WithJournal):
    @pytest.mark.requirement("S6")
    def test_of_forty_concurrent_reservations_exactly_twenty_pass(self, journal: Journal) -> None:
        answers = together(40, lambda _: write(journal, Batch((leaf(),), holds=(hold("a", 50 * EURO, 1_000 * EURO),))))
        assert sum(isinstance(answer, Committed) for answer in answers) == 20
        assert sum(answer == Conflict("budget") for answer in answers) == 20
        assert spent(journal, "a") == 1_000 * EURO
        assert journal.size() == 20

    @pytest.mark.requirement("S6")
    def test_reservations_of_one_batch_count_together(self, journal: Journal) -> None:
        assert conflict(journal, Batch((leaf(),), holds=(hold("a", 6, 10), hold("a", 5, 10)))) == "budget"
        written(journal, Batch((leaf(),), holds=(hold("a", 6, 10), hold("a", 4, 10))))
        assert spent(journal, "a") == 10

    @pytest.mark.requirement("S6")
    def test_a_ceiling_may_be_reached_and_not_passed(self, journal: Journal) -> None:
        written(journal, Batch((leaf(),), holds=(hold("a", 10, 10),)))
        assert conflict(journal, Batch((leaf(),), holds=(hold("a", 1, 10),))) == "budget"
        written(journal, Batch((leaf(),), holds=(hold("a", 0, 10),)))

    def test_a_window_slides_and_its_start_belongs_to_it(self, journal: Journal) -> None:
        for at_ms in (1_000, 2_000, 3_000):
            written(journal, Batch((leaf(),), holds=(hold("a", at_ms, 10**9, at_ms=at_ms),)))
        assert [spent(journal, "a", since) for since in (0, 1_000, 1_001, 3_000, 3_001)] == [
            6_000,
            6_000,
            5_000,
            3_000,
            0,
        ]
        assert (
            conflict(journal, Batch((leaf(),), holds=(hold("a", 1, 5_000, since_ms=2_000, at_ms=4_000),))) == "budget"
        )
        written(journal, Batch((leaf(),), holds=(hold("a", 1, 5_000, since_ms=2_001, at_ms=4_000),)))

    def test_a_sum_is_the_plain_sum_over_its_window_whatever_the_clock_did(self, journal: Journal) -> None:
        random = Random(20_261_124)  # noqa: S311 - a sequence to replay, not a secret
        plain: list[tuple[str, int, int]] = []
        for _ in range(200):
            account, at_ms, amount = random.choice("ab"), random.randrange(40), random.randrange(10**15)
            written(journal, Batch((leaf(),), holds=(hold(account, amount, 10**30, at_ms=at_ms),)))
            plain.append((account, at_ms, amount))
            since = random.randrange(42)
            for name in "ab":
                assert spent(journal, name, since) == sum(a for n, t, a in plain if n == name and t >= since)

    def test_sums_are_exact_beyond_sixty_four_bits(self, journal: Journal) -> None:
        large = 10**15 * EURO - 1
        for _ in range(3):
            written(journal, Batch((leaf(),), holds=(hold("a", large, 10**30),)))
        assert spent(journal, "a") == 3 * large
        assert conflict(journal, Batch((leaf(),), holds=(hold("a", 1, 3 * large),))) == "budget"

    def test_a_negative_reservation_is_refused(self, journal: Journal) -> None:
        written(journal, Batch((leaf(),), holds=(hold("a", 5, 9),)))
        refused(journal.commit(Batch((leaf(),), holds=(hold("a", -5, 9),))))
        assert spent(journal, "a") == 5

    def test_accounts_are_told_apart_by_every_letter(self, journal: Journal) -> None:
        names = ("customer:C-17", "customer:c-17", "customer:C-1", "customer:C-17 ", "customer:C\0-17", "customer:С-17")
        for number, name in enumerate(names, 1):
            written(journal, Batch((leaf(),), holds=(hold(name, number, 100),)))
        seen = read(journal, Query(0, accounts=tuple((name, 0) for name in (*names, "never"))))
        assert seen.spent == {**{name: number for number, name in enumerate(names, 1)}, "never": 0}

    def test_a_released_call_is_recognised_and_settles_once(self, journal: Journal) -> None:
        call = ReleasedCall("mac", "refund", "decision", 1_000)
        written(journal, Batch((leaf(),), holds=(hold("a", 5, 9, call="mac"),), released=(call,)))
        assert read(journal, Query(1, calls=("mac", "other"))).calls == {"mac": call}
        for _ in range(2):
            written(journal, Batch((leaf(),), settled=("mac", "other")))
            found = read(journal, Query(1, calls=("mac", "other"))).calls
            assert found == {"mac": ReleasedCall("mac", "refund", "decision", 1_000, settled=True)}
        assert spent(journal, "a") == 5

    def test_a_call_released_again_waits_for_its_outcome_again(self, journal: Journal) -> None:
        written(journal, Batch((leaf(),), released=(ReleasedCall("mac", "refund", "first", 1_000),)))
        written(journal, Batch((leaf(),), settled=("mac",)))
        again = ReleasedCall("mac", "refund", "second", 2_000)
        written(journal, Batch((leaf(),), released=(again,)))
        assert read(journal, Query(1, calls=("mac",))).calls == {"mac": again}

    def test_a_snapshot_is_of_one_moment_and_sees_every_answered_commit(self, journal: Journal) -> None:
        done = Event()

        def reserve() -> None:
            for number in range(150):
                pair = (hold("a", 1, 10**9), hold("b", 1, 10**9))
                written(journal, Batch((leaf(),), holds=pair))
                assert spent(journal, "a") == number + 1
            done.set()

        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(reserve)
            while not done.is_set() and not writing.done():
                seen = read(journal, Query(0, accounts=(("a", 0), ("b", 0)))).spent
                assert seen["a"] == seen["b"]
            writing.result(WAIT_S)
