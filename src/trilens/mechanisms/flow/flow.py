"""The labelled conversation: a pure function of its turns, extended turn by turn.

`FlowCache` (`cache.py`) remembers flows by (who, prefix), so that an exchange costs what its new turns cost; two people never
share one, whatever their opening words.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice, takewhile
from operator import attrgetter
from typing import TypeVar, overload

from trilens.mechanisms.flow.index import Index
from trilens.vocabulary.event import Call, Turn
from trilens.vocabulary.label import Label
from trilens.vocabulary.system import FieldTrust

T = TypeVar("T")


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
    trust: FieldTrust = FieldTrust.THIRD_PARTY
    """Of a tool's field: who asserts it, as its sheet says."""
    field: str = ""
    """Of a tool's field: its name within the record, such as `customer.email` or `items[0].sku`."""
    record: int = -1
    """Of a tool's field: the index of its record in the flow; -1 when it stands in none."""

    @property
    def is_word(self) -> bool:
        """Whether these are the user's own or the operator's words."""
        return self.speaker is Speaker.USER or self.speaker is Speaker.OPERATOR


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a parsed tool result."""

    tool: str
    key: str
    """Its identifying value, as text; empty when the sheet names no key."""
    owners: Mapping[str, str]
    """People role to person id, from the fields of `belongs_to`; the id is empty where the record does not say."""
    fields: Mapping[str, Passage]
    """By field name; only fields the sheet declares are more than third party."""
    turn: int
    key_field: str = ""
    """Name of the field that holds `key`."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A declared prompt, read once: as the words of whoever repeats it exactly, which only a system turn does."""

    id: str
    plain: str
    """Folded, with single spaces."""
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Beginning:
    """What every conversation of one system begins with: its declared sources and prompts, indexed once and shared."""

    passages: tuple[Passage, ...] = ()
    """The declared sources."""
    index: Index = field(default_factory=Index)
    prompts: Mapping[str, Prompt] = field(default_factory=dict)
    """By the prompt's text, without white space around it."""


class Trunk:
    """What a flow and all that extend it share: append-only lists, of which each flow sees its own length.

    INVARIANT: nothing below the length of any flow ever changes. Only `build` writes, and only at the tip.
    """

    __slots__ = (
        "__weakref__",
        "beginning",
        "calls",
        "digests",
        "index",
        "passages",
        "read",
        "records",
        "released",
        "turns",
        "weight",
        "words",
    )

    def __init__(self, beginning: "Beginning") -> None:
        self.beginning = beginning
        self.passages: list[Passage] = list(beginning.passages)
        self.records: list[Record] = []
        self.index = Index(beginning.index)
        self.read: set[tuple[object, ...]] = set()
        """Fields that are indexed: the same record read again holds nothing new."""
        self.weight = 0
        """Bytes it takes, roughly: the text of its passages, and its index."""
        self.words: list[tuple[int, str]] = []
        """(position, folded text) of the passages that are the user's or the operator's words."""
        self.turns: list[Turn] = []
        self.digests: list[bytes] = []
        self.released: list[bool] = []
        """By turn: whether it is a tool's answer to a call that Trilens released."""
        self.calls: dict[str, Call | None] = {}
        """By call id: the newest call with it. None when it has its answer, or when two calls of one turn share it."""


class Head(Sequence[T]):
    """The first `length` items of an append-only list."""

    __slots__ = ("_items", "_length")

    def __init__(self, items: list[T], length: int) -> None:
        self._items = items
        self._length = length

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, at: int) -> T: ...

    @overload
    def __getitem__(self, at: slice) -> list[T]: ...

    def __getitem__(self, at: int | slice) -> T | list[T]:
        if isinstance(at, slice):
            return [self._items[i] for i in range(*at.indices(self._length))]
        if not -self._length <= at < self._length:
            raise IndexError(at)
        return self._items[at % self._length]

    def __iter__(self) -> Iterator[T]:
        return islice(self._items, self._length)

    def __reversed__(self) -> Iterator[T]:
        return islice(reversed(self._items), len(self._items) - self._length, None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


_MESSAGE = re.compile(r"messages\[(\d{1,9})\]")
_TURN = attrgetter("turn")
_NEWEST_WORDS = 64
"""Passages of the user's or operator's words that are searched for a phrase, newest first."""


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
    length: int = 0
    """Turns it covers."""
    trunk: Trunk = field(default_factory=lambda: Trunk(Beginning()), repr=False, compare=False)
    """Shared storage; read it through the methods below, which never look past this flow."""

    def mentions(self, key: str) -> Iterator[Passage]:
        """Passages that hold the atom `key`, newest first."""
        passages = self.trunk.passages
        return (passages[at] for at in self.trunk.index.positions(key, len(self.passages)))

    def words_with(self, key: str) -> Passage | None:
        """The first of the person's or the operator's words that hold the atom."""
        at = self.trunk.index.said.get(key)
        return None if at is None or at >= len(self.passages) else self.trunk.passages[at]

    def knows(self, key: str) -> bool:
        """Whether anything in the conversation holds the atom."""
        return self.trunk.index.has(key, len(self.passages))

    def knows_host(self, label: str) -> bool:
        """False when no host that was ever read begins with this label."""
        return label in self.trunk.index.hosts

    def records_at(self, place: str) -> Iterator[Record]:
        """The records of the result that stands at `messages[N]`, in its order."""
        found = _MESSAGE.fullmatch(place)
        turn = int(found[1]) if found else -1
        first = bisect_left(self.records, turn, key=_TURN)
        return takewhile(lambda record: record.turn == turn, islice(self.records, first, None))

    def record_of(self, passage: Passage) -> Record | None:
        return self.records[passage.record] if passage.record >= 0 else None

    def says(self, phrase: str) -> Passage | None:
        """The newest of the user's or operator's words that hold the folded phrase as whole words."""
        if not phrase:
            return None
        words, limit, looked = self.trunk.words, len(self.passages), 0
        for position, text in reversed(words):
            if position >= limit:
                continue
            if looked == _NEWEST_WORDS:
                return None
            looked += 1
            if _holds(text, phrase):
                return self.trunk.passages[position]
        return None


def _holds(text: str, phrase: str) -> bool:
    at = text.find(phrase)
    while at >= 0:
        stop = at + len(phrase)
        before, after = text[at - 1 : at], text[stop : stop + 1]
        if not _runs_on(before, phrase[0]) and not _runs_on(phrase[-1], after):
            return True
        at = text.find(phrase, at + 1)
    return False


def _runs_on(left: str, right: str) -> bool:
    """Whether two neighbouring characters are parts of one word; scripts written without spaces have no such bond."""
    return left.isalnum() and right.isalnum() and max(left, right) < "\u2e80"
