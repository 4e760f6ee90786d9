"""A decision is read strictly, and whatever the pipeline writes can be read."""

import contextlib
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.enforce import record
from trilens.enforce.plan import Ruling
from trilens.errors import LedgerError
from trilens.prove.decision import read_decision
from trilens.prove.ledger.entry import decode
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind, Lens, Outcome, Phase, Ran
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.verdict import Basis, Decision, Finding, Verdict

if TYPE_CHECKING:
    from tests.prove.conftest import World

pytestmark = pytest.mark.requirement("C13")


def test_what_the_pipeline_writes_is_what_is_read() -> None:
    event = Event(
        "evt_1", EventKind.TOOL_CALL, Phase.PROPOSED, "s", Principal("tlk_1", "support"), "refund", "0" * 32, ()
    )
    verdicts = (
        Verdict("safety/action_limits", Lens.SAFETY, Ran.JUDGED, Outcome.HOLD, (Finding("action_limits/x", "…"),)),
        Verdict("security/ungranted_tool", Lens.SECURITY, Ran.FAILED, Outcome.DENY, why="raised ValueError"),
        Verdict("compliance/purpose_not_allowed", Lens.COMPLIANCE, Ran.NOT_APPLICABLE, Outcome.ALLOW),
    )
    basis = Basis("sha256:p", "0.1 sha256:e", "prefix", 42, (("account", 5),))
    ruling = Ruling(event, Decision("dec_1", "evt_1", Outcome.DENY, verdicts, basis, "mac", "apr_1"), None)
    read = read_decision(record.body(ruling))
    assert (read.id, read.kind, read.phase, read.outcome, read.left) == (
        "dec_1",
        event.kind,
        event.phase,
        Outcome.DENY,
        False,
    )
    assert [(v.guard, v.ran, v.outcome) for v in read.verdicts] == [(v.guard, v.ran, v.outcome) for v in verdicts]
    assert (read.case, read.intent, read.policy, read.engine, read.judged_ms) == (
        "apr_1",
        "mac",
        basis.policy,
        basis.engine,
        42,
    )


def body(world: "World") -> dict[str, Any]:
    return deepcopy(dict(decode(world.decision(world.everyone())).body))


@pytest.mark.parametrize("key", ["id", "event", "outcome", "left", "verdicts", "case", "intent", "basis"])
def test_a_missing_field_is_an_error(world: "World", key: str) -> None:
    written = body(world)
    del written[key]
    with pytest.raises(LedgerError) as raised:
        read_decision(written)
    assert raised.value.code == "ledger/decision"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("outcome",), "ALLOW"),
        (("outcome",), "approve"),
        (("left",), "false"),
        (("left",), 0),
        (("event", 1), "thought"),
        (("event", 2), "imagined"),
        (("verdicts", 0, 1), "skipped"),
        (("verdicts", 0, 2), "Deny"),
        (("verdicts", 0), ["safety/x", "judged", "allow"]),
        (("verdicts", 0, 3), "codes"),
        (("basis", "policy"), None),
        (("basis", "now"), "42"),
    ],
)
def test_a_word_of_no_closed_set_or_another_type_is_an_error(
    world: "World", path: tuple[Any, ...], value: object
) -> None:
    written = body(world)
    *above, last = path
    place: Any = written
    for step in above:
        place = place[step]
    place[last] = value
    with pytest.raises(LedgerError) as raised:
        read_decision(written)
    assert raised.value.code == "ledger/decision"


def test_two_verdicts_of_one_guard_are_an_error(world: "World") -> None:
    written = body(world)
    written["verdicts"].append(written["verdicts"][0])
    with pytest.raises(LedgerError, match="two verdicts of one guard"):
        read_decision(written)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)


@given(data=st.data())
def test_no_body_makes_the_reader_fail_otherwise(world: "World", data: st.DataObject) -> None:
    written = body(world)
    for key in data.draw(st.lists(st.sampled_from(sorted(written)), max_size=4)):
        written[key] = data.draw(_JSON)
    with contextlib.suppress(LedgerError):
        read_decision(written)
