"""Which record the person's words name, and which of its fields may then stand for an id."""

from typing import Any

import pytest

from trilens.mechanisms.flow.atoms import scalar_keys, single_spaced
from trilens.mechanisms.flow.explain import ladder
from trilens.mechanisms.flow.explain.claim import Claim, Explanation
from trilens.mechanisms.flow.explain.designated_record import Ownership, ownership
from trilens.vocabulary.outcome import ValueClass

pytestmark = pytest.mark.requirement("X4")

FIELDS = {"id": "system", "account": "system", "title": "system", "memo": "third_party"}
RECORD = {"format": "json", "records": "found", "key": "id"}
TOOLS = {
    "find_supplier": {"effect": "read", "args": {"q": "text"}, "result": RECORD, "returns": FIELDS},
    "find_account": {
        "effect": "read",
        "args": {"q": "text"},
        "result": {**RECORD, "belongs_to": {"customer": "holder"}},
        "returns": {**FIELDS, "holder": "system"},
    },
}
GRANTED = ["lookup_order", "find_customers", "refund", "send_email", *TOOLS]


@pytest.fixture
def found(talk: Any, declare: Any) -> Any:
    """A conversation in which records were found: `found("words", {...}, {...})`."""
    system = declare(tools=TOOLS, agents={"support": {"tools": GRANTED}})

    def story(words: str, *records: dict[str, object], tool: str = "find_supplier", **outside: object) -> Any:
        said = type(talk)(system, talk.principal).user(words)
        return said.looked_up(tool, {"found": list(records), **outside})

    return story


def explained(talk: Any, value: str, *, argument: str = "order_id", cls: ValueClass = ValueClass.OBJECT_ID) -> Any:
    claim = Claim(f"args.{argument}", value, cls, scalar_keys(value), single_spaced(value), argument)
    return ladder.explain(claim, talk.ground("refund"))


def word(talk: Any, value: str, **more: Any) -> str:
    answer = explained(talk, value, **more)
    return answer.rule if isinstance(answer, Explanation) else answer.reason.value


def test_an_id_is_a_whole_field_and_never_a_part_of_one(talk: Any, order: Any) -> None:
    talk = talk.user("where is my order?").looked_up("lookup_order", order(total="replaces O-2002 of before"))
    assert word(talk, "O-2002") != "designated_record"
    assert word(talk, "O-1001") == "designated_record"


def test_a_short_id_needs_its_own_field(talk: Any, order: Any) -> None:
    talk = talk.user("where is my order?").looked_up("lookup_order", order(order_id="A1B", total="B2C"))
    assert word(talk, "A1B") == "designated_record"
    assert word(talk, "B2C") != "designated_record"
    assert word(talk, "B2C", argument="total") == "designated_record"


def test_whose_address_it_is_follows_from_the_record(talk: Any, order: Any) -> None:
    own = talk.user("where is my order?").looked_up("lookup_order", order())
    assert explained(own, "O-1001").readers == frozenset({"customer", "customer:C-17"})
    nobodys = talk.user("see O-1001").looked_up("lookup_order", order(customer_id="", total="ACC-7781"))
    assert explained(nobodys, "ACC-7781").readers == frozenset()


def test_a_record_that_names_no_owner_is_nobodys(found: Any) -> None:
    talk = found("see SUP-2001", {"id": "SUP-2001", "account": "ACC-7781"})
    assert ownership(talk.flow().records[0], talk.principal) is Ownership.NOBODYS
    assert explained(talk, "ACC-7781").readers == frozenset()


@pytest.mark.parametrize(
    "said", ["DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "de89-3704-0044-0532-0130-00"]
)
def test_a_record_is_named_however_its_key_is_written(found: Any, said: str) -> None:
    talk = found(f"pay {said}", {"id": "DE89370400440532013000", "account": "ACC-7781"})
    assert word(talk, "ACC-7781") == "designated_record"


@pytest.mark.parametrize(("title", "is_named"), [("b 123", True), ("b 12", False), ("1 2 3", False), ("4 567 8", True)])
def test_words_name_a_record_when_they_are_distinctive(found: Any, title: str, is_named: bool) -> None:
    talk = found(f"take the {title} there", {"id": "SUP-2001", "account": "ACC-7781", "title": title})
    assert (word(talk, "ACC-7781") == "designated_record") is is_named


def test_a_value_outside_of_the_records_is_no_rival(found: Any) -> None:
    talk = found(
        "take tentmakers", {"id": "SUP-2001", "account": "ACC-7781", "title": "tentmakers"}, title="tentmakers"
    )
    assert word(talk, "ACC-7781") == "designated_record"


def test_a_record_without_its_key_is_named_by_what_it_alone_has(found: Any) -> None:
    talk = found("take tentmakers", {"account": "ACC-7781", "title": "tentmakers"})
    assert word(talk, "ACC-7781") == "designated_record"
    two = found(
        "take tentmakers",
        {"account": "ACC-7781", "title": "tentmakers"},
        {"account": "ACC-7782", "title": "tentmakers"},
    )
    assert word(two, "ACC-7781") == "ambiguous"


def test_the_same_record_found_twice_is_one(found: Any) -> None:
    record = {"id": "SUP-2001", "account": "ACC-7781", "title": "tentmakers"}
    talk = found("take tentmakers", record).looked_up("find_supplier", {"found": [{**record, "account": "ACC-7783"}]})
    assert word(talk, "ACC-7781") == "designated_record"
    assert word(talk.looked_up("find_supplier", {"found": [{**record, "id": "SUP-2002"}]}), "ACC-7781") == "ambiguous"


def test_the_four_nearest_places_are_told(talk: Any, order: Any) -> None:
    talk = talk.user("hello")
    for number in range(6):
        talk = talk.looked_up("lookup_order", order(note=f"{number}: x@collect.example"))
    claim = Claim("args.to", "x@collect.example", ValueClass.DESTINATION, ("@x@collect.example",))
    answer = ladder.explain(claim, talk.ground("send_email"))
    assert not isinstance(answer, Explanation)
    assert [origin.excerpt[0] for origin in answer.nearest] == ["5", "4", "3", "2"]
