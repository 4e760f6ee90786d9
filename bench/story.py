"""The steps peers were put through, as our own column: executed for real, judged by effects."""

import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import openai

from bench import emptiness, killing, tampering, tickets
from bench.desk import Desk
from bench.seen import Seen
from bench.table import StepRow
from trilens.cli.demo.opening import open_stage
from trilens.cli.demo.story import find_example, loaded_story
from trilens.errors import TrilensError


def run() -> list[StepRow]:
    """One row a step; a step that breaks off is a row, too, and keeps no other from being played."""
    example = find_example("support")
    with tempfile.TemporaryDirectory(prefix="trilens-bench-") as name:
        folder = Path(name)
        with loaded_story(example), open_stage(example, folder / "desk", {}) as stage:
            desk = Desk(stage)
            rows = [_row(step, partial(play, desk)) for step, play in tickets.STEPS]
        record = tampering.Record.kept(example, folder / "desk" / "trilens", folder)
        rows += [_row(step, partial(play, record)) for step, play in tampering.STEPS]
        rows.append(_row("kill -9: acknowledged → kept", partial(killing.killed, example, folder / "killed")))
        rows.append(_row("empty project", partial(emptiness.empty, folder / "empty")))
    return rows


def _row(step: str, play: Callable[[], Seen]) -> StepRow:
    try:
        seen = play()
    except (TrilensError, openai.OpenAIError, OSError, subprocess.SubprocessError) as error:
        return StepRow(step, "✖", f"broke off: {type(error).__name__}: {error}")
    return StepRow(step, seen.mark, seen.what)
