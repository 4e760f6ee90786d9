"""The post: tells what waits in the journal, again until it is heard, and not for ever.

    told        the receiver answered 2xx
    moot        the case was decided or has expired: nobody needs to hear of it
    failed      it was told as often as `WAITS_S` says, the receiver said 410, or a day has passed: kept, to be seen

Each end is an entry of the ledger. What was told and not settled, because the process ended in between, is told again under the same id.

INVARIANT: a notice waits in the journal from the commit of what it tells until one of these ends; nobody who asks for anything waits for it.
"""

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from trilens.errors import TrilensError
from trilens.people.notify.message import signed, write_message
from trilens.prove.ledger import entry
from trilens.storage.ports import Batch, Case, CaseState, Journal, Notice, NoticeKind, Settled
from trilens.vocabulary.canonical import Json

WAITS_S = (0, 5, 30, 120, 600, 1_800, 3_600, 7_200)
"""Before each attempt, each with up to a fifth more at random. Source: Standard Webhooks, "Retry schedule", shortened: a case seldom lives for hours."""
LONGEST_MS = 86_400_000
_LOOK_EVERY_S = 0.5
_DEADLINE_S = 10.0
_GONE = 410


class Post(Protocol):
    def __call__(self, body: bytes, headers: Mapping[str, str], /) -> int:
        """Send; the status that answered, 0 when none did. Never raises."""
        ...


@dataclass(slots=True)
class _Attempts:
    made: int
    due_ms: int


class Postman:
    """Tells notices in a thread of its own, oldest first; one that fails does not keep the next waiting."""

    def __init__(
        self, journal: Journal, post: Post, key: bytes, *, system: str, log: str, clock: Callable[[], int]
    ) -> None:
        self._journal = journal
        self._post = post
        self._key = key
        self._system = system
        self._log = log
        self._clock = clock
        self._attempts: dict[int, _Attempts] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trilens-post", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Return once nothing is being sent; what waits is told after the next start."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2 * _DEADLINE_S)

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_EVERY_S):
            try:
                self.round()
            except TrilensError as error:
                # the journal has its own word with everybody else
                structlog.get_logger().error("notices_unread", code=error.code, reason=error.message)

    def round(self) -> None:
        """Tell once everything that is due. Raises: StoreError, LedgerError."""
        waiting = self._journal.notices()
        known = {notice.number for notice in waiting}
        self._attempts = {number: tried for number, tried in self._attempts.items() if number in known}
        for notice in waiting:
            tried = self._attempts.setdefault(notice.number, _Attempts(0, self._clock()))
            if self._stop.is_set():
                return
            if tried.due_ms <= self._clock():
                self._tell(notice, tried)

    def _tell(self, notice: Notice, tried: _Attempts) -> None:
        case = self._journal.case(notice.subject) if notice.kind is NoticeKind.CASE_OPENED else None
        if notice.kind is NoticeKind.CASE_OPENED and not self._is_open(case):
            self._settle(notice, tried, "moot", status=0)
            return
        message = write_message(notice, system=self._system, log=self._log, case=case)
        status = self._post(message.body, signed(message, self._key, now_s=self._clock() // 1_000))
        tried.made += 1
        if 200 <= status < 300:
            self._settle(notice, tried, "told", status=status)
        elif status == _GONE or tried.made >= len(WAITS_S) or self._clock() - notice.at_ms >= LONGEST_MS:
            self._settle(notice, tried, "failed", status=status)
        else:
            wait_ms = WAITS_S[tried.made] * 1_000
            tried.due_ms = self._clock() + wait_ms + random.randrange(1 + wait_ms // 5)  # noqa: S311 - spreads retries, keeps no secret

    def _is_open(self, case: Case | None) -> bool:
        return case is not None and case.state is CaseState.OPEN and case.is_live(self._clock())

    def _settle(self, notice: Notice, tried: _Attempts, outcome: str, *, status: int) -> None:
        body: dict[str, Json] = {
            "notice": notice.number,
            "about": [notice.kind.value, notice.subject],
            "outcome": outcome,
            "attempts": tried.made,
            "status": status,
        }
        leaf = entry.encode(entry.Kind.NOTICE, self._clock(), body)
        has_failed = outcome == "failed"
        self._journal.commit(Batch((leaf,), settles=(Settled(notice.number, has_failed),))).result(_DEADLINE_S)
        if has_failed:
            structlog.get_logger().error("notice_failed", notice=notice.number, attempts=tried.made, status=status)
