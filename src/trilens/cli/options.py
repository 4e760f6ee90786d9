"""Options that mean the same wherever they stand."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

SystemOption: TypeAlias = Annotated[
    Path | None, typer.Option("--system", metavar="PATH", help="The manifest; default $TRILENS_SYSTEM or system.yaml.")
]
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")]
DryRunOption: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Check everything, write nothing.")]
KeyFileOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--key-file", metavar="PATH", help="File with your operator key; default $TRILENS_OPERATOR_KEY."),
]


def print_document(kind: str, fields: Mapping[str, object]) -> None:
    """Print the one document of a command under `--json`: version, kind, fields. ASCII, so that nothing in it acts on a terminal."""
    sys.stdout.write(json.dumps({"v": 1, "kind": kind, **fields}, indent=2, ensure_ascii=True) + "\n")
