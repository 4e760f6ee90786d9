"""What a test run showed, test by test, with the promises each test cites: written by pytest, read by `release.evidence`.

    python -m pytest -p release.results --results FILE

INVARIANT: a run that was interrupted, or that collected nothing, writes no report.
"""

import json
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field

from release.commit import commit_in

_CITES = "requirement"
_PLUGIN = "release-results"
_CHOOSING = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "maxfail", "lf", "stepwise")
"""Options of pytest by which a run comes to be about a part of the tests."""


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    """In itself, or while it was set up or cleared away."""
    SKIPPED = "skipped"
    """Or expected to fail. It shows nothing."""


class Result(BaseModel):
    """One test."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    test: str
    """Where it is, as pytest names it."""
    outcome: Outcome
    cites: tuple[str, ...] = ()
    """Ids of promises, sorted."""


class Run(BaseModel):
    """A whole test run that came to its end."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    commit: str
    """What was tested, before and after; empty when the tree was no commit."""
    is_whole: bool
    """Whether nothing was chosen or left out on the command line."""
    started_ms: int
    ended_ms: int
    results: Annotated[tuple[Result, ...], Field(min_length=1)]
    """Sorted by `test`."""


def read_run(text: bytes) -> Run:
    """Raises: ValidationError when it is no report of a run, or one that ran nothing."""
    return Run.model_validate_json(text)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--results", type=Path, metavar="FILE", help="write what every test showed, and what it cites")


def pytest_configure(config: pytest.Config) -> None:
    out: Path | None = config.getoption("results")
    # a worker of pytest-xdist reports to the process that started it
    if out is not None and not hasattr(config, "workerinput"):
        out.unlink(missing_ok=True)
        config.pluginmanager.register(_Recorder(out, config), _PLUGIN)


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        cited = {str(name) for mark in item.iter_markers(_CITES) for name in mark.args}
        item.user_properties += [(_CITES, name) for name in sorted(cited)]


class _Recorder:
    def __init__(self, out: Path, config: pytest.Config) -> None:
        self._out, self._root = out, config.rootpath
        self._commit = commit_in(self._root)
        chosen = any(config.getoption(option, default=None) for option in _CHOOSING)
        self._is_whole = not chosen and config.args_source is pytest.Config.ArgsSource.TESTPATHS
        self._started_ms = _now_ms()
        self._seen: dict[str, Result] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.outcome == "passed":
            return
        cites = tuple(str(value) for name, value in report.user_properties if name == _CITES)
        former = self._seen.get(report.nodeid)
        outcome = _worse(former.outcome if former else Outcome.PASSED, Outcome(report.outcome))
        self._seen[report.nodeid] = Result(test=report.nodeid, outcome=outcome, cites=cites)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or not self._seen:
            return
        results = tuple(self._seen[name] for name in sorted(self._seen))
        commit = self._commit if commit_in(self._root) == self._commit else ""
        run = Run(
            commit=commit, is_whole=self._is_whole, started_ms=self._started_ms, ended_ms=_now_ms(), results=results
        )
        self._out.parent.mkdir(parents=True, exist_ok=True)
        self._out.write_text(f"{json.dumps(run.model_dump(mode='json'), indent=1)}\n", encoding="utf-8")


def _worse(one: Outcome, other: Outcome) -> Outcome:
    order = (Outcome.FAILED, Outcome.SKIPPED, Outcome.PASSED)
    return min(one, other, key=order.index)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
