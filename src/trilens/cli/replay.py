"""`trilens replay`: recorded decisions, made again under their own manifest, or under another one before it ships."""

import contextlib
import datetime as dt
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from trilens.cli import installation
from trilens.cli.dispatch import application
from trilens.cli.ending import Ending
from trilens.cli.installation import State, opened, settings_of
from trilens.cli.moments import local
from trilens.cli.options import JsonOption, SystemOption, print_document
from trilens.cli.shown import cut, escape
from trilens.cli.terminal import Terminal
from trilens.errors import ManifestError, SettingsError
from trilens.evaluate.replay.again import Engine
from trilens.evaluate.replay.walk import Chosen, Replay, Replayed, Standing
from trilens.lenses.catalog import engine_name, load
from trilens.settings import Settings
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.system import System
from trilens.vocabulary.written import write_moment

app = application("replay")

_SHOWN = 50
"""Decisions of one kind that are listed; `--json` has all."""
_STYLES = {Standing.SAME: "green", Standing.DIFFERENT: "bold red", Standing.CANNOT: "yellow"}


@app.command()
def replay(
    ledger: Annotated[bool, typer.Option("--ledger", help="Replay what the ledger holds.")] = False,
    since: Annotated[str, typer.Option(metavar="T", help="Only from then on: 2026-11-24, or with a time.")] = "",
    session: Annotated[str, typer.Option(metavar="S", help="Only this session, as `explain --json` names it.")] = "",
    decision: Annotated[str, typer.Option(metavar="ID", help="Only this decision.")] = "",
    policy: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Judge under this manifest instead: what would be decided?")
    ] = None,
    system: SystemOption = None,
    as_json: JsonOption = False,
) -> int:
    """Decide every recorded decision again, from the record alone, and say which come out the same.

    Ends with 0 when all are the same, 1 when any differs, 3 when none differs and any cannot be made again.
    """
    if not ledger:
        raise SettingsError("cli/usage", "expected `--ledger`", help="it says what is replayed")
    settings, chosen = settings_of(system), Chosen(_moment(since), session, decision)
    tried = _tried(policy, settings) if policy else None
    with opened(settings, read_only=True) as state:
        found = tuple(_replay(state, settings, tried).run(chosen))
    if decision and not found:
        raise SettingsError("cli/unknown-decision", f"the ledger has no decision `{decision}`")
    if as_json:
        print_document("replay.ledger", _document(found, tried))
    else:
        _show(Terminal(sys.stdout), found, tried)
    standings = {one.standing for one in found}
    if Standing.DIFFERENT in standings:
        return Ending.FAIL
    return Ending.UNKNOWN if Standing.CANNOT in standings or not found else Ending.PASS


def _tried(policy: Path, settings: Settings) -> System:
    return installation.load_system(Settings(policy, settings.home))


def _replay(state: State, settings: Settings, tried: System | None) -> Replay:
    guards = load()
    engine = Engine(guards, engine_name(guards), Mac(state.keyring.secret("mac")))
    made = Replay(state.journal, state.keyring, engine, tried)
    # the manifest of today helps with records without one, and is not needed
    with contextlib.suppress(ManifestError):
        made.policies.know(installation.load_system(settings))
    return made


def _moment(text: str) -> int:
    """Milliseconds since 1970 UTC; a moment without a zone is local."""
    if not text:
        return 0
    try:
        return max(0, int(dt.datetime.fromisoformat(text).timestamp() * 1000))
    except (ValueError, OverflowError) as error:
        raise SettingsError(
            "cli/moment", f"`{text}` is no moment", help="write 2026-11-24, or 2026-11-24T23:00:00Z"
        ) from error


_COUNTED = (
    {Standing.SAME: "same", Standing.DIFFERENT: "different", Standing.CANNOT: "cannot be made again"},
    {Standing.SAME: "would be the same", Standing.DIFFERENT: "would differ", Standing.CANNOT: "cannot be told"},
)
_HEADINGS = ("Different from what was recorded", "Would be decided otherwise")


def _show(terminal: Terminal, found: Sequence[Replayed], tried: System | None) -> None:
    counts = Counter(one.standing for one in found)
    words = _COUNTED[tried is not None]
    under = "the manifest it was made under" if tried is None else f"the manifest {tried.digest}"
    plural = "decision" if len(found) == 1 else "decisions"
    terminal.line(f"{len(found)} {plural}, each judged again under {under}", style="bold")
    for standing, word in words.items():
        terminal.field(word if len(word) < 12 else standing.value, str(counts[standing]), indent=2)
    if tried is not None:
        terminal.line(
            "The conversations, budgets and approvals are those on record; only what one decision would have been is told, "
            "not how people and models would have gone on after it.",
            style="dim",
        )
    _show_different(
        terminal, [one for one in found if one.standing is Standing.DIFFERENT], _HEADINGS[tried is not None]
    )
    _show_cannot(terminal, [one for one in found if one.standing is Standing.CANNOT])


def _show_different(terminal: Terminal, different: Sequence[Replayed], heading: str) -> None:
    if different:
        terminal.heading(heading)
    for one in different[:_SHOWN]:
        _show_place(terminal, one, style=_STYLES[one.standing])
        for change in one.changes:
            terminal.line(cut(change.what, 120), indent=4)
            terminal.line(f"{cut(change.before, 300)} → {cut(change.now, 300)}", indent=6)
    _show_rest(terminal, len(different))


def _show_cannot(terminal: Terminal, cannot: Sequence[Replayed]) -> None:
    if cannot:
        terminal.heading("Cannot be made again")
    for reason, why in dict.fromkeys((one.reason, one.why) for one in cannot):
        mine = [one for one in cannot if (one.reason, one.why) == (reason, why)]
        terminal.line(f"{reason}: {escape(why)}", style="yellow", indent=2)
        for one in mine[:_SHOWN]:
            _show_place(terminal, one)
        _show_rest(terminal, len(mine))


def _show_place(terminal: Terminal, one: Replayed, *, style: str = "") -> None:
    name = escape(one.decision) or "no decision"
    terminal.line(f"{name}, entry {one.index}, {local(one.at_ms)}", indent=2, style=style)


def _show_rest(terminal: Terminal, number: int) -> None:
    if number > _SHOWN:
        terminal.line(f"… and {number - _SHOWN} more; `--json` has all", style="dim", indent=2)


def _document(found: Sequence[Replayed], tried: System | None) -> dict[str, object]:
    counts = Counter(one.standing for one in found)
    return {
        "policy": None if tried is None else tried.digest,
        "counts": {standing.value: counts[standing] for standing in Standing},
        "decisions": [_row(one) for one in found],
    }


def _row(one: Replayed) -> dict[str, object]:
    return {
        "decision": one.decision,
        "entry": one.index,
        "at": write_moment(one.at_ms),
        "standing": one.standing.value,
        "changes": [{"what": c.what, "before": c.before, "now": c.now} for c in one.changes],
        "reason": one.reason.value if one.reason else None,
        "why": one.why,
    }
