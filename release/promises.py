"""Trilens judged as it judges others: each promise is a control of kind test, its status computed from the run, and nobody types it.

    passed tests that cite it        its population
    failed tests that cite it        failing
    what its row says is missing     it is not proven, however many tests pass
    a place its row names is silent  it is not proven either
    no test                          insufficient

The safety, security and compliance rows are asked under their lens, the rows of convergence under all three. One more control is asked
under each: that no test at all failed.

INVARIANT: a promise that is kept in part is UNKNOWN, never PASS.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML

from release.results import Outcome, Result, Run
from trilens.prove.controls.catalogue import ControlKind
from trilens.prove.status import Evidence, Rating, Word, rate, word_of, word_of_lens
from trilens.vocabulary.canonical import Json, canonical, digest
from trilens.vocabulary.outcome import Lens

SUITE = "every-test"
"""The control over the whole run."""
_LENSES: Mapping[str, tuple[Lens, ...]] = {
    "S": (Lens.SAFETY,),
    "X": (Lens.SECURITY,),
    "C": (Lens.COMPLIANCE,),
    "V": tuple(Lens),
}
"""By the first letter of a row's id."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Deferred(_Strict):
    missing: Annotated[str, Field(min_length=1)]
    issue: str


class Promise(_Strict):
    """One row of `tests/requirements/requirements.yaml`."""

    id: Annotated[str, Field(pattern=r"^[SXCV][0-9]+$")]
    promise: str
    tests: tuple[str, ...] = ()
    deferred: Deferred | None = None
    divergence: str = ""

    @property
    def lacking(self) -> str:
        """What keeps it from being whole; empty when nothing does."""
        if self.deferred is not None:
            return f"missing: {self.deferred.missing}"
        return f"differs on purpose: {self.divergence}" if self.divergence else ""


class _Promises(_Strict):
    rows: Annotated[tuple[Promise, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Judged:
    """One promise, or the whole run, under one lens."""

    control: str
    lens: Lens
    rating: Rating
    word: Word
    query: str
    """Digest of what was asked: the row, or that no test fails."""
    lacking: str


@dataclass(frozen=True, slots=True)
class Verdict:
    lens: Lens
    word: Word
    judged: tuple[Judged, ...]


def read_promises(path: Path) -> tuple[Promise, ...]:
    """Raises: ValidationError when the rows are not of their form."""
    return _Promises.model_validate(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))).rows


def judge(promises: tuple[Promise, ...], run: Run) -> tuple[Verdict, ...]:
    """One verdict for each lens; they are never merged.

    Raises:
        ValueError: a test cites what was never promised.
    """
    known = {promise.id for promise in promises}
    unknown = sorted({name for result in run.results for name in result.cites} - known)
    if unknown:
        raise ValueError(f"a test cites what was never promised: `{unknown[0]}`")
    return tuple(_verdict(lens, tuple(_judged(lens, promises, run))) for lens in Lens)


def _verdict(lens: Lens, judged: tuple[Judged, ...]) -> Verdict:
    return Verdict(lens, word_of_lens(one.word for one in judged), judged)


def _judged(lens: Lens, promises: tuple[Promise, ...], run: Run) -> Iterator[Judged]:
    lacking = "" if run.is_whole else "only a part of the tests was run"
    yield _rated(SUITE, lens, _evidence(SUITE, run.results, lacking=lacking), [SUITE])
    for promise in promises:
        if lens in _LENSES[promise.id[0]]:
            cited = tuple(result for result in run.results if promise.id in result.cites)
            evidence = _evidence(promise.id, cited, lacking=promise.lacking or _unrun(promise, cited))
            yield _rated(promise.id, lens, evidence, promise.model_dump(mode="json"))


def _unrun(promise: Promise, cited: tuple[Result, ...]) -> str:
    """Places the row names from which no test that cites it passed."""
    files = {result.test.partition("::")[0] for result in cited if result.outcome is Outcome.PASSED}
    places = {place: f"tests/{place}" for place in promise.tests}
    silent = [name for name, place in places.items() if not any(f"{file}/".startswith(f"{place}/") for file in files)]
    return f"nothing in {', '.join(silent)} showed it" if silent else ""


def _evidence(name: str, results: tuple[Result, ...], *, lacking: str) -> Evidence:
    passed = sum(result.outcome is Outcome.PASSED for result in results)
    failed = [result.test for result in results if result.outcome is Outcome.FAILED]
    failure = f"{len(failed)} of {len(results)} tests failed" if failed else ""
    return Evidence(name, population=passed, failing=len(failed), lacking=lacking, failure=failure)


def _rated(control: str, lens: Lens, evidence: Evidence, asked: Json) -> Judged:
    rating = rate(ControlKind.TEST, [evidence])
    return Judged(
        control, lens, rating, word_of(ControlKind.TEST, rating.status), digest(canonical(asked)), evidence.lacking
    )
