"""Text to `Document`, or every reason why not. Linear in the text, whatever it holds: bounded in size and depth, no recursion."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from trilens.declare.document import Branch, Document, Entry, Leaf, Node, Page, Row, Span
from trilens.errors import ManifestError

LARGEST = 262_144
"""Characters."""
DEEPEST = 16

_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters
    "\u200b\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\uffff"  # no width, line separators, bidi, specials
    "\U000e0000-\U000e0fff\ud800-\udfff]"  # tags; lone surrogates
)
_MORE = 20
"""Problems of one kind that are listed."""


def compose(text: str, file: str) -> Document:
    """Read the text as a tree.

    Raises:
        ManifestError: it is not the part of YAML a manifest is written in; `problems` holds all that could be told.
    """
    page = Page(file, text.removeprefix("\ufeff"))
    problems = _character_problems(page) or _Composer(page).run()
    if isinstance(problems, Document):
        return problems
    raise together(problems)


def together(problems: list[ManifestError]) -> ManifestError:
    """One error that carries all of them, in the order of the text; at least one."""
    ordered = sorted(problems, key=lambda p: (p.place.line, p.place.column) if p.place else (0, 0))
    first = ordered[0]
    return ManifestError(first.code, first.message, help=first.help, place=first.place, problems=tuple(ordered))


def find_unseen(text: str) -> Iterator[Span]:
    """Characters that have no picture and may act on how the rest is read."""
    return (Span(*found.span()) for found in _UNSEEN.finditer(text))


def _character_problems(page: Page) -> list[ManifestError]:
    if len(page.text) > LARGEST:
        message = f"expected at most {LARGEST} characters, got {len(page.text)}"
        return [
            ManifestError("manifest/too-large", message, help="move long texts into files under `prompts` or `sources`")
        ]
    problems = [
        page.error(
            "manifest/hidden-character",
            f"character U+{ord(page.text[span.start]):04X} cannot be seen by a reviewer",
            span=span,
            hint="delete it",
        )
        for span in find_unseen(page.text)
    ]
    problems += [
        page.error("manifest/tab", "a tab is not allowed", span=Span(*found.span()), hint="use spaces")
        for found in re.finditer(r"\t+", page.text)
    ]
    problems += [
        page.error(
            "manifest/directive", "a `%` directive is not allowed", span=Span(*found.span()), hint="delete the line"
        )
        for found in re.finditer(r"^%[^\r\n]*", page.text, re.MULTILINE)
    ]
    return problems[:_MORE]


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being read."""

    start: int
    is_map: bool
    is_flow: bool
    entries: list[tuple[Leaf, Node, list[Leaf]]] = field(default_factory=list)
    """Key, value, and what follows the value after commas."""
    items: list[Node] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    key: Leaf | None = None
    skips: bool = False
    """The key was refused; its value is read and dropped."""


class _TooDeepError(Exception):
    """Ends the reading."""


class _Composer:
    """One reading. `run` is the whole of it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.problems: list[ManifestError] = []
        self.open: list[_Open] = []
        self.root: Node | None = None
        self.documents = 0

    def run(self) -> Document | list[ManifestError]:
        yaml = YAML(typ="safe", pure=True)
        try:
            for event in yaml.parse(self.page.text):
                self.take(event)
        except MarkedYAMLError as error:
            self.syntax(error)
        except (YAMLError, ValueError, OverflowError):  # the scanner's answer to an escape beyond Unicode
            self.refuse("manifest/syntax", "cannot be read as YAML", _bad_escape(self.page.text), "correct the escape")
        except _TooDeepError:
            pass
        if self.problems:
            return self.problems
        if not isinstance(self.root, Branch):
            what = (
                "nothing"
                if self.root is None or self.root == Leaf("", plain=True, span=self.root.span)
                else "something else"
            )
            self.refuse(
                "manifest/not-a-manifest",
                f"expected keys such as `system:`, got {what}",
                Span(0, 1),
                "`trilens init` writes a first manifest",
            )
            return self.problems
        return Document(self.page, self.root)

    def refuse(self, code: str, message: str, span: Span, hint: str) -> None:
        self.problems.append(self.page.error(code, message, span=span, hint=hint))

    def syntax(self, error: MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        at = min(mark.index, len(self.page.text)) if mark else 0
        said = _one_line(error.problem or error.context or "")
        self.refuse("manifest/syntax", f"cannot be read as YAML: {said}", Span(at, at + 1), _syntax_hint(said))

    def take(self, event: Event) -> None:
        span = Span(event.start_mark.index, event.end_mark.index)
        if getattr(event, "anchor", None):
            self.refuse(
                "manifest/anchor", "anchors and aliases are not allowed", span, "write the value out where it is used"
            )
        tag: object = getattr(event, "tag", None)
        if tag:
            self.refuse("manifest/tag", f"tag `{_one_line(str(tag))}` is not allowed", span, "delete it")
        match event:
            case DocumentStartEvent():
                self.documents += 1
                if self.documents == 2:
                    self.refuse(
                        "manifest/second-document",
                        "a manifest is one document",
                        span,
                        "delete the `---` and what follows",
                    )
            case MappingStartEvent() | SequenceStartEvent():
                self.start(event, span)
            case MappingEndEvent() | SequenceEndEvent():
                self.put(self.close(self.open.pop(), span))
            case ScalarEvent():
                self.put(self.leaf(event.value, span, plain=event.implicit[0]))
            case AliasEvent():
                self.put(Leaf("", plain=True, span=span))
            case _:
                pass

    def leaf(self, text: str, span: Span, *, plain: bool) -> Leaf:
        unseen = next(find_unseen(text), None)
        if unseen is not None:  # it was written as an escape
            message = f"text holds character U+{ord(text[unseen.start]):04X}, which nobody can see"
            self.refuse("manifest/hidden-character", message, span, "delete it")
        return Leaf(text, plain, span)

    def start(self, event: MappingStartEvent | SequenceStartEvent, span: Span) -> None:
        if len(self.open) == DEEPEST:
            self.refuse("manifest/too-deep", f"expected at most {DEEPEST} levels", span, "a manifest needs seven")
            raise _TooDeepError
        self.open.append(_Open(span.start, isinstance(event, MappingStartEvent), bool(event.flow_style)))

    def close(self, done: _Open, span: Span) -> Node:
        whole = Span(done.start, span.stop if done.is_flow else span.start)
        if not done.is_map:
            return Row(tuple(done.items), whole)
        return Branch(tuple(Entry(key, value, tuple(rest)) for key, value, rest in done.entries), whole)

    def put(self, node: Node) -> None:
        if not self.open:
            if self.documents == 1:
                self.root = node
            return
        into = self.open[-1]
        if not into.is_map:
            into.items.append(node)
        elif into.key is None and not into.skips:
            self.put_key(node, into)
        else:
            self.put_value(node, into)

    def put_key(self, node: Node, into: _Open) -> None:
        if not isinstance(node, Leaf):
            self.refuse("manifest/key", "a key is plain text, got a list or mapping", node.span, "write `key: value`")
            into.skips = True
        elif node.text == "<<":
            self.refuse("manifest/merge-key", "merge keys are not allowed", node.span, "write the keys out")
            into.skips = True
        else:
            into.key = node

    def put_value(self, node: Node, into: _Open) -> None:
        key, into.key = into.key, None
        if key is None:
            into.skips = False
            return
        has_colon = ":" in self.page.text[key.span.stop : node.span.start] or not key.plain
        value_before, rest = into.entries[-1][1:] if into.entries else (None, [])
        if into.is_flow and not has_colon and isinstance(value_before, Leaf) and value_before.plain:
            rest.append(key)
        elif key.text in into.seen:
            self.refuse(
                "manifest/duplicate-key", f"key `{_one_line(key.text)}` is written twice", key.span, "keep one of them"
            )
        else:
            into.seen.add(key.text)
            into.entries.append((key, node, []))


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text).split())[:120]


def _bad_escape(text: str) -> Span:
    found = (m for m in re.finditer(r"\\U([0-9A-Fa-f]{8})", text) if int(m[1], 16) > sys.maxunicode)
    first = next(found, None)
    return Span(*first.span()) if first else Span(0, 1)


def _syntax_hint(said: str) -> str:
    if "mapping values are not allowed" in said or "expected ',' or '}'" in said:
        return "put text that holds `: `, `, ` or `#` in double quotes"
    if "cannot start any token" in said:
        return "put text that starts with a special character in double quotes"
    return "check indentation, brackets and quotes up to this line"
