"""What a manifest means: the shop, and every way of writing that has more than one."""

from collections.abc import Callable, Mapping
from dataclasses import FrozenInstanceError
from decimal import Decimal
from typing import TypeAlias

import pytest

from trilens.declare.parse import Manifest, parse
from trilens.vocabulary.amount import Amount
from trilens.vocabulary.label import EVERYONE, Integrity, Readers
from trilens.vocabulary.outcome import Effect, Lens, Outcome, ValueClass
from trilens.vocabulary.system import (
    ApprovalNeed,
    ApprovalRule,
    Argument,
    FieldTrust,
    Grant,
    Limit,
    LimitPer,
    OnDeny,
    PeopleRole,
    ResultFormat,
    ResultShape,
    System,
    UserTurns,
)

Read: TypeAlias = Callable[..., Manifest]
Change: TypeAlias = Callable[[Mapping[str, str]], str]


@pytest.fixture(scope="module")
def system(read_manifest: Read, shop: str) -> System:
    return read_manifest(shop).system


def test_smallest_manifest_declares_nothing(read_manifest: Read) -> None:
    system = read_manifest("trilens: 1\nsystem: a\n").system
    assert system.id == "a"
    declared = (system.tools, system.agents, system.models, system.owners, system.hazards, system.regions)
    assert not any(declared)
    assert system.grounding is None
    assert system.disclosure is None


def test_people_are_asserted_or_listed(system: System) -> None:
    assert system.people["customer"] == PeopleRole("customer", "x-trilens-on-behalf-of", "eu")
    assert system.people["leads"] == PeopleRole("leads", members=("support-lead",))
    assert dict(system.owners) == {Lens.SAFETY: "support-lead", Lens.SECURITY: "secops", Lens.COMPLIANCE: "dpo"}


def test_header_names_are_lower_case(read_manifest: Read, changed: Change) -> None:
    text = changed({"x-trilens-on-behalf-of": "X-Trilens-On-Behalf-Of"})
    assert read_manifest(text).system.people["customer"].header == "x-trilens-on-behalf-of"


def test_addresses_come_from_the_environment_and_keys_stay_references(read_manifest: Read, shop: str) -> None:
    system = read_manifest(shop, {"UPSTREAM_URL": "https://one.example"}).system
    assert system.models["chat"].base_url == "https://one.example"
    assert system.models["spare"].base_url == ""
    assert system.models["chat"].key == "env:UPSTREAM_KEY"


def test_tool_is_what_its_sheet_says(system: System) -> None:
    refund, lookup = system.tools["refund"], system.tools["lookup_order"]
    assert (refund.effect, refund.reversible, refund.has_effect) == (Effect.SPEND, False, True)
    assert refund.args["amount"] == Argument("amount", ValueClass.AMOUNT, "EUR")
    assert refund.args["order_id"] == Argument("order_id", ValueClass.OBJECT_ID)
    assert refund.limits == (
        Limit(Amount(Decimal(500), "EUR"), LimitPer.CALL),
        Limit(Amount(Decimal(1000), "EUR"), LimitPer.PERSON, "customer", 86_400_000),
    )
    assert lookup.result == ResultShape(ResultFormat.JSON, "", "order_id", (("customer", "customer_id"),))
    assert lookup.returns["note"] is FieldTrust.THIRD_PARTY
    assert lookup.readers == ("owner",)
    assert lookup.data == {"contact", "purchase"}


def test_reading_can_be_undone_and_nothing_else_unless_it_says_so(read_manifest: Read) -> None:
    text = (
        "trilens: 1\nsystem: a\ntools: {r: {effect: read}, w: {effect: write}, u: {effect: write, reversible: true}}\n"
    )
    tools = read_manifest(text).system.tools
    assert [tools[name].reversible for name in "rwu"] == [True, False, True]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", ApprovalRule(ApprovalNeed.DEFAULT)),
        ("    approval: always\n", ApprovalRule(ApprovalNeed.ALWAYS)),
        ("    approval: {always: true, by: [leads]}\n", ApprovalRule(ApprovalNeed.ALWAYS, by=("leads",))),
        (
            "    approval: {when: args.amount > 50, by: [leads], expires: 2h}\n",
            ApprovalRule(ApprovalNeed.WHEN, "args.amount > 50", ("leads",), 7_200_000),
        ),
        (
            "    approval: {never: 'capped, and logged', accepted_by: dpo}\n",
            ApprovalRule(ApprovalNeed.NEVER, reason="capped, and logged", accepted_by="dpo"),
        ),
        (
            "    approval: {never: capped, and logged, accepted_by: dpo}\n",
            ApprovalRule(ApprovalNeed.NEVER, reason="capped, and logged", accepted_by="dpo"),
        ),
    ],
)
@pytest.mark.requirement("S10")
def test_approval_in_every_written_form(written: str, meant: object, read_manifest: Read, changed: Change) -> None:
    text = changed({"    approval: {when: args.amount > 50, by: [leads], expires: 15m}\n": written})
    assert read_manifest(text).system.tools["refund"].approval == meant


def test_grant_with_and_without_a_condition(read_manifest: Read, changed: Change) -> None:
    text = changed({"refund, send_email]": "{refund: {when: args.amount < 20}}, send_email]"})
    grants = read_manifest(text).system.agents["support"].grants
    assert grants["refund"] == Grant("refund", "args.amount < 20")
    assert grants["send_email"] == Grant("send_email")
    assert "delete_all" not in grants


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("{max: 20, per: session}", Limit(Amount(Decimal(20)), LimitPer.SESSION)),
        ("{max: 12.50 EUR, per: agent}", Limit(Amount(Decimal("12.50"), "EUR"), LimitPer.AGENT)),
        (
            "{max: 7EUR, per: system, window: 2w}",
            Limit(Amount(Decimal(7), "EUR"), LimitPer.SYSTEM, window_ms=1_209_600_000),
        ),
        ("{max: '3', per: customer}", None),
    ],
)
@pytest.mark.requirement("S6")
def test_limit_counts_calls_or_money(written: str, meant: object, read_manifest: Read, changed: Change) -> None:
    text = changed({"{max: 500 EUR, per: call}": written})
    if meant is None:
        with pytest.raises(Exception, match="expected an amount"):
            read_manifest(text)
    else:
        assert read_manifest(text).system.tools["refund"].limits[0] == meant


def test_turns_are_mixed_unless_declared_verbatim(read_manifest: Read, changed: Change) -> None:
    plain = read_manifest(changed({"user_turns: verbatim, ": ""})).system.agents["support"]
    marked = read_manifest(changed({"user_turns: verbatim": "user_turns: mixed, question: [<q>, </q>]"}))
    assert (plain.user_turns, plain.question) == (UserTurns.MIXED, ("", ""))
    assert marked.system.agents["support"].question == ("<q>", "</q>")
    assert plain.on_deny is OnDeny.REFUSE


def test_source_has_the_trust_and_readers_it_declares(system: System, read_manifest: Read, changed: Change) -> None:
    source = system.sources["refund-policy"]
    assert (source.integrity, source.readers, source.approved_by, source.review_by) == (
        Integrity.INTERNAL,
        EVERYONE,
        "support-lead",
        "2027-03-01",
    )
    assert "30 days" in source.text
    text = changed({"integrity: internal, readers: [public]": "integrity: third_party, readers: [leads]"})
    other = read_manifest(text).system.sources["refund-policy"]
    assert (other.integrity, other.readers) == (Integrity.THIRD_PARTY, Readers.of(["leads"]))


def test_lenses_say_what_they_declare(system: System) -> None:
    assert system.hazards[0].reduced_by == ("ungrounded_claim",)
    assert system.hazards[0].place is not None
    assert system.hazards[0].place.line == 47
    assert system.grounding is not None
    assert system.disclosure is not None
    assert system.grounding.otherwise is Outcome.HOLD
    assert system.grounding.claims == {"amount", "date", "percentage", "deadline"}
    assert system.own_hosts == {"northwind.example"}
    assert next(iter(system.disclosure.text)) == "en"
    assert system.data["contact"].purposes == {"support"}
    assert system.regions == {"eu"}
    assert dict(system.retention) == {"decision": 15_811_200_000, "conversation": 2_592_000_000}


def test_names_of_arguments_and_fields_may_be_in_any_script(read_manifest: Read) -> None:
    text = "trilens: 1\nsystem: a\ntools: {r: {effect: read, args: {straße: text, 'e-mail @': text}, result: {format: json}, returns: {größe: system}}}\n"
    tool = read_manifest(text).system.tools["r"]
    assert set(tool.args) == {"straße", "e-mail @"}
    assert tool.returns["größe"] is FieldTrust.SYSTEM


def test_text_keeps_blanks_and_letters_of_every_script(read_manifest: Read, changed: Change) -> None:
    text = changed(
        {
            "en: You are talking to an AI system of Northwind Outdoor.": 'fr: "Vous parlez à une IA\u202f!", no: Du snakker med en KI'
        }
    )
    disclosure = read_manifest(text).system.disclosure
    assert disclosure is not None
    assert disclosure.text["fr"] == "Vous parlez à une IA\u202f!"
    assert disclosure.text["no"] == "Du snakker med en KI"


def test_everything_is_read_only(system: System) -> None:
    with pytest.raises(TypeError):
        system.tools["new"] = system.tools["refund"]  # type: ignore[index]
    with pytest.raises(TypeError):
        system.tools["refund"].args["new"] = None  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        system.id = "other"  # type: ignore[misc]


def test_parse_gives_the_system_alone(shop: str, system: System) -> None:
    class Sheet:
        id = "ungrounded_claim"

    texts = {"prompts/support.md": "p", "policies/refunds.md": "s"}
    assert parse(shop, [Sheet()], environment={}, read=texts.__getitem__).id == system.id


def test_byte_order_mark_and_windows_line_ends_change_nothing(shop: str, system: System, read_manifest: Read) -> None:
    text = "\ufeff" + shop.replace("\n", "\r\n")
    assert read_manifest(text).system.digest == system.digest
    assert read_manifest(text).system.hazards[0].place == system.hazards[0].place
