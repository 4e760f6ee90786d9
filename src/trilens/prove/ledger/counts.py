"""What left, by the ledger's own count, beside what somebody else counted: the model's provider, the tools.

    {"model_calls": 12, "tools": {"refund": 3, "lookup_order": 40}}

An observer who saw more than the ledger holds has seen something that was never recorded, and that fails. One who saw less may have counted less, or
something was released and never arrived: nobody can tell from the counts, and that is unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from trilens.errors import SettingsError
from trilens.vocabulary.canonical import Json, parse

_MOST = 2**53 - 1
_MODEL_CALL, _TOOL_CALL, _PROPOSED = "model_call", "tool_call", "proposed"


@dataclass(frozen=True, slots=True)
class Counts:
    """What an observer outside of Trilens counted, over the whole life of the ledger."""

    model_calls: int | None
    """None when the observer did not count them."""
    tools: Mapping[str, int]
    """By name of the tool; one that is not named was not counted."""


def read_counts(text: bytes) -> Counts:
    """Read an observer's file.

    Raises:
        SettingsError: it is none, or counts nothing; code `settings/counts`.
    """
    try:
        fields = parse(text)
    except ValueError as error:
        raise _malformed("no JSON") from error
    if not isinstance(fields, dict) or not fields or not set(fields) <= {"model_calls", "tools"}:
        raise _malformed("expected `model_calls`, `tools` or both")
    tools = fields.get("tools", {})
    if not isinstance(tools, dict):
        raise _malformed("`tools` is not an object")
    calls = fields.get("model_calls")
    return Counts(
        None if "model_calls" not in fields else _count("model_calls", calls),
        {name: _count(name, number) for name, number in tools.items()},
    )


@dataclass(slots=True)
class Released:
    """What left, by the ledger: a fold over its entries."""

    model_calls: int = 0
    tools: dict[str, int] = field(default_factory=dict)
    unread: int = 0
    """Decisions that cannot be read, and count for nothing."""

    def add(self, body: Mapping[str, Json]) -> None:
        """Take the body of one `decision`."""
        match body:
            case {
                "event": [str(), str() as kind, str() as phase, str()],
                "component": str() as component,
                "left": bool() as left,
            }:
                did_leave = left and phase == _PROPOSED
                if did_leave and kind == _MODEL_CALL:
                    self.model_calls += 1
                elif did_leave and kind == _TOOL_CALL:
                    self.tools[component] = self.tools.get(component, 0) + 1
            case _:
                self.unread += 1


class Balance(StrEnum):
    """The ledger's count beside the observer's."""

    EQUAL = "equal"
    MORE = "more"
    """The ledger holds more than was seen."""
    LESS = "less"
    """The ledger holds less than was seen: something was not recorded."""


@dataclass(frozen=True, slots=True)
class Line:
    what: str
    """`model_calls`, or the name of a tool in back-ticks."""
    recorded: int
    observed: int

    @property
    def balance(self) -> Balance:
        if self.recorded == self.observed:
            return Balance.EQUAL
        return Balance.MORE if self.recorded > self.observed else Balance.LESS


@dataclass(frozen=True, slots=True)
class Reconciliation:
    lines: tuple[Line, ...]
    uncounted: tuple[str, ...]
    """What the ledger holds and the observer did not count."""

    @property
    def balance(self) -> Balance:
        """LESS before MORE before EQUAL: the worst of the lines."""
        found = {line.balance for line in self.lines}
        return next((one for one in (Balance.LESS, Balance.MORE) if one in found), Balance.EQUAL)

    def lines_of(self, balance: Balance) -> str:
        """The lines of this balance, for people."""
        named = [line for line in self.lines if line.balance is balance]
        if balance is Balance.EQUAL:
            return ", ".join(f"{line.recorded} {line.what}" for line in named)
        return ", ".join(f"{line.recorded} {line.what} in the ledger, {line.observed} seen" for line in named)


def reconcile(released: Released, counts: Counts) -> Reconciliation:
    lines = [] if counts.model_calls is None else [Line("model calls", released.model_calls, counts.model_calls)]
    lines += [
        Line(f"calls of `{name}`", released.tools.get(name, 0), seen) for name, seen in sorted(counts.tools.items())
    ]
    uncounted = ["model calls"] if counts.model_calls is None and released.model_calls else []
    uncounted += [f"calls of `{name}`" for name in sorted(released.tools) if name not in counts.tools]
    return Reconciliation(tuple(lines), tuple(uncounted))


def _count(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST:
        raise _malformed(f"the count of `{name}` is no whole number")
    return value


def _malformed(reason: str) -> SettingsError:
    return SettingsError(
        "settings/counts",
        f"not the counts of an observer: {reason}",
        help='expected {"model_calls": 12, "tools": {"refund": 3}}, each a whole number',
    )
