"""What a careful reviewer says: every diagnosis has a manifest that triggers it and one that does not."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from ruamel.yaml import YAML

import trilens.declare.review
import trilens.lenses
from trilens.declare.diagnose import CHECKS, diagnose
from trilens.declare.diagnosis import Diagnosis
from trilens.declare.files import reader
from trilens.declare.parse import parse_manifest
from trilens.mechanisms.policy.condition import compile_condition

Change: TypeAlias = Callable[[Mapping[str, str]], str]
Vector: TypeAlias = dict[str, Any]
Say: TypeAlias = Callable[..., tuple[Diagnosis, ...]]

HERE = Path(__file__).parent
VECTORS = YAML(typ="safe", pure=True).load((HERE / "vectors" / "diagnoses.yaml").read_text(encoding="utf-8"))
KEYS = {"code", "severity", "today", "environment", "fires", "silent", "marks", "says", "hides"}
FILES = {
    "prompts/leaky.md": "You answer questions.\nThe admin password is hunter2hunter2.\n",
    "policies/hidden.md": "Refunds within 30 days.\u200b\n",
}


@pytest.fixture(scope="session")
def review(changed: Change) -> Say:
    """Diagnoses of the shop with some stretches replaced."""
    from_shop = reader(Path(trilens.lenses.__file__).parent / "fixtures")
    environment = {
        "UPSTREAM_URL": "https://upstream.example/v1",
        "UPSTREAM_KEY": "set",
        "SPARE_URL": "https://spare.example/v1",
        "SPARE_KEY": "set",
    }

    class Sheet:
        id = "ungrounded_claim"

    def say(replace: dict[str, str], vector: Vector | None = None) -> tuple[Diagnosis, ...]:
        known = (vector or {}).get("environment", environment)
        manifest = parse_manifest(
            changed(replace),
            [Sheet()],
            environment=known,
            read=lambda path: FILES[path] if path in FILES else from_shop(path),
        )
        today = dt.date.fromisoformat(str((vector or {}).get("today", "2026-11-24")))
        return diagnose(manifest, today=today, environment=known, compile_condition=compile_condition)

    return say


def code_of(vector: Vector) -> str:
    return vector["code"] if "/" in vector["code"] else f"manifest/{vector['code']}"


def name_of(vector: Vector) -> str:
    return f"{vector['code']}-{vector['severity']}"


@pytest.mark.requirement("V1", "S1")
@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_reviewer_says_it(vector: Vector, review: Say) -> None:
    assert set(vector) <= KEYS
    said = [d for d in review(vector["fires"], vector) if d.code == code_of(vector)]
    assert said, "nothing was said"
    first = next((d for d in said if d.message.startswith(vector.get("says", ""))), None)
    assert first is not None, [d.message for d in said]
    assert first.severity == vector["severity"]
    assert first.help
    assert "\n" not in first.message + first.help
    start = first.place.column - 1
    if "marks" in vector:
        assert first.place.text[start : start + first.place.width] == str(vector["marks"])
    if "hides" in vector:
        assert vector["hides"] not in repr(said)


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_reviewer_does_not_say_it(vector: Vector, review: Say) -> None:
    said = [d for d in review(vector["silent"], vector) if d.code == code_of(vector)]
    assert [d.message for d in said if d.severity == vector["severity"]] == []


def test_every_diagnosis_has_a_vector() -> None:
    folder = Path(trilens.declare.review.__file__).parent
    raised = {
        code
        for path in folder.glob("*.py")
        for code in re.findall(r'"manifest/([a-z-]+)"', path.read_text(encoding="utf-8"))
    }
    assert raised == {vector["code"] for vector in VECTORS} - {"policy/condition"}


def test_every_check_is_made() -> None:
    folder = Path(trilens.declare.review.__file__).parent
    public = {
        name
        for path in folder.glob("*.py")
        for name in re.findall(r"^def ([a-z]\w*)\(review: Review\)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {check.__name__ for check in CHECKS} == public


def test_shop_has_no_error_and_two_warnings(review: Say) -> None:
    said = review({})
    assert [(d.severity, d.code) for d in said] == [
        ("warning", "manifest/region-not-allowed"),
        ("warning", "manifest/effect-without-limit"),
    ]


def test_errors_come_first_then_the_order_of_the_text(review: Say) -> None:
    said = review({"reduced_by: [ungrounded_claim]": "reduced_by: []", "approved_by: support-lead, ": ""})
    severities = [d.severity for d in said]
    assert severities == sorted(severities)
    errors = [d.place.line for d in said if d.severity == "error"]
    assert errors == sorted(errors)
    assert len(errors) == 2


@pytest.mark.parametrize(
    "condition",
    [
        'args.subject.startsWith("a") && args.subject.endsWith("b")',
        'args.subject.matches("^[0-9]{40}$")',
        "size(args.subject) > 1000",
        "args.subject + args.body == 'ab' && args.body == 'b'",
    ],
)
def test_nothing_is_claimed_of_a_condition_that_was_not_tried_completely(condition: str, review: Say) -> None:
    quoted = condition.replace('"', '\\"')
    said = review(
        {
            "approval: {never: destinations are judged by untrusted_sink, accepted_by: support-lead}": f'approval: {{when: "{quoted}"}}'
        }
    )
    assert [d.code for d in said if d.code.endswith("-holds") or d.code.startswith("policy/")] == []
