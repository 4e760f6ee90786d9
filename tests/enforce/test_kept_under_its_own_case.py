"""Two requests that lead to the same action are two cases: what was kept with one leaves under that one, and the record says so."""

from pathlib import Path

import pytest

from trilens.lenses.lens import Answer, Context, allow, hold
from trilens.storage.ports import CaseState
from trilens.testing.installation import Installation, open_installation
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import EventKind
from trilens.vocabulary.verdict import Finding

SCRIPT = 'steps: [{call: [{tool: send_email, args: {to: a@b.example, body: "Grüezi"}}]}]'
WORDS = ("write to them", "write to them, please")


def calls_wait(event: Event, _: Context) -> Answer:
    return hold(Finding("g/waits", "a person decides")) if event.kind is EventKind.TOOL_CALL else allow()


def ask(here: Installation, words: str, key: str) -> int:
    return here.post({"model": "chat", "messages": [{"role": "user", "content": words}]}, key=key).status


@pytest.mark.requirement("S10")
@pytest.mark.parametrize("order", [WORDS, WORDS[::-1]])
def test_each_kept_answer_leaves_once_under_the_case_it_was_kept_with(tmp_path: Path, order: tuple[str, str]) -> None:
    with open_installation(tmp_path / "state", calls_wait, script=SCRIPT) as here:
        key = here.key()
        cases = {}
        for words in WORDS:
            assert ask(here, words, key) == 403
            cases[words] = here.journal.cases()[0]
        assert cases[WORDS[0]].intents == cases[WORDS[1]].intents
        for case in cases.values():
            here.decide(case)
        assert [ask(here, words, key) for words in order] == [200, 200]
        decisions = [e.body for e in here.entries() if e.kind == "decision"]
        left = [body for body in decisions if body["left"] and body["event"][1] == "tool_call"]  # type: ignore[index]
        assert [body["case"] for body in left] == [cases[words].id for words in order]
        assert {case.state for case in here.journal.cases()} == {CaseState.USED}
