"""Random exchanges: the pipeline and the reference rule alike, event by event and together."""

import itertools
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import pytest
import reference_rules as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_rules import Act

from trilens.declare.parse import parse
from trilens.enforce.combine import lift
from trilens.enforce.pipeline import Bench, judge_exchange
from trilens.lenses.lens import NOT_APPLICABLE, Answer, Context, Sheet, allow, deny, hold, modify
from trilens.lenses.stage import FIXTURES, manifest_text
from trilens.mechanisms import events
from trilens.mechanisms.events import intent_mac
from trilens.mechanisms.flow.build import beginning_of, sprout
from trilens.storage.ports import Case, CaseState, Snapshot
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.event import Call, Event, Exchange
from trilens.vocabulary.outcome import EventKind, Lens, Outcome, Ran
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import OnDeny, System
from trilens.vocabulary.verdict import Edit, Finding, Verdict

pytestmark = pytest.mark.requirement("V5")

CASES = int(os.environ.get("TRILENS_TEST_REFERENCE", "300"))
GUARDS = ("safety/a", "security/b", "compliance/c")
MAC = Mac(b"the key of the reference, it is open")
WHO = Principal("key", "support", "customer", "C-17", "eu")
WHY = Finding("g/why", "because")
NOW_MS = 1_795_521_600_000


@pytest.fixture(scope="module")
def shop() -> System:
    def read(path: str) -> str:
        return FIXTURES.joinpath(path).read_text(encoding="utf-8")

    @dataclass(frozen=True)
    class Named:
        id: str

    return parse(manifest_text({}), (Named("ungrounded_claim"),), environment={}, read=read)


@dataclass
class Scripted:
    """A guard that says what its script says, of an event by its id and by whether it was changed."""

    sheet: Sheet
    script: Mapping[str, Act]

    def judge(self, event: Event, _: Context) -> Answer:
        act = self.script[event.id]
        value = event.values[0]
        is_changed = str(value.value).startswith("§")
        word = (act.then if is_changed else act.says)[self.sheet.name]
        match word:
            case "none":
                return NOT_APPLICABLE
            case "raises":
                raise ValueError("a guard that fails")
            case "allow":
                return allow(WHY)
            case "modify":
                return modify(
                    Edit(value.path, prepended="" if is_changed else literal(act, self.sheet.name)), findings=(WHY,)
                )
            case "hold":
                return hold(WHY)
            case _:
                return deny(WHY)


def literal(act: Act, guard: str) -> str:
    return sorted(act.literals)[GUARDS.index(guard) % len(act.literals)]


WORDS = st.sampled_from(["none", "allow", "allow", "modify", "hold", "deny", "raises"])
SAYINGS = st.fixed_dictionaries(dict.fromkeys(GUARDS, WORDS))
ACTS = st.builds(
    lambda kind, says, then, literals, intent, declared: Act(kind, says, then, frozenset(literals), intent, declared),
    st.sampled_from(["input", "tool_call", "tool_call", "tool_result", "output"]),
    SAYINGS,
    SAYINGS,
    st.sets(st.sampled_from(["§one ", "§two "]), min_size=1),
    st.sampled_from("pqr"),
    st.sampled_from([True, True, True, False]),
)


def event_of(act: Act, number: int, scene: events.Scene) -> Event:
    tool = "send_email" if act.is_declared else "no_such_tool"
    call = Call(f"c{number}", tool, json.dumps({"body": act.intent}))
    match act.kind:
        case "input":
            return events.user_input(scene, act.intent)
        case "tool_call":
            return events.tool_call(scene, call)
        case "tool_result":
            return events.tool_result(scene, replace(call, tool="send_email"), act.intent)
        case _:
            return events.output(scene, act.intent)


@settings(max_examples=CASES)
@given(
    acts=st.lists(ACTS, max_size=4),
    watching=st.sets(st.sampled_from(GUARDS)),
    approved=st.dictionaries(
        st.tuples(st.sampled_from("pqr"), st.sampled_from(["tool_call", "output", "input", "tool_result"])),
        st.sets(st.sampled_from(GUARDS)),
        max_size=4,
    ),
    is_answer=st.booleans(),
    errors=st.booleans(),
    on_error=st.sampled_from([Outcome.HOLD, Outcome.DENY]),
)
def test_the_pipeline_rules_as_the_reference_does(
    shop: System,
    acts: list[Act],
    watching: set[str],
    approved: dict[tuple[str, str], set[str]],
    is_answer: bool,
    errors: bool,
    on_error: Outcome,
) -> None:
    # only a call of an undeclared tool is refused before the guards
    acts = [replace(act, is_declared=act.is_declared or act.kind != "tool_call") for act in acts]
    acts = [
        replace(
            act,
            says={g: w for g, w in act.says.items() if g in watching},
            then={g: w for g, w in act.then.items() if g in watching},
        )
        for act in acts
    ]
    agent = replace(shop.agents["support"], on_deny=OnDeny.ERROR if errors else OnDeny.REFUSE)
    system = replace(shop, agents=MappingProxyType({"support": agent}))
    numbers = itertools.count()
    scene = events.Scene(system, WHO, "s", MAC, lambda: f"e{next(numbers)}")
    happening = [event_of(act, n, scene) for n, act in enumerate(acts)]
    script = {event.id: act for event, act in zip(happening, acts, strict=True)}
    guards = [Scripted(_sheet(name, on_error), script) for name in GUARDS if name in watching]
    # an approval is of one thing to be done: what is asked for, and the kind of asking
    intents = {
        (act.intent, act.kind, act.is_declared): intent_mac(event, system, MAC)
        for act, event in zip(acts, happening, strict=True)
    }
    cases, cards = {}, {}
    for (intent, kind, declared), mac in intents.items():
        if (intent, kind) in approved:
            covers = approved[intent, kind]
            cases[mac] = Case(
                "apr_" + mac,
                "approval",
                "s",
                0,
                NOW_MS * 2,
                "",
                (mac,),
                tuple(covers),
                ("lead",),
                "c",
                state=CaseState.APPROVED,
            )
            cards[f"{intent}{kind}{declared}"] = covers
    plan = judge_exchange(
        Exchange(tuple(happening), (), WHO, "s", "r", proposes_answer=is_answer),
        Bench(system, guards, "engine", MAC, lambda: f"n{next(numbers)}"),
        flow=sprout(beginning_of(system)),
        snapshot=Snapshot(approvals=cases),
        now_ms=NOW_MS,
    )
    told = [
        replace(
            act,
            intent=f"{act.intent}{act.kind}{act.is_declared}",
            literals=frozenset(literal(act, g) for g, w in act.says.items() if w == "modify"),
        )
        for act in acts
    ]
    outcome, ruled = reference.exchange(told, cards, is_answer=is_answer, errors=errors, on_error=on_error.word)
    assert plan.outcome.word == outcome
    assert [r.decision.outcome.word for r in plan.rulings] == [one.outcome for one in ruled]
    assert [r.leaves is not None for r in plan.rulings] == [one.leaves for one in ruled]
    assert {used.intent for used in plan.draft.consumed} == {
        intents[act.intent, act.kind, act.is_declared]
        for act, one in zip(acts, ruled, strict=True)
        if one.used and one.leaves
    }
    assert bool(plan.case) == (outcome == "hold")


@settings(max_examples=CASES)
@given(
    says=st.dictionaries(st.sampled_from(GUARDS), st.sampled_from(Outcome), min_size=1),
    covers=st.none() | st.sets(st.sampled_from(GUARDS)),
)
def test_an_approval_lifts_what_the_reference_lets_it_lift(says: dict[str, Outcome], covers: set[str] | None) -> None:
    verdicts = [Verdict(guard, Lens(guard.partition("/")[0]), Ran.JUDGED, outcome) for guard, outcome in says.items()]
    card = (
        None
        if covers is None
        else Case("apr_1", "approval", "s", 0, 1, "", ("i",), tuple(covers), ("lead",), "c", state=CaseState.APPROVED)
    )
    lifted = lift(verdicts, card)
    words = {guard: outcome.word for guard, outcome in says.items()}
    assert (lifted.outcome.word, bool(lifted.case)) == reference.said(words, covers, "deny")


def _sheet(name: str, on_error: Outcome) -> Sheet:
    lens, _, short = name.partition("/")
    everything = frozenset(EventKind)
    return Sheet(short, Lens(lens), "?", "", everything, (), (), frozenset(Outcome), on_error, "", (), (), "sha256:0")
