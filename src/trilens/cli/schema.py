"""`trilens schema`: the JSON Schema of the manifest."""

import json
import sys
from typing import Annotated

import typer

from trilens.cli.dispatch import application
from trilens.declare.schema import editor_schema

app = application("schema")


@app.command()
def schema(
    as_json: Annotated[bool, typer.Option("--json", help="Changes nothing: a schema is JSON already.")] = False,
) -> int:
    """Print the JSON Schema of the manifest (draft 2020-12), for editors and for other tools."""
    del as_json
    sys.stdout.write(json.dumps(editor_schema(), indent=2) + "\n")
    return 0
