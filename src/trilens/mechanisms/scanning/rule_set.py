"""Many patterns over one text in one pass: which rules hit a window is asked first, and where exactly only in windows that were hit.

Windows begin every 2 kB and read on into the next, so that no form is lost where two of them meet.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import re2

from trilens.mechanisms.content.scan import Hit, Pattern

_STEP = 2048
_READ_ON = 1024
"""What a window reads beyond its end; every rule can be told by its first kilobyte."""
_MAX_MEM_BYTES = 64 << 20
_GROUP = "secret"


@dataclass(frozen=True, slots=True)
class Rule:
    """One form."""

    id: str
    """`issuer/kind`."""
    pattern: str
    """RE2. The group `secret`, where there is one, is the part that counts; otherwise the whole match does."""
    source: str
    """Where the form is published, or who vouches for it."""
    fewest_distinct: int = 7
    """Different characters of the part that counts; fewer are a placeholder, such as `ghp_xxxxxxxx`."""
    reach: int = _READ_ON
    """Characters beyond a window over which one match may still run on."""
    at_end: bool = False
    """Counts only where the text ends with it: nobody knows what follows."""
    placeholder: str = r"(?:[A-Za-z]{1,14}[_-])*[A-Za-z]{1,14}"
    """RE2 that fits the whole part that counts where it is none; `YOUR_ACCESS_TOKEN` by default, empty for no such thing."""


@dataclass(frozen=True, slots=True)
class Match:
    """Where a rule holds; what stands there is not kept."""

    rule: str
    start: int
    stop: int


class RuleSet:
    """Rules compiled together. Making one takes milliseconds; asking it takes microseconds."""

    __slots__ = ("_patterns", "_placeholders", "_rules", "_set")

    def __init__(self, rules: Sequence[Rule]) -> None:
        options = re2.Options()
        options.max_mem = _MAX_MEM_BYTES
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        for rule in rules:
            self._set.Add(rule.pattern)
        self._set.Compile()
        self._rules = tuple(rules)
        self._patterns = tuple(Pattern(rule.pattern) for rule in rules)
        self._placeholders = tuple(Pattern(rule.placeholder) if rule.placeholder else None for rule in rules)

    def find(self, text: str) -> tuple[Match, ...]:
        """Every stretch that a rule holds for, in order; of two that overlap the one that begins first, and then the longer one."""
        regions = self._regions(text)
        found = [match for rank, spans in regions.items() for match in self._confirmed(text, rank, spans)]
        found.sort(key=lambda match: (match.start, -match.stop))
        kept: list[Match] = []
        for match in found:
            if not kept or match.start >= kept[-1].stop:
                kept.append(match)
            elif match.stop > kept[-1].stop:
                kept[-1] = Match(kept[-1].rule, kept[-1].start, match.stop)
        return tuple(kept)

    def _regions(self, text: str) -> dict[int, list[tuple[int, int]]]:
        """By rule: the stretches in which it hit, neighbouring windows joined."""
        regions: dict[int, list[tuple[int, int]]] = {}
        for start in range(0, len(text), _STEP):
            for rank in self._set.Match(text[start : start + _STEP + _READ_ON]) or ():
                spans = regions.setdefault(rank, [])
                if spans and spans[-1][1] == start:
                    spans[-1] = (spans[-1][0], start + _STEP)
                else:
                    spans.append((start, start + _STEP))
        return regions

    def _confirmed(self, text: str, rank: int, spans: Sequence[tuple[int, int]]) -> Iterator[Match]:
        rule, reached = self._rules[rank], 0
        for start, stop in spans:
            for hit in self._patterns[rank].hits(text[start : stop + rule.reach]):
                # whether a word begins at a cut is known to the window before, which reads on beyond it
                is_cut = start > 0 and hit.start == 0
                inner = self._part(hit)
                if is_cut or start + hit.start < reached or not self._counts(hit, inner, rank, text, start):
                    continue
                reached = start + hit.stop
                yield Match(rule.id, start + inner[0], start + inner[1])

    def _part(self, hit: Hit) -> tuple[int, int]:
        return hit.span_of(_GROUP) if hit[_GROUP] else (hit.start, hit.stop)

    def _counts(self, hit: Hit, inner: tuple[int, int], rank: int, text: str, base: int) -> bool:
        rule, placeholder = self._rules[rank], self._placeholders[rank]
        if rule.at_end and base + hit.stop != len(text):
            return False
        part = text[base + inner[0] : base + inner[1]]
        if len(set(part)) < rule.fewest_distinct:
            return False
        return placeholder is None or not placeholder.fits(part)
