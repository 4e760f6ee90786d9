"""YAML 1.2 as a tree in which everything knows its place. A small, strict part of YAML: what a reviewer sees is what is meant.

No anchors, aliases, tags, directives, merge keys or second documents; no key twice; no tab; no invisible character. Plain words mean
what YAML 1.2 says: `true` and `false` are booleans, `yes`, `no`, `on` and `off` are text, dates are text.

Source: YAML 1.2.2 section 10.3.2 (core schema), read 2026-11-24.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from trilens.declare.secrets import MASK, masked
from trilens.errors import ManifestError, Place

Loc: TypeAlias = tuple[str | int, ...]
"""Where in the tree: keys and list positions from the top."""

Data: TypeAlias = "str | int | float | bool | list[Data] | dict[str, Data] | None"

_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:[0-9]{1,30}\.[0-9]{0,30}|\.[0-9]{1,30}|[0-9]{1,30}(?=[eE]))(?:[eE][-+]?[0-9]{1,2})?")
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


_LONGEST_LINE = 2_000
_MAYBE_KEY = re.compile(
    r"\b(?:key|base_url)[\"']?\s{0,9}:\s{0,9}(?!env:[A-Za-z_]\w{0,63}\b|\$[A-Za-z_]\w{0,63}\b)([^\s{}\[\]][^,}\n]{0,999})"
)


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `stop` (exclusive) of the text."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Leaf:
    text: str
    plain: bool
    """Written without quotes and not as a block."""
    span: Span


@dataclass(frozen=True, slots=True)
class Entry:
    key: Leaf
    value: "Node"
    rest: tuple[Leaf, ...] = ()
    """In `{a: b, c}`: the `c`, which has no colon and so can only be the end of an unquoted text."""


@dataclass(frozen=True, slots=True)
class Branch:
    entries: tuple[Entry, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Row:
    items: tuple["Node", ...]
    span: Span


Node: TypeAlias = Leaf | Branch | Row


@dataclass(frozen=True, slots=True)
class Page:
    """A text and the places in it."""

    file: str
    text: str
    starts: tuple[int, ...] = field(init=False)
    """Offsets at which lines start."""

    def __post_init__(self) -> None:
        ends = (found.end() for found in re.finditer(r"\r\n|\n|\r", self.text))
        object.__setattr__(self, "starts", (0, *ends))

    def place(self, span: Span, hidden: Iterable[Span] = ()) -> Place:
        """The place of `span`, with its line; secrets in the line are masked, and so are the `hidden` spans.

        A line too long to be read by anybody is not shown.
        """
        first, stop = self._line(span)
        line = self.text[first:stop].rstrip("\r\n")
        column = min(span.start - first, len(line))
        width = max(1, min(span.stop - first, len(line)) - column)
        shown = masked(line) if len(line) <= _LONGEST_LINE else ""
        for secret in hidden:
            start, end = max(secret.start - first, 0), min(secret.stop - first, len(line))
            if start < end and shown:
                shown = shown[:start] + MASK * (end - start) + shown[end:]
        return Place(self.file, bisect_right(self.starts, first), column + 1, width, shown)

    def error(self, code: str, message: str, *, span: Span, hint: str = "") -> ManifestError:
        """An error about text whose structure is not known: whatever follows `key:` on its line may be a key."""
        hidden = (Span(*found.span(1)) for found in _MAYBE_KEY.finditer(self.text, *self._line(span)))
        return ManifestError(code, masked(message), help=masked(hint), place=self.place(span, hidden))

    def _line(self, span: Span) -> tuple[int, int]:
        number = bisect_right(self.starts, span.start) - 1
        return self.starts[number], self.starts[number + 1] if number + 1 < len(self.starts) else len(self.text)


@dataclass(frozen=True, slots=True)
class Document:
    """The tree of one manifest."""

    page: Page
    root: Branch
    hidden: tuple[Span, ...] = ()
    """What is never shown, whatever it looks like: it stands where a secret may have been written."""

    def node(self, loc: Loc) -> Node:
        """The node at `loc`, or the nearest one above it; steps that are not in the tree are passed over."""
        node: Node = self.root
        for step in loc:
            below = _step(node, step)
            if below is not None:
                node = below if not isinstance(below, Entry) else below.value
        return node

    def span(self, loc: Loc, *, key: bool = False) -> Span:
        """Of the value at `loc`, or of its key; a value that spans lines, or is empty, is shown by its key."""
        node: Node = self.root
        shown = Span(0, 1)
        for step in loc:
            match _step(node, step):
                case None:
                    continue
                case Entry() as entry:
                    node = entry.value
                    is_seen = (
                        self.page.text[node.span.start : node.span.stop].count("\n")
                        == 0
                        < node.span.stop - node.span.start
                    )
                    shown = entry.key.span if key or not is_seen else node.span
                case below:
                    node, shown = below, below.span
        return shown

    def place(self, loc: Loc, *, key: bool = False) -> Place:
        return self.page.place(self.span(loc, key=key), self.hidden)

    def is_hidden(self, loc: Loc) -> bool:
        return self.node(loc).span in self.hidden

    def stray(self, code: str, leaf: Leaf, after: str, hint: str) -> ManifestError:
        """An error about a word that belongs to no key."""
        word = "something" if leaf.span in self.hidden else f"`{' '.join(leaf.text.split())[:60]}`"
        place = self.page.place(leaf.span, self.hidden)
        return ManifestError(code, masked(f"{word} after `{after}` has no value"), help=hint, place=place)

    def error(self, code: str, message: str, *, at: Loc, key: bool = False, hint: str = "") -> ManifestError:
        return ManifestError(code, masked(message), help=masked(hint), place=self.place(at, key=key))


def _step(node: Node, step: str | int) -> "Node | Entry | None":
    match node, step:
        case Branch(), str():
            return next((entry for entry in node.entries if entry.key.text == step), None)
        case Row(), int() if 0 <= step < len(node.items):
            return node.items[step]
        case _:
            return None


def spelled_path(loc: Loc) -> str:
    """`tools.refund.limits[0].max`."""
    text = ""
    for step in loc:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


@dataclass(frozen=True, slots=True)
class Plain:
    """A tree as plain data."""

    data: dict[str, Data]
    joined: tuple[Loc, ...]
    """Texts that were put together across an unquoted comma."""
    stray: tuple[tuple[Loc, Leaf], ...]
    """Words after a comma that continue no text: (the key they follow, the word)."""
    empty: tuple[Loc, ...]
    """Keys and list items without a value. The data leave such keys out; such items stay, so that positions stay right."""


def plain_data(document: Document, is_prose: Callable[[Loc], bool]) -> Plain:
    """Read the tree as data. Where `is_prose`, `{a: one, two}` is the text `one, two`, as its author meant it."""
    joined: list[Loc] = []
    stray: list[tuple[Loc, Leaf]] = []
    empty: list[Loc] = []

    def read(node: Node, loc: Loc) -> Data:
        match node:
            case Leaf():
                return resolved(node)
            case Row():
                return [present(read(item, (*loc, n)), (*loc, n)) for n, item in enumerate(node.items)]
            case Branch():
                return read_branch(node, loc)

    def read_branch(branch: Branch, loc: Loc) -> dict[str, Data]:
        read_entries = ((entry.key.text, read_entry(entry, (*loc, entry.key.text))) for entry in branch.entries)
        return {key: value for key, value in read_entries if present(value, (*loc, key)) is not None}

    def read_entry(entry: Entry, loc: Loc) -> Data:
        if not entry.rest:
            return read(entry.value, loc)
        if not is_prose(loc):
            stray.extend((loc, leaf) for leaf in entry.rest)
            return read(entry.value, loc)
        joined.append(loc)
        written = document.page.text[entry.value.span.start : entry.rest[-1].span.stop]
        return " ".join(written.split())

    def present(value: Data, loc: Loc) -> Data:
        if value is None:
            empty.append(loc)
        return value

    return Plain(read_branch(document.root, ()), tuple(joined), tuple(stray), tuple(empty))


def resolved(leaf: Leaf) -> str | int | float | bool | None:
    """What a scalar means."""
    text = leaf.text
    if not leaf.plain:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def leaves(node: Node) -> Sequence[Leaf]:
    """Every scalar below `node`, keys included."""
    match node:
        case Leaf():
            return [node]
        case Row():
            return [leaf for item in node.items for leaf in leaves(item)]
        case Branch():
            return [leaf for entry in node.entries for leaf in (entry.key, *leaves(entry.value), *entry.rest)]
