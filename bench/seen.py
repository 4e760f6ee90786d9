"""What a step left behind, and the mark it gets: judged by effects, never by what a guard answered."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Seen:
    """One step, as observed."""

    what: str
    """One line, made of what was found."""
    holds: bool
    """What must not happen did not, and what must happen did."""
    is_clean: bool = True
    """For the reason the step is about, and at nobody's cost."""
    was_tried: bool = True
    """There was something to stop; without that nothing is shown."""

    @property
    def mark(self) -> str:
        if not self.was_tried:
            return "∅"
        if not self.holds:
            return "✖"
        return "✔" if self.is_clean else "◐"
