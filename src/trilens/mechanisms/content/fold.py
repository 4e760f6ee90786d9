"""Text folded to one spelling for reading, with the way back to the text as it was.

The digits of every script, odd spaces and dashes become plain ones, letters with their marks become one, and what nobody sees (zero-width and
direction marks, soft hyphens) is taken out, so that a number with something invisible inside is read as a person reads it.
"""

import re
import unicodedata
from array import array
from dataclasses import dataclass

from trilens.vocabulary.verdict import Span

# single-character classes and one repetition each: the standard engine is linear here
_STRANGE = re.compile(r"[^\u0300-\u036f][\u0300-\u036f]+|[^\x00-\x7f]")
_ONE_FOR_ONE = {
    **dict.fromkeys("‐‑‒–—―−﹘﹣－", "-"),
    **dict.fromkeys("’‘ʼ′＇", "'"),
    **dict.fromkeys("“”„«»", '"'),
    **dict.fromkeys("\u2028\u2029\u0085", "\n"),
}
_RAISED = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉")
"""Right after a word or a number they are footnote marks and exponents, and no digits of it; elsewhere they are small digits."""
_ENDS_WORD = frozenset(".,;:!?)]}\"'*%")
_FRACTIONS = {"½": ".5", "¼": ".25", "¾": ".75"}


@dataclass(frozen=True, slots=True)
class Folded:
    """A text to read, and where each of its characters stood."""

    text: str
    starts: "array[int] | None" = None
    """Of each character: where its original starts; None when nothing moved."""
    stops: "array[int] | None" = None
    """Of each character: where its original ends."""

    def original(self, start: int, stop: int) -> Span:
        """The characters of the original that `start` to `stop` (exclusive, not empty) of the folded text came from."""
        if self.starts is None or self.stops is None:
            return Span(start, stop)
        return Span(self.starts[start], self.stops[stop - 1])


def fold(text: str) -> Folded:
    """Fold `text`; never raises, and costs nothing when it is ASCII."""
    if text.isascii():
        return Folded(text)
    parts: list[str] = []
    starts, stops = array("l"), array("l")
    position = 0
    run_on = -1
    for strange in _STRANGE.finditer(text):
        plain = range(position, strange.start())
        parts.append(text[position : strange.start()])
        starts.extend(plain)
        stops.extend(range(plain.start + 1, plain.stop + 1))
        before = text[strange.start() - 1] if strange.start() > 0 else " "
        if strange[0] in _RAISED and (strange.start() == run_on or not (before.isalnum() or before in _ENDS_WORD)):
            run_on = strange.end()
            folded = unicodedata.normalize("NFKC", strange[0])
        else:
            folded = _folded(strange[0], follows_digit=before.isdigit())
        parts.append(folded)
        starts.extend([strange.start()] * len(folded))
        stops.extend([strange.end()] * len(folded))
        position = strange.end()
    parts.append(text[position:])
    starts.extend(range(position, len(text)))
    stops.extend(range(position + 1, len(text) + 1))
    return Folded("".join(parts), starts, stops)


def _folded(cluster: str, *, follows_digit: bool) -> str:
    plain = _ONE_FOR_ONE.get(cluster)
    if plain is not None:
        return plain
    if cluster in _FRACTIONS:
        return _FRACTIONS[cluster] if follows_digit else "0" + _FRACTIONS[cluster]
    if cluster in _RAISED:
        return " "
    category = unicodedata.category(cluster[0])
    if category == "Cf" or "\ufe00" <= cluster[0] <= "\ufe0f":
        return ""
    if category == "Zs":
        return " "
    if category == "Cs":
        return "?" * len(cluster)
    if category == "Nd":
        return str(unicodedata.decimal(cluster[0])) + cluster[1:]
    return unicodedata.normalize("NFKC", cluster)
