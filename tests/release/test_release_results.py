"""What a test run showed is reported whole, or not at all."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError
from release.results import Outcome, read_run

ROOT = Path(__file__).parent.parent.parent
TESTS = """
import pytest

@pytest.mark.requirement("S1", "X2")
def test_one(): ...

def test_two():
    assert False

@pytest.mark.requirement("C3")
class TestThree:
    @pytest.mark.xfail(strict=True)
    def test_known(self):
        assert False

    def test_left_out(self):
        pytest.skip("elsewhere")

@pytest.fixture
def broken():
    raise OSError

def test_four(broken): ...

@pytest.fixture
def spilt():
    yield
    raise OSError

@pytest.mark.requirement("S1")
def test_five(spilt): ...
"""


def run_pytest(folder: Path, *words: str, tests: str = TESTS) -> Path:
    (folder / "test_it.py").write_text(tests, encoding="utf-8")
    settings = "[pytest]\ntestpaths = .\nmarkers = requirement(*ids)\n"
    (folder / "pytest.ini").write_text(settings, encoding="utf-8")
    out = folder / "out" / "results.json"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "release.results"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run(
        [*command, "--results", str(out), *words],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        timeout=100,
    )
    return out


@pytest.mark.parametrize("spread", [(), ("-p", "xdist", "-n", "2")], ids=["alone", "spread"])
def test_a_run_is_reported_test_by_test_with_what_each_cites(tmp_path: Path, spread: tuple[str, ...]) -> None:
    run = read_run(run_pytest(tmp_path, *spread).read_bytes())
    assert [(one.test.rpartition(":")[2], one.outcome.value, one.cites) for one in run.results] == [
        ("test_known", "skipped", ("C3",)),
        ("test_left_out", "skipped", ("C3",)),
        ("test_five", "failed", ("S1",)),
        ("test_four", "failed", ()),
        ("test_one", "passed", ("S1", "X2")),
        ("test_two", "failed", ()),
    ]
    assert run.commit == ""
    assert run.is_whole
    assert run.started_ms <= run.ended_ms


INTERRUPTED = """
def test_one(): ...

def test_two():
    raise KeyboardInterrupt
"""


def test_a_run_that_was_interrupted_leaves_no_report(tmp_path: Path) -> None:
    assert not run_pytest(tmp_path, tests=INTERRUPTED).exists()


AGAIN = """
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    runtestprotocol(item, nextitem=item)
    runtestprotocol(item, nextitem=nextitem)
    return True
"""
FLAKY = """
tried = []

def test_one():
    tried.append(1)
    assert len(tried) == 2
"""


def test_a_test_that_failed_and_passed_when_it_was_tried_again_failed(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(AGAIN, encoding="utf-8")
    run = read_run(run_pytest(tmp_path, tests=FLAKY).read_bytes())
    assert [result.outcome for result in run.results] == [Outcome.FAILED]


SPILLING = """
from pathlib import Path

def test_one():
    Path("more.py").write_text("", encoding="utf-8")
"""


@pytest.mark.parametrize(
    ("tests", "is_commit"), [("def test_one(): ...\n", True), (SPILLING, False)], ids=["clean", "changed meanwhile"]
)
def test_a_run_names_its_commit_only_when_the_tree_was_that_commit_throughout(
    tmp_path: Path, git: Callable[..., str], tests: str, is_commit: bool
) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("out/\n__pycache__/\n", encoding="utf-8")
    run_pytest(tmp_path, tests=tests)
    for left in ("more.py", "out/results.json"):
        (tmp_path / left).unlink(missing_ok=True)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "one")
    run = read_run(run_pytest(tmp_path, tests=tests).read_bytes())
    assert run.commit == (git(tmp_path, "rev-parse", "HEAD") if is_commit else "")


@pytest.mark.parametrize("chosen", [("test_it.py",), ("-k", "one"), ("-x",), ("--deselect", "test_it.py::test_two")])
def test_a_run_that_was_narrowed_down_says_so(tmp_path: Path, chosen: tuple[str, ...]) -> None:
    assert not read_run(run_pytest(tmp_path, *chosen).read_bytes()).is_whole


@pytest.mark.parametrize(
    "words", [("-k", "nothing"), ("--collect-only",), ("--no-such-option",)], ids=["nothing", "collected", "usage"]
)
def test_a_run_that_ran_nothing_leaves_no_report_and_none_of_an_earlier_run(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "out").mkdir()
    stale = tmp_path / "out" / "results.json"
    if words != ("--no-such-option",):
        stale.write_text("of an earlier run", encoding="utf-8")
    assert not run_pytest(tmp_path, *words).exists()


@pytest.mark.parametrize("text", ["", "{}", '{"commit":"c","is_whole":true,"started_ms":1,"ended_ms":2,"results":[]}'])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        read_run(text.encode())
