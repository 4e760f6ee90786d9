"""What is installed is pinned, hashed, waited for, listed with its licence, and asked about; what could not be asked about is said."""

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from release.audit import Audit, page, read_answer
from release.bom import bill_of_materials, flaw_in
from release.lock import Locked, LockError, read_lock, runtime

ROOT = Path(__file__).parent.parent.parent
RUNTIME, DEV = (ROOT / "requirements" / name for name in ("runtime.txt", "dev.txt"))
AT = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)


@pytest.mark.parametrize("lock", [RUNTIME, DEV], ids=["runtime", "dev"])
def test_a_lock_pins_and_hashes_everything_and_holds_no_address(lock: Path) -> None:
    assert len(read_lock(lock)) > 40
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash=)", text, re.MULTILINE)


def test_what_is_tested_is_what_is_installed() -> None:
    tested = {one.name: (one.version, one.hashes) for one in read_lock(DEV)}
    assert {one.name: tested.get(one.name) for one in read_lock(RUNTIME)} == {
        one.name: (one.version, one.hashes) for one in read_lock(RUNTIME)
    }


def test_the_recipe_of_the_locks_waits_seven_days_and_writes_hashes_and_no_address() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    assert re.search(r"^COOLDOWN_DAYS := 7$", makefile, re.MULTILINE)
    recipe = next(line for line in makefile.splitlines() if line.startswith("LOCK"))
    assert "--generate-hashes" in recipe
    assert "--no-emit-index-url" in recipe
    assert "--exclude-newer $$(date -u -d '$(COOLDOWN_DAYS) days ago'" in recipe
    written = re.findall(r"^\t\$\(LOCK\) .*--output-file (\S+)$", makefile, re.MULTILINE)
    assert written == ["requirements/runtime.txt", "requirements/dev.txt"]


ONE = "h11==0.16.0 \\\n    --hash=sha256:" + "0" * 64 + "\n    # via uvicorn\n"


def test_a_requirement_of_the_lock_is_read_whole(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    more = (
        f"colorama==0.4.6 ; sys_platform == 'win32' \\\n    --hash=sha256:{'1' * 64} \\\n    --hash=sha256:{'2' * 64}\n"
    )
    lock.write_text(f"{ONE}{more}    # via\n    #   trilens (pyproject.toml)\n    #   typer\n", encoding="utf-8")
    assert read_lock(lock) == (
        Locked("h11", "0.16.0", "", ("0" * 64,), frozenset({"uvicorn"})),
        Locked(
            "colorama",
            "0.4.6",
            'sys_platform == "win32"',
            ("1" * 64, "2" * 64),
            frozenset({"trilens (pyproject.toml)", "typer"}),
        ),
    )


@pytest.mark.parametrize(
    "written",
    [
        "h11==0.16.0\n    # via uvicorn\n",
        ONE.replace("==", ">="),
        ONE.replace("==0.16.0", "==0.16.0,>=0.1"),
        ONE.replace("h11==0.16.0", "h11 @ file:///h11.whl"),
        ONE.replace("    # via uvicorn\n", ""),
        ONE.replace("0" * 64, "0" * 63),
        f"--index-url file:///simple\n{ONE}",
        f"-e .\n{ONE}",
        f"\n{ONE}",
    ],
)
def test_a_lock_with_anything_unpinned_unhashed_or_from_elsewhere_is_refused(tmp_path: Path, written: str) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(written, encoding="utf-8")
    with pytest.raises(LockError):
        read_lock(lock)


def test_build_tools_are_not_what_the_product_needs() -> None:
    needed = {one.name for one in runtime(read_lock(RUNTIME))}
    assert {"aiohttp", "cryptography", "cffi", "pycparser", "colorama"} <= needed
    assert not needed & {"hatchling", "editables", "pathspec", "pluggy", "trove-classifiers"}


@pytest.fixture(scope="module")
def bill() -> str:
    return bill_of_materials(RUNTIME, ROOT / "pyproject.toml", at=AT)


@pytest.fixture(scope="module")
def parsed(bill: str) -> Any:
    return json.loads(bill)


def test_the_bill_keeps_the_schema_and_is_the_same_each_time(bill: str) -> None:
    assert flaw_in(bill) == ""
    assert bill == bill_of_materials(RUNTIME, ROOT / "pyproject.toml", at=AT)


def test_a_bill_that_breaks_the_schema_is_seen(bill: str) -> None:
    assert flaw_in(bill.replace('"alg": "SHA-256"', '"alg": "SHA-0"'))
    assert flaw_in(bill.replace('"components"', '"compnents"'))


def test_the_bill_lists_exactly_what_the_product_needs_with_every_hash(parsed: Any) -> None:
    listed = {
        component["name"]: (
            component["version"],
            sorted(digest["content"] for digest in component["externalReferences"][0]["hashes"]),
        )
        for component in parsed["components"]
    }
    assert listed == {one.name: (one.version, sorted(one.hashes)) for one in runtime(read_lock(RUNTIME))}
    assert parsed["metadata"]["component"]["name"] == "trilens"
    assert parsed["metadata"]["component"]["licenses"] == [{"license": {"id": "Apache-2.0"}}]


def test_the_bill_says_who_needs_whom(parsed: Any) -> None:
    graph = {part["ref"]: part.get("dependsOn", []) for part in parsed["dependencies"]}
    names = {component["bom-ref"]: component["name"] for component in parsed["components"]}
    assert {"aiohttp", "cryptography", "typer"} <= {names[ref] for ref in graph["trilens"]}
    (cryptography,) = (ref for ref, name in names.items() if name == "cryptography")
    assert [names[ref] for ref in graph[cryptography]] == ["cffi"]
    assert set(graph) == {"trilens", *names}


def test_every_licence_is_known_but_of_what_is_for_other_platforms(parsed: Any) -> None:
    markers = {one.name: one.marker for one in read_lock(RUNTIME)}
    unknown = [component["name"] for component in parsed["components"] if not component.get("licenses")]
    assert [name for name in unknown if not markers[name] or Marker(markers[name]).evaluate()] == []


def test_no_licence_we_may_not_ship_with_is_in_the_bill(parsed: Any) -> None:
    stated = json.dumps([component.get("licenses") for component in parsed["components"]])
    assert re.findall(r"A?GPL|SSPL|BUSL|Proprietary|NonCommercial", stated) == []


ANSWERS = {
    "clean": {"name": "a", "version": "1", "vulns": []},
    "vulnerable": {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]},
    "skipped": {"name": "c", "skip_reason": "not found on the index"},
}


def answer(*kinds: str) -> str:
    return json.dumps({"dependencies": [ANSWERS[kind] for kind in kinds], "fixes": []})


@pytest.mark.parametrize(
    ("text", "expected", "found", "code"),
    [
        (answer("clean"), "a", Audit(("a",), (), ()), 0),
        (answer("clean", "vulnerable"), "ab", Audit(("a",), ("b 2: PYSEC-1",), ()), 1),
        (answer("clean", "skipped"), "ac", Audit(("a",), (), ("c",)), 3),
        (answer("vulnerable", "skipped"), "bc", Audit((), ("b 2: PYSEC-1",), ("c",)), 1),
        (answer("clean"), "ad", Audit(("a",), (), ("d",)), 3),
        (answer("skipped"), "c", Audit((), (), ("c",)), 3),
        ('{"dependencies": []}', "a", Audit((), (), ("a",)), 3),
        ("{}", "a", Audit((), (), ("a",)), 3),
        ("", "ab", Audit((), (), ("a", "b")), 3),
        ("no route to host", "a", Audit((), (), ("a",)), 3),
        (answer("clean"), "", Audit((), (), ()), 3),
    ],
)
def test_what_was_not_asked_about_is_unknown_and_never_clean(text: str, expected: str, found: Audit, code: int) -> None:
    assert read_answer(text, tuple(expected)) == found
    assert found.exit_code == code
    assert ("UNKNOWN" in page(found)) is bool(found.unasked)


@pytest.mark.parametrize("kinds", [("clean",), ("vulnerable",)])
def test_a_finding_about_what_nobody_asked_for_does_not_make_the_rest_clean(kinds: tuple[str, ...]) -> None:
    assert read_answer(answer(*kinds), ("z",)).exit_code in (1, 3)
