"""What the layout promises: directions, complete folders, names that say what a file knows, one table of the environment."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from trilens import settings
from trilens.prove.ledger.entry import Kind
from trilens.vocabulary.outcome import Lens

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "src" / "trilens"
LONGEST = 400
"""Lines of a file: what can be read at one sitting."""
DRAWERS = frozenset({"util", "utils", "helper", "helpers", "common", "manager", "managers", "core", "misc"})
EXTENSIONS = {"guards": ("guard.yaml", "guard.py", "vectors.yaml")}


@cache
def modules() -> tuple[Path, ...]:
    return tuple(sorted(SOURCE.rglob("*.py")))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def shown(path: Path, node: ast.AST | None = None) -> str:
    return path.relative_to(ROOT).as_posix() + (f":{getattr(node, 'lineno', 1)}" if node else "")


def below(path: Path, *rooms: str) -> bool:
    return path.relative_to(SOURCE).parts[0] in rooms


def test_there_is_something_to_look_at() -> None:
    assert len(modules()) > 50


def test_imports_keep_their_direction() -> None:
    # a process of its own: the linter's command configures logging, and would silence the loggers of other tests
    command = "from importlinter.cli import lint_imports_command as lint; lint()"
    done = subprocess.run(
        [sys.executable, "-c", command, "--no-cache"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("room", EXTENSIONS)
def test_every_extension_folder_is_complete(room: str) -> None:
    folders = [f for lens in Lens for f in sorted((SOURCE / "lenses" / lens / room).iterdir()) if is_extension(f)]
    assert folders
    lacking = [f"{shown(f)}/{name}" for f in folders for name in EXTENSIONS[room] if not (f / name).is_file()]
    assert lacking == []


def is_extension(folder: Path) -> bool:
    return folder.is_dir() and not folder.name.startswith(("_", "."))


def test_the_three_lenses_have_one_shape() -> None:
    shapes = [{f.name for f in (SOURCE / "lenses" / lens).iterdir() if f.name != "__pycache__"} for lens in Lens]
    assert shapes[0] == shapes[1] == shapes[2]


def test_no_file_or_folder_is_a_drawer() -> None:
    named = [path for path in (*SOURCE.rglob("*"), *(ROOT / "tests").rglob("*")) if path.name != "__pycache__"]
    drawers = [shown(path) for path in named if path.stem.strip("_").removeprefix("test_").lower() in DRAWERS]
    assert drawers == []


def test_every_file_can_be_read_at_one_sitting() -> None:
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST} == {}


def test_nothing_is_guarded_by_an_assert() -> None:
    found = [
        shown(p, n)
        for p in modules()
        if not below(p, "testing")
        for n in ast.walk(tree(p))
        if isinstance(n, ast.Assert)
    ]
    assert found == []


def test_nothing_prints_but_the_command_line() -> None:
    found = [shown(p, n) for p in modules() if not below(p, "cli") for n in ast.walk(tree(p)) if is_print(n)]
    assert found == []


def is_print(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"


ENVIRONMENTS = frozenset({"environ", "environment", "getenv"})
"""Names under which this code base passes the environment around."""


def variables_in(module: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Every literal name that is looked up in the environment: `environ["X"]`, `environment.get("X")`, `os.getenv("X")`, `"X" in environ`."""
    for node in ast.walk(module):
        match node:
            case ast.Subscript(value=where, slice=ast.Constant(value=str() as name), ctx=ast.Load()) if is_environment(
                where
            ):
                yield node, name
            case ast.Call(func=ast.Attribute(value=where), args=[ast.Constant(value=str() as name), *_]) if (
                is_environment(where)
            ):
                yield node, name
            case ast.Call(func=called, args=[ast.Constant(value=str() as name), *_]) if last_name(called) == "getenv":
                yield node, name
            case ast.Compare(left=ast.Constant(value=str() as name), comparators=[where]) if is_environment(where):
                yield node, name
            case _:
                pass


def last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def is_environment(node: ast.expr) -> bool:
    return last_name(node).strip("_") in ENVIRONMENTS


def test_every_variable_that_is_read_is_in_the_table() -> None:
    read = [(shown(p, node), name) for p in modules() for node, name in variables_in(tree(p))]
    assert {name for _, name in read} >= {"TRILENS_HOME", "TRILENS_SYSTEM"}
    documented = {*settings.VARIABLES, *variables_of_examples()}
    assert [(where, name) for where, name in read if name not in documented] == []


def variables_of_examples() -> set[str]:
    """What the examples' own manifests name: the demo sets these for its scripted model."""
    manifests = [path.read_text(encoding="utf-8") for path in (ROOT / "examples").glob("*/system.yaml")]
    return {name for text in manifests for name in re.findall(r"(?:\$|env:)([A-Z][A-Z0-9_]*)", text)}


def test_every_variable_in_the_table_is_read_somewhere() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in modules() if path.name != "settings.py")
    read = {name for path in modules() for _, name in variables_in(tree(path))}
    assert [name for name in settings.VARIABLES if name not in read and f'"{name}"' not in text] == []


def test_a_lookup_is_seen_however_it_is_spelled() -> None:
    source = (
        'os.environ["A"]; environment.get("B", ""); os.getenv("C"); "D" in environ; self._environment["E"]; other["F"]'
    )
    assert [name for _, name in variables_in(ast.parse(source))] == ["A", "B", "C", "D", "E"]


MACHINE_PATH = re.compile(r"(?<![\w.$~/])/(?:home|Users|root|work|private/var)/\w")


@pytest.mark.parametrize("folder", ["src", "tests", "docs", "examples", "bench", "changelog.d"])
def test_no_file_names_a_path_of_one_machine(folder: str) -> None:
    kinds = {".py", ".yaml", ".yml", ".md", ".toml", ".json", ".txt"}
    files = [path for path in sorted((ROOT / folder).rglob("*")) if path.suffix in kinds and path != Path(__file__)]
    found = [shown(path) for path in files if MACHINE_PATH.search(path.read_text(encoding="utf-8"))]
    assert found == []


def test_every_entry_that_is_written_is_of_a_kind_that_evidence_understands() -> None:
    """A literal kind that no `Kind` knows would be refused when it is written, and then nothing would be recorded."""
    known = {kind.value for kind in Kind}
    written = [(shown(p, n), kind) for p in modules() for n, kind in literal_kinds(tree(p))]
    assert [(where, kind) for where, kind in written if kind not in known] == []


def literal_kinds(module: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(module):
        match node:
            case ast.Call(func=called, args=[ast.Constant(value=str() as kind), *_]) if (
                last_name(called) == "DraftEntry"
            ):
                yield node, kind
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="entry"), attr="encode"),
                args=[ast.Constant(value=str() as kind), *_],
            ):
                yield node, kind
            case _:
                pass
