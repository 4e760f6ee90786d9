"""Names that must exist. One table says where each kind of name is used and where it is defined; it is checked on the written data,
so that a wrong name is told together with everything else that is wrong.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from trilens.declare.document import Data, Document, Loc, spelled_path
from trilens.declare.suggest import did_you_mean
from trilens.errors import ManifestError

Pattern = tuple[str, ...]
"""Steps from the top; `*` is any key or position, `@` the keys of a mapping (or the text itself, where it is text)."""


@dataclass(frozen=True, slots=True)
class Use:
    """A place where names of one kind, or a few words besides, may stand."""

    at: Pattern
    kinds: tuple[str, ...]
    words: tuple[str, ...] = ()


DEFINED: Mapping[str, Pattern] = {
    "model": ("models",),
    "prompt": ("prompts",),
    "source": ("sources",),
    "tool": ("tools",),
    "purpose": ("purposes",),
    "role": ("people",),
    "data": ("compliance", "data"),
    "retention": ("compliance", "retention"),
}
"""Kind of name to the mapping whose keys define it. Guards are defined by their sheets."""

LIMIT_WORDS = ("call", "session", "agent", "system")
READER_WORDS = ("owner", "public")

USES: tuple[Use, ...] = (
    Use(("models", "*", "reads", "*"), ("data",)),
    Use(("models", "*", "fallback", "*"), ("model",)),
    Use(("sources", "*", "readers", "*"), ("role",), ("public",)),
    Use(("tools", "*", "data", "*"), ("data",)),
    Use(("tools", "*", "readers", "*"), ("role",), READER_WORDS),
    Use(("tools", "*", "result", "belongs_to", "@"), ("role",)),
    Use(("tools", "*", "limits", "*", "per"), ("role",), LIMIT_WORDS),
    Use(("tools", "*", "approval", "by", "*"), ("role",)),
    Use(("agents", "*", "model"), ("model",)),
    Use(("agents", "*", "prompt"), ("prompt",)),
    Use(("agents", "*", "purpose"), ("purpose",)),
    Use(("agents", "*", "tools", "*", "@"), ("tool",)),
    Use(("safety", "hazards", "*", "reduced_by", "*"), ("guard",)),
    Use(("safety", "grounding", "against", "*"), ("source", "tool"), ("user",)),
    Use(("compliance", "data", "*", "purposes", "*"), ("purpose",)),
    Use(("compliance", "data", "*", "retention"), ("retention",)),
)

_CODES = {
    "model": "manifest/unknown-model",
    "prompt": "manifest/unknown-prompt",
    "source": "manifest/unknown-source",
    "tool": "manifest/unknown-tool",
    "purpose": "manifest/unknown-purpose",
    "role": "manifest/unknown-role",
    "data": "manifest/unknown-data",
    "retention": "manifest/unknown-retention",
    "guard": "manifest/unknown-guard",
}
_WORDS = {"role": "people role", "data": "data category", "retention": "retention class"}


def reference_problems(
    document: Document, data: Data, *, guards: Collection[str], misspelt: Collection[Loc]
) -> Iterator[ManifestError]:
    """Every name that is used and not defined.

    Args:
        misspelt: mappings that seem to be there under a wrong key; names they would define are not reported as well.
    """
    for use in USES:
        if any(
            DEFINED[kind][: n + 1] in misspelt
            for kind in use.kinds
            if kind in DEFINED
            for n in range(len(DEFINED[kind]))
        ):
            continue
        known = [name for kind in use.kinds for name in (_names(data, DEFINED[kind]) if kind in DEFINED else guards)]
        for loc, name in uses_in(data, use.at):
            if name not in known and name not in use.words:
                yield _unknown(document, use, loc, name, (*known, *use.words))


def uses_in(data: Data, pattern: Pattern, loc: Loc = ()) -> Iterator[tuple[Loc, str]]:
    """Names that stand where the pattern points; whatever has another shape is passed over."""
    if not pattern:
        if isinstance(data, str):
            yield loc, data
        return
    step, rest = pattern[0], pattern[1:]
    match step, data:
        case "@", dict():
            yield from (((*loc, key), key) for key in data)
        case "@", str():
            yield loc, data
        case "*", dict():
            for key, below in data.items():
                yield from uses_in(below, rest, (*loc, key))
        case "*", list():
            for position, below in enumerate(data):
                yield from uses_in(below, rest, (*loc, position))
        case _, dict() if step in data:
            yield from uses_in(data[step], rest, (*loc, step))
        case _:
            return


def _names(data: Data, pattern: Pattern) -> list[str]:
    for step in pattern:
        data = data.get(step) if isinstance(data, dict) else None
    return list(data) if isinstance(data, dict) else []


def _unknown(document: Document, use: Use, loc: Loc, name: str, known: Collection[str]) -> ManifestError:
    is_key = use.at[-1] == "@" and isinstance(loc[-1], str)
    inside = spelled_path(loc[:-1] if is_key else loc)
    what = " or ".join(_WORDS.get(kind, kind) for kind in use.kinds)
    defined = [".".join(DEFINED[k]) for k in use.kinds if k in DEFINED]
    otherwise = (
        f"declare it under `{'` or `'.join(defined)}`"
        if defined
        else "`trilens catalog list` shows the guards there are"
    )
    hint = did_you_mean(name, known, otherwise=otherwise)
    return document.error(_CODES[use.kinds[0]], f"unknown {what} `{name}` in `{inside}`", at=loc, key=is_key, hint=hint)
