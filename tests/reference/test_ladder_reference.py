"""Random stories: the ladder and the reference explain every value alike."""

import hashlib
import json
import os
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
import reference_rules as reference
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reference_rules import Asked, Record, Story

from trilens.declare.parse import parse
from trilens.lenses.stage import FIXTURES, manifest_text
from trilens.mechanisms.flow.atoms import scalar_keys, single_spaced
from trilens.mechanisms.flow.build import extend
from trilens.mechanisms.flow.explain import ladder
from trilens.mechanisms.flow.explain.claim import Claim, Explanation, Ground
from trilens.vocabulary.event import Call, Turn
from trilens.vocabulary.outcome import Role, ValueClass
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import System

pytestmark = pytest.mark.requirement("X4")

CASES = int(os.environ.get("TRILENS_TEST_REFERENCE", "300"))
WHO = Principal("key", "support", "customer", "C-17", "eu")
RECORD = {"format": "json", "key": "id"}
FIELDS = {"id": "system", "account": "system", "title": "system", "desk": "internal", "memo": "third_party"}
CHANGES = {
    "tools": {
        "find_supplier": {"effect": "read", "args": {"q": "text"}, "result": RECORD, "returns": FIELDS},
        "find_account": {
            "effect": "read",
            "args": {"q": "text"},
            "result": {**RECORD, "belongs_to": {"customer": "holder"}},
            "returns": {**FIELDS, "holder": "system"},
        },
    },
    "agents": {
        "support": {
            "tools": ["lookup_order", "find_customers", "refund", "send_email", "find_supplier", "find_account"],
            "user_turns": "mixed",
            "question": ["<q>", "</q>"],
        }
    },
}


@pytest.fixture(scope="module")
def system() -> System:
    @dataclass(frozen=True)
    class Named:
        id: str

    def read(path: str) -> str:
        return FIXTURES.joinpath(path).read_text(encoding="utf-8")

    return parse(manifest_text(CHANGES), (Named("ungrounded_claim"),), environment={}, read=read)


VALUES = ("SUP-2001", "SUP-2002", "ACC-7781", "ACC-7782", "tentmakers", "lamplighters", "87465", "250", "40", "7", "12")
NUMBERS = ("87465", "250", "40", "7", "12")
values = st.sampled_from(VALUES)
records = st.builds(
    lambda tool, owner, key, account, title, desk, memo: Record(
        tool,
        key,
        owner if tool == "find_account" else "",
        {"id": key, "account": account, "title": title},
        frozenset({desk}),
        frozenset({memo}),
    ),
    st.sampled_from(["find_supplier", "find_account"]),
    st.sampled_from(["own", "others", ""]),
    *[values] * 5,
)
stories = st.builds(
    Story,
    st.frozensets(values, max_size=3),
    st.frozensets(values, max_size=2),
    st.lists(records, max_size=4).map(tuple),
)
asked = st.builds(
    lambda value, cls, argument, destined: Asked(value, cls, argument, destined, 500 if cls == "amount" else None),
    values,
    st.sampled_from(["object_id", "value", "destination", "amount"]),
    st.sampled_from(["order_id", "account", "title"]),
    st.booleans(),
).filter(lambda one: one.cls != "amount" or one.value in NUMBERS)


def turn(role: Role, text: str, calls: tuple[Call, ...] = (), call_id: str = "") -> Turn:
    return Turn(role, text, hashlib.sha256(f"{role}{text}{calls}{call_id}".encode()).digest(), calls, call_id)


def told(story: Story, system: System) -> list[Turn]:
    around = " ; ".join(sorted(story.attached))
    turns = [turn(Role.USER, f"{around} <q>{' ; '.join(sorted(story.said))}</q>")]
    for number, record in enumerate(story.records):
        holder = {"own": "C-17", "others": "C-99", "": ""}[record.owner]
        owner = {"holder": holder} if record.tool == "find_account" else {}
        rest = {"desk": next(iter(record.internal)), "memo": next(iter(record.third))}
        call = Call(f"c{number}", record.tool, "{}")
        turns += [
            turn(Role.ASSISTANT, "", (call,)),
            turn(Role.TOOL, json.dumps({**record.system, **owner, **rest}), (), call.id),
        ]
    return turns


def claim(one: Asked) -> Claim:
    cls = ValueClass(one.cls)
    if cls is ValueClass.AMOUNT:
        return Claim("args.amount", Decimal(one.value), cls, scalar_keys(Decimal(one.value)), "", "amount")
    return Claim(f"args.{one.argument}", one.value, cls, scalar_keys(one.value), single_spaced(one.value), one.argument)


@settings(max_examples=CASES)
@given(story=stories, one=asked)
@example(Story(frozenset({"tentmakers"}), frozenset(), ()), Asked("tentmakers", "destination"))
def test_the_ladder_explains_as_the_reference_does(system: System, story: Story, one: Asked) -> None:
    agent = system.agents["support"]
    flow = extend(None, told(story, system), system=system, agent=agent, principal=WHO, released=lambda _: True)
    tool = system.tools["refund"]
    found = ladder.explain(claim(one), Ground(flow, WHO, tool, one.is_destined))
    word = found.rule if isinstance(found, Explanation) else found.reason.value
    assert word == reference.explain(one, story)


@settings(max_examples=CASES)
@given(story=stories, one=asked)
def test_who_asserts_nobody_owns_nothing(system: System, story: Story, one: Asked) -> None:
    nobody = replace(WHO, role="", person="")
    agent = system.agents["support"]
    flow = extend(None, told(story, system), system=system, agent=agent, principal=nobody, released=lambda _: True)
    found = ladder.explain(claim(one), Ground(flow, nobody, system.tools["refund"], one.is_destined))
    word = found.rule if isinstance(found, Explanation) else found.reason.value
    unowned = tuple(replace(record, owner="") for record in story.records)
    assert word == reference.explain(one, replace(story, records=unowned))
