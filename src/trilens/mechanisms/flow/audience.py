"""Who may read what is sent: every value of the conversation that a text carries must have the receiver among its readers.

What a model writes is opaque, so it is judged by the distinctive values it contains: addresses, links, ids, account and long numbers,
and fields of several words. A single common word, a short number, a date or a paraphrase is not seen.
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise

from trilens.mechanisms.flow.addresses import Found
from trilens.mechanisms.flow.atoms import atoms_of
from trilens.mechanisms.flow.flow import Flow, Passage
from trilens.vocabulary.label import NOBODY

_LONG_NUMBER = 5
_SHORTEST_ID = 4
_NUMERIC = re.compile(r"[\d\W_]*+")


@dataclass(frozen=True, slots=True)
class Leak:
    """A value that its receiver may not read, as far as anybody declared."""

    atom: str
    passage: Passage

    @property
    def has_readers(self) -> bool:
        """Whether anybody is declared as its reader; nobody means that nothing was declared."""
        return self.passage.label.readers != NOBODY


def leaks(
    found: Found, *, flow: Flow, readers: AbstractSet[str], without: AbstractSet[str] = frozenset()
) -> tuple[Leak, ...]:
    """The distinctive values of a text that none of their origins lets `readers` read, in a stable order.

    Args:
        found: the text, with its addresses and links.
        readers: every name the receiver goes by, such as `customer:C-17`.
        without: addresses and links that are not carried, since they are where it goes.
    """
    leaking: dict[str, Leak] = {}
    for key in sorted(_carried(found, without)):
        passage = _withheld(flow.mentions(key), readers)
        if passage is not None:
            leaking.setdefault(passage.path, Leak(key[1:], passage))
    if flow.trunk.index.has_phrases:
        for passage, phrase in _phrases(found.plain, flow):
            withheld = _withheld(flow.mentions(f"={phrase}"), readers)
            if withheld is not None:
                leaking.setdefault(passage.path, Leak(phrase, withheld))
    return tuple(leaking.values())


def _withheld(mentions: Iterator[Passage], readers: AbstractSet[str]) -> Passage | None:
    """The newest mention when no mention lets the receiver read it."""
    newest: Passage | None = None
    for passage in mentions:
        allowed = passage.label.readers
        if allowed.everyone or not readers.isdisjoint(allowed.names):
            return None
        # a declared audience says more than an absent one
        if newest is None or (newest.label.readers == NOBODY and allowed != NOBODY):
            newest = passage
    return newest


def _carried(found: Found, without: AbstractSet[str]) -> Iterator[str]:
    for key in atoms_of(found.plain):
        if _tells_somebody_apart(key):
            yield key
    for address in found.addresses:
        if address not in without:
            yield f"@{address}"
    for link in found.links:
        if link.url not in without:
            yield f"u{link.url}"


def _tells_somebody_apart(key: str) -> bool:
    """Whether an atom is rare enough that its presence is no coincidence."""
    kind, core = key[0], key[1:]
    match kind:
        case "i":
            return len(core) >= _SHORTEST_ID and "@" not in core and not _NUMERIC.fullmatch(core)
        case "n":
            return True
        case "#":
            return len(core) > _LONG_NUMBER and len(core.replace(".", "")) >= _LONG_NUMBER
        case _:
            return False


def _phrases(plain: str, flow: Flow) -> Iterator[tuple[Passage, str]]:
    """Fields of several words that the text holds word for word, in the order of the conversation."""
    words = [word.strip(".,:;!?()[]\"'„“”«»") for word in plain.split()]
    passages = flow.passages
    for position, phrase in sorted(flow.trunk.index.phrases(set(pairwise(words)), len(passages))):
        if phrase in plain:
            yield passages[position], phrase
