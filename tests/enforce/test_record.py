"""A ruling as a leaf: whatever was found, however it is spelled, it fits and has a canonical form."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.enforce import record
from trilens.enforce.plan import Ruling
from trilens.prove.decision import read_decision
from trilens.prove.ledger.entry import Kind, PayloadRef, decode, encode
from trilens.vocabulary.event import Event, Value
from trilens.vocabulary.label import UNKNOWN_LABEL
from trilens.vocabulary.outcome import EventKind, Lens, Outcome, Phase, Ran, ValueClass
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.verdict import Basis, Decision, Finding, Origin, Verdict

EVENT = Event(
    "e1", EventKind.TOOL_CALL, Phase.PROPOSED, "", Principal("k", "support", "customer", "C-17"), "refund", "d", ()
)
BASIS = Basis("sha256:0", "test", "prefix", 1)
ANY_TEXT = st.text(st.characters())


def verdict(*codes: str, guard: str = "security/g", ran: Ran = Ran.JUDGED, why: str = "") -> Verdict:
    findings = tuple(Finding(code, f"about {code}") for code in codes)
    return Verdict(guard, Lens.SECURITY, ran, Outcome.DENY, findings, why=why)


def ruling(*verdicts: Verdict, event: Event = EVENT) -> Ruling:
    return Ruling(event, Decision("dec_1", event.id, Outcome.DENY, verdicts, BASIS), None)


def leaf(ruled: Ruling) -> bytes:
    return encode(Kind.DECISION, 1, record.body(ruled), payload=(PayloadRef("c" * 71, "r" * 32, "conversation"),))


def codes_of(ruled: Ruling) -> object:
    verdicts = decode(leaf(ruled)).body["verdicts"]
    assert isinstance(verdicts, list)
    return verdicts[0][3]


def test_a_code_stands_once_in_a_leaf_however_often_it_was_found() -> None:
    assert codes_of(ruling(verdict(*["g/b"] * 2_000, "g/a", "g/b"))) == ["g/b", "g/a"]


def test_codes_beyond_the_first_are_counted() -> None:
    many = [f"g/{number}" for number in range(2_000)]
    assert codes_of(ruling(verdict(*many))) == [*many[: record.MOST_CODES], f"+{2_000 - record.MOST_CODES}"]
    assert codes_of(ruling(verdict(*many[: record.MOST_CODES]))) == many[: record.MOST_CODES]


def test_every_finding_stands_in_the_payload() -> None:
    ruled = ruling(verdict(*[f"g/{number}" for number in range(2_000)]))
    assert record.payload(ruled).count(b'"code":"g/') == 2_000


def test_a_leaf_reads_back_as_the_decision_it_is() -> None:
    ruled = ruling(verdict(*[f"g/{number}" for number in range(60)]), verdict("h/x", guard="safety/h"))
    read = read_decision(decode(leaf(ruled)).body)
    assert [one.outcome for one in read.verdicts] == [Outcome.DENY, Outcome.DENY]


@pytest.mark.requirement("X6")
def test_a_name_no_manifest_could_declare_is_not_in_the_leaf() -> None:
    for name in ("x" * 70_000, "Ada Lovelace, 12 Rue X", "\ud800", "refünd", ""):
        body = record.body(ruling(verdict("g/a"), event=replace(EVENT, kind=EventKind.TOOL_RESULT, component=name)))
        assert body["component"] == ""
    assert record.body(ruling(verdict("g/a")))["component"] == "refund"


@pytest.mark.requirement("X6")
@given(
    codes=st.lists(ANY_TEXT, max_size=40),
    copies=st.integers(1, 200),
    name=ANY_TEXT,
    words=ANY_TEXT,
    guards=st.integers(1, 12),
    ran=st.sampled_from([Ran.JUDGED, Ran.FAILED, Ran.NOT_RUN]),
)
def test_a_decision_can_always_be_recorded(
    codes: list[str], copies: int, name: str, words: str, guards: int, ran: Ran
) -> None:
    event = replace(EVENT, component=name * copies, values=(Value(f"args[{name!r}]", words, ValueClass.TEXT),))
    spelled = [code * copies for code in codes] * copies
    whole = verdict(*spelled[:3_000], ran=ran, why=words * copies)
    origin = Origin(words, name, UNKNOWN_LABEL, words)
    odd = replace(whole, findings=(*whole.findings, Finding(name, words, path=words, origins=(origin,), rule=words)))
    ruled = ruling(*(replace(odd, guard=f"security/g{n}") for n in range(guards)), event=event)
    assert decode(leaf(ruled)).kind is Kind.DECISION
    assert record.payload(ruled)
