"""`trilens init`: a first manifest, its ledger and its keys' place. Whatever is there already is left as it is."""

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from trilens.cli.dispatch import application
from trilens.cli.installation import has_state, settings_of
from trilens.cli.options import DryRunOption, JsonOption, print_document
from trilens.cli.terminal import Terminal
from trilens.declare.scaffold import GUESS, SCHEMA_PATH, scaffold
from trilens.errors import SettingsError
from trilens.settings import Settings
from trilens.storage.sqlite.create import create

app = application("init")

_IGNORE = ".gitignore"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What will be written. Nothing of it exists."""

    folder: Path
    settings: Settings
    files: Mapping[str, str]
    """By path below the folder; of `.gitignore` the lines to add."""
    makes_ledger: bool
    kept_manifest: bool


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where; made when it is missing.")] = Path(),
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Write a first manifest and make its ledger.

    A manifest that is there already is kept, and gets its ledger. Nothing is ever overwritten.
    """
    plan = _plan(folder)
    if not dry_run:
        _carry_out(plan)
    if as_json:
        fields = {
            "folder": str(folder),
            "files": sorted(plan.files),
            "ledger": plan.makes_ledger,
            "written": not dry_run,
        }
        print_document("init", {**fields, "home": str(plan.settings.home)})
    else:
        _show(Terminal(sys.stdout), plan, dry_run=dry_run)
    return 0


def _plan(folder: Path) -> _Plan:
    settings = settings_of(folder / "system.yaml")
    has_manifest, has_ledger = settings.system.exists(), has_state(settings)
    if has_manifest and has_ledger:
        raise SettingsError(
            "settings/exists",
            f"`{settings.system}` and the ledger in `{settings.home}` are there already",
            help="`trilens check` reviews the manifest; nothing was changed",
        )
    written = scaffold(folder.resolve().name)
    wanted = [SCHEMA_PATH, _IGNORE] if has_manifest else list(written)
    files = {path: written[path] for path in wanted if path not in (SCHEMA_PATH, _IGNORE)}
    taken = next((path for path in files if (folder / path).exists()), None)
    if taken is not None:
        raise SettingsError(
            "settings/exists", f"`{folder / taken}` is there already", help="move it away; nothing was changed"
        )
    if not (folder / SCHEMA_PATH).exists():
        files[SCHEMA_PATH] = written[SCHEMA_PATH]
    missing = _missing_lines(folder / _IGNORE, written[_IGNORE])
    if missing:
        files[_IGNORE] = missing
    return _Plan(folder, settings, files, not has_ledger, has_manifest)


def _missing_lines(path: Path, wanted: str) -> str:
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = [line for line in wanted.splitlines() if line not in present.splitlines()]
    start = "\n" if lines and present and not present.endswith("\n") else ""
    return start + "".join(f"{line}\n" for line in lines) if lines else ""


def _carry_out(plan: _Plan) -> None:
    try:
        plan.folder.mkdir(parents=True, exist_ok=True)
        if plan.makes_ledger:
            create(plan.settings.home)
        for path, text in plan.files.items():
            target = plan.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("a" if path == _IGNORE else "x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise SettingsError("settings/not-writable", f"cannot write `{error.filename}`: {reason}") from error


def _show(terminal: Terminal, plan: _Plan, *, dry_run: bool) -> None:
    verb = "would write" if dry_run else "wrote"
    if plan.kept_manifest:
        terminal.line(f"kept `{plan.settings.system}`")
    for path in plan.files:
        terminal.line(f"{verb} `{plan.folder / path}`")
    if plan.makes_ledger:
        terminal.line(f"{'would make' if dry_run else 'made'} the ledger and its keys in `{plan.settings.home}`")
    terminal.heading("Next")
    for command, why in _next_steps(plan):
        terminal.command(command, style="bold", indent=2)
        terminal.line(why, indent=4)


def _next_steps(plan: _Plan) -> tuple[tuple[str, str], ...]:
    review = "review the manifest" if plan.kept_manifest else f"correct every line marked `{GUESS}`"
    here = (
        ()
        if plan.folder == Path()
        else ((f"cd {shlex.quote(str(plan.folder))}", "all commands read `system.yaml` there"),)
    )
    return (
        *here,
        ("trilens check", review),
        ("trilens keys create --operator NAME", "a key for each person who approves"),
        ("trilens keys create --agent NAME", "a key for the agent"),
        ("trilens ledger checkpoint-key", "what the record is verified with: keep it somewhere else"),
        ("trilens serve", "the gateway your agent's base URL points at"),
    )
