"""Play a story from its first step to the three verdicts, and say whether every step went as told."""

from dataclasses import dataclass
from enum import StrEnum

import openai

from trilens.cli.appraisal import appraise, with_record
from trilens.cli.demo.scene import Scene, Step
from trilens.cli.demo.screen import Screen
from trilens.cli.demo.stage import Stage
from trilens.errors import TrilensError
from trilens.prove.gate import GateReport, gate
from trilens.prove.ledger.note import Signer


class Ending(StrEnum):
    """How a step ended. Only one of them is a success."""

    AS_TOLD = "as told"
    OTHERWISE = "otherwise"
    NOT_TRIED = "the model did not try"


@dataclass(frozen=True, slots=True)
class Played:
    step: Step
    ending: Ending
    because: tuple[str, ...] = ()
    """What did not hold, or what the model should have done."""


def play(steps: tuple[Step, ...], stage: Stage, screen: Screen, *, is_once: bool) -> tuple[Played, ...]:
    """Play all steps in order; one that goes otherwise does not keep the next from being played."""
    played = []
    for number, step in enumerate(steps, start=1):
        screen.title(number, len(steps), step.title, step.why)
        scene = Scene(stage, screen, is_once, seen=stage.plane.journal.size())
        with stage.watched(scene.show_new):
            played.append(_play_one(step, scene))
    return tuple(played)


def _play_one(step: Step, scene: Scene) -> Played:
    try:
        step.play(scene)
    except (TrilensError, openai.OpenAIError) as error:
        scene.check(f"it broke off: {error}", holds=False)
    failed = tuple(check.says for check in scene.checks if not check.holds)
    if failed:
        return Played(step, Ending.OTHERWISE, failed)
    if scene.not_tried:
        return Played(step, Ending.NOT_TRIED, tuple(scene.not_tried))
    if not scene.checks:
        return Played(step, Ending.OTHERWISE, ("it checked nothing",))
    return Played(step, Ending.AS_TOLD)


def sum_up(played: tuple[Played, ...], screen: Screen) -> bool:
    """Say which steps did not go as told; True when all did."""
    screen.terminal.line()
    for number, one in enumerate(played, start=1):
        if one.ending is not Ending.AS_TOLD:
            screen.check(f"step {number} ({one.step.title}): {one.ending}: {'; '.join(one.because)}", holds=False)
    is_told = all(one.ending is Ending.AS_TOLD for one in played) and bool(played)
    if is_told:
        screen.check(f"all {len(played)} steps went as told", holds=True)
    return is_told


def three_verdicts(stage: Stage) -> GateReport:
    """The gate of the stage's system over what the story left in the record. Raises: StoreError."""
    plane = stage.plane
    plane.checkpointer.advance()
    inputs = appraise(plane.settings, now_ms=plane.clock())
    key = Signer(plane.system.id, plane.keyring.secret("log")).verifier
    return gate(with_record(inputs, plane.journal, key), "operate")


def document(example: str, played: tuple[Played, ...], report: GateReport) -> dict[str, object]:
    """What happened, for machines."""
    steps = [{"title": one.step.title, "ending": one.ending.value, "because": list(one.because)} for one in played]
    verdicts = {verdict.lens.value: verdict.word.value for verdict in report.verdicts}
    return {"example": example, "steps": steps, "verdicts": verdicts}
