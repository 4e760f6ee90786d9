"""The parser the vectors of all guards are staged with, and a way to install a package of guards."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from trilens.declare.parse import parse
from trilens.lenses.stage import FIXTURES
from trilens.vocabulary.system import System


@dataclass(frozen=True)
class Named:
    """All a manifest must know of a guard."""

    id: str


@pytest.fixture(scope="session")
def parse_shop() -> Callable[[str], System]:
    """Reads a manifest whose files stand beside the shop's; each text once."""

    def read(path: str) -> str:
        return FIXTURES.joinpath(path).read_text(encoding="utf-8")

    @functools.cache
    def parsed(text: str) -> System:
        return parse(text, (Named("ungrounded_claim"),), environment={}, read=read)

    return parsed


SHEET = """\
id: loud_words
lens: safety
question: Does the answer shout?
why: People do not like to be shouted at.
watches: [output]
concerns: [S2, emotional-distress]
controls: [grounded-answers]
outcomes: [allow, hold]
on_error: deny
cost: one pass over the text
limits: [It reads capitals only.]
sources: []
"""
CODE = """\
from trilens.lenses.lens import ALLOW, NOT_APPLICABLE, hold
from trilens.vocabulary.verdict import Finding


def judge(event, context):
    if not event.text:
        return NOT_APPLICABLE
    return hold(Finding("loud_words/shouted", "it shouts")) if event.text.isupper() else ALLOW
"""
VECTORS = """\
vectors:
  - {name: quiet, event: {output: Guten Tag}, expect: {outcome: allow}}
  - {name: loud, event: {output: SCHÖNEN TAG}, expect: {outcome: hold, codes: [loud_words/shouted]}}
  - {name: silent, event: {output: ""}, expect: {ran: not_applicable}}
"""

Install = Callable[..., str]


@pytest.fixture
def sheet() -> str:
    """The sheet of the guard that `install` installs."""
    return SHEET


@pytest.fixture
def vectors() -> str:
    """The vectors of the guard that `install` installs."""
    return VECTORS


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a package that announces one guard; returns its name. `files` replaces or removes (None) files of the guard's folder."""
    count = 0

    def installed(files: Mapping[str, str | None] | None = None, *, folder: str = "safety/guards/loud_words") -> str:
        nonlocal count
        count += 1
        package = f"acme_{tmp_path.name}_{count}"
        room = tmp_path / package / folder
        room.mkdir(parents=True)
        (tmp_path / package / "__init__.py").write_text('"""Guards of another package."""\n')
        written = {"guard.yaml": SHEET, "guard.py": CODE, "vectors.yaml": VECTORS} | dict(files or {})
        for name, text in written.items():
            if text is not None:
                (room / name).write_text(text, encoding="utf-8")
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[trilens.guards]\nacme = {package}\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        return package

    return installed
