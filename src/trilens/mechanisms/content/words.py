"""The words a text is about, for finding the sentence of a source that speaks of the same thing."""

import functools
import itertools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator

from trilens.mechanisms.content.glossary import GROUPS, PHRASES

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
_OF_ASKING = frozenset(
    (
        "long much many take takes taking took get gets getting got make makes making made lang lange viel viele dauer dauert dauern bekomme bekommst "
        "bekommt bekommen erfolgt erfolgen macht machen sorry afraid leider yes "
        "ja nein once since wann seit ab each vorbei"
    ).split()
)
"""They ask for a value, carry one or answer in a word, whatever it is about: `how long does it take`."""
_STOP = _ENGLISH | _GERMAN | _OF_COMPARISON | _OF_ASKING
_ENDINGS = ("ungen", "ingly", "ung", "ing", "ies", "ern", "ed", "en", "er", "em", "es", "ly", "e", "n", "s", "t", "y")
_SHORTEST_STEM = 4
_SHORTEST_PART = 4


def stems(text: str) -> tuple[str, ...]:
    """The content words of a folded text, each once and as its stem; a word or a phrase of the glossary as what it stands for."""
    words = _WORD.findall(text.lower())
    found = dict.fromkeys(itertools.chain.from_iterable(map(_concepts, words)))
    for some, others, meant in _PHRASES:
        if not some.isdisjoint(words) and not others.isdisjoint(words):
            found[meant] = None
    return tuple(found)


def is_known(stem: str) -> bool:
    """Whether it is a word of the glossary, which another language has a word for."""
    return stem in _CONCEPTS


@functools.lru_cache(maxsize=16_384)
def _concepts(word: str) -> tuple[str, ...]:
    if word in _STOP:
        return ()
    plain = _stem(word)
    known = _MEANINGS.get(plain)
    return known if known is not None else (plain, *_parts(word))


def _parts(word: str) -> tuple[str, ...]:
    """What a compound is made of, where the glossary has its first part: `Versandkosten`, `Rückgabefrist`."""
    for end in range(len(word) - _SHORTEST_PART, _SHORTEST_PART, -1):
        first = _MEANINGS.get(_stem(word[:end]))
        if first is not None:
            return (*first, *_MEANINGS.get(_stem(word[end:].removeprefix("s")), ()))
    return ()


def _stem(word: str) -> str:
    """One form for `refund`, `refunds` and `refunded`, and for `Erstattung` and `erstatten`; crude on purpose, equal on both sides."""
    plain = word.replace("ß", "ss")
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))
    for ending in _ENDINGS:
        if plain.endswith(ending) and len(plain) - len(ending) >= _SHORTEST_STEM:
            return plain[: -len(ending)]
    return plain


def _meanings() -> Iterator[tuple[str, tuple[str, ...]]]:
    meant: defaultdict[str, list[str]] = defaultdict(list)
    for group in GROUPS:
        for word in group.split():
            meant[_stem(word)].append(_stem(group.split()[0]))
    return ((word, tuple(dict.fromkeys(concepts))) for word, concepts in meant.items())


_MEANINGS = dict(_meanings())
"""By stem. A few words stand for two things: what a delivery costs is what shipping costs."""
_CONCEPTS = frozenset(concept for concepts in _MEANINGS.values() for concept in concepts)
_PHRASES = tuple((frozenset(some.split()), frozenset(others.split()), _stem(meant)) for some, others, meant in PHRASES)


def language_of(text: str) -> str:
    """`en`, `de`, or empty when its small words do not tell."""
    words = _WORD.findall(text.lower())
    english = sum(1 for word in words if word in _ENGLISH)
    german = sum(1 for word in words if word in _GERMAN)
    if english == german:
        return ""
    return "en" if english > german else "de"
