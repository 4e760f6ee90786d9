"""An upstream that refuses, is not there, is late, drips or hangs: the wait ends, the outcome is an entry, and the next model is judged before it is asked."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from trilens.gateways import upstream
from trilens.lenses.lens import Answer, Context, allow, deny, hold
from trilens.prove.ledger.entry import Kind
from trilens.testing.faulty_wire import Fault, FaultyWire
from trilens.testing.installation import Got, Installation, Judge, open_installation
from trilens.testing.scripted_model.script import parse_script
from trilens.testing.scripted_model.server import ScriptedModel
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind
from trilens.vocabulary.verdict import Finding

pytestmark = pytest.mark.requirement("S13")

SAID = "steps: [{say: It has been sent.}]"
SPARE = "steps: [{say: from the spare}]"
DEAD = "steps: [{say: no, fault: {status: 500}}]"
SILENT = [
    (Fault.REFUSE, 0.0, "upstream/unreachable"),
    (Fault.BLACKHOLE, 0.0, "upstream/timeout"),
    (Fault.DELAY, 2.0, "upstream/timeout"),
    (Fault.DRIP, 0.05, "upstream/timeout"),
    (Fault.HANG, 0.0, "upstream/timeout"),
]
IDS = ["33 refuses", "34 blackhole", "35 delayed", "36 drips", "37 hangs"]

Open = Callable[..., Installation]


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "CONNECT_S", 0.3)
    monkeypatch.setattr(upstream, "FIRST_BYTE_S", 0.6)


@pytest.fixture
def wire() -> Iterator[FaultyWire]:
    with ScriptedModel(parse_script(SAID)) as model, FaultyWire(int(model.base_url.split(":")[2][:-3])) as made:
        yield made


@pytest.fixture
def opened(tmp_path: Path, wire: FaultyWire) -> Iterator[Open]:
    with ExitStack() as stack:

        def act(*guards: Judge, spare: str = SPARE) -> Installation:
            return stack.enter_context(
                open_installation(tmp_path / "state", *guards, spare=spare, upstream=wire.base_url)
            )

        yield act


def ask(here: Installation, *, stream: bool) -> Got:
    return here.post({"model": "chat", "stream": stream, "messages": [{"role": "user", "content": "hello"}]})


def told(here: Installation) -> list[tuple[str, str]]:
    """What the ledger says happened, in order: models that were let be asked, and those that failed."""
    found = []
    for entry in here.entries():
        match entry.kind, entry.body:
            case Kind.FAULT, {"model": str(model), "what": str(what)}:
                found.append((model, what))
            case Kind.DECISION, {"event": [_, "model_call", *_], "component": str(model), "outcome": str(outcome)}:
                found.append((model, outcome))
            case _:
                continue
    return found


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("fault", "for_s", "code"), SILENT, ids=IDS)
def test_the_next_model_is_judged_after_the_fault_is_an_entry_and_then_asked(
    opened: Open, wire: FaultyWire, fault: Fault, for_s: float, code: str, stream: bool
) -> None:
    here = opened()
    wire.be(fault, for_s=for_s)
    got = ask(here, stream=stream)
    assert got.status == 200
    assert b"from the spa" in got.body
    assert told(here) == [("chat", "allow"), ("chat", code), ("spare", "allow")]
    assert here.spare.count == 1


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("fault", "for_s", "code"), SILENT, ids=IDS)
def test_when_no_model_is_left_the_client_gets_the_error_of_its_protocol(
    opened: Open, wire: FaultyWire, fault: Fault, for_s: float, code: str, stream: bool
) -> None:
    here = opened(spare=DEAD)
    wire.be(fault, for_s=for_s)
    got = ask(here, stream=stream)
    assert (got.status, got.header("content-type")) == (502, "application/json")
    assert (got.error["type"], got.error["code"]) == ("upstream_error", "unavailable")
    assert told(here) == [("chat", "allow"), ("chat", code), ("spare", "allow"), ("spare", "upstream/status")]
    wire.be(Fault.NONE)
    assert ask(here, stream=stream).status == 200


@pytest.mark.usefixtures("limits")
def test_a_next_model_that_is_denied_is_never_asked(opened: Open, wire: FaultyWire) -> None:
    def not_the_spare(event: Event, _: Context) -> Answer:
        is_spare = event.kind is EventKind.MODEL_CALL and event.component == "spare"
        return deny(Finding("g/elsewhere", "another region")) if is_spare else allow()

    here = opened(not_the_spare)
    wire.be(Fault.HANG)
    assert ask(here, stream=False).status in (502, 504)
    assert told(here) == [("chat", "allow"), ("chat", "upstream/timeout"), ("spare", "deny")]
    assert here.spare.count == 0


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("fault", "for_s"), [(Fault.DELAY, 0.3), (Fault.DRIP, 0.0)])
def test_an_answer_that_is_late_and_within_its_time_is_one(
    opened: Open, wire: FaultyWire, fault: Fault, for_s: float, stream: bool
) -> None:
    here = opened()
    wire.be(fault, for_s=for_s)
    got = ask(here, stream=stream)
    assert got.status == 200
    assert stream or json.loads(got.body)["choices"][0]["message"]["content"] == "It has been sent."
    assert told(here) == [("chat", "allow")]
    if stream:
        assert got.body.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_drips_for_ever_ends_with_its_time_and_no_other_model_takes_it_over(
    opened: Open, wire: FaultyWire, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    monkeypatch.setattr(upstream, "TOTAL_S", 0.3)
    here = opened()
    wire.be(Fault.DRIP, for_s=0.004)
    got = ask(here, stream=stream)
    assert b"[DONE]" not in got.body
    assert told(here) == [("chat", "allow"), ("chat", "upstream/timeout")]
    assert here.spare.count == 0
    if not stream:
        assert (got.status, got.error["code"]) == (504, "timeout")


@pytest.mark.usefixtures("limits")
def test_what_people_approved_is_released_once_with_every_model_gone(opened: Open, wire: FaultyWire) -> None:
    """The kept answer needs no model, and a broken way to one uses no approval up."""

    def hold_output(event: Event, _: Context) -> Answer:
        return hold(Finding("g/needs_a_person", "look")) if event.kind is EventKind.OUTPUT else allow()

    here = opened(hold_output, spare=DEAD)
    key, body = here.key(), {"model": "chat", "messages": [{"role": "user", "content": "hello"}]}
    assert here.post(body, key=key).status == 403
    wire.be(Fault.REFUSE)
    # another request of the same person fails, and leaves the case as it is
    other = body | {"messages": [{"role": "user", "content": "something else"}]}
    assert here.post(other, key=key).status == 502
    here.decide(here.journal.cases()[0])
    assert here.post(other, key=key).status == 502
    got = here.post(body, key=key)
    assert json.loads(got.body)["choices"][0]["message"]["content"] == "It has been sent."
    assert here.post(body, key=key).status == 502
