"""Where the examples live, and how an example's story is loaded.

An example is a folder with `system.yaml` and, when it can be shown, `story/` with `model.yaml` and one file per step. One copy serves all:
the repository's `examples/`, which the wheel holds as `trilens/examples`.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import trilens
from trilens.cli.demo.scene import Step
from trilens.errors import ExtensionError, SettingsError


def examples_folder() -> Path:
    """The folder of the examples: in the installed package, or beside the sources of an editable one."""
    package = Path(trilens.__file__).parent
    installed = package / "examples"
    return installed if installed.is_dir() else package.parents[1] / "examples"


def find_example(name: str) -> Path:
    """The folder of the example called `name`.

    Raises:
        SettingsError: there is none, or it has no story; code `demo/no-example`.
    """
    folder = examples_folder()
    told = sorted(path.parent.name for path in folder.glob("*/story"))
    if name not in told:
        known = ", ".join(f"`{other}`" for other in told) or "none"
        raise SettingsError("demo/no-example", f"no example `{name}`", help=f"examples that can be shown: {known}")
    return folder / name


@contextmanager
def loaded_story(example: Path) -> Iterator[tuple[Step, ...]]:
    """The steps in the order of their files. Meanwhile the example's folder is on the path, as when its own scripts run.

    Raises:
        ExtensionError: a step lacks `TITLE`, `WHY` or `play`; code `demo/step`.
    """
    known = set(sys.modules)
    sys.path.insert(0, str(example))
    try:
        yield tuple(_step(f"story.{path.stem}") for path in sorted((example / "story").glob("step_*.py")))
    finally:
        sys.path.remove(str(example))
        for name in set(sys.modules) - known:
            if name == "story" or _is_inside(sys.modules[name], example):
                del sys.modules[name]


def _is_inside(module: ModuleType, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).is_relative_to(folder)


def _step(name: str) -> Step:
    module = importlib.import_module(name)
    try:
        return Step(module.TITLE, module.WHY, module.play)
    except AttributeError as error:
        raise ExtensionError("demo/step", f"`{name}` must have `TITLE`, `WHY` and `play`: {error.name}") from error
