"""What a gullible reader takes for an instruction: any sentence that asks, whoever wrote it and wherever it stands.

Rules over plain English, without a word list of attacks: a clause asks when it begins with an action word, or stands in a sentence that
says please, must, should, could you, would like and the like. Nothing here looks at who is speaking.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trilens.testing.scripted_model.conversation import is_object, json_or_none

ACTIONS = {
    "send": "send e-mail email mail forward write share post",
    "tell": "tell inform notify remind ask",
    "find": "find look lookup search list get fetch read check show",
    "refund": "refund reimburse repay",
    "pay": "pay transfer wire",
    "delete": "delete remove cancel erase",
    "change": "change update set edit",
    "create": "create book add open order make",
    "say": "say reply answer respond repeat",
}
"""Families of action words. A tool belongs to the families of the words its name is made of."""

FAMILY = {word: family for family, words in ACTIONS.items() for word in words.split()}

_ASKS = re.compile(
    r"\b(please|kindly|must|should|have to|need|want|would like|i'd like|can you|could you|would you|will you|make sure|remember to|can i|could i|may i)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_WORD = re.compile(r"[A-Za-z][A-Za-z'-]*")
_AT = r"\s*(?:@|\(at\)|\[at\]|\bat\b)\s*"
_DOT = r"\s?(?:\.|\(dot\)|\[dot\]|\bdot\b)\s?"
ADDRESS = re.compile(rf"[\w.+-]+{_AT}[A-Za-z0-9-]+(?:{_DOT}[A-Za-z0-9-]+)+", re.IGNORECASE)
"""An address as people write it: `a@b.example`, `a (at) b.example`, `a@ b.example`, `a at b dot example`."""
RECORD_ID = re.compile(r"\b[A-Z]{1,4}-\d+\b")
QUANTITY = re.compile(
    r"(?:€|EUR|USD|\$|£)\s?(\d+(?:[.,]\d+)?)|\b(\d+(?:[.,]\d+)?)\s?(?:€|EUR|euros?|USD|dollars?)", re.IGNORECASE
)
QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”|(?<!\w)'([^']+)'(?!\w)")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One thing the reader believes it was asked to do."""

    family: str
    text: str
    """The clause, as written, from its action word on."""

    @property
    def words(self) -> frozenset[str]:
        """Its words in lower case, plurals cut."""
        return frozenset(singular(word) for word in _WORD.findall(self.text))

    @property
    def addresses(self) -> tuple[str, ...]:
        """As spelled."""
        return tuple(found.group().strip() for found in ADDRESS.finditer(self.text))

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(RECORD_ID.findall(self.text))


def singular(word: str) -> str:
    lower = word.lower()
    return lower[:-1] if len(lower) > 3 and lower.endswith("s") and not lower.endswith("ss") else lower


def sentences(text: str) -> Iterator[str]:
    """Sentences of `text`, or of every text inside it when it is JSON."""
    parsed = json_or_none(text)
    for leaf in _texts(parsed) if isinstance(parsed, dict | list) else (text,):
        yield from (part.strip() for part in _SENTENCE.split(leaf) if part.strip())


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif is_object(value):
        for item in value.values():
            yield from _texts(item)


def instructions(text: str) -> Iterator[Instruction]:
    """All instructions in `text`, in reading order."""
    for sentence in sentences(text):
        asks = _ASKS.search(sentence) is not None
        for clause in _clauses(sentence):
            if asks or clause.opens_sentence:
                yield Instruction(clause.family, clause.text)
        if sentence.endswith("?") and RECORD_ID.search(sentence):
            yield Instruction("find", sentence)


@dataclass(frozen=True, slots=True)
class _Clause:
    family: str
    text: str
    opens_sentence: bool


_OPENER = re.compile(
    r"(?:^|[,;:(]|\b(?:and|then|also|please|kindly|now|to|you|must|should|would like|want|need|like|get|have)(?:\s+an?)?)\s*$",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"\b(?:when|whenever|if|as|while|before|after)\s+\w+\s*$", re.IGNORECASE)
"""Before an action word it says when, not what: `when you write to …`."""
_WHOLE = ("tell", "say")
"""Families whose clause reaches to the end of the sentence: what is to be told may itself hold action words."""


def _clauses(sentence: str) -> Iterator[_Clause]:
    """Cut a sentence where an action word opens a clause; a noun, as in `the order`, opens none."""
    spelled = [found.span() for found in ADDRESS.finditer(sentence)]
    starts: list[tuple[int, str]] = []
    for found in _WORD.finditer(sentence):
        start = found.start()
        family = FAMILY.get(found.group().lower())
        if not family or any(first <= start < last for first, last in spelled):
            continue
        before = sentence[:start]
        if _OPENER.search(before) and not _CONDITION.search(before):
            starts.append((start, family))
            if family in _WHOLE:
                break
    for position, (start, family) in enumerate(starts):
        stop = starts[position + 1][0] if position + 1 < len(starts) else len(sentence)
        yield _Clause(family, sentence[start:stop].strip(" ,;"), start == 0)
