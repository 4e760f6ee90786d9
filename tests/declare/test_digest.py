"""One digest per meaning: spelling does not change it, and whatever a decision could depend on does."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.declare.digest import meaning
from trilens.declare.parse import Manifest, parse_manifest
from trilens.vocabulary.system import Disclosure, Tool

Read: TypeAlias = Callable[..., Manifest]
Change: TypeAlias = Callable[[Mapping[str, str]], str]

PINNED = "sha256:2eb0e1bfc3f93ee5df8e71ed72824344d438cd3aa64721ebbde2d651afd7cadb"
"""Stored in every record of a decision: when this changes, the changelog says (ledger)."""

SAME = {
    "a comment": {"trilens: 1": "trilens: 1  # the format"},
    "other quotes": {"system: northwind-support": "system: 'northwind-support'"},
    "hours for a day": {"window: 1d": "window: 24h"},
    "an amount with cents": {"max: 500 EUR": "max: 500.00 EUR"},
    "order of keys": {"effect: spend\n    reversible: false": "reversible: false\n    effect: spend"},
    "order of a set": {
        "regions: [eu]\n  retention: {decision: 183d, conversation: 30d}": "retention: {conversation: 30d, decision: 183d}\n  regions: [eu]"
    },
    "categories in another order": {"data: [contact, purchase]": "data: [purchase, contact]"},
    "the default in words": {"expires: 15m}": "expires: 15m}\n    readers: []"},
    "an argument the long way": {"{to: destination,": "{to: {class: destination},"},
}
OTHER = {
    "another limit": {"max: 500 EUR": "max: 501 EUR"},
    "a condition": {"args.amount > 50": "args.amount > 60"},
    "a grant less": {"refund, send_email]": "refund]"},
    "another model": {"fallback: [spare]": "fallback: []"},
    "another variable": {"$SPARE_URL": "$OTHER_URL"},
    "an address for a variable": {"$SPARE_URL": "https://spare.example/v1"},
    "another text of the disclosure": {"en: You are": "en: you are"},
    "another default language": {
        "en: You are talking to an AI system of Northwind Outdoor., de: Sie sprechen mit einem KI-System von Northwind Outdoor.": "de: Sie sprechen mit einem KI-System von Northwind Outdoor., en: You are talking to an AI system of Northwind Outdoor."
    },
    "another owner": {"security: secops": "security: dpo"},
    "another retention": {"conversation: 30d": "conversation: 31d"},
    "another reader": {"readers: [public]": "readers: [leads]"},
    "one argument less": {", subject: text": ""},
}


def test_digest_of_the_shop_is_pinned(read_manifest: Read, shop: str) -> None:
    assert read_manifest(shop).system.digest == PINNED


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_spelling_does_not_change_the_digest(change: Mapping[str, str], read_manifest: Read, changed: Change) -> None:
    assert read_manifest(changed(change)).system.digest == PINNED


@pytest.mark.requirement("C7")
@pytest.mark.parametrize("change", OTHER.values(), ids=OTHER)
def test_meaning_changes_the_digest(change: Mapping[str, str], read_manifest: Read, changed: Change) -> None:
    assert read_manifest(changed(change)).system.digest != PINNED


def test_environment_does_not_change_the_digest(read_manifest: Read, shop: str) -> None:
    assert read_manifest(shop, {}).system.digest == PINNED


def test_content_of_a_file_counts_and_its_path_does_not(shop: str) -> None:
    class Sheet:
        id = "ungrounded_claim"

    def digest(texts: dict[str, str], text: str = shop) -> str:
        return parse_manifest(text, [Sheet()], environment={}, read=texts.__getitem__).system.digest

    before = digest({"prompts/support.md": "p", "policies/refunds.md": "s"})
    assert digest({"prompts/support.md": "p", "policies/refunds.md": "s."}) != before
    assert digest({"prompts/support.md": "P", "policies/refunds.md": "s"}) != before
    moved = shop.replace("policies/refunds.md", "refunds.md")
    assert digest({"prompts/support.md": "p", "refunds.md": "s"}, moved) == before


@given(names=st.lists(st.text(min_size=1, max_size=5), unique=True, max_size=5), data=st.data())
def test_order_of_a_mapping_has_no_meaning_unless_it_has(names: list[str], data: st.DataObject) -> None:
    items = dict.fromkeys(names, "x")
    turned = dict.fromkeys(data.draw(st.permutations(names)), "x")
    assert meaning(items) == meaning(turned)
    assert (meaning(Disclosure("reply", items)) == meaning(Disclosure("reply", turned))) == (
        list(items) == list(turned)
    )


def test_field_with_its_default_is_left_out(read_manifest: Read, shop: str) -> None:
    tool: Tool = read_manifest(shop).system.tools["send_email"]
    assert meaning(tool.approval) == {
        "need": "never",
        "reason": "destinations are judged by untrusted_sink",
        "accepted_by": "support-lead",
    }


def test_what_has_no_meaning_is_a_bug() -> None:
    with pytest.raises(TypeError, match="no canonical form for list"):
        meaning([1])
