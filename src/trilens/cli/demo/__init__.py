"""`trilens demo`: an example's story, played over HTTP against a gateway of its own, each step judged by its effects."""

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from trilens.cli.dispatch import application
from trilens.cli.ending import Ending
from trilens.cli.options import JsonOption, print_document
from trilens.cli.terminal import Terminal
from trilens.errors import SettingsError

app = application("demo")


@app.command()
def demo(
    example: Annotated[str, typer.Argument(metavar="EXAMPLE", help="Which of the examples to play.")] = "support",
    once: Annotated[
        bool, typer.Option("--once", help="Wait for nobody; end with 0 only when all went as told.")
    ] = False,
    keep: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep the state in DIR, a new folder.")] = None,
    as_json: JsonOption = False,
) -> int:
    """Play an example: real tools, a model that obeys whatever it reads, and Trilens in between.

    Nothing leaves this machine, unless TRILENS_DEMO_MODEL_URL names a real OpenAI-compatible endpoint to play the model; what that does not
    try is reported as such and is no success.
    """
    from trilens.cli.demo.opening import open_stage
    from trilens.cli.demo.run import document, play, sum_up, three_verdicts
    from trilens.cli.demo.screen import Screen
    from trilens.cli.demo.story import find_example, loaded_story

    if isinstance(sys.stdout, io.TextIOWrapper):
        # each step is shown as it happens, through a pipe too
        sys.stdout.reconfigure(line_buffering=True)
    screen = Screen(Terminal(io.StringIO() if as_json else sys.stdout))
    folder = find_example(example)
    with _folder(keep) as state, loaded_story(folder) as steps, open_stage(folder, state, os.environ) as stage:
        screen.opening(stage)
        played = play(steps, stage, screen, is_once=once or as_json)
        report = three_verdicts(stage)
        screen.verdicts(report)
        is_told = sum_up(played, screen)
        screen.next_steps(stage, is_kept=keep is not None)
    if as_json:
        print_document("demo", document(example, played, report))
    return Ending.PASS if is_told else Ending.FAIL


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Where the state lives: for the time of the demo, unless it is to be kept. Raises: SettingsError `demo/folder`."""
    if keep is not None:
        try:
            keep.mkdir(parents=True)
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            raise SettingsError("demo/folder", f"cannot make `{keep}`: {reason}") from error
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="trilens-demo-") as folder:
        yield Path(folder)
