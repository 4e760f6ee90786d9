"""A first manifest: it parses, and whatever a reviewer says about it stands in a line that is marked as a guess."""

import datetime as dt
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.declare.diagnose import diagnose
from trilens.declare.parse import Manifest, parse_manifest
from trilens.declare.scaffold import GUESS, SCHEMA_PATH, scaffold, system_name
from trilens.mechanisms.policy.condition import compile_condition


class Sheet:
    id = "ungrounded_claim"


def read(text: str, files: dict[str, str]) -> Manifest:
    environment = {"UPSTREAM_URL": "https://upstream.example", "UPSTREAM_KEY": "set"}
    return parse_manifest(text, [Sheet()], environment=environment, read=files.__getitem__)


@pytest.mark.requirement("V1")
def test_scaffold_passes_check_except_for_its_guesses() -> None:
    files = scaffold("My Shop")
    manifest = read(files["system.yaml"], dict(files))
    assert manifest.system.id == "my-shop"
    said = diagnose(manifest, today=dt.date(2026, 11, 24), environment={}, compile_condition=compile_condition)
    assert said
    lines = files["system.yaml"].splitlines()
    assert [d for d in said if GUESS not in lines[d.place.line - 1]] == []
    assert [d.code for d in said if d.severity == "error"] == []


def test_tools_it_shows_in_comments_work_when_uncommented() -> None:
    files = scaffold("shop")
    start = files["system.yaml"].index("# tools:")
    stop = files["system.yaml"].index("agents:\n")
    shown = re.sub(r"(?m)^# ?", "", files["system.yaml"][start:stop])
    text = files["system.yaml"][:start] + shown + files["system.yaml"][stop:]
    text = text.replace("user_turns: mixed", "user_turns: mixed, tools: [lookup_order, send_email]")
    manifest = read(text, dict(files))
    assert set(manifest.system.tools) == {"lookup_order", "send_email"}
    said = diagnose(manifest, today=dt.date(2026, 11, 24), environment={}, compile_condition=compile_condition)
    assert [d for d in said if GUESS not in d.place.text] == []


def test_scaffold_keeps_state_out_of_git_and_helps_the_editor() -> None:
    files = scaffold("shop")
    assert files[".gitignore"] == ".trilens/\n"
    assert f"$schema={SCHEMA_PATH}" in files["system.yaml"]
    assert json.loads(files[SCHEMA_PATH])["title"] == "Trilens manifest"


@given(name=st.text(max_size=90))
def test_any_name_becomes_one_a_manifest_may_have(name: str) -> None:
    files = scaffold(name)
    assert read(files["system.yaml"], dict(files)).system.id == system_name(name)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("My Shop (EU)", "my-shop-eu"),
        ("", "my-system"),
        ("123", "my-system-123"),
        ("1e5", "my-system-1e5"),
        ("日本", "my-system"),
    ],
)
def test_name(name: str, made: str) -> None:
    assert system_name(name) == made
