"""The one place that prints errors: where, what, what to do, and where to read on; a stack trace only with `--debug`."""

import json
import sys
import traceback

from trilens.cli.ending import Ending, ending_of
from trilens.cli.terminal import Terminal
from trilens.errors import ManifestError, Place, TrilensError

_MOST = 20
"""Problems of one manifest that are shown; `--json` has all."""


def report(error: Exception, *, as_json: bool) -> int:
    """Print the error to the standard error and return the code to end with."""
    from typer import TyperException

    match error:
        case TrilensError():
            ending, problems = ending_of(error), _problems(error)
        case TyperException():
            ending, problems = Ending.USAGE, (_usage(error),)
        case _:
            ending, problems = Ending.FAULT, (_fault(error),)
    if as_json:
        sys.stderr.write(json.dumps(failure_document(problems, ending), indent=2) + "\n")
    else:
        _print(problems)
    return ending


def failure_document(problems: tuple[TrilensError, ...], ending: Ending) -> dict[str, object]:
    """The shape of every failure under `--json`."""
    return {
        "v": 1,
        "kind": "error",
        "ending": int(ending),
        "errors": [
            {"code": p.code, "message": p.message, "help": p.help, "place": place_document(p.place)} for p in problems
        ],
    }


def place_document(place: Place | None) -> dict[str, object] | None:
    if place is None:
        return None
    return {"file": place.file, "line": place.line, "column": place.column, "width": place.width}


def _print(problems: tuple[TrilensError, ...]) -> None:
    terminal = Terminal(sys.stderr)
    for problem in problems[:_MOST]:
        terminal.problem(problem)
    if len(problems) > _MOST:
        terminal.line(f"and {len(problems) - _MOST} more; `--json` has them all")


def _problems(error: TrilensError) -> tuple[TrilensError, ...]:
    return error.problems if isinstance(error, ManifestError) else (error,)


def _usage(error: Exception) -> TrilensError:
    """A command line that cannot be meant, as Typer found it."""
    message = str(error.format_message() if hasattr(error, "format_message") else error)
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "trilens"
    return TrilensError("cli/usage", _sentence(message), help=f"`{path} --help` shows what it takes")


def _sentence(message: str) -> str:
    """Typer's sentence in our spelling: lower case, one line, back-ticks, no full stop."""
    line = " ".join(message.split()).rstrip(".").replace("'", "`")
    return line[:1].lower() + line[1:]


def _fault(error: Exception) -> TrilensError:
    """A bug of ours. Its text may hold data, so that only its type and place are shown."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {frames[-1].name} ({frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""
    return TrilensError(
        "cli/fault",
        f"trilens has a fault: `{type(error).__name__}`{where}",
        help="run it again with `--debug`, and report what it shows; nothing more was done",
    )
