"""What a step of a story is given, and how it says what it saw."""

from collections.abc import Callable
from dataclasses import dataclass, field

from trilens.cli.demo.record import Judged
from trilens.cli.demo.screen import Screen
from trilens.cli.demo.stage import Stage

PATIENCE_S = 120.0
"""A reader needs about a minute to copy a command into a second terminal; nobody should wait longer for a demo."""


@dataclass(frozen=True, slots=True)
class Check:
    says: str
    holds: bool


@dataclass(slots=True)
class Scene:
    """One step while it is played."""

    stage: Stage
    screen: Screen
    is_once: bool
    """Nobody is there: the demo decides its approvals itself."""
    seen: int
    """Entries of the ledger that were there before."""
    judged: list[Judged] = field(default_factory=list)
    """The decisions of this step so far."""
    checks: list[Check] = field(default_factory=list)
    not_tried: list[str] = field(default_factory=list)

    def check(self, says: str, *, holds: bool) -> None:
        """State an effect and whether it is so; a step went as told only when all are."""
        self.checks.append(Check(says, holds))
        self.screen.check(says, holds=holds)

    def premise(self, says: str, *, holds: bool) -> bool:
        """State what the model must have done for the step to show anything; False when it did not, which is never a success."""
        if holds:
            self.screen.note(says)
        else:
            self.not_tried.append(says)
            self.screen.check(f"the model did not try: it is not so that {says}", holds=False)
        return holds

    def show_new(self) -> None:
        """Show the decisions that were recorded since the last time."""
        start, self.seen = self.seen, self.stage.plane.journal.size()
        for item in self.stage.judged_since(start):
            self.judged.append(item)
            self.screen.judged(item)

    def decided(self, case: str) -> None:
        """Show the case, and have it approved: by somebody in a second terminal, or by the demo when nobody comes."""
        self.screen.case(self.stage.case(case))
        if not self.is_once:
            self.screen.commands(
                "decide it in a second terminal:",
                self.stage.command(f"approvals approve {case}", decides=True),
                self.stage.command(f"approvals show {case}"),
            )
            if self.stage.is_decided(case, within_s=PATIENCE_S):
                return
            self.screen.note(f"nobody decided within {PATIENCE_S:g} s")
        self.screen.note(f"the demo approves it with the key of `{self.stage.operator_key.record.operator}`")
        self.stage.approve(case)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a story: a file `step_*.py` with `TITLE`, `WHY` and `play`."""

    title: str
    why: str
    play: Callable[[Scene], None]
