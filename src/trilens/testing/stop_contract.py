"""The stops and notices of the port `Journal`: what is stopped lets nothing through, and what happened is told once it is written."""

import pytest

from trilens.storage.ports import (
    Actor,
    Batch,
    Committed,
    Conflict,
    Consumption,
    Journal,
    NoticeKind,
    Query,
    Resumption,
    Settled,
    Stop,
    Stopped,
    StopScope,
)
from trilens.testing.batches import (
    WithJournal,
    approval,
    conflict,
    hold,
    leaf,
    open_case,
    read,
    spent,
    together,
    write,
    written,
)

SYSTEM = Stopped(StopScope.SYSTEM, "")
SUPPORT = Stopped(StopScope.AGENT, "support")
SESSION = Stopped(StopScope.SESSION, "ab12")
IN_SESSION = Actor("support", "ab12")


def stop(what: Stopped, *, at_ms: int = 1_000, by: str = "lead") -> Stop:
    return Stop(what, by, at_ms, "sha256:reason")


def stopping(what: Stopped, *, at_ms: int = 1_000) -> Batch:
    return Batch((leaf(),), stops=(stop(what, at_ms=at_ms),))


def resuming(what: Stopped) -> Batch:
    return Batch((leaf(),), resumes=(Resumption(what, 3_000),))


def stop_seen(journal: Journal, actor: Actor) -> Stop | None:
    return read(journal, Query(2_000, actor=actor)).stop


class StopContract(WithJournal):
    @pytest.mark.requirement("S9")
    @pytest.mark.parametrize("what", [SYSTEM, SUPPORT, SESSION], ids=lambda what: what.scope.value)
    def test_what_is_stopped_lets_nothing_through_until_it_is_resumed(self, journal: Journal, what: Stopped) -> None:
        acting = Batch((leaf(),), holds=(hold("a", 1, 99),), unless_stopped=IN_SESSION)
        written(journal, acting)
        written(journal, stopping(what))
        assert stop_seen(journal, IN_SESSION) == stop(what)
        assert conflict(journal, acting) == "stop"
        assert spent(journal, "a") == 1
        # what only records goes on
        written(journal, Batch((leaf(),)))
        written(journal, resuming(what))
        assert stop_seen(journal, IN_SESSION) is None
        written(journal, acting)

    def test_a_stop_reaches_nobody_else(self, journal: Journal) -> None:
        written(journal, stopping(SUPPORT))
        written(journal, stopping(SESSION))
        for actor in (Actor("other", "cd34"), Actor("other"), Actor("", "")):
            assert stop_seen(journal, actor) is None
            written(journal, Batch((leaf(),), unless_stopped=actor))

    def test_the_widest_stop_is_named(self, journal: Journal) -> None:
        for what in (SESSION, SUPPORT, SYSTEM):
            written(journal, stopping(what))
            assert stop_seen(journal, IN_SESSION) == stop(what)

    def test_stops_in_force_are_listed_newest_first(self, journal: Journal) -> None:
        assert list(journal.stops()) == []
        written(journal, stopping(SUPPORT, at_ms=1_000))
        written(journal, stopping(SESSION, at_ms=2_000))
        assert list(journal.stops()) == [stop(SESSION, at_ms=2_000), stop(SUPPORT, at_ms=1_000)]

    def test_what_is_stopped_cannot_be_stopped_again_nor_resumed_twice(self, journal: Journal) -> None:
        assert conflict(journal, resuming(SUPPORT)) == "stop"
        written(journal, stopping(SUPPORT))
        assert conflict(journal, stopping(SUPPORT, at_ms=2_000)) == "stop"
        written(journal, resuming(SUPPORT))
        assert conflict(journal, resuming(SUPPORT)) == "stop"

    def test_one_batch_cannot_stop_and_act(self, journal: Journal) -> None:
        both = Batch((leaf(),), stops=(stop(SYSTEM),), unless_stopped=IN_SESSION)
        assert conflict(journal, both) == "stop"
        assert list(journal.stops()) == []
        written(journal, Batch((leaf(),), unless_stopped=IN_SESSION))

    @pytest.mark.requirement("S9")
    def test_an_approval_is_not_used_while_who_asked_is_stopped(self, journal: Journal) -> None:
        written(journal, Batch((leaf(),), opened=(open_case("case", "i"),)))
        written(journal, Batch((leaf(),), moved=(approval("case"),)))
        written(journal, stopping(SUPPORT))
        use = Batch((leaf(),), consumed=(Consumption("case", "i", 2_000),), unless_stopped=IN_SESSION)
        assert conflict(journal, use) == "stop"
        written(journal, resuming(SUPPORT))
        written(journal, use)

    @pytest.mark.requirement("S9")
    def test_of_batches_beside_a_stop_none_that_is_written_after_it_leaves(self, journal: Journal) -> None:
        def act(number: int) -> Committed | Conflict:
            return write(journal, stopping(SYSTEM) if number == 12 else Batch((leaf(),), unless_stopped=IN_SESSION))

        answers = together(24, act)
        stopped = answers[12]
        assert isinstance(stopped, Committed)
        left = [a.first for n, a in enumerate(answers) if n != 12 and isinstance(a, Committed)]
        assert all(first < stopped.first for first in left)
        assert all(answer == Conflict("stop") for answer in answers if not isinstance(answer, Committed))


class NoticeContract(WithJournal):
    @pytest.mark.requirement("S12")
    def test_an_opened_case_a_stop_and_its_end_wait_to_be_told_in_order(self, journal: Journal) -> None:
        assert list(journal.notices()) == []
        written(journal, Batch((leaf(),), opened=(open_case("case", "i"),)))
        written(journal, stopping(SUPPORT))
        written(journal, resuming(SUPPORT))
        told = [(notice.kind, notice.subject, notice.at_ms) for notice in journal.notices()]
        assert told == [
            (NoticeKind.CASE_OPENED, "case", 1_000),
            (NoticeKind.STOPPED, "agent:support", 1_000),
            (NoticeKind.RESUMED, "agent:support", 3_000),
        ]

    def test_what_was_not_written_is_not_told(self, journal: Journal) -> None:
        batch = Batch((leaf(),), opened=(open_case("case", "i"),), holds=(hold("a", 10, 9),))
        assert conflict(journal, batch) == "budget"
        assert list(journal.notices()) == []

    def test_a_notice_that_was_told_is_gone_and_one_that_was_given_up_is_kept_apart(self, journal: Journal) -> None:
        for number in range(2):
            written(journal, Batch((leaf(),), opened=(open_case(f"c{number}", "i", request=f"r{number}"),)))
        first, second = journal.notices()
        written(journal, Batch((leaf(),), settles=(Settled(first.number),)))
        assert list(journal.notices()) == [second]
        written(journal, Batch((leaf(),), settles=(Settled(second.number, has_failed=True),)))
        assert list(journal.notices()) == []
        assert [notice.subject for notice in journal.notices(failed=True)] == ["c1"]
        written(journal, Batch((leaf(),), settles=(Settled(first.number), Settled(99))))

    def test_a_number_is_never_given_twice(self, journal: Journal) -> None:
        written(journal, Batch((leaf(),), opened=(open_case("c0", "i"),)))
        [first] = journal.notices()
        written(journal, Batch((leaf(),), settles=(Settled(first.number),)))
        written(journal, Batch((leaf(),), opened=(open_case("c1", "i", request="r1"),)))
        [second] = journal.notices()
        assert second.number > first.number
