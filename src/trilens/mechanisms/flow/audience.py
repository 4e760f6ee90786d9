"""Who may read what is sent: every value of the conversation that a text carries must have the receiver among its readers.

What a model writes is opaque, so it is judged by the distinctive values it contains: addresses, links, ids, account and long numbers,
and fields of one word of four letters and of several. What the person or the operator said, or a public document holds, is no secret. A
word out of a longer field, a short number, a date or a paraphrase is not seen.
"""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise

from trilens.mechanisms.flow.addresses import Found
from trilens.mechanisms.flow.atoms import atoms_of, single_spaced, words_of
from trilens.mechanisms.flow.flow import Flow, Passage
from trilens.mechanisms.flow.spellings import unmarked
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
    shown = _shown(found)
    for key in sorted(set(_carried(found, shown, without))):
        passage = _withheld(flow.mentions(key), readers)
        if passage is not None:
            leaking.setdefault(passage.path, Leak(key[1:], passage))
    for phrase in _fields(shown, flow):
        passage = _withheld(flow.mentions(f"={phrase}"), readers)
        if passage is not None and not (" " not in phrase and _is_told(phrase, flow)):
            leaking.setdefault(passage.path, Leak(phrase, passage))
    return tuple(leaking.values())


def _shown(found: Found) -> Sequence[str]:
    """Every reading, and what Markdown shows of it."""
    return tuple(dict.fromkeys((*found.spelled, *map(unmarked, found.spelled))))


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


def _carried(found: Found, shown: Sequence[str], without: AbstractSet[str]) -> Iterator[str]:
    for reading in shown:
        yield from filter(_tells_somebody_apart, atoms_of(reading))
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


def _phrases(plain: str, flow: Flow) -> Iterator[str]:
    """Fields of several words that the text holds word for word, in the order of the conversation."""
    words = [word.strip(".,:;!?()[]\"'„“”«»") for word in plain.split()]
    for _, phrase in sorted(flow.trunk.index.phrases(set(pairwise(words)), len(flow.passages))):
        if phrase in plain:
            yield phrase


def _fields(shown: Sequence[str], flow: Flow) -> Iterator[str]:
    """Fields of one word and of several that the text holds, folded."""
    index = flow.trunk.index
    for reading in shown:
        if index.has_phrases:
            yield from _phrases(reading, flow)
        if index.has_words:
            yield from index.words(reading, len(flow.passages))


def _is_told(word: str, flow: Flow) -> bool:
    """Whether a single word is nobody's secret: the person or the operator said it, or a public document holds it."""
    if flow.says(word) is not None:
        return True
    public = (source for source in flow.trunk.beginning.passages if source.label.readers.everyone)
    return any(word in words_of(single_spaced(source.text)) for source in public)
