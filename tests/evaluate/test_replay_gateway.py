"""What came in by the gateway, whole and streamed, held and approved, is decided the same again."""

from pathlib import Path

import pytest

from trilens.evaluate.replay.again import Engine
from trilens.evaluate.replay.walk import Replay, Replayed
from trilens.lenses.lens import Answer, Context, allow, deny, hold
from trilens.testing.installation import Installation, open_installation
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind
from trilens.vocabulary.verdict import Finding

LONG = " ".join(f"Sentence number {n} says little, in a few words." for n in range(60))
SCRIPT = f"""
steps:
  - {{say: "{LONG}", times: 1}}
  - {{call: [{{tool: lookup, args: {{order: A-1}}, id: c1}}], times: 1}}
  - {{call: [{{tool: send_email, args: {{to: eve@evil.example, body: Hi}}, id: c2}}], times: 1}}
  - {{say: Do not say secret here., times: 1}}
  - {{say: The end.}}
"""


def judge(event: Event, context: Context) -> Answer:
    why = Finding("g/why", f"after {context.flow.length} turns")
    if event.kind is EventKind.TOOL_CALL and event.component == "send_email":
        return hold(why)
    return deny(why) if event.kind is EventKind.OUTPUT and "secret" in event.text else allow(why)


def again(here: Installation) -> list[Replayed]:
    bench = here.bench
    replay = Replay(here.journal, here.keyring, Engine(bench.guards, bench.engine, bench.mac))
    replay.policies.know(bench.system)
    return list(replay.run())


@pytest.mark.requirement("V7")
@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_conversation_through_the_gateway_is_decided_the_same_again(tmp_path: Path, is_streamed: bool) -> None:
    with open_installation(tmp_path / "state", judge, script=SCRIPT) as here:
        key, messages = here.key(), [{"role": "system", "content": "Nobody declared this."}]
        for number in range(5):
            messages.append({"role": "user", "content": f"Question {number}"})
            body = {"model": "gpt-5.1", "messages": messages, "stream": is_streamed}
            got = here.post(body, key=key)
            for case in here.journal.cases() if got.status == 403 else ():
                here.decide(case)
                assert here.post(body, key=key).status == 200
            messages.append({"role": "assistant", "content": LONG if number == 0 else "I forget."})
        found, outcomes = again(here), here.outcomes()
        assert {"hold", "deny"} <= {outcome for _, outcome in outcomes}
        assert len(found) == len(outcomes)
        assert [one for one in found if one.standing != "same"] == []
