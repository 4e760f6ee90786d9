"""What an answer of this conversation may rely on, by the manifest's `grounding.against`, with the way back to where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from trilens.lenses.lens import Context
from trilens.mechanisms.content.fields import Field
from trilens.mechanisms.content.grounding import Evidence
from trilens.mechanisms.flow.flow import Passage, Speaker
from trilens.vocabulary.label import Integrity
from trilens.vocabulary.outcome import ValueClass
from trilens.vocabulary.system import Grounding, System

THE_PERSON = "user"
"""The word of `grounding.against` that stands for the person's own words."""

_MOST_FIELDS = 1_000
"""Values of records that are looked through, newest first."""
_WORDS_OF_A_VALUE = 8
"""A field with more words is a text, and is read like a document."""
_CURRENCY_FIELDS = ("currency", "currency_code", "waehrung", "währung")


@dataclass(frozen=True, slots=True)
class Gathered:
    evidence: Evidence
    documents: tuple[Passage, ...]
    """Where each document of the evidence stands."""
    fields: tuple[Passage, ...]
    """Where each field of the evidence stands."""


def gather(grounding: Grounding, context: Context) -> Gathered:
    """Collect documents, trusted fields and the person's words; what is not listed, and what anybody could have written, is left out."""
    listed = frozenset(grounding.against)
    documents: list[Passage] = []
    fields: list[Passage] = []
    said: list[str] = []
    for passage in reversed(context.flow.passages):
        match passage.speaker:
            case Speaker.SOURCE if passage.component in listed:
                documents.append(passage)
            case Speaker.TOOL if passage.component in listed and passage.label.integrity > Integrity.THIRD_PARTY:
                is_text = len(passage.text.split()) > _WORDS_OF_A_VALUE
                (documents if is_text else fields).append(passage)
            case Speaker.USER:
                said.append(passage.text)
            case _:
                continue
    fields = fields[:_MOST_FIELDS]
    unit = _only_unit(context.system)
    evidence = Evidence(
        documents=tuple(passage.text for passage in documents),
        fields=tuple(_field(passage, context, unit) for passage in fields),
        said=tuple(reversed(said)) if THE_PERSON in listed else (),
        question=said[0] if said else "",
        today=datetime.fromtimestamp(context.now_ms / 1000, UTC).date(),
    )
    return Gathered(evidence, tuple(documents), tuple(fields))


def _field(passage: Passage, context: Context, unit: str) -> Field:
    name = passage.field.rpartition(".")[2]
    record: Mapping[str, Passage] = context.flow.records[passage.record].fields if passage.record >= 0 else {}
    stated = next((record[key].text for key in _CURRENCY_FIELDS if key in record), "")
    return Field(name, passage.text, stated.strip().upper() or unit)


def _only_unit(system: System) -> str:
    """The currency of all amounts the tools declare, when there is one only."""
    units = {a.unit for t in system.tools.values() for a in t.args.values() if a.cls is ValueClass.AMOUNT and a.unit}
    return units.pop() if len(units) == 1 else ""
