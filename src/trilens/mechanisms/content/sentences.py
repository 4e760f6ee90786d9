"""Sentences and clauses of plain text and Markdown, with exact places.

A line break ends a sentence only where Markdown ends a block: at an empty line, a heading, a list item or a table row. A full stop
ends one unless it belongs to an abbreviation, a number or a German date.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trilens.mechanisms.content.dates import MONTH_NAMES
from trilens.mechanisms.content.scan import Pattern

# patterns of the standard engine see a few characters only, so that they are bounded whatever those say
_HEAD, _LINE = 16, 200
_BLOCK_START = re.compile(r"\s*(?:[-*+•]\s|\d{1,3}[.)]\s|#{1,6}\s|\||>)")
_HEADING = re.compile(r"\s*#{1,6}\s+(?P<title>\S.*)$")
# possessive, and from the first mark of a run only: linear on any text
_END = re.compile(r"(?<![.!?…])[.!?…]++[\"')\]*_]*+(?:\s|\Z)")
_ABBREVIATION = re.compile(
    r"(?i)(?:^|[\s(\"'])(?:e\.g|i\.e|etc|approx|max|min|no|nr|mr|mrs|ms|dr|st|vs|fig|art|incl|excl|est|inc|ltd|co|ca|z\.\s?b|d\.\s?h|u\.\s?a|"
    r"bzw|usw|inkl|exkl|ggf|evtl|zzgl|abs|std|tsd|mio|mrd|tel|jan|feb|mär|apr|jun|jul|aug|sept?|okt|oct|nov|dez|dec|a\.m|p\.m)\.$"
)
_LONGEST_ABBREVIATION = 9
"""Characters of the longest one, with its full stop and a bracket or quotation mark before it."""
_ORDINAL = re.compile(r"(?:^|[\s(\"'.])\d{1,2}\.$")
_MONTH_NEXT = re.compile(rf"\s*(?i:{'|'.join(MONTH_NAMES)})\b|\s*\d{{1,2}}\.")
_LOWER_NEXT = re.compile(r"\s*[a-zäöüß]")
_CLAUSE_BREAK = Pattern(
    r"(?i)[,;:()]\s|\s-\s|\s(?:but|aber|sondern|jedoch|whereas|while|während|if|unless|when|because|although|though|except|provided|"
    r"as\slong\sas|wenn|falls|sofern|weil|obwohl|außer|ausser|es\ssei\sdenn|solange)\s|"
    r"\s(?:and|und)\s(?:you|we|it|they|he|she|the|is|are|do|does|don't|can|cannot|will|must|have|has|may|sie|wir|es|er|du|der|die|das|ist|sind|"
    r"können|kann|müssen|muss|darf|dürfen|werden|wird|haben|hat)\s",
    has_groups=False,
)
_RELATIVE = re.compile(r"(?i)\s*(?:which|who|whose|that|die|der|das|den|dem|deren|dessen|welche[rs]?)\s")


@dataclass(frozen=True, slots=True)
class Sentence:
    start: int
    stop: int
    """Exclusive; white space at both ends is left out."""
    heading: str = ""
    """The heading it stands under."""


def split_sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of a folded text in order; headings are sentences of their own."""
    return tuple(_sentences(text))


def _sentences(text: str) -> Iterator[Sentence]:
    heading = ""
    for start, stop in _blocks(text):
        title = _HEADING.match(text[start : min(stop, start + _LINE)])
        if title is not None:
            heading = title["title"].rstrip(" #")
        for first, last in _in_block(text, start, stop):
            yield Sentence(first, last, heading)


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Stretches of lines that belong together."""
    start, position = 0, 0
    for line in text.splitlines(keepends=True):
        is_empty = not line.strip()
        opens = _BLOCK_START.match(line[:_HEAD]) is not None
        if (is_empty or opens) and position > start:
            yield start, position
            start = position
        position += len(line)
        if is_empty or _HEADING.match(line[:_LINE]) is not None:
            if not is_empty:
                yield start, position
            start = position
    if position > start:
        yield start, position


def _in_block(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    block = text[start:stop]
    first = 0
    for hit in _END.finditer(block):
        if _is_no_end(block, hit.start(), hit.end()):
            continue
        yield from _trimmed(text, start + first, start + hit.end())
        first = hit.end()
    yield from _trimmed(text, start + first, stop)


def _is_no_end(block: str, mark: int, after: int) -> bool:
    if block[mark] != "." or block[mark : mark + 2] == "..":
        return False
    before, behind = block[max(0, mark - 12) : mark + 1], block[after : after + 14]
    if _LOWER_NEXT.match(behind) is not None:
        return True
    if before[-2:-1].isdigit() and _ORDINAL.search(before) is not None:
        return _MONTH_NEXT.match(behind) is not None
    return len(before.split()[-1]) <= _LONGEST_ABBREVIATION and _ABBREVIATION.search(before) is not None


def _trimmed(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    piece = text[start:stop]
    first = start + len(piece) - len(piece.lstrip())
    last = start + len(piece.rstrip())
    if last > first:
        yield first, last


@dataclass(frozen=True, slots=True)
class Clause:
    start: int
    is_relative: bool
    """Whether it only describes a word before it: `, which are paid,`."""


def split_clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of one sentence; each goes on to the start of the next."""
    starts = [0, *(hit.start + 1 for hit in _CLAUSE_BREAK.hits(text))]
    return tuple(Clause(start, _RELATIVE.match(text[start : start + _HEAD]) is not None) for start in starts)
