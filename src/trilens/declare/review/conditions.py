"""Conditions: do they type-check, and is there a call for which they hold, and one for which they do not?

Whether a condition can hold is found by trying values. For comparisons of arguments with literals, joined by `&&`, `||` and `!`, only
the order of a value among the literals matters, so trying each literal, a few values in each gap, and one beyond each end tries
everything that could differ. Of a condition with anything else in it (functions, arithmetic, regular expressions), or with
too many combinations, nothing is claimed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise, product
from math import prod

from trilens.declare.diagnosis import Condition, Diagnosis, Review, Severity
from trilens.declare.document import Loc
from trilens.errors import ManifestError
from trilens.vocabulary.event import Scalar
from trilens.vocabulary.outcome import ValueClass
from trilens.vocabulary.system import Tool

_MOST = 4_096
"""Combinations that are tried."""

_TOKEN = re.compile(
    r"\s*(?:(?P<name>args\.[A-Za-z_][A-Za-z0-9_]*|(?:person|purpose)\b)|(?P<number>\d+(?:\.\d+)?)|(?P<text>\"[^\"\\]*\"|'[^'\\]*')"
    r"|(?P<word>true|false|in)\b|(?P<sign>==|!=|<=|>=|<|>|&&|\|\||!|\(|\)|\[|\]|,|-(?=\s*\d)))"
)


@dataclass(frozen=True, slots=True)
class _Written:
    """A condition and where it stands."""

    text: str
    tool: Tool
    at: Loc


def conditions(review: Review) -> Iterator[Diagnosis]:
    """Conditions with a type error, and those that never or always hold."""
    for written in _written(review):
        try:
            condition = review.compile_condition(written.text, written.tool)
        except ManifestError as error:
            place = review.document.place(written.at)
            yield Diagnosis(error.code, Severity.ERROR, error.message, error.help, place)
            continue
        held = tried(written.text, written.tool, condition)
        if held == {False}:
            message = f"`{written.text}` never holds, whatever the arguments are"
            yield review.error("manifest/never-holds", message, "correct the condition", *written.at)
        elif held == {True}:
            message = f"`{written.text}` always holds, whatever the arguments are"
            yield review.warning(
                "manifest/always-holds", message, "correct the condition, or leave it out", *written.at
            )


def _written(review: Review) -> Iterator[_Written]:
    system = review.manifest.system
    for tool in system.tools.values():
        if tool.approval.condition:
            yield _Written(tool.approval.condition, tool, ("tools", tool.id, "approval", "when"))
    for agent in system.agents.values():
        for position, grant in enumerate(agent.grants.values()):
            if grant.condition:
                at = ("agents", agent.id, "tools", position, grant.tool, "when")
                yield _Written(grant.condition, system.tools[grant.tool], at)


def tried(text: str, tool: Tool, condition: Condition) -> set[bool]:
    """What came of trying everything that could differ; empty when that cannot be told."""
    candidates = _candidates(text, tool)
    if candidates is None:
        return set()
    held: set[bool] = set()
    for values in product(*candidates.values()):
        try:
            held.add(condition.holds(dict(zip(candidates, values, strict=True))))
        except ValueError:
            return set()
        if len(held) == 2:
            break
    return held


def _candidates(text: str, tool: Tool) -> Mapping[str, list[Scalar]] | None:
    names: list[str] = []
    numbers: set[Decimal] = set()
    texts: set[str] = set()
    at = 0
    while text[at:].strip():
        token = _TOKEN.match(text, at)
        if token is None:
            return None
        at = token.end()
        match token.lastgroup:
            case "name":
                names.append(token["name"])
            case "number":
                numbers |= {Decimal(token["number"]), -Decimal(token["number"])}
            case "text":
                texts.add(token["text"][1:-1])
            case _:
                pass
    paths = list(dict.fromkeys(names))
    amounts = {path for path in paths if _is_amount(path, tool)}
    number_values = _numbers(numbers, len(amounts))
    text_values = _texts(texts, len(paths) - len(amounts))
    candidates = {path: number_values if path in amounts else text_values for path in paths}
    return candidates if prod(len(values) for values in candidates.values()) <= _MOST else None


def _is_amount(path: str, tool: Tool) -> bool:
    argument = tool.args.get(path.removeprefix("args."))
    return argument is not None and argument.cls is ValueClass.AMOUNT


def _numbers(literals: set[Decimal], paths: int) -> list[Scalar]:
    """Each literal, and in each gap and beyond each end as many values as there are amounts, so that any order of them occurs."""
    known = sorted(literals | {Decimal(0)})
    steps = [Decimal(n) / 16 for n in range(1, paths + 1)]  # dyadic, so that a double holds them exactly
    between = [low + (high - low) * step for low, high in pairwise(known) for step in steps]
    beyond = [end for n in range(1, paths + 1) for end in (known[0] - n, known[-1] + n)]
    return [*known, *between, *beyond]


def _texts(literals: set[str], paths: int) -> list[Scalar]:
    """Each literal, and in each gap of their order as many other texts as there are texts to compare."""
    known = sorted(literals | {""})
    return [*known, *(f"{text}\x01{n}" for text in known for n in range(paths))]
