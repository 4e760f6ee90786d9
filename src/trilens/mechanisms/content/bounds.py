"""The words around a value: which side of it is meant, and whether it is a deadline."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

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
    pattern: str
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
        r"at least|(?:not|no) (?:less|fewer) than|(?:a )?min(?:imum|\.)?(?: of)?|starting (?:at|from)|mindestens|wenigstens|minimum|"
        r"nicht weniger als|nicht unter",
        Bound.AT_LEAST,
        False,
        _ALL,
    ),
    _Words(
        r"(?:no|not) (?:more|longer|greater|higher) than|at most|up to|(?:a )?max(?:imum|\.)?(?: of)?|capped at|limited to|not over|"
        r"not exceeding|höchstens|maximal|bis zu|nicht (?:mehr|länger|höher|später) als|nicht über|begrenzt auf",
        Bound.AT_MOST,
        False,
        _ALL,
    ),
    _Words(
        r"more than|over|above|exceed(?:ing|s)?|beyond|(?:greater|longer|higher) than|in excess of|mehr als|von über|länger als|höher als|"
        r"oberhalb von|übersteig(?:t|en)|überschreite[nt]",
        Bound.MORE_THAN,
        False,
        _ALL,
    ),
    # "eine Erstattung über 450 EUR" is one of 450 EUR
    _Words(r"über", Bound.MORE_THAN, False, _ALL - {ClaimKind.AMOUNT}),
    _Words(
        r"less than|under|below|fewer than|(?:shorter|lower) than|weniger als|unter|kürzer als|unterhalb von",
        Bound.LESS_THAN,
        False,
        _ALL,
    ),
    _Words(r"within|inside|innerhalb(?: von)?|binnen", Bound.AT_MOST, True, _TIMES),
    _Words(
        r"(?:no|not) later than(?: after)?|at the latest|latest by|latest|spätestens(?: nach| bis| am)?",
        Bound.AT_MOST,
        True,
        _TIMES,
        True,
    ),
    _Words(r"until|till|bis(?: zum| einschließlich)?", Bound.AT_MOST, True, _TIMES, True),
    _Words(r"bis", Bound.AT_MOST, False, _SIZES),
    _Words(r"by|due(?: on)?", Bound.AT_MOST, True, _POINTS),
    _Words(r"before|prior to|earlier than", Bound.LESS_THAN, True, _TIMES),
    _Words(r"vor(?: dem)?", Bound.LESS_THAN, True, _POINTS),
    _Words(r"after|later than|nach(?: dem)?|später als|nach ablauf von", Bound.MORE_THAN, True, _TIMES),
    _Words(r"from|as of|since|ab(?: dem)?|seit(?: dem)?", Bound.AT_LEAST, False, _POINTS | {ClaimKind.AMOUNT}),
    _Words(r"in", Bound.NONE, True, _LENGTHS),
)
_BEHIND: tuple[_Words, ...] = (
    _Words(
        r"(?:or|and) (?:more|above|over|longer|later)|oder (?:mehr|länger|später)|und mehr|\+",
        Bound.AT_LEAST,
        False,
        _ALL,
    ),
    _Words(r"(?:or|and) (?:less|fewer|under|shorter|below)|oder (?:weniger|kürzer)", Bound.AT_MOST, False, _ALL),
    _Words(r"at the latest|or (?:earlier|sooner)|spätestens|oder früher", Bound.AT_MOST, True, _TIMES),
    _Words(r"at most|max(?:imum)?|höchstens|maximal", Bound.AT_MOST, False, _ALL),
    _Words(r"at least|min(?:imum)?|mindestens", Bound.AT_LEAST, False, _ALL),
)
_FILLER = (
    r"(?:\s(?:the|a|an|of|first|next|coming|total|period|maximum|about|approximately|around|end|einer|eines|der|dem|den|die|ersten|nächsten|"
    r"kommenden|frist|zeitraums?|von|etwa|rund|ca\.?|am|on|this|diesen))*[\s(\[\"]*$"
)
_AHEAD = re.compile(r"(?i)^\s(?:before|prior|in\sadvance|ahead|vorher|zuvor|vor|im\svoraus|davor)\b")
_DEADLINE_NOUN = r"window|period|deadline|term|time limit|\w*frist|\w*zeitraum|\w*fenster"
_CALLS_FOR_DEADLINE = re.compile(
    rf"(?i)(?:\b(?:{_DEADLINE_NOUN})\s?(?:is|of|lasts|:|beträgt|von|sind|endet nach)|\b(?:have|has|got|get|takes?|lasts?|needs?|haben|"
    r"hat|hast|bekommen|dauert|dauern|braucht|brauchen))"
    r"(?:\s(?:a|an|the|only|up to|exactly|nur|genau))*\s?$"
)
_NAMES_DEADLINE = re.compile(
    rf"(?i)^[\s-]+(?:(?:\w+[\s-]){{0,2}}(?:{_DEADLINE_NOUN})\b|to\b|in which\b|zeit\b|from\b|after\b|of (?:delivery|receipt|purchase)|since\b|"
    r"following\b|nach\b|ab\b|seit\b)"
)


@dataclass(frozen=True, slots=True)
class _Search:
    """The words that may bound one kind of value, as one pattern; the leftmost match is the longest comparator."""

    pattern: re.Pattern[str]
    words: tuple[_Words, ...]

    @classmethod
    def of(cls, words: Sequence[_Words], kind: ClaimKind, before: str, after: str) -> "_Search":
        mine = tuple(entry for entry in words if kind in entry.kinds)
        either = "|".join(f"(?P<w{number}>{entry.pattern})" for number, entry in enumerate(mine))
        return cls(re.compile(rf"(?i){before}(?:{either}){after}".replace(" ", r"\s")), mine)

    def first(self, text: str) -> tuple[int, _Words] | None:
        """Where the comparator starts, and which it is."""
        match = self.pattern.search(text)
        if match is None or match.lastgroup is None:
            return None
        return match.start(match.lastgroup), self.words[int(match.lastgroup[1:])]


_FRONT = {kind: _Search.of(_IN_FRONT, kind, r"(?:^|[^\w])", _FILLER) for kind in ClaimKind}
_BACK = {kind: _Search.of(_BEHIND, kind, r"^[\s)\]]*", r"(?:$|[^\w])") for kind in ClaimKind}


def surroundings(text: str, found: Found) -> Surroundings:
    """Read the words right before and right after a value of a folded text; those in front count first."""
    front = text[max(0, found.start - _REACH) : found.start]
    back = text[found.stop : found.stop + _REACH]
    is_deadline = found.kind is ClaimKind.DURATION and (
        _CALLS_FOR_DEADLINE.search(front) is not None or _NAMES_DEADLINE.search(back) is not None
    )
    before = _FRONT[found.kind].first(front)
    if before is not None:
        start, words = before
        is_ahead = words.ends_at and found.kind is ClaimKind.DURATION and _AHEAD.search(back) is not None
        bound = Bound.AT_LEAST if is_ahead else words.bound
        return Surroundings(bound, words.is_deadline or is_deadline, found.start - len(front) + start)
    after = _BACK[found.kind].first(back)
    if after is not None:
        return Surroundings(after[1].bound, after[1].is_deadline or is_deadline, found.start)
    return Surroundings(Bound.NONE, is_deadline, found.start)
