"""A project in which nothing has happened yet: nothing may say that all is well."""

import json
from pathlib import Path

from bench.commands import Ended, trilens
from bench.seen import Seen


def empty(folder: Path) -> Seen:
    """Before and after `trilens init`, which gives it a manifest and a ledger without entries."""
    folder.mkdir()
    bare = {"gate": _gate(folder), "verify": trilens("ledger", "verify", folder=folder)}
    made = trilens("init", folder=folder)
    ready = {"verify": trilens("ledger", "verify", folder=folder), "gate": _gate(folder)}
    ended = [*bare.values(), *ready.values()]
    words = {word for gate in (bare["gate"], ready["gate"]) for word in _verdicts(gate)}
    return Seen(
        f"empty folder: {_codes(bare)}; after init: {_codes(ready)}; verdicts: {', '.join(sorted(words))}",
        holds=all(one.code for one in ended) and "PASS" not in words,
        is_clean=words == {"UNKNOWN"},
        was_tried=made.code == 0,
    )


def _gate(folder: Path) -> Ended:
    return trilens("gate", "--json", folder=folder)


def _verdicts(gate: Ended) -> list[str]:
    return [str(one["verdict"]) for one in json.loads(gate.out)["verdicts"]]


def _codes(ended: dict[str, Ended]) -> str:
    return ", ".join(f"{name} exit {one.code}" for name, one in ended.items())
