"""What stands on a card, read back: the other half of `card.write_card`."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from trilens.people.approvals.card import VERSION
from trilens.vocabulary.canonical import Json
from trilens.vocabulary.outcome import EventKind, Outcome


@dataclass(frozen=True, slots=True)
class ShownOrigin:
    """Where a value, or the nearest thing to it, was read."""

    source: str
    path: str
    integrity: str
    readers: tuple[str, ...]
    excerpt: str


@dataclass(frozen=True, slots=True)
class ShownFinding:
    guard: str
    """`lens/name`."""
    outcome: Outcome
    """Of the guard; a finding of one that allowed says where a value came from."""
    code: str
    message: str
    path: str
    """The value it is about; empty when it is about the whole action."""
    rule: str
    origins: tuple[ShownOrigin, ...]

    @property
    def is_explanation(self) -> bool:
        """Whether it says why a value may stand: a guard that holds for one value explains the others too."""
        return self.outcome is Outcome.ALLOW or self.code.endswith("/explained")


@dataclass(frozen=True, slots=True)
class ShownAction:
    """One event of the exchange, held or not."""

    kind: EventKind
    component: str
    effect: str
    """Of a tool: what it does to the world; empty otherwise."""
    reversible: bool
    outcome: Outcome
    written: str
    """Of a tool call: the arguments exactly as the model wrote them."""
    values: tuple[tuple[str, Json], ...]
    """(path, value) as typed by the tool's sheet; decimals as text."""
    units: Mapping[str, str]
    """By path: the declared unit of an amount."""
    findings: tuple[ShownFinding, ...]
    failed: tuple[tuple[str, str], ...]
    """(guard, why) of guards that failed or were not run."""


@dataclass(frozen=True, slots=True)
class Card:
    """An action and all that a person needs to decide on it."""

    system: str
    policy: str
    """Digest of the manifest it was asked under: an approval matches under no other."""
    agent: str
    key: str
    """Id of the API key the agent used."""
    purpose: str
    person: str
    """Whom the agent acts for, such as `customer:C-17`; empty when unknown."""
    asked: str
    """The person's last words, at most 2 000 characters."""
    actions: tuple[ShownAction, ...]

    @property
    def calls(self) -> tuple[ShownAction, ...]:
        """The tool calls, by their position in the model's answer."""
        return tuple(action for action in self.actions if action.kind is EventKind.TOOL_CALL)


def read_card(card: bytes) -> Card:
    """Raises: ValueError when it is not what `write_card` writes in this version."""
    try:
        fields = orjson.loads(card)
        if fields["v"] != VERSION:
            raise ValueError("a card of another version")
        return Card(
            system=_text(fields["system"]),
            policy=_text(fields["policy"]),
            agent=_text(fields["agent"]),
            key=_text(fields["key"]),
            purpose=_text(fields["purpose"]),
            person=_text(fields["person"]),
            asked=_text(fields["asked"]),
            actions=tuple(_action(item) for item in fields["actions"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError("not a card") from error


def _action(fields: Mapping[str, Json]) -> ShownAction:
    values, findings, failed = _list(fields["values"]), _list(fields["findings"]), _list(fields["failed"])
    return ShownAction(
        kind=EventKind(_text(fields["kind"])),
        component=_text(fields["component"]),
        effect=_text(fields["effect"]),
        reversible=_flag(fields["reversible"]),
        outcome=Outcome.of(_text(fields["outcome"])),
        written=_text(fields["written"]),
        values=tuple((_text(path), value) for path, value in map(_pair, values)),
        units={path: _text(unit) for path, unit in _object(fields["units"]).items()},
        findings=tuple(read_finding(item) for item in findings),
        failed=tuple((_text(guard), _text(why)) for guard, why in map(_pair, failed)),
    )


def read_finding(finding: Json) -> ShownFinding:
    """A finding as `vocabulary.written.write_finding` writes it. Raises: KeyError, TypeError, ValueError when it is none."""
    fields = _object(finding)
    return ShownFinding(
        guard=f"{_text(fields['lens'])}/{_text(fields['guard']).rpartition('/')[2]}",
        outcome=Outcome.of(_text(fields["outcome"])),
        code=_text(fields["code"]),
        message=_text(fields["message"]),
        path=_text(fields["path"]),
        rule=_text(fields["rule"]),
        origins=tuple(_origin(_object(item)) for item in _list(fields["origins"])),
    )


def _origin(fields: Mapping[str, Json]) -> ShownOrigin:
    return ShownOrigin(
        source=_text(fields["source"]),
        path=_text(fields["path"]),
        integrity=_text(fields["integrity"]),
        readers=tuple(_text(name) for name in _list(fields["readers"])),
        excerpt=_text(fields["excerpt"]),
    )


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _flag(value: Json) -> bool:
    if not isinstance(value, bool):
        raise TypeError("not a boolean")
    return value


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _pair(value: Json) -> tuple[Json, Json]:
    first, second = _list(value)
    return first, second


def _object(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value
