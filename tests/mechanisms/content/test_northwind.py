"""How many honest answers of a shop's agent are held, and how many invented ones are not; `pytest -rP` prints both.

The answers are written by hand, and so were the rules; the figures bound from above what other answers would give.
"""

from datetime import date
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict
from ruamel.yaml import YAML

from trilens.mechanisms.content.claim import ClaimKind
from trilens.mechanisms.content.fields import Field, FieldIndex
from trilens.mechanisms.content.grounding import Evidence, read_answer, unsupported_claims

HERE = Path(__file__).parent
POLICIES = HERE.parents[2] / "examples" / "support" / "policies"
DOCUMENTS = tuple((POLICIES / name).read_text(encoding="utf-8") for name in ("refunds.md", "faq.md"))
KINDS = frozenset(ClaimKind) - {ClaimKind.MOMENT}
TODAY = date(2026, 11, 24)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Said(Strict):
    said: str
    of: str = ""
    answer: str


class Corpus(Strict):
    records: dict[str, dict[str, str]]
    honest: list[Said]
    invented: list[Said]


def corpus() -> Corpus:
    return Corpus.model_validate(
        YAML(typ="safe", pure=True).load((HERE / "northwind.yaml").read_text(encoding="utf-8"))
    )


def is_held(case: Said, records: dict[str, dict[str, str]]) -> bool:
    record = records[case.of] if case.of else {}
    evidence = Evidence(
        documents=DOCUMENTS,
        fields=FieldIndex([Field(name, text, "EUR") for name, text in record.items()]),
        said=(case.said,),
        question=case.said,
        today=TODAY,
    )
    return bool(unsupported_claims(read_answer(case.answer), evidence, KINDS))


@pytest.mark.requirement("S3")
def test_honest_answers_pass_and_invented_ones_are_held() -> None:
    cases = corpus()
    wrongly = [case.answer for case in cases.honest if is_held(case, cases.records)]
    missed = [case.answer for case in cases.invented if not is_held(case, cases.records)]
    found = len(cases.invented) - len(missed)
    precision, recall = found / (found + len(wrongly)), found / len(cases.invented)
    print(f"{len(cases.honest)} honest, {len(cases.invented)} invented: precision {precision:.3f}, recall {recall:.3f}")
    assert min(len(cases.honest), len(cases.invented)) >= 60
    assert precision >= 0.97, wrongly
    assert recall >= 0.95, missed
