"""The words a text is about, for finding the sentence of a source that speaks of the same thing."""

import functools
import re
import unicodedata
from collections.abc import Iterator

from trilens.mechanisms.content.glossary import GROUPS

# one class, repeated: the standard engine is linear here
_WORD = re.compile(r"[^\W\d_]{2,}")
_ENGLISH = frozenset(
    (
        "a about after all also am an and any are as at be because been before being but by can could did do does for from had has have he "
        "her here his how however i if in into is it its just may me more most must my no nor not of on only or other our out over own "
        "per please she should so some such than that the their them then there these they this those through to too under until up upon us very "
        "was we were what when where which while who whom why will with within without would yes you your yours"
    ).split()
)
_GERMAN = frozenset(
    (
        "aber alle als also am an auch auf aus bei beim bin bis bist bitte da damit dann das dass dein dem den denn der des die dies diese "
        "dieser dieses doch du durch ein eine einem einen einer eines er es euch euer für hat habe haben hatte hier ich ihm ihn ihnen ihr ihre "
        "ihrem ihren ihrer im in innerhalb ist ja jede jeder jedes kann kein keine können man mehr mein mich mir mit muss müssen nach nicht "
        "noch nur ob oder ohne pro je sehr sein seine sich sie sind so soll sollte über um und uns unser unsere unter vom von vor war waren was weil "
        "wenn werden wie wieder wir wird wo würde zu zum zur"
    ).split()
)
_OF_COMPARISON = frozenset(
    (
        "least less longer shorter fewer higher lower later latest earlier earliest above below beyond exceed exceeds exceeding maximum minimum max min limited "
        "mindestens wenigstens höchstens maximal weniger höher länger kürzer später spätestens früher frühestens binnen oberhalb unterhalb"
    ).split()
)
"""They say on which side of a value one is, which is compared by itself."""
_STOP = _ENGLISH | _GERMAN | _OF_COMPARISON
_ENDINGS = ("ungen", "ingly", "ung", "ing", "ies", "ern", "ed", "en", "er", "em", "es", "ly", "e", "n", "s", "t", "y")
_SHORTEST_STEM = 4


def stems(text: str) -> Iterator[str]:
    """The content words of a folded text, each as its stem."""
    for word in _WORD.findall(text.lower()):
        if word not in _STOP:
            yield _concept(word)


@functools.lru_cache(maxsize=16_384)
def _concept(word: str) -> str:
    plain = _stem(word)
    return _ONE_FOR_MANY.get(plain, plain)


def _stem(word: str) -> str:
    """One form for `refund`, `refunds` and `refunded`, and for `Erstattung` and `erstatten`; crude on purpose, equal on both sides."""
    plain = word.replace("ß", "ss")
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))
    for ending in _ENDINGS:
        if plain.endswith(ending) and len(plain) - len(ending) >= _SHORTEST_STEM:
            return plain[: -len(ending)]
    return plain


_ONE_FOR_MANY = {_stem(word): _stem(group.split()[0]) for group in GROUPS for word in group.split()}


def language_of(text: str) -> str:
    """`en`, `de`, or empty when its small words do not tell."""
    words = _WORD.findall(text.lower())
    english = sum(1 for word in words if word in _ENGLISH)
    german = sum(1 for word in words if word in _GERMAN)
    if english == german:
        return ""
    return "en" if english > german else "de"
