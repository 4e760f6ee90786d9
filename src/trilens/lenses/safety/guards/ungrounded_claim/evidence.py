"""What an answer of this conversation may rely on, by the manifest's `grounding.against`, with the way back to where it stands.

A conversation only grows, so what its passages hold is read once and remembered for as long as the conversation itself is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from threading import Lock
from weakref import WeakKeyDictionary

from trilens.lenses.lens import Context
from trilens.mechanisms.content.fields import NO_FIELDS, Field, FieldIndex
from trilens.mechanisms.content.grounding import Evidence
from trilens.mechanisms.flow.flow import Passage, Speaker, Trunk
from trilens.vocabulary.label import Integrity
from trilens.vocabulary.outcome import ValueClass
from trilens.vocabulary.system import Grounding, System

THE_PERSON = "user"
"""The word of `grounding.against` that stands for the person's own words."""

_MOST_FIELDS = 1_000
"""Values of records that are looked through at least, newest first; with twice as many the older half is left out."""
_WORDS_OF_A_VALUE = 8
"""A field with more words is a text, and is read like a document."""
_CURRENCY_FIELDS = ("currency", "currency_code", "waehrung", "währung")


@dataclass(frozen=True, slots=True)
class _Rules:
    """What decides which passages count; equal for equal manifests."""

    listed: frozenset[str]
    unit: str
    """The currency of all amounts the tools declare, when there is one only."""


@dataclass(frozen=True, slots=True)
class _Collected:
    """What the first `length` passages of a conversation hold, oldest first."""

    rules: _Rules
    length: int = 0
    documents: tuple[Passage, ...] = ()
    fields: tuple[Passage, ...] = ()
    index: FieldIndex = NO_FIELDS
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gathered:
    evidence: Evidence
    documents: tuple[Passage, ...]
    """Where each document of the evidence stands."""
    fields: tuple[Passage, ...]
    """Where each field of the evidence stands."""
    clean: dict[str, None] = field(default_factory=dict)
    """Answers that were compared with exactly this and hold nothing unsupported: one is judged again when a disclosure was put in front."""


@dataclass(frozen=True, slots=True)
class _Remembered:
    collected: _Collected
    grounding: Grounding
    today: date
    gathered: Gathered


_MEMORY: "WeakKeyDictionary[Trunk, _Remembered]" = WeakKeyDictionary()
_LOCK = Lock()


def gather(grounding: Grounding, context: Context) -> Gathered:
    """Collect documents, trusted fields and the person's words; what is not listed, and what anybody could have written, is left out."""
    today = datetime.fromtimestamp(context.now_ms / 1000, UTC).date()
    trunk, length = context.flow.trunk, len(context.flow.passages)
    with _LOCK:
        known = _MEMORY.get(trunk)
    if known is not None and known.collected.length == length and (known.grounding, known.today) == (grounding, today):
        return known.gathered
    rules = _Rules(frozenset(grounding.against), _only_unit(context.system))
    start = _Collected(rules)
    if known is not None and known.collected.rules == rules and known.collected.length <= length:
        start = known.collected
    collected = _extended(start, context)
    gathered = _gathered(collected, today)
    if known is None or known.collected.length <= length:
        with _LOCK:
            _MEMORY[trunk] = _Remembered(collected, grounding, today, gathered)
    return gathered


def _extended(known: _Collected, context: Context) -> _Collected:
    rules = known.rules
    documents, fields, said = list(known.documents), list[Passage](), list(known.said)
    passages = context.flow.passages
    for passage in passages[known.length :]:
        match passage.speaker:
            case Speaker.SOURCE if passage.component in rules.listed:
                documents.append(passage)
            case Speaker.TOOL if passage.component in rules.listed and passage.label.integrity > Integrity.THIRD_PARTY:
                is_text = len(passage.text.split()) > _WORDS_OF_A_VALUE
                (documents if is_text else fields).append(passage)
            case Speaker.USER:
                said.append(passage.text)
            case _:
                continue
    every = (*known.fields, *fields)
    index = known.index.extended([_field(passage, context, rules.unit) for passage in fields])
    if len(every) > 2 * _MOST_FIELDS:
        every = every[-_MOST_FIELDS:]
        index = FieldIndex(index.fields[-_MOST_FIELDS:])
    return _Collected(rules, len(passages), tuple(documents), every, index, tuple(said))


def _gathered(collected: _Collected, today: date) -> Gathered:
    evidence = Evidence(
        documents=tuple(passage.text for passage in collected.documents),
        fields=collected.index,
        said=collected.said if THE_PERSON in collected.rules.listed else (),
        question=collected.said[-1] if collected.said else "",
        today=today,
    )
    return Gathered(evidence, collected.documents, collected.fields)


def _field(passage: Passage, context: Context, unit: str) -> Field:
    name = passage.field.rpartition(".")[2]
    record: Mapping[str, Passage] = context.flow.records[passage.record].fields if passage.record >= 0 else {}
    stated = next((record[key].text for key in _CURRENCY_FIELDS if key in record), "")
    return Field(name, passage.text, stated.strip().upper() or unit)


def _only_unit(system: System) -> str:
    """The currency of all amounts the tools declare, when there is one only."""
    units = {a.unit for t in system.tools.values() for a in t.args.values() if a.cls is ValueClass.AMOUNT and a.unit}
    return units.pop() if len(units) == 1 else ""
