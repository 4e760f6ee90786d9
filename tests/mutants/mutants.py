"""Small changes to code, one at a time, and whether the tests notice: `make mutants`.

A pytest plugin. It collects the named tests once, notes which of them reach which line of the mutated files, and then forks for every mutant:
the child puts the changed code into the running functions, runs the tests that reach it, and ends at the first that fails. Nothing is written
to a source file, so that nobody else's tests see a mutant.

    python -m pytest -p mutants tests/enforce tests/reference --mutate src/trilens/enforce/combine.py
"""

import importlib
import os
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import Phase, settings
from mutations import Mutation, mutations_of

_EXAMPLES = 40
"""Of a property, at most."""
_AT_LEAST_S = 5
"""A mutant that takes this and three times as much processor time as its tests did while they were traced hangs: it is noticed."""


@dataclass(frozen=True, slots=True)
class Survivor:
    file: str
    mutation: Mutation


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutate", action="append", default=[], help="a source file to mutate")
    parser.addoption("--most", type=int, default=100_000, help="mutants of each file")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # every mutant meets the same few examples, and a failure is enough: nobody reads the smallest one
    phases = (Phase.explicit, Phase.generate)
    for item in items:
        function: Any = getattr(item, "function", None)
        own = getattr(function, "_hypothesis_internal_use_settings", None)
        if own is not None:
            few = settings(
                own, max_examples=min(_EXAMPLES, own.max_examples), derandomize=True, database=None, phases=phases
            )
            function._hypothesis_internal_use_settings = few


def pytest_runtestloop(session: pytest.Session) -> bool:
    files = [Path(name).resolve() for name in session.config.getoption("--mutate")]
    reach = _Reach({str(file) for file in files})
    for item in session.items:
        if not reach.run(item):
            raise pytest.UsageError(f"`{item.nodeid}` fails before anything was changed")
    for file in files:
        _judge(file, reach, session.config.getoption("--most"))
    return True


def _judge(file: Path, reach: "_Reach", most: int) -> None:
    module = importlib.import_module(".".join(file.with_suffix("").parts[file.parts.index("src") + 1 :]))
    killed = unreached = total = 0
    survivors: list[Mutation] = []
    for mutation in list(mutations_of(file.read_text()))[:most]:
        total += 1
        items = reach.tests_of(str(file), mutation.lines)
        if not items:
            unreached += 1
            survivors.append(mutation)
        elif _is_noticed(mutation, module, file, items, reach):
            killed += 1
        else:
            survivors.append(mutation)
    share = 100 * killed / total if total else 100.0
    sys.stdout.write(
        f"\n{file.name}: {killed} of {total} noticed ({share:.1f} %), {unreached} of them in lines no test reaches\n"
    )
    for mutation in survivors:
        sys.stdout.write(f"  survives: {file.name}:{mutation.lines[0]} {mutation.what}\n")
    sys.stdout.flush()


def _is_noticed(mutation: Mutation, module: ModuleType, file: Path, items: list[pytest.Item], reach: "_Reach") -> bool:
    budget = _AT_LEAST_S + int(3 * sum(reach.seconds[item] for item in items))
    child = os.fork()
    if child == 0:
        spent = int(time.process_time())
        resource.setrlimit(resource.RLIMIT_CPU, (spent + budget, spent + budget))
        _run_child(mutation, module, file, items)
    return os.waitpid(child, 0)[1] != 0


def _run_child(mutation: Mutation, module: ModuleType, file: Path, items: list[pytest.Item]) -> None:
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    try:
        put_in(compile(mutation.tree, str(file), "exec"), mutation, module)
    except BaseException:  # noqa: BLE001 - code that does not even load is noticed
        os._exit(3)
    for item in items:
        reports = runtestprotocol(item, nextitem=None, log=False)
        if any(report.failed for report in reports):
            os._exit(1)
    os._exit(0)


def put_in(code: CodeType, mutation: Mutation, module: ModuleType) -> None:
    """Give the functions of a loaded module the code of its changed source; a changed constant is assigned again."""
    functions = {function.__code__.co_qualname: function for function in _functions(module)}
    for changed in _codes(code):
        function = functions.get(changed.co_qualname)
        if function is not None and function.__code__.co_freevars == changed.co_freevars:
            function.__code__ = changed
    if mutation.constant:
        former = vars(module)[mutation.constant]
        fresh: dict[str, Any] = dict(vars(module))
        exec(compile(mutation.constant_tree, module.__file__ or "", "exec"), fresh)
        for other in list(sys.modules.values()):
            if other is not None and getattr(other, "__dict__", {}).get(mutation.constant) is former:
                setattr(other, mutation.constant, fresh[mutation.constant])


def _functions(module: ModuleType) -> Iterator[FunctionType]:
    spaces = [
        vars(module),
        *(
            vars(item)
            for item in vars(module).values()
            if isinstance(item, type) and item.__module__ == module.__name__
        ),
    ]
    for space in spaces:
        for item in space.values():
            for inner in (
                item,
                getattr(item, "__func__", None),
                getattr(item, "fget", None),
                getattr(item, "__wrapped__", None),
            ):
                if isinstance(inner, FunctionType) and inner.__module__ == module.__name__:
                    yield inner


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


class _Reach:
    """Which tests reach which lines, and how long each takes."""

    def __init__(self, files: set[str]) -> None:
        self._files = files
        self._lines: dict[pytest.Item, set[tuple[str, int]]] = {}
        self.seconds: dict[pytest.Item, float] = {}

    def run(self, item: pytest.Item) -> bool:
        found: set[tuple[str, int]] = set()

        def on_line(frame: FrameType, event: str, _: object) -> Any:
            if event == "line":
                found.add((frame.f_code.co_filename, frame.f_lineno))
            return on_line

        def on_call(frame: FrameType, _: str, __: object) -> Any:
            return on_line if frame.f_code.co_filename in self._files else None

        begun = time.process_time()
        sys.settrace(on_call)
        try:
            reports = runtestprotocol(item, nextitem=None, log=False)
        finally:
            sys.settrace(None)
        self.seconds[item] = time.process_time() - begun
        self._lines[item] = found
        return not any(report.failed for report in reports)

    def tests_of(self, file: str, lines: tuple[int, int]) -> list[pytest.Item]:
        """Those that reach one of the lines, the quickest first; all that reach the file for what stands outside of functions."""
        first, last = lines
        reached = [
            i
            for i, found in self._lines.items()
            if any(f == file and (first <= n <= last or not first) for f, n in found)
        ]
        return sorted(reached, key=lambda item: self.seconds[item])
