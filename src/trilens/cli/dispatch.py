"""From a noun to its command: its module is imported, and its Typer application is run."""

from importlib import import_module
from types import MappingProxyType
from typing import Any

import typer

from trilens.cli.ending import Ending
from trilens.cli.main import NOUNS
from trilens.declare.suggest import did_you_mean
from trilens.errors import SettingsError

_SUMMARIES = MappingProxyType({noun: summary for nouns in NOUNS.values() for noun, summary in nouns.items()})


def application(noun: str) -> typer.Typer:
    """A noun's Typer application, in the house style."""
    return typer.Typer(
        help=_SUMMARIES[noun],
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
        no_args_is_help=False,
    )


def dispatch(words: list[str]) -> int:
    """Run `words`, of which the first is a noun; the code it ends with.

    Raises:
        SettingsError: there is no such noun; code `cli/unknown-noun`.
        typer.TyperException: the noun does not take these words.
    """
    noun, rest = words[0], words[1:]
    if noun not in _SUMMARIES:
        help_text = did_you_mean(noun, _SUMMARIES, otherwise="`trilens --help` lists them")
        raise SettingsError("cli/unknown-noun", f"trilens has no noun `{noun}`", help=help_text)
    app: typer.Typer = import_module(f"trilens.cli.{noun}").app
    command = typer.main.get_command(app)
    lacks_verb = not rest and hasattr(command, "commands")
    ended: Any = command(["--help"] if lacks_verb else rest, prog_name=f"trilens {noun}", standalone_mode=False)
    return Ending.USAGE if lacks_verb else int(ended or 0)
