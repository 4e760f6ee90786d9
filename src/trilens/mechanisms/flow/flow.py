"""The labelled conversation: a pure function of its turns, extended turn by turn.

`FlowCache` remembers flows by (who, prefix), so that an exchange costs what its new turns cost; two people never share one,
whatever their opening words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from trilens.vocabulary.label import Label


class Speaker(StrEnum):
    """Who a passage is from, as far as Trilens can tell."""

    OPERATOR = "operator"
    """A system turn equal to a declared prompt."""
    USER = "user"
    """The person's own words: a verbatim turn, or the marked question of a mixed one."""
    ATTACHED = "attached"
    """The rest of a mixed user turn, and system turns that match no declared prompt: third party."""
    ASSISTANT = "assistant"
    """Whatever a model wrote. It explains nothing: a model may copy, mix or obey anything it has read."""
    TOOL = "tool"
    """One field of a tool's result, or the whole result when it has no fields."""
    SOURCE = "source"
    """A declared document."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of text with one label."""

    speaker: Speaker
    text: str
    label: Label
    path: str
    """`messages[2]`, `messages[4].orders[0].note`, `sources.refund-policy`."""
    source: str
    """For people: `your words`, `lookup_order result, field note`, `refund-policy`."""
    component: str = ""
    """Tool or source id."""
    turn: int = -1
    """Index of the turn; -1 for declared sources."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a parsed tool result."""

    tool: str
    key: str
    """Its identifying value, as text; empty when the sheet names no key."""
    owners: Mapping[str, str]
    """People role to person id, from the fields of `belongs_to`."""
    fields: Mapping[str, Passage]
    """By field name; only fields the sheet declares are more than third party."""
    turn: int


@dataclass(frozen=True, slots=True)
class Flow:
    """The conversation up to one turn."""

    passages: Sequence[Passage]
    """Declared sources first, then turns in order."""
    records: Sequence[Record]
    categories: frozenset[str]
    """Data categories that results in the conversation carry."""
    prefix: bytes
    """SHA-256 chain over the digests of the turns."""
    unparsed: int
    """Results that did not parse as their sheet says, and so are third party whole."""
