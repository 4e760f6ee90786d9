"""The words around a value: which side of it is meant, and whether it is a deadline."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from trilens.mechanisms.content.claim import Bound, ClaimKind, Found

_REACH = 60
"""Characters before and after a value that are read for it; so few that the standard engine is bounded whatever they say."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    bound: Bound
    is_deadline: bool
    comparator_start: int
    """Where the words in front that were read begin; the value's own start when there are none."""


@dataclass(frozen=True, slots=True)
class _Words:
    phrases: str
    """In small letters, with `|` between them; `(a/b/)` stands for a, for b, and for nothing."""
    bound: Bound
    is_deadline: bool
    kinds: frozenset[ClaimKind]
    ends_at: bool = False
    """Of a length: it names the last moment, which "no later than 48 hours before" puts at least 48 hours ahead."""


_ALL = frozenset(ClaimKind)
_TIMES = frozenset({ClaimKind.DURATION, ClaimKind.DATE, ClaimKind.MOMENT})
_POINTS = frozenset({ClaimKind.DATE, ClaimKind.MOMENT})
_LENGTHS = frozenset({ClaimKind.DURATION})
_SIZES = frozenset({ClaimKind.AMOUNT, ClaimKind.PERCENTAGE, ClaimKind.DURATION})

_IN_FRONT: tuple[_Words, ...] = (
    _Words(
        "at least|(not/no) (less/fewer) than|(a /)min(imum/./)( of/)|starting (at/from)|mindestens|wenigstens|nicht weniger als|nicht unter",
        Bound.AT_LEAST,
        False,
        _ALL,
    ),
    _Words(
        "(no/not) (more/longer/greater/higher) than|at most|up to|(a /)max(imum/./)( of/)|capped at|limited to|not over|not exceeding|höchstens|"
        "maximal|bis zu|nicht (mehr/länger/höher/später) als|nicht über|begrenzt auf",
        Bound.AT_MOST,
        False,
        _ALL,
    ),
    _Words(
        "more than|over|above|exceed(ing/s/)|beyond|(greater/longer/higher) than|in excess of|mehr als|von über|länger als|höher als|oberhalb von|"
        "übersteig(t/en)|überschreite(n/t)",
        Bound.MORE_THAN,
        False,
        _ALL,
    ),
    # "eine Erstattung über 450 EUR" is one of 450 EUR
    _Words("über", Bound.MORE_THAN, False, _ALL - {ClaimKind.AMOUNT}),
    _Words(
        "less than|under|below|fewer than|(shorter/lower) than|weniger als|unter|kürzer als|unterhalb von",
        Bound.LESS_THAN,
        False,
        _ALL,
    ),
    _Words("within|inside|innerhalb( von/)|binnen", Bound.AT_MOST, True, _TIMES),
    _Words(
        "(no/not) later than( after/)|at the latest|latest( by/)|spätestens( nach/ bis/ am/)",
        Bound.AT_MOST,
        True,
        _TIMES,
        True,
    ),
    _Words("until|till|bis( zum/ einschließlich/)", Bound.AT_MOST, True, _TIMES, True),
    _Words("bis", Bound.AT_MOST, False, _SIZES - _LENGTHS),
    _Words("by|due( on/)", Bound.AT_MOST, True, _POINTS),
    _Words("before|prior to|earlier than", Bound.LESS_THAN, True, _TIMES),
    _Words("vor( dem/)", Bound.LESS_THAN, True, _POINTS),
    _Words("after|later than|nach( dem/)|später als|nach ablauf von", Bound.MORE_THAN, True, _TIMES),
    _Words("from|as of|since|ab( dem/)|seit( dem/)", Bound.AT_LEAST, False, _POINTS | {ClaimKind.AMOUNT}),
    _Words("in", Bound.NONE, True, _LENGTHS),
)
_BEHIND: tuple[_Words, ...] = (
    _Words(
        "(or/and) (more/above/over/longer/later)|oder (mehr/länger/später)|und mehr|+",
        Bound.AT_LEAST,
        False,
        _ALL,
    ),
    _Words("(or/and) (less/fewer/under/shorter/below)|oder (weniger/kürzer)", Bound.AT_MOST, False, _ALL),
    _Words("at the latest|or (earlier/sooner)|spätestens|oder früher", Bound.AT_MOST, True, _TIMES),
    _Words("at most|max(imum/)|höchstens|maximal", Bound.AT_MOST, False, _ALL),
    _Words("at least|min(imum/)|mindestens", Bound.AT_LEAST, False, _ALL),
)
_FILLERS = frozenset(
    (
        "the a an of first next coming total period maximum about approximately around end einer eines der dem den die ersten nächsten kommenden frist "
        "zeitraum zeitraums von etwa rund ca ca. a am on this diesen order orders purchase purchases value bestellung bestellwert einem warenwert"
    ).split()
)
"""They may stand between a comparator and its value."""
_AHEAD = re.compile(r"(?i)\s(?:before|prior|in\sadvance|ahead|vorher|zuvor|vor|im\svoraus|davor)\b")
_DEADLINE_NOUN = r"window|period|deadline|term|time limit|\w*frist|\w*zeitraum|\w*fenster"
_CALLING = frozenset(
    "is of lasts last von sind nach beträgt have has got get take takes need needs to auf haben hat hast bekommen dauert dauern braucht brauchen".split()
)
_CALLS_FOR_DEADLINE = re.compile(
    rf"(?i)(?:\b(?:{_DEADLINE_NOUN})\s?(?:is|of|lasts|:|beträgt|von|sind|endet nach)|\b(?:have|has|got|get|takes?|lasts?|needs?|haben|"
    r"hat|hast|bekommen|dauert|dauern|braucht|brauchen|(?:extended|prolonged|verlängert)\s(?:to|auf))|\b(?:days|weeks|months|tage|wochen|monate)\s"
    r"(?:to|until|for|zur|zum|bis|für)\b[^.!?\n]{0,24}[:=])(?:\s(?:a|an|the|only|up to|exactly|nur|genau))*\s?$"
)
_NAMES_DEADLINE = re.compile(
    rf"(?i)[\s-]+(?:(?:\w+[\s-]){{0,2}}(?:{_DEADLINE_NOUN})\b|to\b|in which\b|zeit\b|from\b|after\b|of (?:delivery|receipt|purchase)|since\b|"
    r"following\b|nach\b|ab\b|seit\b|verlängert\b)"
)
_OPENS = "([{\"'*_-/:,;+.!?"
"""What may stand right before the first word of a comparator."""
_CLOSES = ")]}.,;:!?\"'*_"
_LONGEST_PHRASE = 4


class _Comparator(NamedTuple):
    place: int
    """Of its first word among the words in front."""
    words: _Words


def _spelled(phrases: str) -> Iterator[str]:
    for phrase in phrases.split("|"):
        parts = re.split(r"\(([^)]*)\)", phrase)
        yield from map(
            "".join, itertools.product(*(part.split("/") if odd % 2 else [part] for odd, part in enumerate(parts)))
        )


def _table(words: tuple[_Words, ...], kind: ClaimKind) -> Mapping[str, _Words]:
    table: dict[str, _Words] = {}
    for entry in words:
        if kind in entry.kinds:
            for phrase in _spelled(entry.phrases):
                table.setdefault(phrase, entry)
    return table


_FRONT = {kind: _table(_IN_FRONT, kind) for kind in ClaimKind}
_BACK = {kind: _table(_BEHIND, kind) for kind in ClaimKind}


def surroundings(text: str, found: Found) -> Surroundings:
    """Read the words right before and right after a value of a folded text; those in front count first."""
    start = max(0, found.start - _REACH)
    front = text[start : found.start].rstrip(' \n\t(["')
    back = text[found.stop : found.stop + _REACH]
    tokens = front.lower().split()
    is_deadline = found.kind is ClaimKind.DURATION and _is_deadline(tokens, text[start : found.start], back)
    before = _in_front(tokens, _FRONT[found.kind])
    if before is not None:
        words = before.words
        is_ahead = words.ends_at and found.kind is ClaimKind.DURATION and _AHEAD.match(back) is not None
        bound = Bound.AT_LEAST if is_ahead else words.bound
        return Surroundings(
            bound, words.is_deadline or is_deadline, min(found.start, start + _start_of(before.place, tokens, front))
        )
    after = _behind(back, _BACK[found.kind])
    if after is not None:
        return Surroundings(after.bound, after.is_deadline or is_deadline, found.start)
    return Surroundings(Bound.NONE, is_deadline, found.start)


def _is_deadline(tokens: Sequence[str], front: str, back: str) -> bool:
    if _NAMES_DEADLINE.match(back) is not None:
        return True
    calls = any(token in _CALLING or token[-1] in ":=" for token in tokens[-4:])
    return calls and _CALLS_FOR_DEADLINE.search(front) is not None


def _in_front(tokens: Sequence[str], table: Mapping[str, _Words]) -> _Comparator | None:
    """The comparator that begins first, of those with nothing but fillers behind them, and where it begins."""
    found: _Comparator | None = None
    for stop in range(len(tokens), 0, -1):
        for first in range(max(0, stop - _LONGEST_PHRASE), stop):
            known = table.get(" ".join((tokens[first].lstrip(_OPENS), *tokens[first + 1 : stop])))
            if known is not None:
                if found is None or first < found.place:
                    found = _Comparator(first, known)
                break
        if tokens[stop - 1] not in _FILLERS:
            return found
    return found


def _start_of(place: int, tokens: Sequence[str], front: str) -> int:
    low, start = front.lower(), 0
    for token in tokens[: place + 1]:
        start = low.index(token, start) + len(token)
    return start - len(tokens[place].lstrip(_OPENS))


def _behind(back: str, table: Mapping[str, _Words]) -> _Words | None:
    words = back.lower().lstrip(" \n\t)]").split(None, 3)[:3]
    for size in range(len(words), 0, -1):
        known = table.get(" ".join((*words[: size - 1], words[size - 1].rstrip(_CLOSES))))
        if known is not None:
            return known
    return None
