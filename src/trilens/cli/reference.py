"""The reference page of the command line, written from the commands themselves.

python -m trilens.cli.reference > docs/reference/commands.md
"""

import os
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module

import typer

from trilens.cli.ending import Ending
from trilens.cli.main import NOUNS, help_page
from trilens.operators import routes
from trilens.settings import VARIABLES

_COLUMNS = "80"

_INTRODUCTION = """\
# Commands

`trilens NOUN`. Every command that prints takes `--json` and then prints one document with a version, `v`, and a `kind`; moments in it are
UTC. Every command that writes takes `--dry-run`. Text that a model, a client or an outsider wrote stands behind a bar (`│`), with every
character that acts on a terminal or cannot be seen shown as an escape.

This page is generated: `python -m trilens.cli.reference > docs/reference/commands.md`.

```
{page}```

## Endings

| Code | Means |
|---|---|
{endings}

## Environment

| Variable | Means |
|---|---|
{variables}
"""

_ENDINGS = {
    Ending.PASS: "pass: nothing fails, and everything was looked at",
    Ending.FAIL: "fail: a verdict, a verification, a vector or a review fails",
    Ending.USAGE: "the command, the manifest, the environment or the case does not allow what was asked",
    Ending.UNKNOWN: "unknown: nothing fails, and something could not be established",
    Ending.FAULT: "trilens, the disk or the record is broken",
}

_SERVER = """\
## Deciding through a running server

While `trilens serve` runs it holds the journal, and commands that write ask it with the operator's key (`Authorization: Bearer tlo_…`).
Anything else may ask it the same way:

```
{routes}
```
"""


def reference() -> str:
    """The page, in Markdown."""
    os.environ["COLUMNS"] = _COLUMNS
    endings = "\n".join(f"| {ending:d} | {_ENDINGS[ending]} |" for ending in Ending)
    variables = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in VARIABLES.items())
    nouns = [noun for group in NOUNS.values() for noun in group]
    parts = [
        _INTRODUCTION.format(page=help_page(), endings=endings, variables=variables),
        *(section for noun in nouns for section in _sections(noun)),
        _SERVER.format(routes=_routes()),
    ]
    return "\n".join(parts)


def _sections(noun: str) -> Iterator[str]:
    command = typer.main.get_command(import_module(f"trilens.cli.{noun}").app)
    verbs: Sequence[str] = list(getattr(command, "commands", ()))
    if not verbs:
        yield _section(f"trilens {noun}", _help(command, f"trilens {noun}"))
    for verb in verbs:
        name = f"trilens {noun} {verb}"
        yield _section(name, _help(getattr(command, "commands", {})[verb], name))


def _help(command: object, name: str) -> str:
    context = typer.Context(command, info_name=name)  # type: ignore[arg-type]
    return context.get_help()


def _section(name: str, text: str) -> str:
    return f"## `{name}`\n\n```\n{text}\n```\n"


def _routes() -> str:
    """The table of the routes, as the module that serves them writes it."""
    lines = (routes.__doc__ or "").splitlines()
    return "\n".join(line.strip() for line in lines if line.startswith("    "))


if __name__ == "__main__":
    sys.stdout.write(reference())
