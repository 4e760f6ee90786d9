"""Why a decision cannot be made again."""

from enum import StrEnum


class Reason(StrEnum):
    ERASED = "erased"
    """A payload it rests on is gone, or its key was destroyed."""
    CHANGED = "changed"
    """A payload it rests on is not the one its entry commits to, or not of its form."""
    ENGINE = "engine"
    """Other guards or another version judged it than are installed here."""
    POLICY = "policy"
    """No run's record holds the manifest it was judged under."""
    TURNS = "turns"
    """What is recorded does not give the conversation or the event it was judged with."""
    BEFORE = "before"
    """It was recorded by a version that kept less than it takes."""
    BUDGET = "budget"
    """What was spent of a limit that only the other manifest has is not on record."""


class LostError(Exception):
    """Something a decision rests on is not to be had."""

    def __init__(self, reason: Reason, why: str) -> None:
        self.reason = reason
        self.why = why
        super().__init__(why)
