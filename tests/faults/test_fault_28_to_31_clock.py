"""Clocks that are set: entries are ordered by index, approvals expire by the earlier of wall and monotonic time, and an entry says so."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trilens.clock import SteadyClock
from trilens.plane import CHECKPOINT_EVERY_S, Heartbeat, Plane, open_plane
from trilens.prove.ledger.entry import Entry, Kind, decode
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.verify import Standing, verify
from trilens.settings import Settings
from trilens.storage.ports import Batch, CaseMove, CaseState, Consumption, Hold, Journal, Query
from trilens.storage.sqlite.journal import open_journal
from trilens.testing.batches import conflict, leaf, open_case, read, written
from trilens.vocabulary.verdict import Reservation

if TYPE_CHECKING:
    from tests.faults.conftest import Installed

pytestmark = pytest.mark.requirement("S10", "X6")

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
NOON = 1_795_600_800_000
"""25 November 2026, 10:00 UTC; the rest of the day is before it."""
SIGNER = Signer("shop.example/ledger", bytes(32))


@dataclass
class Clocks:
    """A machine's two clocks. Time passes on both; only one can be set."""

    wall_ms: int = NOON
    monotonic_ms: int = 5_000

    def pass_by(self, ms: int) -> None:
        self.wall_ms += ms
        self.monotonic_ms += ms

    def steady(self) -> SteadyClock:
        return SteadyClock(lambda: self.wall_ms, lambda: self.monotonic_ms)


def test_a_clock_set_back_goes_on_as_fast_as_time_passes_and_one_set_forward_is_believed() -> None:
    clocks = Clocks()
    steady = clocks.steady()
    assert steady() == NOON
    clocks.pass_by(MINUTE)
    clocks.wall_ms -= HOUR
    assert steady() == NOON + MINUTE
    clocks.pass_by(MINUTE)
    assert steady() == NOON + 2 * MINUTE
    clocks.wall_ms = NOON + 10 * DAY
    assert steady() == NOON + 10 * DAY
    clocks.wall_ms = NOON
    clocks.pass_by(SECOND)
    assert steady() == NOON + 10 * DAY + SECOND


def test_a_step_is_told_once_and_slewing_is_none() -> None:
    clocks = Clocks()
    steady = clocks.steady()
    for _ in range(100):
        clocks.pass_by(SECOND)
        clocks.wall_ms += 1
        assert steady.step() is None
    clocks.pass_by(SECOND)
    expected = clocks.wall_ms
    clocks.wall_ms -= HOUR
    step = steady.step()
    assert step is not None
    assert (step.expected_ms, step.shown_ms) == (expected, expected - HOUR)
    assert steady.step() is None


def approved(journal: Journal, now_ms: int) -> None:
    """A case for fifteen minutes, opened and approved."""
    case = open_case("case", "intent", opened_ms=now_ms, expires_ms=now_ms + 15 * MINUTE)
    written(journal, Batch((leaf(),), opened=(case,)))
    move = CaseMove("case", CaseState.OPEN, CaseState.APPROVED, "lead", now_ms)
    written(journal, Batch((leaf(),), moved=(move,)))


def is_usable(journal: Journal, now_ms: int) -> bool:
    """As the snapshot says, and as the commit would."""
    seen = bool(read(journal, Query(now_ms, intents=("intent",))).approvals)
    if not seen:
        use = Consumption("case", "intent", now_ms)
        assert conflict(journal, Batch((leaf(),), consumed=(use,))) == "approval"
    return seen


@pytest.mark.parametrize(
    "by_ms", [-HOUR, -400 * DAY, -10 * MINUTE, 365 * DAY], ids=["-1 h", "-400 d", "-10 min", "+1 y"]
)
def test_fault_28_29_30_a_clock_that_is_set_while_it_runs_gives_no_approval_more_time(home: Path, by_ms: int) -> None:
    clocks = Clocks()
    steady, journal = clocks.steady(), open_journal(home)
    approved(journal, steady())
    clocks.pass_by(14 * MINUTE)
    assert is_usable(journal, steady())
    clocks.wall_ms += by_ms
    assert is_usable(journal, steady()) is (by_ms < 0)
    clocks.pass_by(MINUTE)
    assert not is_usable(journal, steady())
    journal.close()


@pytest.mark.parametrize("by_ms", [-HOUR, -400 * DAY, 365 * DAY], ids=["-1 h", "-400 d", "+1 y"])
def test_fault_28_29_30_a_clock_that_is_set_between_two_runs_ends_what_was_opened_later_than_now(
    home: Path, by_ms: int
) -> None:
    """After a restart nobody knows how much time has passed."""
    journal = open_journal(home)
    approved(journal, NOON)
    assert is_usable(journal, NOON + MINUTE)
    assert not is_usable(journal, NOON + MINUTE + by_ms)
    journal.close()


def test_fault_30_what_was_approved_while_the_clock_was_a_year_ahead_ends_when_it_is_put_right(home: Path) -> None:
    journal = open_journal(home)
    approved(journal, NOON + 365 * DAY)
    assert not is_usable(journal, NOON)
    journal.close()


def test_fault_28_29_money_spent_before_the_clock_was_set_back_still_counts(home: Path) -> None:
    journal = open_journal(home)

    def spend(now_ms: int) -> Hold:
        return Hold("call", Reservation("account", 600, 1_000, now_ms - DAY), now_ms)

    written(journal, Batch((leaf(),), holds=(spend(NOON),)))
    for by_ms in (-HOUR, -400 * DAY):
        assert conflict(journal, Batch((leaf(),), holds=(spend(NOON + by_ms),))) == "budget"
    journal.close()


def test_fault_28_entries_are_ordered_by_index_whatever_their_clocks_said(
    home: Path, require_verified: Callable[[Path], list[bytes]]
) -> None:
    moments = [NOON, NOON - 400 * DAY, NOON + 365 * DAY, NOON]
    journal = open_journal(home)
    for number, moment in enumerate(moments):
        case = open_case(f"c{number}", f"i{number}", request="r", opened_ms=moment, expires_ms=moment + MINUTE)
        entry = b'{"kind":"started","t":%d,"v":1}' % moment
        written(journal, Batch((entry,), opened=(case,)))
    assert [case.id for case in journal.cases()] == ["c3", "c2", "c1", "c0"]
    held = read(journal, Query(NOON, request="r")).held
    assert held is not None
    assert held.id == "c3"
    journal.close()
    assert [decode(found).at_ms for found in require_verified(home)] == moments


def entries(installed: "Installed") -> list[Entry]:
    journal = open_journal(installed.home, read_only=True)
    try:
        return [decode(found) for found in journal.leaves(0, journal.size())]
    finally:
        journal.close()


def plane(installed: "Installed", now_ms: int) -> Plane:
    return open_plane(
        Settings(installed.folder / "system.yaml", installed.home), installed.environment, clock=lambda: now_ms
    )


def test_fault_28_a_start_with_a_clock_before_the_last_entries_says_so(installed: "Installed") -> None:
    for moment in (NOON, NOON + DAY, NOON - 400 * DAY, NOON - 400 * DAY + MINUTE):
        plane(installed, moment).close()
    found = entries(installed)
    set_back = [(e.at_ms, e.body) for e in found if e.kind is Kind.CLOCK_SET]
    now = NOON - 400 * DAY
    assert set_back[0] == (now, {"expected": NOON + DAY, "shown": now})
    assert len(set_back) <= 2


def test_fault_29_a_clock_that_is_set_while_it_runs_is_recorded_by_the_heartbeat(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks = Clocks()
    journal = open_journal(home)
    beat = Heartbeat(Checkpointer(journal, SIGNER), journal, clocks.steady())
    beat.look()
    clocks.pass_by(int(CHECKPOINT_EVERY_S * 1_000))
    clocks.wall_ms -= HOUR
    beat.look()
    beat.look()
    [only] = [decode(found) for found in journal.leaves(0, journal.size())]
    assert only.kind is Kind.CLOCK_SET
    assert (only.at_ms, only.body) == (NOON + SECOND, {"expected": NOON + SECOND, "shown": NOON + SECOND - HOUR})
    assert verify(journal, SIGNER.verifier, checkpoint=journal.checkpoint()).standing is Standing.OK
    journal.close()


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/St_Johns", "Pacific/Apia", "UTC"])
def test_fault_31_no_zone_and_no_daylight_saving_changes_a_moment(
    installed: "Installed", monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """The last hour of daylight saving comes twice in Berlin on 25 October 2026: 01:30 UTC is the second 02:30."""
    twice = 1_792_891_800_000
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        try:
            for moment in (twice - HOUR, twice):
                plane(installed, moment).close()
            assert abs(SteadyClock()() - time.time_ns() // 1_000_000) < 5_000
        finally:
            patch.undo()
            time.tzset()
    started = [e.at_ms for e in entries(installed) if e.kind is Kind.STARTED]
    assert started == [twice - HOUR, twice]
    assert os.environ.get("TZ") != zone or zone == "UTC"
