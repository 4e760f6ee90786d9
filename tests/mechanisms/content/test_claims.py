"""Claims are found with their kind, value, side and exact place; and nothing anybody writes makes that fail or slow."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict
from ruamel.yaml import YAML

from trilens.mechanisms.content.claim import Claim, ClaimKind
from trilens.mechanisms.content.claims import claims_in, may_hold_value, read_text
from trilens.mechanisms.content.grounding import MOST_CLAIMS, Evidence, read_answer, unsupported_claims


class Case(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    claims: list[str]


CASES = [
    Case.model_validate(item)
    for item in YAML(typ="safe", pure=True).load((Path(__file__).parent / "claims.yaml").read_text(encoding="utf-8"))
]


def described(text: str, claim: Claim) -> str:
    readings = " or ".join(f"{r.scale} {r.number.normalize():f}" for r in claim.readings)
    kind = claim.kind.value if claim.kind is claim.base else f"{claim.kind} of {claim.base}"
    parts = [text[claim.span.start : claim.span.stop], kind, readings, claim.bound.value]
    parts += ["range"] if claim.is_range else []
    parts += ["not"] if claim.negated else []
    return " | ".join(parts)


@pytest.mark.requirement("S3")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text[:40])
def test_text_holds_exactly_these_claims(case: Case) -> None:
    assert [described(case.text, claim) for claim in claims_in(case.text)] == case.claims


PIECES = st.sampled_from(
    [
        *"0 1 12 30 1.5 1,000 10, 000 € $ % EUR euros USD days day Tage Werktage weeks h business within at least no later than not until by after".split(),
        *"March Mai 2026-11-24 24.11.2026 3. und and to bis - ( ) , ; . ! \n # * | « ５ \u200b \u00a0 ü ß a\u0301 \ud800 \x00 percent Prozent zwei thirty".split(),
        "\n\n",
        "# ",
        "- ",
        " ",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=200), st.lists(PIECES, max_size=60).map(" ".join), st.lists(PIECES, max_size=60).map("".join)
)


@given(TEXTS)
def test_reading_never_fails_and_spans_are_exact(text: str) -> None:
    read = read_text(text)
    last = 0
    for placed in read.placed:
        span = placed.claim.span
        assert 0 <= span.start < span.stop <= len(text)
        assert text[span.start : span.stop].strip()
        assert span.start >= last
        last = span.start
        sentence = read.sentences[placed.sentence]
        assert sentence.start <= placed.start < sentence.stop
    assert len(read.wording) == len(read.folded.text)


@given(TEXTS)
def test_text_that_may_hold_no_value_holds_no_claim(text: str) -> None:
    assert may_hold_value(text) or claims_in(text) == ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text[:40])
def test_text_with_claims_may_hold_them(case: Case) -> None:
    assert may_hold_value(case.text)


def test_text_without_a_number_is_told_at_once() -> None:
    assert not may_hold_value("I am sorry to hear that. Which of your orders is it about? A colleague will look at it.")


@given(TEXTS, TEXTS)
def test_grounding_never_fails_and_marks_what_is_there(text: str, source: str) -> None:
    kinds = frozenset(ClaimKind) - {ClaimKind.MOMENT}
    for found in unsupported_claims(
        read_answer(text), Evidence(documents=(source,), said=(source,), question=source), kinds
    ):
        assert text[found.claim.span.start : found.claim.span.stop]


SIZE = 100_000
FLOODS = [
    *"30 days |within 30 days not |1% |1|1,|1, |1.|(|not |a| |\n|# a\n|twenty-|one |EUR |€|€1 |9\u200b|a\u0301|January |- |1-1-|by Friday, ".split(
        "|"
    ),
    *" if 30 days |No, 90. |extended to 90. |days: 9 |30 EUR + 6 EUR = 36 EUR, |3 x |at least |30 days, |You can return it within 30 days. |<!--|\ud800|\x00|1 000 |10 und 20 |2-Tage-|no later than |. A|'|\u00bd".split(
        "|"
    ),
    "|a|\n",
]


@pytest.mark.parametrize("piece", FLOODS, ids=ascii)
def test_a_flood_of_100_kb_is_read_in_bounded_time(piece: str) -> None:
    flood = (piece * (SIZE // len(piece) + 1))[:SIZE]
    evidence = Evidence(documents=("You can return an item within 30 days after you received it.",), said=("30 days",))
    started = time.process_time()
    unsupported_claims(read_answer(flood), evidence, frozenset(ClaimKind), most=10)
    # the slowest takes a fraction of a second; one quadratic step makes it minutes
    assert time.process_time() - started < 10


def test_answer_with_more_claims_than_are_compared_is_not_supported() -> None:
    source = "You can return an item within 30 days after you received it."
    evidence = Evidence(documents=(source,))
    kinds = frozenset({ClaimKind.DEADLINE})
    few = read_answer(" ".join([source] * 3))
    many = read_answer(" ".join([source] * (MOST_CLAIMS + 1)))
    assert (few.is_whole, unsupported_claims(few, evidence, kinds)) == (True, ())
    assert not many.is_whole
    assert len(unsupported_claims(many, evidence, kinds)) == 1
