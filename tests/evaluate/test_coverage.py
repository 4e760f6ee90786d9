"""Was it running the whole time? From the entries of runs alone."""

from typing import TYPE_CHECKING

from trilens.enforce.liveness import EVERY_MS, Counted, Liveness
from trilens.evaluate.coverage import read_coverage
from trilens.prove.ledger.entry import Kind, encode

if TYPE_CHECKING:
    from tests.evaluate.conftest import Shop

BOTH = [["safety/a", "sha256:0"], ["security/b", "sha256:0"]]
ONE = BOTH[:1]


def start(at_ms: int, guards: list[list[str]] = BOTH) -> bytes:
    return encode(Kind.STARTED, at_ms, {"policy": "p", "engine": "e", "guards": guards})


def ran(at_ms: int, *counts: int, kind: Kind = Kind.GUARDS_RAN) -> bytes:
    return encode(kind, at_ms, {"from": at_ms - 1, "to": at_ms, "ran": [["safety/a", "chat", *counts]]})


def test_counts_of_one_guard_on_one_surface_add_up_over_periods_and_the_end_of_the_run() -> None:
    found = read_coverage([start(0), ran(60_000, 1, 2, 0, 4), ran(90_000, 10, 0, 0, 0, kind=Kind.STOPPED)])
    assert found.totals == {("safety/a", "chat"): Counted(11, 2, 0, 4)}
    assert found.is_whole


def test_a_guard_that_failed_was_not_running_the_whole_time() -> None:
    assert not read_coverage([start(0), ran(60_000, 1, 0, 1, 0, kind=Kind.STOPPED)]).is_whole


def test_a_guard_that_was_not_installed_in_a_run_shows() -> None:
    leaves = [start(0), ran(10, 1, 0, 0, 0, kind=Kind.STOPPED), start(20, ONE), ran(30, 1, 0, 0, 0, kind=Kind.STOPPED)]
    [missing] = read_coverage(leaves).missing
    assert (missing.guard, missing.start_ms, missing.stop_ms) == ("security/b", 20, 30)


def test_a_time_without_a_run_shows_and_after_a_killed_one_nobody_knows() -> None:
    stopped = ran(10, 1, 0, 0, 0, kind=Kind.STOPPED)
    [gap] = read_coverage([start(0), stopped, start(100_000)]).gaps
    assert (gap.start_ms, gap.stop_ms, gap.is_known) == (10, 100_000, True)
    [unknown] = read_coverage([start(0), ran(10, 1, 0, 0, 0), start(20)]).gaps
    assert (unknown.start_ms, unknown.stop_ms, unknown.is_known) == (10, 20, False)


def test_nothing_on_record_is_not_whole() -> None:
    assert not read_coverage([]).is_whole


def test_it_is_told_once_a_minute_while_there_is_traffic_and_not_without(told: "Shop") -> None:
    liveness = told.plane.bench.liveness
    assert liveness.take(told.now_ms + EVERY_MS - 1) is None
    body = liveness.take(told.now_ms + EVERY_MS)
    assert body is not None
    assert any(row[0] == "safety/action_limits" for row in body["ran"])  # type: ignore[union-attr, index]
    assert liveness.take(told.now_ms + 10 * EVERY_MS) is None
    assert Liveness().take(0, at_once=True) is None
