"""What supports a claim, what does not, and what is shown beside it."""

from datetime import date
from pathlib import Path

import pytest

from trilens.lenses.stage import FIXTURES
from trilens.mechanisms.content.claim import ClaimKind
from trilens.mechanisms.content.fields import Field, FieldIndex
from trilens.mechanisms.content.fold import fold
from trilens.mechanisms.content.grounding import (
    Evidence,
    NearestField,
    NearestSentence,
    Unsupported,
    read_answer,
    unsupported_claims,
)
from trilens.mechanisms.content.sentences import split_sentences

KINDS = frozenset(ClaimKind) - {ClaimKind.MOMENT}
POLICY = FIXTURES.joinpath("policies", "refunds.md").read_text(encoding="utf-8")
OTHERS = [path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parent / "policies").glob("*.md"))]


def check(text: str, evidence: Evidence, kinds: frozenset[ClaimKind] = KINDS) -> list[str]:
    """The texts of the claims that nothing supports."""
    return [
        text[u.claim.span.start : u.claim.span.stop] for u in unsupported_claims(read_answer(text), evidence, kinds)
    ]


@pytest.mark.requirement("S3")
@pytest.mark.parametrize("source", [POLICY, *OTHERS], ids=lambda source: source[:20])
def test_every_sentence_of_a_source_is_supported_by_it(source: str) -> None:
    evidence = Evidence(documents=(source,))
    folded = fold(source).text
    for sentence in split_sentences(folded):
        text = folded[sentence.start : sentence.stop]
        assert check(text, evidence) == [], text


@pytest.mark.parametrize(
    ("field", "text", "unsupported"),
    [
        (Field("total", "129.90", "EUR"), "The total is 129.90 EUR.", []),
        (Field("total", "129.9", "EUR"), "Das macht 129,90 €.", []),
        (Field("total", "129.90", "EUR"), "The total is 129.90 USD.", ["129.90 USD"]),
        (Field("total", "129.90"), "The total is 129.90 USD.", []),
        (Field("total", "129.90", "EUR"), "The total is 12.99 EUR.", ["12.99 EUR"]),
        (Field("quantity", "30", "EUR"), "The total is 30 EUR.", ["30 EUR"]),
        (Field("quantity", "30"), "You have 30 days.", ["30 days"]),
        (Field("warranty_months", "24"), "The warranty lasts 24 months.", []),
        (Field("deliveryDays", "5"), "It is delivered within 5 days.", []),
        (Field("total_eur", "129.90"), "The total is 129.90 EUR.", []),
        (Field("discount_rate", "15"), "You get 15 %.", []),
        (Field("quantity", "15"), "You get 15 %.", ["15 %"]),
        (Field("delivered_on", "2026-11-02"), "It came on 2 November.", []),
        (Field("delivered_on", "2026-11-02T10:00:00Z"), "Es kam am 02.11.2026.", []),
        (Field("delivered_on", "2026-11-02"), "It came on 2 December.", ["2 December"]),
        (Field("order_id", "O-129"), "The total is 129 EUR.", ["129 EUR"]),
    ],
)
def test_field_supports_its_value_in_its_unit(field: Field, text: str, unsupported: list[str]) -> None:
    assert check(text, Evidence(fields=FieldIndex([field]))) == unsupported


@pytest.mark.parametrize(
    ("said", "text", "unsupported"),
    [
        ("I want 450 EUR back", "You asked for 450 EUR.", []),
        ("I want 450 back", "You asked for 450 EUR.", []),
        ("I want 450 EUR back", "You asked for 45 EUR.", ["45 EUR"]),
        ("I bought it 3 weeks ago", "Since you bought it 3 weeks ago, it is fine.", []),
        ("I bought it on 3 November", "You bought it on 3 November.", []),
        ("Can I return it within 90 days?", "You can return it within 90 days.", ["90 days"]),
        ("Can I return it within 90 days?", "You asked whether you can return it within 90 days.", []),
        ("Can I return it within 90 days?", "You cannot return it within 90 days.", []),
        ("I have 90 days", "As you said, you have 90 days to return the item.", ["90 days"]),
        ("I need it by Friday", "It will be there by Friday.", ["Friday"]),
        ("I need it by Friday", "You need it by Friday; I will ask a colleague.", []),
        ("I get 20 %", "You get 20 %.", ["20 %"]),
        ("Ich möchte 20 % Rabatt", "Sie haben nach 20 % gefragt.", []),
        ("", "You asked for 450 EUR.", ["450 EUR"]),
    ],
)
def test_person_s_words_support_what_they_may(said: str, text: str, unsupported: list[str]) -> None:
    assert check(text, Evidence(documents=(POLICY,), said=(said,))) == unsupported


@pytest.mark.parametrize(
    ("text", "unsupported"),
    [
        ("You received it on 2 November 2026, so you can return the item until 2 December 2026.", []),
        ("You can return the item until 2 December.", []),
        ("You can return the item until 3 December 2026.", ["3 December 2026"]),
        ("A faulty item received on 2 November 2026 can be reported until 2 November 2028.", []),
        ("A faulty item can be reported until 2 November 2029.", ["2 November 2029"]),
        ("For skis mounted to your boots the restocking fee is 10 % of the price, 12.99 EUR.", []),
        ("For skis mounted to your boots we keep a restocking fee and pay 116.91 EUR of the price.", []),
        ("For skis mounted to your boots the restocking fee of the price is 13.99 EUR.", ["13.99 EUR"]),
    ],
)
def test_value_may_be_computed_from_a_record_and_the_nearest_rule(text: str, unsupported: list[str]) -> None:
    fields = FieldIndex([Field("delivered_on", "2026-11-02"), Field("total", "129.90", "EUR")])
    assert check(text, Evidence(documents=(POLICY,), fields=fields)) == unsupported


def test_today_needs_no_source_and_yesterday_does() -> None:
    evidence = Evidence(today=date(2026, 11, 24))
    assert check("Today is 24 November 2026.", evidence) == []
    assert check("Today is 23 November 2026.", evidence) == ["23 November 2026"]


def test_nearest_is_the_field_the_sentence_names_or_else_a_sentence_with_such_a_value() -> None:
    fields = FieldIndex([Field("note_to_us", "call me"), Field("total", "129.90", "EUR")])
    evidence = Evidence(documents=(POLICY,), fields=fields)

    def nearest(text: str) -> Unsupported:
        (found,) = unsupported_claims(read_answer(text), evidence, KINDS)
        return found

    assert nearest("The total of your order is 139.90 EUR.").nearest == NearestField(1)
    sentence = "You can return an item within 30 days after you received it."
    assert nearest("You can return an item within 60 days.").nearest == NearestSentence(0, sentence)
    assert nearest("Zeppelins land within 60 days.").nearest is None


def test_kind_that_is_not_asked_for_is_not_compared() -> None:
    text = "Within 60 days, 15 %, 9 EUR, on 1 May 2020."
    evidence = Evidence()
    assert check(text, evidence, frozenset({ClaimKind.AMOUNT})) == ["9 EUR"]
    assert check(text, evidence, frozenset({ClaimKind.DURATION})) == ["60 days"]
    assert check(text, evidence, frozenset({ClaimKind.DEADLINE})) == ["60 days"]
    assert check(text, evidence, frozenset({ClaimKind.DATE, ClaimKind.PERCENTAGE})) == ["15 %", "1 May 2020"]
    assert check(text, evidence, frozenset()) == []


def test_no_more_is_found_than_asked_for() -> None:
    read = read_answer("9 EUR. 8 EUR. 7 EUR.")
    assert len(unsupported_claims(read, Evidence(), KINDS, most=2)) == 2


def test_answer_in_another_language_is_compared_where_no_word_is_shared() -> None:
    source = "Zephyrs may quibble for 12 days."
    assert check("Man darf es nur 12 Tage lang tun.", Evidence(documents=(source,))) == []
    assert check("Man darf es nur 13 Tage lang tun.", Evidence(documents=(source,))) == ["13 Tage"]
    assert check("One may do it for only 12 days.", Evidence(documents=(source,))) == ["12 days"]
