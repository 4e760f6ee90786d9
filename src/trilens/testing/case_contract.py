"""The cases of the port `Journal`: who is asked once, decides once, and whose approval is used once."""

from dataclasses import replace

import pytest

from trilens.storage.ports import (
    CLOCK_SKEW_MS,
    Batch,
    CaseMove,
    CaseState,
    Committed,
    Conflict,
    Consumption,
    Journal,
    Query,
    Snapshot,
)
from trilens.testing.batches import (
    WithJournal,
    approval,
    conflict,
    hold,
    leaf,
    open_case,
    read,
    refusal,
    refused,
    together,
    write,
    written,
)


class CaseContract(WithJournal):
    def test_an_opened_case_is_found_as_it_was_opened(self, journal: Journal) -> None:
        case = open_case("case", "i1", "i2")
        written(journal, Batch((leaf(),), opened=(case,)))
        assert journal.case("case") == case
        assert journal.case("other") is None
        assert read(journal, Query(1_000, request="request")).held == case

    def test_cases_are_listed_newest_first_and_by_state(self, journal: Journal) -> None:
        for number in range(3):
            case = open_case(f"c{number}", "i", request=f"r{number}", opened_ms=1_000 + number)
            written(journal, Batch((leaf(),), opened=(case,)))
        written(journal, Batch((leaf(),), moved=(approval("c1"),)))
        assert [case.id for case in journal.cases()] == ["c2", "c1", "c0"]
        assert [case.id for case in journal.cases(state=CaseState.OPEN)] == ["c2", "c0"]
        assert [case.id for case in journal.cases(state=CaseState.APPROVED)] == ["c1"]
        assert journal.cases(state=CaseState.USED) == []

    @pytest.mark.requirement("S10")
    def test_the_same_request_opens_one_case_for_the_same_intent(self, journal: Journal) -> None:
        answers = together(12, lambda n: write(journal, Batch((leaf(),), opened=(open_case(f"c{n}", "i", f"j{n}"),))))
        assert sum(isinstance(answer, Committed) for answer in answers) == 1
        assert sum(answer == Conflict("case") for answer in answers) == 11

    def test_another_request_another_intent_or_an_expired_case_is_no_obstacle(self, journal: Journal) -> None:
        written(journal, Batch((leaf(),), opened=(open_case("c0", "i"),)))
        assert conflict(journal, Batch((leaf(),), opened=(open_case("c1", "i", opened_ms=8_999),))) == "case"
        written(journal, Batch((leaf(),), opened=(open_case("c2", "j"),)))
        written(journal, Batch((leaf(),), opened=(open_case("c3", "i", request="other"),)))
        written(journal, Batch((leaf(),), opened=(open_case("c4", "i", opened_ms=9_000, expires_ms=18_000),)))

    def test_a_case_id_is_given_once(self, journal: Journal) -> None:
        written(journal, Batch((leaf(),), opened=(open_case("case", "i"),)))
        assert conflict(journal, Batch((leaf(),), opened=(open_case("case", "j", request="other"),))) == "case"

    @pytest.mark.requirement("S10")
    def test_one_decision_is_taken_however_many_try(self, journal: Journal) -> None:
        written(journal, Batch((leaf(),), opened=(open_case("case", "i"),)))
        moves = [approval("case"), refusal("case")]
        answers = together(12, lambda n: write(journal, Batch((leaf(),), moved=(moves[n % 2],))))
        assert sum(isinstance(answer, Committed) for answer in answers) == 1
        decided = journal.case("case")
        assert decided is not None
        assert decided.state in (CaseState.APPROVED, CaseState.REFUSED)
        assert (decided.decided_by, decided.decided_ms) == ("lead", 2_000)

    @pytest.mark.requirement("S10")
    def test_nobody_decides_at_or_after_expiry_nor_on_an_unknown_case(self, journal: Journal) -> None:
        written(journal, Batch((leaf(),), opened=(open_case("case", "i"),)))
        assert conflict(journal, Batch((leaf(),), moved=(approval("case", at_ms=9_000),))) == "case"
        assert conflict(journal, Batch((leaf(),), moved=(approval("other"),))) == "case"
        written(journal, Batch((leaf(),), moved=(approval("case", at_ms=8_999),)))

    def test_a_case_moves_only_from_open_and_only_to_a_decision(self, journal: Journal) -> None:
        written(journal, Batch((leaf(),), opened=(open_case("case", "i"),)))
        for before in CaseState:
            for after in CaseState:
                if before is not CaseState.OPEN or after not in (CaseState.APPROVED, CaseState.REFUSED):
                    move = CaseMove("case", before, after, "lead", 2_000)
                    refused(journal.commit(Batch((leaf(),), moved=(move,))))
        refused(journal.commit(Batch((leaf(),), opened=(replace(open_case("c2", "j"), state=CaseState.APPROVED),))))
        assert [case.state for case in journal.cases()] == [CaseState.OPEN]


class ApprovalContract(WithJournal):
    @pytest.fixture
    def approved(self, journal: Journal) -> Journal:
        """A journal with the approved case `case` for the intents `i1` and `i2`."""
        written(journal, Batch((leaf(),), opened=(open_case("case", "i1", "i2"),)))
        written(journal, Batch((leaf(),), moved=(approval("case"),)))
        return journal

    @pytest.mark.requirement("S10")
    def test_an_approved_intent_is_used_once_however_many_try(self, approved: Journal) -> None:
        answers = together(16, lambda _: write(approved, _use("i1")))
        assert sum(isinstance(answer, Committed) for answer in answers) == 1
        assert sum(answer == Conflict("approval") for answer in answers) == 15

    @pytest.mark.requirement("S10")
    def test_a_case_is_used_when_its_last_intent_is(self, approved: Journal) -> None:
        written(approved, _use("i1"))
        assert _state(approved) == (CaseState.APPROVED, {"i1"})
        found = read(approved, Query(3_000, intents=("i1", "i2"))).approvals
        assert list(found) == ["i2"]
        written(approved, _use("i2"))
        assert _state(approved) == (CaseState.USED, {"i1", "i2"})
        assert read(approved, Query(3_000, intents=("i1", "i2"), request="request")) == Snapshot()

    @pytest.mark.requirement("S10")
    def test_the_kept_response_is_released_once_and_only_if_nothing_was_used(self, approved: Journal) -> None:
        answers = together(8, lambda _: write(approved, _use("i1", whole=True)))
        assert sum(isinstance(answer, Committed) for answer in answers) == 1
        assert _state(approved) == (CaseState.USED, {"i1", "i2"})
        assert conflict(approved, _use("i2")) == "approval"

    def test_after_one_use_the_kept_response_stays_where_it_is(self, approved: Journal) -> None:
        written(approved, _use("i1"))
        assert conflict(approved, _use("i2", whole=True)) == "approval"
        written(approved, _use("i2"))

    @pytest.mark.requirement("S10")
    def test_an_approval_ends_at_its_expiry(self, approved: Journal) -> None:
        assert list(read(approved, Query(8_999, intents=("i1",))).approvals) == ["i1"]
        assert read(approved, Query(9_000, intents=("i1",))).approvals == {}
        assert conflict(approved, _use("i1", at_ms=9_000)) == "approval"
        assert conflict(approved, _use("i1", at_ms=9_000, whole=True)) == "approval"
        written(approved, _use("i1", at_ms=8_999))

    @pytest.mark.requirement("S10")
    def test_an_approval_ends_when_the_clock_is_set_to_before_it_was_opened(self, journal: Journal) -> None:
        """Nobody can tell how long it has been open by then."""
        opened = open_case("case", "i", opened_ms=1_000_000, expires_ms=1_900_000)
        written(journal, Batch((leaf(),), opened=(opened,)))
        early = 1_000_000 - CLOCK_SKEW_MS - 1
        assert conflict(journal, Batch((leaf(),), moved=(approval("case", at_ms=early),))) == "case"
        # the clocks of two processes may differ by a little
        written(journal, Batch((leaf(),), moved=(approval("case", at_ms=early + 1),)))
        assert read(journal, Query(early, intents=("i",))).approvals == {}
        assert list(read(journal, Query(early + 1, intents=("i",))).approvals) == ["i"]
        assert conflict(journal, _use("i", at_ms=early)) == "approval"
        written(journal, _use("i", at_ms=early + 1))

    @pytest.mark.requirement("S10")
    def test_a_clock_that_was_set_back_neither_hides_the_newest_case_nor_bars_a_new_one(self, journal: Journal) -> None:
        ahead = open_case("ahead", "i", opened_ms=1_000_000, expires_ms=1_900_000)
        written(journal, Batch((leaf(),), opened=(ahead,)))
        now = open_case("now", "i", opened_ms=9_000, expires_ms=90_000)
        written(journal, Batch((leaf(),), opened=(now,)))
        assert read(journal, Query(10_000, request="request")).held == now
        assert [case.id for case in journal.cases()] == ["now", "ahead"]

    @pytest.mark.requirement("S10")
    def test_what_is_not_approved_cannot_be_used(self, journal: Journal) -> None:
        written(journal, Batch((leaf(),), opened=(open_case("open", "i1"), open_case("no", "i2", request="other"))))
        written(journal, Batch((leaf(),), moved=(refusal("no"),)))
        assert read(journal, Query(3_000, intents=("i1", "i2"))).approvals == {}
        for case_id, intent in (("open", "i1"), ("no", "i2"), ("never", "i1")):
            for whole in (False, True):
                assert conflict(journal, _use(intent, case_id=case_id, whole=whole)) == "approval"

    def test_an_intent_of_another_case_is_not_covered(self, approved: Journal) -> None:
        written(approved, Batch((leaf(),), opened=(open_case("c2", "i3", request="other"),)))
        assert conflict(approved, _use("i3")) == "approval"

    def test_a_use_twice_in_one_batch_is_a_conflict(self, approved: Journal) -> None:
        use = Consumption("case", "i1", 3_000)
        assert conflict(approved, Batch((leaf(),), consumed=(use, use))) == "approval"
        assert _state(approved) == (CaseState.APPROVED, set())

    def test_a_use_without_its_budget_uses_nothing(self, approved: Journal) -> None:
        batch = Batch((leaf(),), consumed=(Consumption("case", "i1", 3_000),), holds=(hold("a", 10, 9),))
        assert conflict(approved, batch) == "budget"
        assert _state(approved) == (CaseState.APPROVED, set())

    @pytest.mark.requirement("S10")
    def test_an_approval_with_an_edit_covers_the_edited_action_too(self, journal: Journal) -> None:
        written(journal, Batch((leaf(),), opened=(open_case("case", "i1"),)))
        written(journal, Batch((leaf(),), moved=(approval("case", edit="sha256:edit", adds=("i9",)),)))
        found = read(journal, Query(3_000, intents=("i9",))).approvals["i9"]
        assert (found.edit, found.intents, found.decided_by) == ("sha256:edit", ("i1", "i9"), "lead")
        written(journal, _use("i9"))
        assert conflict(journal, _use("i9")) == "approval"

    @pytest.mark.requirement("S10")
    def test_an_action_that_was_edited_away_is_not_approved(self, journal: Journal) -> None:
        written(journal, Batch((leaf(),), opened=(open_case("case", "i1", "i2"),)))
        move = replace(approval("case", edit="sha256:edit", adds=("i9", "i2")), drops_intents=("i1", "i2", "never"))
        written(journal, Batch((leaf(),), moved=(move,)))
        found = read(journal, Query(3_000, intents=("i1", "i2", "i9"))).approvals
        assert list(found) == ["i2", "i9"]
        assert found["i9"].intents == ("i9", "i2")
        assert conflict(journal, _use("i1")) == "approval"
        written(journal, _use("i9"))
        written(journal, _use("i2"))
        assert _state(journal) == (CaseState.USED, {"i2", "i9"})

    @pytest.mark.requirement("S10")
    def test_an_edit_changes_no_other_case(self, journal: Journal) -> None:
        written(journal, Batch((leaf(),), opened=(open_case("case", "i1"), open_case("c2", "i1", request="other"))))
        written(
            journal, Batch((leaf(),), moved=(replace(approval("c2"), drops_intents=("i1",), adds_intents=("i3",)),))
        )
        written(journal, Batch((leaf(),), moved=(approval("case"),)))
        assert read(journal, Query(3_000, intents=("i1",))).approvals["i1"].id == "case"

    def test_a_request_stands_where_its_newest_case_stands(self, journal: Journal) -> None:
        def held(request: str) -> str | None:
            case = read(journal, Query(3_000, request=request)).held
            return case.id if case else None

        written(journal, Batch((leaf(),), opened=(open_case("old", "i1"),)))
        assert held("request") == "old"
        assert held("other") is None
        written(journal, Batch((leaf(),), moved=(refusal("old"),)))
        assert held("request") == "old"
        written(journal, Batch((leaf(),), opened=(open_case("new", "i1", opened_ms=2_500),)))
        assert held("request") == "new"
        written(journal, Batch((leaf(),), moved=(approval("new", at_ms=2_600),)))
        written(journal, _use("i1", case_id="new"))
        assert held("request") is None


def _use(intent: str, *, case_id: str = "case", at_ms: int = 3_000, whole: bool = False) -> Batch:
    return Batch((leaf(),), consumed=(Consumption(case_id, intent, at_ms, whole=whole),))


def _state(journal: Journal) -> tuple[CaseState, set[str]]:
    case = journal.case("case")
    assert case is not None
    return case.state, set(case.used)
