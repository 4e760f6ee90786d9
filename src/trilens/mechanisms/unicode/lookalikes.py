"""Words written in two scripts of which one only lends letters that look like the other's: `pаypal` with a Cyrillic `а`.

A unit (`kΩ`, `μm`), a formula or an inflected loan word mixes scripts too, with letters that look like none of the other; it passes.
Source: UTS #39 section 5.1 (mixed scripts) and its confusables.txt 16.0, the single letters of Cyrillic and Greek that stand for a Latin one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trilens.mechanisms.content.scan import Pattern

_CYRILLIC = "аеорсухіјѕԁһԛԝѵӏАВЕКМНОРСТУХІЈЅԚԜӀҮ"
_GREEK = "οιΑΒΕΖΗΙΚΜΝΟΡΤΥΧϳϹ"
_LIKE_LATIN = frozenset(_CYRILLIC + _GREEK)
_MEETING = Pattern(r"[A-Za-z][\x{370}-\x{52f}]|[\x{370}-\x{52f}][A-Za-z]")
_WORD = re.compile("[A-Za-z\u0370-\u052f]+")
_FEWEST_LETTERS = 4


@dataclass(frozen=True, slots=True)
class Mixed:
    """A word that reads as Latin and is not."""

    start: int
    stop: int


def mixed_words(text: str) -> Iterator[Mixed]:
    """Words of at least four letters in which every letter that is not Latin looks like a Latin one."""
    if text.isascii() or _MEETING.search(text) is None:
        return
    for found in _WORD.finditer(text):
        word = found[0]
        strangers = {letter for letter in word if not letter.isascii()}
        is_mixed = 0 < len(strangers) < len(set(word))
        if is_mixed and len(word) >= _FEWEST_LETTERS and strangers <= _LIKE_LATIN:
            yield Mixed(found.start(), found.end())
