"""What is released is the same to the byte whoever builds it, holds the files that are listed and no others, and runs as installed."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from io import BytesIO
from pathlib import Path

import pytest
from packaging.markers import Marker
from release.commit import Commit, commit_in, last_commit
from release.contents import LIST, differences, files_of_wheel, runs_at_start, sources_of
from release.distributions import Built, age, build, digest_of, problems, release, unpack
from release.lock import read_lock, runtime

ROOT = Path(__file__).parent.parent.parent
EPOCH_S = 1_700_000_000
FILES = (".gitignore", "LICENSE", "README.md", "pyproject.toml")
FOLDERS = ("src/trilens", "examples")
WAIT_S = 110


def lay_out(tree: Path) -> Path:
    """A copy of what the distributions are made of."""
    tree.mkdir(parents=True)
    for name in FILES:
        shutil.copy(ROOT / name, tree / name)
    ignored = shutil.ignore_patterns("__pycache__", "state", ".*")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tree / name, ignore=ignored)
    return tree


@dataclass(frozen=True, slots=True)
class Builds:
    first: Built
    second: Built
    from_sdist: Built


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Builds:
    here = tmp_path_factory.mktemp("builds")
    one = lay_out(here / "one")
    other = here / "some" / "where" / "else"
    shutil.copytree(one, other)
    age(other)
    first, second = (build(tree, tree / "out", epoch_s=EPOCH_S) for tree in (one, other))
    return Builds(first, second, build(unpack(first.sdist, here / "sdist"), here / "third", epoch_s=EPOCH_S))


def test_two_builds_and_one_from_the_sdist_are_the_same_and_hold_what_is_listed(builds: Builds) -> None:
    assert problems(builds.first, builds.second, builds.from_sdist) == (), (
        "after a change of files on purpose: make files"
    )


def test_another_moment_of_the_release_is_seen_as_a_difference(builds: Builds, tmp_path: Path) -> None:
    later = build(unpack(builds.first.sdist, tmp_path / "tree"), tmp_path / "out", epoch_s=EPOCH_S + 86_400)
    found = problems(builds.first, later, later)
    assert "two builds of the wheel differ" in found
    assert "two builds of the sdist differ" in found
    assert "the wheel that is built from the sdist differs" in found


def commit_of(tree: Path) -> Commit:
    """The tree as git would hand it over."""
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in sorted(tree.rglob("*")):
            if path.is_file():
                archive.add(path, path.relative_to(tree).as_posix())
    return Commit(packed.getvalue(), EPOCH_S)


def test_a_commit_is_released_as_what_anybody_builds_of_it(builds: Builds, tmp_path: Path) -> None:
    assert release(commit_of(lay_out(tmp_path / "tree")), tmp_path / "out") == ()
    released = {path.name: digest_of(path) for path in (tmp_path / "out").iterdir()}
    assert released == {path.name: digest_of(path) for path in (builds.first.wheel, builds.first.sdist)}


def test_a_commit_with_an_unlisted_file_is_not_released(builds: Builds, tmp_path: Path) -> None:
    tree = lay_out(tmp_path / "tree")
    (tree / "src" / "trilens" / "thief.pth").write_text("import os", encoding="utf-8")
    found = release(commit_of(tree), tmp_path / "out")
    assert set(found) - set(differences(builds.first.wheel)) == {"+ trilens/thief.pth", "! trilens/thief.pth"}
    assert not (tmp_path / "out").exists()


def test_an_sdist_with_more_than_the_wheel_is_made_of_is_not_released(builds: Builds, tmp_path: Path) -> None:
    tree = lay_out(tmp_path / "tree")
    settings = (tree / "pyproject.toml").read_text(encoding="utf-8")
    kept = 'only-include = ["src/trilens", "examples"]\n\n[tool.ruff]'
    assert kept in settings
    wider = settings.replace(kept, kept.replace('"examples"]', '"examples", "setup.py"]'))
    (tree / "pyproject.toml").write_text(wider, encoding="utf-8")
    (tree / "setup.py").write_text("print()", encoding="utf-8")
    found = release(commit_of(tree), tmp_path / "out")
    assert set(found) - set(differences(builds.first.wheel)) == {"the sdist and the wheel disagree on `setup.py`"}


def test_every_file_of_the_package_and_of_the_examples_is_in_the_wheel(builds: Builds) -> None:
    tree = builds.first.wheel.parent.parent
    there = {
        path.relative_to(tree).as_posix() for name in FOLDERS for path in (tree / name).rglob("*") if path.is_file()
    }
    assert sources_of(files_of_wheel(builds.first.wheel)) == there


def rebuilt(wheel: Path, out: Path, *, without: str = "", also: str = "") -> Path:
    """The wheel with a file left out, or one more."""
    with zipfile.ZipFile(wheel) as former, zipfile.ZipFile(out / wheel.name, "w") as changed:
        for name in former.namelist():
            if name != without:
                changed.writestr(name, former.read(name))
        if also:
            changed.writestr(also, b"")
    return out / wheel.name


@pytest.mark.parametrize("name", ["trilens/clock.py", "trilens/py.typed", "trilens/examples/support/system.yaml"])
def test_a_file_that_left_is_named(builds: Builds, tmp_path: Path, name: str) -> None:
    assert f"- {name}" in differences(rebuilt(builds.first.wheel, tmp_path, without=name))


@pytest.mark.parametrize("name", ["trilens/thief.py", "trilens/examples/support/state/keys.db"])
def test_a_file_that_joined_is_named(builds: Builds, tmp_path: Path, name: str) -> None:
    assert f"+ {name}" in differences(rebuilt(builds.first.wheel, tmp_path, also=name))


@pytest.mark.parametrize(
    "name",
    [
        "trilens_init.pth",
        "trilens/deep.pth",
        "sitecustomize.py",
        "trilens-0.1.0.data/purelib/other.py",
        "trilens/fast.so",
    ],
)
def test_what_runs_by_itself_or_lies_elsewhere_is_refused_even_when_listed(
    builds: Builds, tmp_path: Path, name: str
) -> None:
    changed = rebuilt(builds.first.wheel, tmp_path, also=name)
    listed = tmp_path / "listed.txt"
    listed.write_text("\n".join(files_of_wheel(changed)), encoding="utf-8")
    assert differences(changed, listed) == (f"! {name}",)


def test_the_list_is_sorted_and_names_nothing_twice() -> None:
    listed = LIST.read_text(encoding="utf-8").splitlines()
    assert listed == sorted(set(listed))
    assert runs_at_start(listed) == ()


def test_a_tree_that_differs_from_its_commit_is_no_commit(tmp_path: Path, git: Callable[..., str]) -> None:
    assert commit_in(tmp_path) == ""
    git(tmp_path, "init", "--quiet")
    assert commit_in(tmp_path) == ""
    (tmp_path / "one").write_text("1", encoding="utf-8")
    git(tmp_path, "add", "one")
    git(tmp_path, "commit", "--quiet", "--message", "one")
    assert commit_in(tmp_path) == git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "two").write_text("2", encoding="utf-8")
    assert commit_in(tmp_path) == ""
    assert b"two" not in last_commit(tmp_path).archive


@dataclass(frozen=True, slots=True)
class Installed:
    python: Path
    site: Path

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Run Python there, away from the repository and from every setting of ours."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.site.parent)}
        return subprocess.Popen(
            [self.python, "-I", "-B", *words],
            cwd=self.site.parent,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )


def locked_here() -> Iterator[str]:
    for one in runtime(read_lock(ROOT / "requirements" / "runtime.txt")):
        if not one.marker or Marker(one.marker).evaluate():
            yield one.name


@pytest.fixture(scope="module")
def installed(builds: Builds, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel as pip installs it, in an environment that has the runtime requirements and nothing else."""
    home = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True, timeout=WAIT_S)
    (site,) = home.glob("lib/python3*/site-packages")
    for name in locked_here():
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__")}:
            if not (site / top).exists():
                (site / top).symlink_to(str(found.locate_file(top)))
    python = home / "bin" / "python"
    offline = ["--no-index", "--no-deps", "--no-compile", "--quiet", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", *offline, str(builds.first.wheel)]
    subprocess.run(pip, check=True, capture_output=True, timeout=WAIT_S)
    return Installed(python, site)


IMPORT_ALL = """
import importlib, pkgutil, sys

FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "urllib.", "ssl.")
WRITING = ("w", "a", "x", "+")
looking = True

def refuse(event, arguments):
    if not looking:
        return
    if event.startswith(FORBIDDEN) and event != "socket.__new__":
        raise AssertionError(f"{event} at import")
    if event == "open" and isinstance(arguments[1], str) and any(letter in arguments[1] for letter in WRITING):
        raise AssertionError(f"{arguments[0]} is opened for writing at import")

sys.addaudithook(refuse)
import trilens
names = [module.name for module in pkgutil.walk_packages(trilens.__path__, "trilens.")]
left_out = []
for name in names:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        # contract suites are for authors of extensions, who bring what they test with
        if error.name not in ("pytest", "hypothesis") or not name.startswith("trilens.testing."):
            raise
        left_out.append(name)
looking = False
print(len(names), len(left_out), trilens.__path__[0])
"""


def test_importing_any_module_opens_no_connection_starts_nothing_and_writes_nothing(installed: Installed) -> None:
    running = installed.start("-W", "error::ResourceWarning", "-c", IMPORT_ALL)
    said, _ = running.communicate(timeout=WAIT_S)
    assert running.returncode == 0, said
    count, _, place = said.split(maxsplit=2)
    assert Path(place.strip()).is_relative_to(installed.site)
    packaged = [path for path in (installed.site / "trilens").rglob("*.py") if "examples" not in path.parts]
    # `trilens` itself is not among those it walks
    assert int(count) == len(packaged) - 1


def test_the_contract_suites_reach_out_for_nothing_either_when_they_are_imported() -> None:
    words = [sys.executable, "-B", "-c", IMPORT_ALL]
    done = subprocess.run(words, cwd=ROOT, check=False, capture_output=True, text=True, timeout=WAIT_S)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[1] == "0"


@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import subprocess; subprocess.run(['true'])",
        "open('left-behind', 'w')",
    ],
)
def test_what_reaches_out_at_import_would_be_seen(installed: Installed, attempt: str) -> None:
    watched = IMPORT_ALL.replace("import trilens\n", f"{attempt}\nimport trilens\n", 1)
    running = installed.start("-c", watched)
    said, _ = running.communicate(timeout=WAIT_S)
    assert running.returncode != 0
    assert "at import" in said


def test_nothing_we_depend_on_runs_whenever_python_starts() -> None:
    found = [
        f"{name}: {file}" for name in locked_here() for file in distribution(name).files or () if file.suffix == ".pth"
    ]
    assert found == []


def test_the_installed_wheel_does_its_job_with_the_runtime_requirements_alone(installed: Installed) -> None:
    manifest = installed.site / "trilens" / "examples" / "support" / "system.yaml"
    command = str(installed.python.parent / "trilens")
    asked = {
        "version": installed.start(command, "--version"),
        "check": installed.start(command, "check", "--system", str(manifest)),
        "catalog": installed.start(command, "catalog", "check"),
        "demo": installed.start(command, "demo", "support", "--once"),
    }
    said = {name: running.communicate(timeout=WAIT_S)[0] for name, running in asked.items()}
    for name, running in asked.items():
        assert running.returncode == 0, f"{name}: {said[name]}"
    assert said["version"] == f"trilens {distribution('trilens').version}\n"
    assert "0 errors" in said["check"]
    assert "0 answered otherwise" in said["catalog"]
