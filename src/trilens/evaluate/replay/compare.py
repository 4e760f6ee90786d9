"""What was recorded beside what comes out now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from trilens.enforce.plan import DraftEntry
from trilens.evaluate.replay.ledger import Recorded
from trilens.vocabulary.canonical import Json, canonical

_FIELDS = ("component", "purpose", "intent", "answers")
"""What else a leaf says that follows from the exchange and its manifest."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was recorded."""

    what: str
    """`outcome`, `released`, a guard, `words that leave`, `findings`, or a field of the entry."""
    before: str
    now: str


def changes(recorded: Recorded, again: DraftEntry, *, whole: bool) -> tuple[Change, ...]:
    """Every difference, the outcome first; none when the same was decided.

    Args:
        whole: compare findings to the letter and what else follows from the manifest, as for the same one.
    """
    return tuple(_changes(recorded, again, whole=whole))


def _changes(recorded: Recorded, again: DraftEntry, *, whole: bool) -> Iterator[Change]:
    before, now = recorded.entry.body, again.body
    if before.get("outcome") != now["outcome"]:
        yield Change("outcome", str(before.get("outcome")), str(now["outcome"]))
    if before.get("left") != now["left"]:
        yield Change("released", _yes(before.get("left")), _yes(now["left"]))
    were, are = _by_guard(before.get("verdicts")), _by_guard(now["verdicts"])
    for guard in dict.fromkeys((*were, *are)):
        if were.get(guard) != are.get(guard):
            yield Change(guard, were.get(guard, "was not there"), are.get(guard, "is not there"))
    private, fresh = recorded.private, _private(again)
    if private.get("left") != fresh.get("left"):
        yield Change("words that leave", _whether(private.get("left")), _whether(fresh.get("left")))
    if not whole:
        return
    if canonical(private.get("findings", [])) != canonical(fresh.get("findings", [])):
        yield Change("findings", "as recorded", "other words, places or origins")
    for name in _FIELDS:
        if before.get(name) != now.get(name):
            yield Change(name, str(before.get(name)), str(now.get(name)))
    if _used(before) != _used(now):
        yield Change("case", _used(before), _used(now))


def _by_guard(verdicts: Json) -> dict[str, str]:
    """What each guard said, in a line."""
    rows = [row for row in verdicts if isinstance(row, list)] if isinstance(verdicts, list) else []
    return {str(row[0]): _line(row) for row in rows}


def _line(row: list[Json]) -> str:
    ran, outcome, codes = str(row[1]), str(row[2]), row[3]
    named = ", ".join(str(code) for code in codes) if isinstance(codes, list) else ""
    said = outcome if ran == "judged" else f"{ran.replace('_', ' ')} ({outcome})"
    return f"{said}: {named}" if named else said


def _used(body: Mapping[str, Json]) -> str:
    """The approval that let it through; that one is waited for, but not which, since that is named anew."""
    case = str(body.get("case", ""))
    return "waits for one" if case and body.get("outcome") == "hold" else case


def _private(entry: DraftEntry) -> Mapping[str, Json]:
    fields: Mapping[str, Json] = orjson.loads(entry.payload) if entry.payload else {}
    return fields


def _yes(value: object) -> str:
    return "yes" if value is True else "no"


def _whether(left: object) -> str:
    return "as they came" if left is None else "changed"
