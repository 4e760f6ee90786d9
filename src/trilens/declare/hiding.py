"""Values that are never shown, because a secret may have been written there by mistake."""

import re
from collections.abc import Iterator

from trilens.declare.document import Branch, Document, Entry, Leaf, Span, leaves
from trilens.declare.shape.components import KEY, ModelShape
from trilens.declare.shape.manifest import ManifestShape

_SECTIONS = frozenset(ManifestShape.model_fields)
_SHOWN = frozenset(ModelShape.model_fields) - {"key", "base_url"}


def hidden_spans(document: Document) -> tuple[Span, ...]:
    """Spans below `models` that may hold a key: where one belongs, under a misspelt name, or inside an address.

    A section nobody knows is treated as if it were `models`: it may be that, misspelt.
    """
    sections = (e.value for e in document.root.entries if e.key.text == "models" or e.key.text not in _SECTIONS)
    return tuple(
        leaf.span
        for section in sections
        if isinstance(section, Branch)
        for model in section.entries
        if isinstance(model.value, Branch)
        for entry in model.value.entries
        for leaf in _secret_leaves(entry)
    )


def _secret_leaves(entry: Entry) -> Iterator[Leaf]:
    if entry.key.text in _SHOWN:
        return
    for leaf in (*leaves(entry.value), *entry.rest):
        is_address = leaf.text.startswith("$") or not set("@?#;") & set(leaf.text)
        is_reference = re.fullmatch(KEY, leaf.text) is not None or (entry.key.text == "base_url" and is_address)
        if not is_reference:
            yield leaf
