"""A one-letter typo of any key of the manifest is refused, and the right key is among the suggestions.

Keys the author chooses are no keys in this sense: names of purposes, people, models, prompts, sources, tools, arguments, fields, agents,
data categories and retention classes, and languages. They are told apart by the shapes: a mapping with known keys is a `Shape`.
"""

import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.declare.compose import compose
from trilens.declare.document import Branch, Document, Leaf, Loc, Node, Row, plain_data
from trilens.declare.keys import known_keys
from trilens.declare.parse import Manifest
from trilens.declare.shape.base import LONG
from trilens.declare.suggest import nearest
from trilens.errors import ManifestError

Read: TypeAlias = Callable[..., Manifest]

TEXT = (Path(__file__).parent / "vectors" / "design-13.yaml").read_text(encoding="utf-8")
MARKS = {("tools", "*", "args", "*"): LONG, ("tools", "*", "approval"): LONG, ("agents", "*", "tools", "*"): LONG}


@dataclass(frozen=True)
class Key:
    loc: Loc
    leaf: Leaf


def keys_of(node: Node, loc: Loc = ()) -> Iterator[Key]:
    match node:
        case Branch():
            for entry in node.entries:
                at = (*loc, entry.key.text)
                if entry.key.text in known_keys(as_checked(loc)):
                    yield Key(at, entry.key)
                yield from keys_of(entry.value, at)
        case Row():
            for position, item in enumerate(node.items):
                yield from keys_of(item, (*loc, position))
        case _:
            return


def as_checked(loc: Loc) -> Loc:
    """The location with the mark of the long form after what has a short form too."""
    for pattern, mark in MARKS.items():
        if len(loc) == len(pattern) and all(p in ("*", step) for p, step in zip(pattern, loc, strict=True)):
            return (*loc, mark)
    return loc


DOCUMENT: Document = compose(TEXT, "system.yaml")
KEYS = list(keys_of(DOCUMENT.root))


def typos(word: str) -> Iterator[str]:
    """Every word one letter away: one left out, swapped with its neighbour, changed, or put in."""
    for n in range(len(word)):
        yield word[:n] + word[n + 1 :]
        yield word[:n] + word[n + 1 : n + 2] + word[n] + word[n + 2 :]
        yield from (word[:n] + letter + word[n + 1 :] for letter in string.ascii_lowercase)
    for n in range(len(word) + 1):
        yield from (word[:n] + letter + word[n:] for letter in string.ascii_lowercase)


def test_keys_are_told_from_names() -> None:
    spelled = {".".join(str(step) for step in key.loc) for key in KEYS}
    assert {"models", "models.chat.base_url", "tools.refund.limits.0.max", "tools.refund.args.amount.class"} <= spelled
    assert {"tools.refund.approval.when", "compliance.data.contact.basis", "safety.hazards.0.to"} <= spelled
    assert spelled.isdisjoint({"models.chat", "tools.refund.args.order_id", "compliance.disclosure.text.en"})
    assert len(KEYS) > 90


@pytest.mark.requirement("V1")
@given(data=st.data())
def test_typo_of_a_key_is_refused_with_the_right_key(data: st.DataObject, read_manifest: Read) -> None:
    key = data.draw(st.sampled_from(KEYS))
    siblings = {other.loc[-1] for other in KEYS if other.loc[:-1] == key.loc[:-1]}
    typo = data.draw(st.sampled_from(sorted(t for t in set(typos(key.leaf.text)) if t and t not in siblings)))
    text = TEXT[: key.leaf.span.start] + typo + TEXT[key.leaf.span.stop :]

    with pytest.raises(ManifestError) as caught:
        read_manifest(text)

    told = [p for p in caught.value.problems if p.code == "manifest/unknown-key"]
    assert any(f"`{typo}`" in p.message and f"`{key.leaf.text}`" in p.help for p in told), [str(p) for p in told]


def test_every_typo_of_every_key_is_near_its_key() -> None:
    for key in KEYS:
        known = known_keys(as_checked(key.loc[:-1]))
        for typo in set(typos(key.leaf.text)) - set(known) - {""}:
            assert key.leaf.text in nearest(typo, known), (typo, key.loc)


def test_design_manifest_parses_as_it_stands_and_means_the_shop(read_manifest: Read, shop: str) -> None:
    manifest = read_manifest(TEXT)
    assert manifest.joined == (("purposes", "support"),)
    assert manifest.system.digest == read_manifest(shop).system.digest
    assert plain_data(DOCUMENT, lambda _: False).stray
