"""The guards that are installed: our own, and those that other packages announce under the entry point `trilens.guards`.

An entry point names a package that holds the same folders as this one: `<lens>/guards/<name>/{guard.yaml,guard.py,vectors.yaml}`.
Sheets are read at once and strictly; code is imported when a guard is first asked. A guard that cannot be installed as
announced stops the start: a check somebody believes in must not be missing quietly.
"""

import functools
import importlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points, version
from importlib.resources import files
from importlib.resources.abc import Traversable

from trilens.errors import ExtensionError
from trilens.lenses.concerns import Concern, read_concerns, unknown_concern
from trilens.lenses.lens import Answer, Context, Guard, Sheet
from trilens.lenses.sheet import read_sheet
from trilens.lenses.vectors import Vector, read_vectors
from trilens.vocabulary.canonical import canonical, digest
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import Lens

GROUP = "trilens.guards"
_HOME = "trilens.lenses"


@dataclass(frozen=True, slots=True)
class InstalledGuard:
    """A guard's sheet and the way to its code."""

    sheet: Sheet
    module: str
    """Dotted name of its `guard.py`."""
    folder: Traversable

    def judge(self, event: Event, context: Context) -> Answer:
        return _judge_of(self.module)(event, context)

    def vectors(self) -> tuple[Vector, ...]:
        """Raises: ExtensionError: they are missing, malformed, or leave one of the four kinds out."""
        return read_vectors(self.folder, self.sheet.name)


def load() -> tuple[InstalledGuard, ...]:
    """All installed guards, sorted by name.

    Vectors of our own guards are counted and run by our tests; those of other packages are read here, since nobody else has.

    Raises:
        ExtensionError: a guard does not keep the contract of its folder, or two have one name.
    """
    concerns = load_concerns()
    guards = list(_guards_in(_HOME, concerns))
    for announced in entry_points(group=GROUP):
        theirs = list(_guards_in(announced.module, concerns))
        if not theirs:
            raise ExtensionError(
                "extension/no-guards",
                f"entry point `{announced.name}` announces `{announced.module}`, which holds no guard",
                help="expected folders `<lens>/guards/<name>/` in that package",
            )
        for guard in theirs:
            guard.vectors()
        guards += theirs
    guards.sort(key=lambda guard: guard.sheet.name)
    for one, next_one in itertools.pairwise(guards):
        if one.sheet.name == next_one.sheet.name:
            raise ExtensionError(
                "extension/duplicate-guard",
                f"guard `{one.sheet.name}` is installed twice: `{one.module}` and `{next_one.module}`",
            )
    return tuple(guards)


def load_concerns() -> tuple[Concern, ...]:
    """The hazards, threats and obligations the three lenses know, lens by lens.

    Raises:
        ExtensionError: a list is missing or malformed.
    """
    home = files(_HOME)
    return tuple(c for lens in Lens for c in read_concerns(home.joinpath(lens), lens))


def engine_name(guards: Sequence[Guard]) -> str:
    """Version of Trilens and `sha256:` over names and digests of the guards: two engines of one name judge alike."""
    judges = sorted([guard.sheet.name, guard.sheet.digest] for guard in guards)
    return f"{version('trilens')} {digest(canonical(judges))}"


def _guards_in(package: str, concerns: Sequence[Concern]) -> Iterator[InstalledGuard]:
    try:
        root = files(package)
    except ImportError as error:
        raise ExtensionError(
            "extension/not-importable", f"package `{package}` announces guards and cannot be imported"
        ) from error
    for lens in Lens:
        room = root.joinpath(lens, "guards")
        if not room.is_dir():
            continue
        for folder in sorted(room.iterdir(), key=lambda entry: entry.name):
            if folder.is_dir() and not folder.name.startswith(("_", ".")):
                yield _guard(folder, lens, package, concerns)


def _guard(folder: Traversable, lens: Lens, package: str, concerns: Sequence[Concern]) -> InstalledGuard:
    sheet = read_sheet(folder, lens)
    unknown = unknown_concern(sheet.concerns, [c for c in concerns if c.lens is lens])
    if unknown:
        raise ExtensionError(
            "extension/unknown-concern",
            f"`{sheet.name}` names concern `{unknown}`, which is no row and not in the `concerns.yaml` of `{lens}`",
        )
    if not folder.joinpath("vectors.yaml").is_file():
        raise ExtensionError("extension/missing-file", f"`{sheet.name}` must hold `vectors.yaml`, which is missing")
    return InstalledGuard(sheet, f"{package}.{lens}.guards.{folder.name}.guard", folder)


def prepare(guards: Iterable[Guard]) -> None:
    """Import the code of installed guards now, so that a broken one is known before the first event.

    Raises:
        ExtensionError: it cannot be imported, or defines no `judge`.
    """
    for guard in guards:
        if not isinstance(guard, InstalledGuard):
            continue
        try:
            _judge_of(guard.module)
        except ExtensionError:
            raise
        except Exception as error:
            # whatever an author's code raises stops the start
            problem = f"`{guard.module}` cannot be imported: {type(error).__name__}"
            raise ExtensionError("extension/not-importable", problem) from error


@functools.cache
def _judge_of(module: str) -> Callable[[Event, Context], Answer]:
    found = getattr(importlib.import_module(module), "judge", None)
    if not callable(found):
        raise ExtensionError("extension/no-judge", f"`{module}` must define `judge(event, context)`")
    judge: Callable[[Event, Context], Answer] = found
    return judge
