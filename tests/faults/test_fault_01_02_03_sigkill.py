"""Killed at random moments under load: in the start, in a commit, in a checkpoint, in the close.

SIGKILL shows that nothing acknowledged is kept in the process alone. It shows nothing about the disk: that is test_fault_04_05_power.py.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from trilens.prove.ledger.entry import Kind, decode, encode
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.verify import Standing, verify
from trilens.storage.ports import Batch, Committed, Conflict, Hold, Query
from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.journal import SqliteJournal, open_journal
from trilens.vocabulary.canonical import Json
from trilens.vocabulary.verdict import Reservation

ROUNDS_PER_LEDGER = 15
PRODUCERS = 12
SIGNER = Signer("shop.example/ledger", bytes(32))


def batch(round_number: int, number: int) -> Batch:
    body: dict[str, Json] = {"round": round_number, "n": number, "fill": "x" * (number % 500)}
    hold = Hold("call", Reservation("account", 1, 10**9, 0), 1_000)
    return Batch((encode("decision", 1, body), encode("decision", 1, {**body, "second": True})), holds=(hold,))


class Child:
    """Appends from several producers at once, and notes in a file what was acknowledged, before it appends more."""

    def __init__(self, home: Path, notes: Path, round_number: int) -> None:
        self.home, self.round_number = home, round_number
        self.notes = os.open(notes, os.O_WRONLY | os.O_APPEND)
        self.numbers = iter(range(10**9))

    def run(self) -> None:
        # closing and opening again, so that kills fall into starts and into the close, too
        while True:
            journal = open_journal(self.home)
            log = Checkpointer(journal, SIGNER)
            waiting = [self.append(journal) for _ in range(PRODUCERS)]
            for _ in range(20):
                waiting = [self.after(journal, *item) for item in waiting]
            log.advance()
            journal.close()

    def append(self, journal: SqliteJournal) -> "tuple[int, Future[Committed | Conflict]]":
        number = next(self.numbers)
        return number, journal.commit(batch(self.round_number, number))

    def after(
        self, journal: SqliteJournal, number: int, future: "Future[Committed | Conflict]"
    ) -> "tuple[int, Future[Committed | Conflict]]":
        answer = future.result()
        assert isinstance(answer, Committed)
        os.write(self.notes, b"%d %d\n" % (answer.first, number))
        return self.append(journal)


def serve() -> None:
    """Fork a child for every line `HOME NOTES ROUND`, say its process id, and say how it ended. It has no threads, so it may fork."""
    for line in sys.stdin:
        home, notes, round_number = line.split()
        child = os.fork()
        if child == 0:
            try:
                Child(Path(home), Path(notes), int(round_number)).run()
            finally:
                os._exit(1)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)


class Nursery:
    """Makes children, at a few milliseconds each, and kills them."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.server = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def killed_run(self, home: Path, round_number: int) -> dict[int, int]:
        """What a child acknowledged before it was killed: number of the batch by its first index."""
        notes = home / f"notes-{round_number}"
        notes.touch()
        child = int(self._ask(f"{home} {notes} {round_number}"))
        # one in four dies in its start or shortly after, the others while they work
        if self.random.random() >= 0.25:
            deadline = time.monotonic() + 60
            while not notes.stat().st_size and time.monotonic() < deadline:
                os.sched_yield()
        moment = time.monotonic() + self.random.uniform(0.001, 0.03)
        while time.monotonic() < moment:
            os.sched_yield()
        os.kill(child, signal.SIGKILL)
        status = int(self._ask(""))
        assert os.WIFSIGNALED(status), "the child ended by itself"
        lines = notes.read_text().split("\n")[:-1]
        return {int(first): int(number) for first, number in (line.split() for line in lines)}

    def _ask(self, line: str) -> str:
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        if line:
            print(line, file=self.server.stdin, flush=True)
        return self.server.stdout.readline()

    def close(self) -> None:
        self.server.communicate(timeout=60)
        assert self.server.returncode == 0


@dataclass(slots=True)
class Seen:
    acknowledged: int = 0
    recoveries: int = 0
    rounds: dict[int, dict[int, int]] = field(default_factory=dict)


def require_acknowledged(home: Path, seen: Seen) -> None:
    """The next start verifies, holds everything acknowledged at its index, and no batch by half."""
    journal = open_journal(home, now_ms=lambda: 1)
    Checkpointer(journal, SIGNER).advance()
    leaves = list(journal.leaves(0, journal.size()))
    for round_number, acknowledged in seen.rounds.items():
        for first, number in acknowledged.items():
            assert tuple(leaves[first : first + 2]) == batch(round_number, number).leaves
    entries = [decode(leaf) for leaf in leaves]
    decisions = [entry for entry in entries if entry.kind is Kind.DECISION]
    assert len(decisions) % 2 == 0
    assert [e.body.get("second") for e in decisions] == [None, True] * (len(decisions) // 2)
    assert journal.snapshot(Query(1, accounts=(("account", 0),))).result().spent["account"] == len(decisions) // 2
    if leaves:
        assert verify(journal, SIGNER.verifier, checkpoint=journal.checkpoint()).standing is Standing.OK
    seen.recoveries += sum(entry.kind is Kind.RECOVERED for entry in entries)
    journal.close()


@pytest.mark.requirement("X6")
@pytest.mark.timeout(14_400)
def test_fault_01_02_03_killed_many_times_under_load_nothing_acknowledged_is_lost(
    tmp_path: Path, times: Callable[[str, int], int]
) -> None:
    kills = times("KILLS", 300)
    nursery = Nursery(Random(20_261_124))
    acknowledged = recoveries = in_start = 0
    for ledger in range(kills // ROUNDS_PER_LEDGER):
        home = tmp_path / f"ledger-{ledger}"
        create(home)
        seen = Seen()
        for round_number in range(ROUNDS_PER_LEDGER):
            told = nursery.killed_run(home, round_number)
            seen.rounds[round_number] = told
            acknowledged += len(told)
            in_start += not told
            require_acknowledged(home, seen)
        recoveries += seen.recoveries
        shutil.rmtree(home)
    nursery.close()
    # a storm that killed nothing, or killed before anything happened, would prove nothing
    assert acknowledged > kills * 5
    assert 0 < in_start < kills
    assert recoveries > 0


if __name__ == "__main__":
    serve()
