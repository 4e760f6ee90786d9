"""A commit that nobody waits for any more: it cannot be taken back, so it is named.

Whoever waits cancels when its deadline is over. A batch that still waits is then not written. One that is in the disk already may be
written all the same, and its entries would say that something left which nobody released; so they are named as recovered, like those that
a start finds without their acknowledgement.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeAlias

from trilens.storage.ports import Committed, Conflict

Outcome: TypeAlias = "Committed | Conflict"


class Awaited(Future[Outcome]):
    """A future that tells when it was given up too late to stop what it stands for."""

    def __init__(self, when_late: Callable[[Committed], None]) -> None:
        super().__init__()
        self._when_late = when_late
        self._is_given_up = False

    def cancel(self) -> bool:
        """True: it will not be written. False: if it is, or was, that will be named."""
        if super().cancel():
            return True
        if not self._is_given_up:
            self._is_given_up = True
            # at once when it is done, and otherwise when it will be
            self.add_done_callback(_Late(self._when_late))
        return False


@dataclass(frozen=True, slots=True)
class _Late:
    name: Callable[[Committed], None]

    def __call__(self, done: Future[Outcome]) -> None:
        if done.cancelled() or done.exception() is not None:
            return
        outcome = done.result()
        if isinstance(outcome, Committed):
            self.name(outcome)
