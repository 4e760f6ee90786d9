"""A release carries what its tests showed, about what is shipped and nothing else, in a record that a stranger verifies."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from release.commit import commit_in
from release.evidence import attest, main, read_seed
from release.results import Outcome, Result, Run

from trilens.errors import LedgerError, SettingsError
from trilens.prove.ledger.__main__ import main as verifier
from trilens.prove.ledger.entry import decode
from trilens.prove.ledger.export import ExportedLog, export
from trilens.prove.ledger.note import VerifierKey
from trilens.prove.status import Word
from trilens.storage.ports import Journal
from trilens.vocabulary.canonical import digest

Git: TypeAlias = Callable[..., str]


@pytest.fixture
def repository(tmp_path: Path, git: Git) -> Path:
    """A committed tree with what an attestation names."""
    root = tmp_path / "root"
    for name in ("requirements/runtime.txt", "requirements/dev.txt", "release/wheel.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name, encoding="utf-8")
    rows = root / "tests" / "requirements" / "requirements.yaml"
    rows.parent.mkdir(parents=True)
    rows.write_text("rows:\n  - {id: S1, promise: It holds., tests: [one]}\n", encoding="utf-8")
    (root / ".gitignore").write_text("dist/\n", encoding="utf-8")
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "one")
    (root / "dist").mkdir()
    (root / "dist" / "trilens-0-py3-none-any.whl").write_bytes(b"wheel")
    return root


def results_in(root: Path, outcome: Outcome = Outcome.PASSED, *, commit: str | None = None) -> Path:
    """The report of one test that cites the only promise, beside the repository."""
    result = Result(test="tests/one/test_it.py::test", outcome=outcome, cites=("S1",))
    tested = commit_in(root) if commit is None else commit
    run = Run(commit=tested, is_whole=True, started_ms=1_000, ended_ms=2_000, results=(result,))
    out = root.parent / "results.json"
    out.write_text(run.model_dump_json(), encoding="utf-8")
    return out


def test_evidence_is_verified_by_a_stranger_and_names_what_was_tested(
    repository: Path, git: Git, capsys: pytest.CaptureFixture[str]
) -> None:
    verdicts = attest(results_in(repository), repository / "dist", key=None, root=repository)
    assert [verdict.word for verdict in verdicts] == [Word.PASS] * 3
    evidence = repository / "dist" / "evidence"
    assert verifier(["verify", str(evidence / "log"), "--key", (evidence / "key.txt").read_text().strip()]) == 0
    capsys.readouterr()
    log = ExportedLog(evidence / "log")
    subject = json.loads((evidence / "subject.json").read_bytes())
    assert subject["shipped"] == {"trilens-0-py3-none-any.whl": digest(b"wheel")}
    assert subject["commit"] == git(repository, "rev-parse", "HEAD")
    assert subject["results"] == digest((evidence / "results.json").read_bytes())
    assert subject["key"] == "made for this run"
    named = {decode(leaf).body["subject"] for leaf in log.leaves(0, log.size())}
    assert named == {digest((evidence / "subject.json").read_bytes())}


def test_evidence_that_was_changed_afterwards_does_not_verify(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    attest(results_in(repository, Outcome.FAILED), repository / "dist", key=None, root=repository)
    evidence = repository / "dist" / "evidence"
    (entries,) = (evidence / "log" / "tile" / "entries").rglob("*.p/*")
    entries.write_bytes(entries.read_bytes().replace(b'"FAIL"', b'"PASS"'))
    assert verifier(["verify", str(evidence / "log"), "--key", (evidence / "key.txt").read_text().strip()]) == 1
    capsys.readouterr()


def test_evidence_that_does_not_verify_where_it_was_written_is_refused(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def export_badly(journal: Journal, folder: Path, *, key: VerifierKey) -> int:
        size = export(journal, folder, key=key)
        (entries,) = (folder / "tile" / "entries").rglob("*.p/*")
        entries.write_bytes(entries.read_bytes().replace(b'"proven"', b'"PROVEN"'))
        return size

    monkeypatch.setattr("release.record.export", export_badly)
    with pytest.raises(LedgerError) as refused:
        attest(results_in(repository), repository / "dist", key=None, root=repository)
    assert refused.value.code == "ledger/unverified"
    assert not (repository / "dist" / "evidence" / "key.txt").exists()


@pytest.mark.parametrize(
    "change",
    ["uncommitted", "other commit", "no commit tested", "nothing committed", "no wheel", "evidence already"],
)
def test_nothing_is_attested_about_what_was_not_tested(repository: Path, git: Git, change: str) -> None:
    results = results_in(repository)
    dist = repository / "dist"
    match change:
        case "uncommitted":
            (repository / "more.py").write_text("", encoding="utf-8")
        case "other commit":
            git(repository, "commit", "--quiet", "--allow-empty", "--message", "two")
        case "no commit tested":
            results_in(repository, commit="")
        case "nothing committed":
            (repository / "more.py").write_text("", encoding="utf-8")
            results_in(repository, commit="")
        case "no wheel":
            (dist / "trilens-0-py3-none-any.whl").unlink()
        case _:
            (dist / "evidence").mkdir()
    with pytest.raises(SettingsError) as refused:
        attest(results, dist, key=None, root=repository)
    assert refused.value.code == "settings/release"
    assert not (dist / "evidence" / "log").exists()


def test_a_kept_key_signs_under_one_name_each_time(repository: Path, tmp_path: Path) -> None:
    key = tmp_path / "release.key"
    key.write_text("07" * 32, encoding="ascii")
    key.chmod(0o600)
    attest(results_in(repository), repository / "dist", key=key, root=repository)
    evidence = repository / "dist" / "evidence"
    assert (evidence / "key.txt").read_text(encoding="utf-8").startswith("trilens-release+")
    assert json.loads((evidence / "subject.json").read_bytes())["key"] == "kept"
    assert "07" * 8 not in "".join(path.read_text() for path in evidence.glob("*.*"))


@pytest.mark.parametrize(
    ("written", "mode"), [("07" * 31, 0o600), ("zz" * 32, 0o600), ("", 0o600), ("07" * 32, 0o644), ("é", 0o600)]
)
def test_a_release_key_of_another_form_or_open_to_others_is_refused(tmp_path: Path, written: str, mode: int) -> None:
    key = tmp_path / "release.key"
    key.write_text(written, encoding="utf-8")
    key.chmod(mode)
    with pytest.raises(SettingsError) as refused:
        read_seed(key)
    assert refused.value.code == "settings/release-key"
    assert "07" * 8 not in str(refused.value)


def test_the_command_says_why_it_wrote_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--results", str(tmp_path / "none.json"), "--dist", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("not attested: ")
