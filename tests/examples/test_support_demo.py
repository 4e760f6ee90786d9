"""The demo, played whole: it ends with 0 when every step went as told, and each step fails when the guard it shows sleeps."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from trilens import plane
from trilens.cli.demo import scene
from trilens.cli.main import main
from trilens.lenses.catalog import load
from trilens.lenses.lens import NOT_APPLICABLE, Answer, Context, Guard, Sheet
from trilens.testing.scripted_model import Script, ScriptedModel, Step
from trilens.vocabulary.event import Event

PLAYED = "✔ all 5 steps went as told"


class Sleeping:
    """A guard that looks away, under the sheet of the one it replaces."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet

    def judge(self, event: Event, context: Context) -> Answer:
        return NOT_APPLICABLE


def without(guard_id: str) -> Callable[[], tuple[Guard, ...]]:
    def guards() -> tuple[Guard, ...]:
        return tuple(Sleeping(g.sheet) if g.sheet.id == guard_id else g for g in load())

    return guards


def endings(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [step["ending"] for step in json.loads(capsys.readouterr().out)["steps"]]


@pytest.mark.requirement("V8", "X4", "S3", "S6", "S10", "C2", "C5")
def test_every_step_goes_as_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "support", "--once"]) == 0
    shown = capsys.readouterr().out
    assert PLAYED in shown
    assert "✖" not in shown
    assert "\x1b" not in shown


@pytest.mark.requirement("V8", "X4")
def test_what_is_shown_names_the_origin_the_sentence_the_approver_and_three_verdicts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["demo", "support", "--once"])
    shown = capsys.readouterr().out
    told = [
        "«90 days»",
        "“Items can be returned within 30 days of delivery.”",
        "the value: args.to = audit@parcel-desk.example",
        "from lookup_order result, field note (messages[3].note, third party)",
        "│ Hello! What can I do for you?",
        "model `spare` runs in `us`",
        "decides       support-lead",
        "on            refund(order_id=A-1003, amount=450)",
        "Three verdicts",
        "Safety ",
        "Security ",
        "Compliance ",
        "trilens init",
    ]
    assert [text for text in told if text not in shown] == []
    positions = [shown.index(text) for text in told]
    assert positions == sorted(positions)


@pytest.mark.requirement("V8")
@pytest.mark.parametrize(
    ("guard_id", "step"),
    [
        ("action_limits", 1),
        ("ungrounded_claim", 2),
        ("untrusted_sink", 3),
        ("missing_disclosure", 4),
        ("region_not_allowed", 4),
        ("irreversible_effect", 5),
    ],
)
def test_a_step_goes_otherwise_when_the_guard_it_shows_sleeps(
    guard_id: str, step: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(plane, "load", without(guard_id))
    assert main(["demo", "support", "--json"]) == 1
    found = endings(capsys)
    assert [number for number, ending in enumerate(found, start=1) if ending != "as told"] == [step]


@pytest.mark.requirement("V8")
def test_a_real_model_that_does_not_try_is_reported_as_that_and_never_as_a_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedModel(Script(steps=(Step(say="I am a cautious model."),))) as real:
        monkeypatch.setenv("TRILENS_DEMO_MODEL_URL", real.base_url)
        assert main(["demo", "support", "--once"]) == 1
        assert real.count > 0
    shown = capsys.readouterr().out
    for number in (1, 2, 3, 5):
        assert f"✖ step {number} (" in shown
    assert shown.count("): the model did not try:") == 4
    assert PLAYED not in shown


def test_a_real_endpoint_that_is_gullible_is_stopped_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedModel(Script(gullible=True)) as real:
        monkeypatch.setenv("TRILENS_DEMO_MODEL_URL", real.base_url)
        assert main(["demo", "support", "--json"]) == 1
    # it makes up no refund period by itself; all other premises it brings about
    assert endings(capsys) == ["as told", "the model did not try", "as told", "as told", "as told"]


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/v1", "127.0.0.1:8091"])
def test_an_address_that_is_none_is_a_usage_error(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRILENS_DEMO_MODEL_URL", address)
    assert main(["demo", "support", "--once"]) == 2
    assert "demo/model-url" in capsys.readouterr().err


def test_when_nobody_decides_the_demo_does(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(scene, "PATIENCE_S", 0)
    assert main(["demo", "support"]) == 0
    shown = capsys.readouterr().out
    assert "trilens approvals approve apr_" in shown
    assert "nobody decided within 0 s" in shown


def test_state_is_kept_where_it_is_told_to_and_its_record_can_be_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept"
    assert main(["demo", "support", "--once", "--keep", str(kept)]) == 0
    assert len(list((kept / "shop" / "outbox").glob("*.eml"))) == 1
    assert "trilens ledger verify" in capsys.readouterr().out
    assert main(["demo", "support", "--once", "--keep", str(kept)]) == 2


def test_an_example_that_is_none_is_named_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "suport", "--once"]) == 2
    told = capsys.readouterr().err
    assert "`suport`" in told
    assert "`support`" in told


def test_the_process_is_left_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    before = (
        list(sys.path),
        dict(os.environ),
        {name for name in sys.modules if name in ("shop", "tools", "agent", "story")},
    )
    main(["demo", "support", "--json"])
    after = (
        list(sys.path),
        dict(os.environ),
        {name for name in sys.modules if name in ("shop", "tools", "agent", "story")},
    )
    assert after == before


@pytest.mark.requirement("V8", "S10")
def test_a_second_terminal_decides_and_the_first_verdict_comes_within_twenty_seconds(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRILENS_")}
    started = time.monotonic()
    first_verdict = 0.0
    demo = subprocess.Popen(
        [sys.executable, "-m", "trilens.cli.main", "demo", "support"],
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment,
        cwd=tmp_path,
    )
    with demo:
        assert demo.stdout is not None
        shown = []
        for line in demo.stdout:
            shown.append(line)
            if "→ allow" in line and not first_verdict:
                first_verdict = time.monotonic() - started
            if "approvals approve" in line:
                words = shlex.split(line)
                variables = dict(word.split("=", 1) for word in words[:2])
                command = [sys.executable, "-m", "trilens.cli.main", *words[words.index("approvals") :]]
                subprocess.run(command, env={**environment, **variables}, check=True, stdout=subprocess.DEVNULL)
    assert demo.returncode == 0, "".join(shown)
    assert PLAYED in "".join(shown)
    assert "nobody decided" not in "".join(shown)
    assert 0 < first_verdict < 20
