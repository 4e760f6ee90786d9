"""`system.yaml` to `System`, or everything that is wrong with it. The order of the steps is here.

1 compose      text to a tree with places                 a strict part of YAML 1.2
2 data         the tree as plain data                     no empty keys, no stray words
3 shape        unknown keys, types, words, spellings      shape/
4 references   names that must exist                      references.py
5 files        prompts and sources                        never from outside the manifest's folder
6 rules        what keys say about each other             rules.py
7 build        all of it holds, or nothing is made        build.py
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol

from trilens.declare.build import build
from trilens.declare.compose import compose, together
from trilens.declare.document import Document, Loc, Plain, plain_data, spelled_path
from trilens.declare.files import read_files
from trilens.declare.hiding import hidden_spans
from trilens.declare.references import reference_problems
from trilens.declare.rules import manifest_rules
from trilens.declare.shape.manifest import ManifestShape
from trilens.declare.shaping import MOST, shape
from trilens.errors import ManifestError
from trilens.vocabulary.system import System


class GuardSheet(Protocol):
    """What a manifest must know of a guard: that it exists."""

    @property
    def id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that holds together, with the places of what it says."""

    system: System
    written: ManifestShape
    document: Document
    joined: tuple[Loc, ...]
    """Unquoted texts in `{}` that hold a comma: read as meant, though other readers of YAML see two keys."""


def parse(
    text: str,
    sheets: Iterable[GuardSheet],
    *,
    file: str = "system.yaml",
    environment: Mapping[str, str],
    read: Callable[[str], str],
) -> System:
    """The system that `text` declares; see `parse_manifest`."""
    return parse_manifest(text, sheets, file=file, environment=environment, read=read).system


def parse_manifest(
    text: str,
    sheets: Iterable[GuardSheet],
    *,
    file: str = "system.yaml",
    environment: Mapping[str, str],
    read: Callable[[str], str],
) -> Manifest:
    """Read a manifest.

    Args:
        sheets: the installed guards; `reduced_by` names them.
        environment: variables that `base_url: $NAME` may name. One that is not set is recorded as an empty address.
        read: gives the text of a path relative to the manifest; raises OSError, ValueError or ManifestError. See `files.reader`.

    Raises:
        ManifestError: anything is wrong; `problems` holds all of it in the order of the text, at most a few hundred.
    """
    document = compose(text, file)
    plain = plain_data(document, is_prose)
    document = replace(document, hidden=hidden_spans(document))
    shaped = shape(document, plain.data, empty=plain.empty)
    guards = [sheet.id for sheet in sheets]
    files = read_files(document, plain.data, read)
    problems = [
        *islice(_emptiness(document, plain), MOST),
        *shaped.problems,
        *islice(reference_problems(document, plain.data, guards=guards, misspelt=shaped.misspelt), MOST),
        *files.problems[:MOST],
        *islice(_broken_rules(document, shaped.rest), MOST),
    ]
    if problems or shaped.manifest is None:
        raise together(problems)
    system = build(shaped.manifest, document, texts=files.texts, environment=environment)
    return Manifest(system, shaped.manifest, document, plain.joined)


def is_prose(loc: Loc) -> bool:
    """Whether text for people stands there, in which a comma is a comma."""
    match loc:
        case ("purposes", _) | ("compliance", "disclosure", "text", _) | ("tools", _, "approval", "never"):
            return True
        case ("safety", "hazards", _, "to"):
            return True
        case _:
            return False


def _emptiness(document: Document, plain: Plain) -> Iterator[ManifestError]:
    for loc in plain.empty:
        message = f"`{spelled_path(loc)}` has no value"
        yield document.error("manifest/no-value", message, at=loc, key=True, hint="write a value, or delete the key")
    for loc, leaf in plain.stray:
        hint = "write `key: value`; text that holds a comma stands in double quotes"
        yield document.stray("manifest/no-value", leaf, str(loc[-1]), hint)


def _broken_rules(document: Document, manifest: ManifestShape | None) -> Iterator[ManifestError]:
    for breach in manifest_rules(manifest) if manifest else ():
        yield document.error(breach.code, breach.message, at=breach.at, key=breach.key, hint=breach.hint)
